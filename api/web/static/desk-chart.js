// The notes of a chart, each with its evidence and headings, and the words that are selected in them.

import { Chart, el } from "./chart.js";

const LONGEST_QUOTE = 400;

/** Shows notes {id, type, author_role, date, status, superseded, text} with the outline of each by its id. */
export class Notes {
  constructor(root, onPick) {
    this.root = root;
    this.onPick = onPick;
    this.charts = new Map();
    this.texts = new Map();
    this.turn = new Map();
  }

  show(notes, outline, entries) {
    const wanted = notes.map((note) => note.id).join(" ");
    if (this.root.dataset.notes !== wanted) this.#build(notes);
    this.root.dataset.notes = wanted;
    this.turn.clear();
    for (const note of notes) {
      const headings = outline.filter((item) => item.note_id === note.id);
      const marked = note.superseded || note.status === "entered-in-error" ? [] : entries;
      this.charts.get(note.id).show(note.text, marked, { note: note.id, headings });
    }
  }

  #build(notes) {
    this.charts.clear();
    this.texts.clear();
    this.root.replaceChildren(...notes.map((note, i) => this.#note(note, i, notes.length)));
  }

  #note(note, i, count) {
    const text = el("div", { class: "note-text" });
    text.dataset.note = note.id;
    this.charts.set(note.id, new Chart(text, this.onPick));
    this.texts.set(note.id, note.text);
    const gone = note.superseded || note.status === "entered-in-error";
    const facts = [
      note.author_role.replaceAll("-", " "),
      note.date,
      note.status === "final" ? null : note.status.replaceAll("-", " "),
      note.superseded ? "superseded: not read" : null,
    ].filter(Boolean);
    const title = el("h3", { id: `note-${i}` }, count > 1 ? `Note ${i + 1} of ${count}: ${note.type}` : note.type);
    return el(
      "section",
      { class: gone ? "chart-note superseded" : "chart-note", "aria-labelledby": `note-${i}` },
      el("div", { class: "note-head" }, title, el("span", {}, facts.join(" · "))),
      text,
    );
  }

  /** Marks the evidence of one code. */
  choose(id) {
    this.turn.delete(id);
    for (const chart of this.charts.values()) chart.choose(id);
  }

  /** Scrolls to the evidence of a code that begins at `start` of a note, or to its next one in turn. */
  scrollTo(id, start = null, note = null) {
    const all = [];
    for (const [name, chart] of this.charts) {
      for (const mark of chart.marks.get(id) ?? []) if (!mark.triggers) all.push({ ...mark, name });
    }
    // In turn only the words of the code itself are shown, not what its level rests on.
    const own = all.filter((place) => !place.elements);
    const places = start === null && own.length ? own : all;
    if (!places.length) return;
    const wanted = start === null
      ? (this.turn.get(id) ?? -1) + 1
      : places.findIndex((place) => place.start === start && place.name === note);
    const index = Math.max(wanted, 0) % places.length;
    this.turn.set(id, index);
    for (const mark of this.root.querySelectorAll("mark.here")) mark.classList.remove("here");
    this.charts.get(places[index].name).scrollTo(id, places[index].start);
  }

  /** Selects words of a note and scrolls to them. */
  reveal({ note_id: note, start, end }) {
    const text = this.root.querySelector(`.note-text[data-note="${CSS.escape(note)}"]`);
    if (!text) return;
    const range = document.createRange();
    range.setStart(...placeOf(text, start));
    range.setEnd(...placeOf(text, end));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const box = range.getBoundingClientRect();
    const view = this.root.getBoundingClientRect();
    this.root.scrollBy({ top: box.top - view.top - view.height / 2 });
  }

  /** Returns the selected words as evidence, without white space at their ends; null where none are selected. */
  selected() {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const text = asElement(range.startContainer).closest(".note-text");
    if (!text || !this.root.contains(text) || !text.contains(range.endContainer)) return null;
    const before = range.cloneRange();
    before.selectNodeContents(text);
    before.setEnd(range.startContainer, range.startOffset);
    return this.#evidence(text.dataset.note, before.toString().length, range.toString());
  }

  /** Returns the places where words stand, whatever their case and white space. */
  find(words) {
    const parts = words.trim().split(/\s+/).filter(Boolean).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    if (!parts.length) return [];
    const pattern = new RegExp(parts.join("\\s+"), "giu");
    return [...this.charts.keys()].flatMap((note) =>
      [...this.texts.get(note).matchAll(pattern)].map((hit) => this.#evidence(note, hit.index, hit[0])).filter(Boolean));
  }

  #evidence(note, start, quote) {
    const kept = quote.trim();
    if (!kept || kept.length > LONGEST_QUOTE) return null;
    const from = start + quote.indexOf(kept);
    return { note_id: note, start: from, end: from + kept.length, quote: this.texts.get(note).slice(from, from + kept.length) };
  }
}

/** Returns the text node and the offset in it of a place in the text of an element. */
function placeOf(element, offset) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let left = offset;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (left <= node.length) return [node, left];
    left -= node.length;
  }
  return [element, element.childNodes.length];
}

function asElement(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
}
