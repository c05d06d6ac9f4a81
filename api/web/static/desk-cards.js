// The list of codes of an encounter: a card for each, with its state and the buttons for each act.

import { el } from "./chart.js";
import { evidence, findings, objections, probability, section } from "./codes.js";
import { isAside, isCoded, isUndecided, keyOf, lettersOf } from "./desk-coding.js";
import { badges, group, isDiagnosis, openAxes, visitElements } from "./procedures.js";

const PRESENT = { status: "present", rule: "", trigger: null };
const NOTHING = { reason: "", evidence: [], against: [], modifiers: [], units: 1, poa: null, pointers: [], points: null };

/**
 * Returns the entries {id, group, code, line?} of an encounter: its diagnoses, its procedures, then suppressed and
 * further codes. `professional` claims have letters for diagnoses, to which procedures point; those of `inpatient`
 * stays say what was present on admission.
 */
export function entriesOf(lines, suggestion, { professional = false, inpatient = false } = {}) {
  const known = new Map();
  const told = suggestion ?? { codes: [], suppressed: [], ranked: [] };
  for (const code of [...told.ranked, ...told.suppressed]) known.set(keyOf(code), code);
  for (const code of numbered(told.codes)) known.set(keyOf(code), code);
  const letters = lettersOf(lines);
  const sorted = [...lines.filter(isDiagnosis), ...lines.filter((line) => !isDiagnosis(line))];
  const standing = sorted.map((line) => ({
    id: keyOf(line),
    group: isAside(line) ? "aside" : "proposed",
    letter: professional ? letters.get(keyOf(line)) : undefined,
    hasDetails: hasDetails(line, inpatient && !professional),
    line,
    code: { ...described(line, known.get(keyOf(line))), points: pointsOf(line, letters, professional) },
  }));
  const shown = new Set(lines.map(nameOf));
  const others = (codes, group) => codes
    .filter((code) => !shown.has(nameOf(code)) && shown.add(nameOf(code)))
    .map((code) => ({ id: keyOf(code), group, code }));
  return [...standing, ...others(told.suppressed, "suppressed"), ...others(told.ranked, "further")];
}

/** Returns whether a line has something to edit: modifiers, units, diagnoses; present on admission of a `stay`. */
const hasDetails = (line, stay) => (isDiagnosis(line) ? stay || Boolean(line.poa) : line.system !== "ICD-10-PCS");

const nameOf = (code) => `${code.system} ${code.code}`;

/** Returns codes with the occurrences by which lines name them. */
function numbered(codes) {
  const seen = new Map();
  return codes.map((code) => {
    const occurrence = 1 + (seen.get(nameOf(code)) ?? 0);
    seen.set(nameOf(code), occurrence);
    return { ...code, occurrence };
  });
}

/** Returns the diagnoses that a procedure points to, null for what has no pointers. */
function pointsOf(line, letters, professional) {
  if (isDiagnosis(line) || (!line.pointers.length && !professional)) return null;
  return line.pointers.map((ref) => ({ letter: letters.get(keyOf(ref)) ?? "", code: ref.code, gone: !letters.has(keyOf(ref)) }));
}

/** Returns what the suggestion says of a line, with the details that the line has now. */
function described(line, code) {
  const reasons = new Map((code?.modifiers ?? []).map((modifier, i) => [modifier, code.modifier_reasons[i]]));
  const now = { modifiers: line.modifiers, units: line.units, poa: line.poa, reasons };
  if (code && !line.replaces) return { ...NOTHING, ...code, ...now };
  const spans = line.evidence.map((item) =>
    ({ ...item, section: "none", assertion: PRESENT, matched_term: "", source: "chosen by a coder", specifiers: [] }));
  return { ...NOTHING, ...line, ...now, title: line.title || code?.title || "", evidence: spans };
}

/**
 * Returns the nodes of all lists, codes that are not proposed folded away; `on` has `evidence(id, start, note)`,
 * `act(name, id)` and `code(code)`. `reported` are findings, `questions` a node of questions to the provider.
 */
export function lists(entries, { reported, questions, on, editable }) {
  const of = (...groups) => entries.filter((entry) => groups.includes(entry.group));
  const cards = (some) => {
    let position = 0;
    return some.map((entry) => card(entry, isAside(entry.line) ? null : (position += 1), on, editable));
  };
  const lines = of("proposed", "aside");
  const hint = editable ? "None is proposed. Add one with +, or look at further candidates with s." : "None.";
  return [
    group("diagnoses", "Diagnoses", cards(lines.filter(({ code }) => isDiagnosis(code))), hint),
    group("procedures", "Procedures", cards(lines.filter(({ code }) => !isDiagnosis(code))), hint),
    reported.length ? section("Findings", reported.length, true, findings(reported, on.code)) : null,
    questions,
    folded("Suppressed", "Probable, but not proposed", of("suppressed"), on, editable),
    folded("Further candidates", "Less probable codes", of("further"), on, editable),
  ].filter(Boolean);
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
  const { id, group: kindOfList, code, line } = entry;
  const state = line ? said(line) : "";
  const head = el(
    "button",
    { type: "button", class: "head", "aria-keyshortcuts": editable ? "a r e d" : null },
    el("span", { class: "position", title: code.sequence_reason, "aria-hidden": "true" }, position ? entry.letter || String(position) : ""),
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
    { class: `card line ${kindOfList} ${kind}${line?.unsaved ? " unsaved" : ""}` },
    head,
    el("div", { class: "body" }, support, acts),
    why ? el("p", { class: "why" }, why) : null,
    openAxes(code),
    visitElements(entry, on.evidence),
    objections(code),
  );
  item.dataset.id = id;
  return item;
}

const SAID = { proposed: "", replacement: "accepted", left: "left out" };
const said = ({ state }) => SAID[state] ?? state;

function reason({ group: kind, code, line }, position) {
  if (kind === "suppressed") return code.by ? `${code.suppressed_reason}: ${code.by}` : code.suppressed_reason;
  if (line?.state === "rejected" && line.reason) return `rejected: ${line.reason}`;
  if (line?.replaces) return `in place of ${line.replaces.code}`;
  return position > 1 ? code.reason : [code.reason, code.sequence_reason].filter(Boolean).join(" · ");
}

function buttons({ id, code, line, hasDetails }, on) {
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
    ...(hasDetails ? [button("details", "Details", "d", "Details")] : []),
    button("up", "\u2191", "Shift+K", "Move up"),
    button("down", "\u2193", "Shift+J", "Move down"),
  ];
  return isUndecided(line) ? [accept, ...rest] : rest;
}
