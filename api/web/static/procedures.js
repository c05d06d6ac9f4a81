// What a procedure shows besides its words: modifiers, units, diagnoses by letter, what decided a visit, open axes.

import { el } from "./chart.js";

const LETTERS = "ABCDEFGHIJKL";
const LEVELS = [null, "straightforward", "low", "moderate", "high"];
const SHOWN_CHARACTERS = 60;

export const isDiagnosis = ({ system }) => system === "ICD-10-CM";

/** Returns the letter of a diagnosis on the CMS-1500 (item 21), "" beyond the twelve that it has room for. */
export const letterOf = (index) => LETTERS[index] ?? "";

/** Returns a quote on one line, not too long. */
export function shorten(quote) {
  const line = quote.replace(/\s+/g, " ").trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS - 1)}…` : line;
}

/**
 * Returns the small facts of a code as nodes. `code.points` are {letter, code} of the diagnoses that it is for; null
 * where the claim has no such pointers.
 */
export function badges(code) {
  const plain = [];
  if (code.role && !["additional", "procedure"].includes(code.role)) plain.push(code.role);
  if (code.poa) plain.push(`POA ${code.poa}`);
  const nodes = plain.map((text) => badge(text));
  const said = code.reasons ?? new Map();
  for (const modifier of code.modifiers ?? []) nodes.push(badge(modifier, { before: "modifier ", after: said.get(modifier) }));
  if (code.units > 1) nodes.push(badge(`${code.units} units`));
  if (code.points) nodes.push(pointed(code.points));
  return nodes;
}

function badge(text, { before = "", after = "", title = after, kind = "" } = {}) {
  const unseen = (words) => (words ? el("span", { class: "unseen" }, words) : null);
  return el("span", { class: `badge ${kind}`.trim(), title: title || null }, unseen(before), text, unseen(after && `: ${after}`));
}

function pointed(points) {
  if (!points.length) return badge("no diagnosis", { kind: "open", title: "It points to no diagnosis of the claim" });
  const letters = points.map(({ letter }) => letter || "?").join(" ");
  const codes = points.map((point) => (point.gone ? `${point.code}, not on the claim` : point.code)).join(", ");
  const kind = points.some((point) => point.gone || !point.letter) ? "open" : "";
  return badge(`for ${letters}`, { after: codes, title: `for ${codes}`, kind });
}

/** Returns a note on the axes of a code that the notes leave open, if there are any. */
export function openAxes(code) {
  if (!code.open_axes?.length) return null;
  return el("p", { class: "open-axes" }, `Left open by the notes: ${code.open_axes.join(", ")}. Check the code there.`);
}

/** Returns what decided the level of a visit, folded; `onEvidence(id, start, note)` jumps to its words. */
export function visitElements({ id, code }, onEvidence) {
  const elements = code.elements ?? [];
  if (!elements.length) return null;
  const counted = elements.filter((element) => element.counted);
  const others = elements.filter((element) => !element.counted);
  const counts = [`${counted.length} counted`, others.length ? `${others.length} not` : ""].filter(Boolean).join(", ");
  const list = (items, label) => (items.length
    ? el("ul", { class: "elements", "aria-label": label }, ...items.map((item) => line(item, id, onEvidence)))
    : null);
  const fold = el(
    "details",
    { class: "visit" },
    el("summary", {}, "What decided the visit ", el("span", { class: "count" }, counts), " ", el("kbd", {}, "v")),
    list(counted, "Counted"),
    others.length ? el("p", { class: "elements-head" }, "Seen, but not counted") : null,
    list(others, "Not counted"),
  );
  fold.dataset.fold = `visit ${id}`;
  return fold;
}

function line(element, id, onEvidence) {
  const jumps = element.evidence.map((item) => {
    const quote = el("button", { type: "button", class: "quote present", title: "Show it in the chart" }, shorten(item.quote));
    quote.addEventListener("click", () => onEvidence(id, item.start, item.note_id));
    return el("li", {}, quote);
  });
  const level = LEVELS[element.level] ?? null;
  const text = element.what.replace(/\.$/, "");
  return el(
    "li",
    {},
    el("span", { class: "element-name" }, element.name),
    el(
      "div",
      {},
      el("p", {}, level && element.counted ? badge(level) : null, level && element.counted ? " " : null,
        element.reason ? `${text}: ` : text, element.reason ? el("span", { class: "why-not" }, element.reason) : null),
      jumps.length ? el("ul", { class: "quotes", "aria-label": "Evidence" }, ...jumps) : null,
    ),
  );
}

/** Returns a list of codes under its title, or a hint where there are none. */
export function group(name, title, cards, hint) {
  const list = cards.length
    ? el("ol", { class: "cards", "aria-labelledby": name }, ...cards)
    : el("p", { class: "hint" }, hint);
  const count = cards.length ? el("span", { class: "count" }, ` ${cards.length}`) : null;
  return el("section", { class: "group", "aria-labelledby": name }, el("h3", { id: name }, title, count), list);
}
