// The list of codes of an encounter: a card for each, with its state and the buttons for each act.

import { el } from "./chart.js";
import { badges, evidence, findings, objections, probability, queries, section } from "./codes.js";
import { isAside, isCoded, isUndecided, keyOf } from "./desk-coding.js";

const PRESENT = { status: "present", rule: "", trigger: null };
const NOTHING = { reason: "", evidence: [], against: [], modifiers: [], units: 1, poa: null, pointers: [] };

/** Returns the entries {id, group, code, line?} of an encounter: its lines, then suppressed and further codes. */
export function entriesOf(lines, suggestion) {
  const known = new Map();
  const told = suggestion ?? { codes: [], suppressed: [], ranked: [] };
  for (const code of [...told.ranked, ...told.suppressed, ...told.codes]) known.set(nameOf(code), code);
  const standing = lines.map((line) => ({
    id: keyOf(line),
    group: isAside(line) ? "aside" : "proposed",
    line,
    code: described(line, known.get(nameOf(line))),
  }));
  const shown = new Set(lines.map(nameOf));
  const others = (codes, group) => codes
    .filter((code) => !shown.has(nameOf(code)) && shown.add(nameOf(code)))
    .map((code) => ({ id: keyOf(code), group, code }));
  return [...standing, ...others(told.suppressed, "suppressed"), ...others(told.ranked, "further")];
}

const nameOf = (code) => `${code.system} ${code.code}`;

/** Returns what the suggestion says of a line, with the details that the line has now. */
function described(line, code) {
  const pointers = line.pointers.map((pointer) => pointer.code);
  const now = { modifiers: line.modifiers, units: line.units, poa: line.poa, pointers };
  if (code && !line.replaces) return { ...NOTHING, ...code, ...now };
  const spans = line.evidence.map((item) =>
    ({ ...item, section: "none", assertion: PRESENT, matched_term: "", source: "chosen by a coder", specifiers: [] }));
  return { ...NOTHING, ...line, ...now, title: line.title || code?.title || "", evidence: spans };
}

/**
 * Returns the nodes of all lists, codes that are not proposed folded away; `on` has `evidence(id, start, note)`
 * and `act(name, id)`.
 */
export function lists(entries, suggestion, { on, editable }) {
  const of = (...groups) => entries.filter((entry) => groups.includes(entry.group));
  let position = 0;
  const lines = of("proposed", "aside").map((entry) => card(entry, isAside(entry.line) ? null : (position += 1), on, editable));
  const first = lines.length
    ? el("ol", { class: "cards", "aria-label": "Codes in the sequence of the claim" }, ...lines)
    : el("p", { class: "hint" }, editable
      ? "No code is proposed for this chart. Add one with +, or look at further candidates with s."
      : "No code stands on this chart.");
  return [
    first,
    told("Findings", suggestion?.findings, findings),
    told("Questions to the provider", suggestion?.queries, queries),
    folded("Suppressed", "Probable, but not proposed", of("suppressed"), on, editable),
    folded("Further candidates", "Less probable codes", of("further"), on, editable),
  ].filter(Boolean);
}

function told(title, items, body) {
  return items?.length ? section(title, items.length, true, body(items)) : null;
}

function folded(title, label, entries, on, editable) {
  if (!entries.length) return null;
  const cards = entries.map((entry) => card(entry, null, on, editable));
  const key = title === "Suppressed" ? el("kbd", {}, "s") : null;
  return el(
    "details",
    { class: "fold others" },
    el("summary", {}, title, " ", el("span", { class: "count" }, String(entries.length)), " ", key),
    el("ul", { class: "cards small", "aria-label": label }, ...cards),
  );
}

function card(entry, position, on, editable) {
  const { id, group, code, line } = entry;
  const state = line ? said(line) : "";
  const head = el(
    "button",
    { type: "button", class: "head", "aria-keyshortcuts": editable ? "a r e" : null },
    el("span", { class: "position", title: code.sequence_reason, "aria-hidden": "true" }, position ? String(position) : ""),
    el("span", { class: "code" }, code.code),
    el("span", { class: "title" }, code.title || "(title unknown)"),
    typeof code.probability === "number" ? probability(code.probability) : el("span", { class: "percent" }, "by coder"),
    el("span", { class: "unseen" }, state ? `, ${state}` : ""),
  );
  head.dataset.id = id;
  const why = reason(entry, position);
  const support = el("div", { class: "support" }, ...badges(code), evidence(entry, on.evidence));
  const stated = state ? el("span", { class: "said-state" }, state) : null;
  const acts = el("div", { class: "acts" }, stated, ...(editable ? buttons(entry, on) : []));
  const kind = line && isCoded(line) ? "coded" : line?.state === "left" ? "left" : line && isAside(line) ? "aside" : "";
  const item = el(
    "li",
    { class: `card line ${group} ${kind}${line?.unsaved ? " unsaved" : ""}` },
    head,
    el("div", { class: "body" }, support, acts),
    why ? el("p", { class: "why" }, why) : null,
    objections(code),
  );
  item.dataset.id = id;
  return item;
}

const SAID = { proposed: "", replacement: "accepted", left: "left out" };
const said = ({ state }) => SAID[state] ?? state;

function reason({ group, code, line }, position) {
  if (group === "suppressed") return code.by ? `${code.suppressed_reason}: ${code.by}` : code.suppressed_reason;
  if (line?.state === "rejected" && line.reason) return `rejected: ${line.reason}`;
  if (line?.replaces) return `in place of ${line.replaces.code}`;
  return position > 1 ? code.reason : [code.reason, code.sequence_reason].filter(Boolean).join(" · ");
}

function buttons({ id, code, line }, on) {
  const button = (name, label, key, title) => {
    const names = { title: `${title} (${key})`, "aria-label": `${title}: ${code.code}` };
    const node = el("button", { type: "button", class: "act", tabindex: "-1", ...names }, label);
    node.addEventListener("click", () => on.act(name, id));
    return node;
  };
  const accept = button("accept", "Accept", "a", "Accept");
  if (!line) return [accept];
  if (isAside(line)) return line.state === "replaced" ? [] : [accept];
  const rest = [
    button("reject", "Reject", "r", "Reject"),
    button("replace", "Replace", "e", "Replace"),
    button("up", "\u2191", "Shift+K", "Move up"),
    button("down", "\u2193", "Shift+J", "Move down"),
  ];
  return isUndecided(line) ? [accept, ...rest] : rest;
}
