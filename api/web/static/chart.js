// The chart with its evidence: cuts the text at the edges of spans and marks the pieces.

/** Creates an element; children are elements or strings, and strings only ever become text. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const DENIED = new Set(["negated", "possible", "historical", "family", "hypothetical"]);

/** Returns all spans of a code: its evidence, the specifiers of that, triggers of assertions, elements of a visit. */
function spansOf({ id, group, code }) {
  const spans = [];
  const add = (note, { start, end }, kind, status) =>
    spans.push({ note, start, end, id, group, code: code.code, kind, status });
  for (const item of code.evidence) {
    const status = item.assertion.status;
    for (const words of [item, ...item.specifiers]) add(words.note_id, words, "evidence", status);
    if (item.assertion.trigger) add(item.note_id, item.assertion.trigger, "trigger", status);
  }
  for (const element of code.elements ?? []) {
    for (const words of element.evidence) add(words.note_id, words, "element", "present");
  }
  const own = new Set(code.evidence.map((item) => `${item.start} ${item.note_id}`));
  for (const { evidence } of code.against) {
    if (evidence && !own.has(`${evidence.start} ${evidence.note_id}`)) add(evidence.note_id, evidence, "evidence", "against");
  }
  return spans;
}

/** Cuts [0, length) at the edges of the spans; returns pieces with the spans that cover each. */
export function cut(length, spans) {
  const valid = spans.filter((span) => span.start >= 0 && span.start < span.end && span.end <= length);
  const edges = [...new Set([0, length, ...valid.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  const starting = [...valid].sort((a, b) => a.start - b.start);
  const pieces = [];
  let open = [];
  let next = 0;
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const [start, end] = [edges[i], edges[i + 1]];
    open = open.filter((span) => span.end > start);
    while (next < starting.length && starting[next].start <= start) open.push(starting[next++]);
    pieces.push({ start, end, spans: open.slice() });
  }
  return pieces;
}

/** Shows one note with marks; `entries` are {id, group, code} as the lists show them. */
export class Chart {
  constructor(root, onPick) {
    this.root = root;
    this.marks = new Map();
    this.position = new Map();
    root.addEventListener("click", (event) => {
      const mark = event.target.closest("mark");
      if (mark && mark.dataset.id) onPick(mark.dataset.id);
    });
  }

  /** Only evidence in the note with the id `note` is marked where one is given; `headings` are {start, end}. */
  show(text, entries, { note = null, headings = [] } = {}) {
    this.marks = new Map();
    this.position = new Map();
    const spans = entries.flatMap(spansOf).filter((span) => note === null || span.note === note);
    const titles = headings.map(({ start, end }) => ({ start, end, kind: "heading" }));
    const parts = cut(text.length, [...spans, ...titles]).map((piece) => this.#piece(text, piece));
    this.root.replaceChildren(...parts);
  }

  #piece(text, { start, end, spans: all }) {
    const spans = all.filter((span) => span.kind !== "heading");
    const plain = text.slice(start, end);
    const words = spans.length < all.length ? el("span", { class: "heading" }, plain) : plain;
    if (!spans.length) return words;
    const mark = el("mark", {}, words);
    const named = spans.filter((span) => span.kind !== "element");
    const first = [...named, ...spans].find((span) => span.group === "proposed") ?? spans[0];
    mark.dataset.id = first.id;
    if (spans.some((span) => span.group === "proposed" && span.kind === "evidence")) mark.classList.add("proposed");
    const shown = (named.length ? named : spans).filter((span) => span.group !== "further");
    if (shown.some((span) => span.kind === "evidence" && DENIED.has(span.status))) mark.classList.add("denied");
    if (shown.some((span) => span.kind === "trigger")) mark.classList.add("trigger");
    mark.title = [...new Set(shown.map((span) => (span.status === "present" ? span.code : `${span.code} ${span.status}`)))].join(", ");
    for (const id of new Set(spans.map((span) => span.id))) {
      if (!this.marks.has(id)) this.marks.set(id, []);
      const kinds = new Set(spans.filter((span) => span.id === id).map((span) => span.kind));
      const only = (kind) => kinds.size === 1 && kinds.has(kind);
      this.marks.get(id).push({ mark, start, triggers: only("trigger"), elements: only("element") });
    }
    return mark;
  }

  /** Marks the spans of one code as chosen; `null` chooses none. */
  choose(id) {
    for (const mark of this.root.querySelectorAll("mark.on, mark.here")) mark.classList.remove("on", "here");
    for (const { mark, triggers } of this.marks.get(id) ?? []) if (!triggers) mark.classList.add("on");
  }

  /** Scrolls to the evidence of a code that begins at `start`, or to its next one in turn. */
  scrollTo(id, start = null) {
    const all = (this.marks.get(id) ?? []).filter((item) => !item.triggers);
    const marks = start === null && !all.every((item) => item.elements) ? all.filter((item) => !item.elements) : all;
    if (!marks.length) return;
    const turn = start === null ? (this.position.get(id) ?? -1) + 1 : marks.findIndex((item) => item.start === start);
    const index = Math.max(turn, 0) % marks.length;
    this.position.set(id, index);
    const { mark } = marks[index];
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    mark.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
    for (const other of this.root.querySelectorAll("mark.here")) other.classList.remove("here");
    mark.classList.add("here");
  }

  /** Forgets where each code stands, so that the next scroll begins at its first evidence. */
  rewind(id) {
    this.position.delete(id);
  }
}
