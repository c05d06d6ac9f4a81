// The lists of codes beside the chart.

import { el } from "./chart.js";

const QUOTES = 4;
const SHOWN_CHARACTERS = 60;

/** Returns the entries of an answer, in the order in which they are shown. */
export function entriesOf(answer) {
  const known = new Set([...answer.codes, ...answer.suppressed].map(key));
  const further = answer.ranked.filter((code) => !known.has(key(code)));
  const group = (codes, name) => codes.map((code, i) => ({ id: `${name}-${i}`, group: name, code, position: i + 1 }));
  return [...group(answer.codes, "proposed"), ...group(answer.suppressed, "suppressed"), ...group(further, "further")];
}

/** Returns the nodes of all lists. `onEvidence(id, start, note)` is called when words are clicked. */
export function lists(answer, entries, onEvidence) {
  const of = (name) => entries.filter((entry) => entry.group === name).map((entry) => card(entry, onEvidence));
  const proposed = of("proposed");
  const nodes = [
    proposed.length
      ? el("ol", { class: "cards", "aria-label": "Proposed codes, in sequence" }, ...proposed)
      : el("p", { class: "hint" }, "No code is proposed for this text."),
  ];
  if (answer.findings.length) nodes.push(section("Findings", answer.findings.length, true, findings(answer.findings)));
  if (answer.queries.length) nodes.push(section("Questions to the provider", answer.queries.length, true, queries(answer.queries)));
  nodes.push(foldedList("Suppressed", "Probable, but not proposed", of("suppressed")));
  nodes.push(foldedList("Further candidates", "Less probable codes", of("further")));
  return nodes.filter((node) => node !== null);
}

function key(code) {
  return `${code.system} ${code.code}`;
}

function foldedList(title, label, cards) {
  if (!cards.length) return null;
  return section(title, cards.length, false, el("ul", { class: "cards small", "aria-label": label }, ...cards));
}

export function section(title, count, open, body) {
  const summary = el("summary", {}, title, " ", el("span", { class: "count" }, String(count)));
  return el("details", { class: "fold", open }, summary, body);
}

function card(entry, onEvidence) {
  const { code, group, position } = entry;
  const head = el(
    "button",
    { type: "button", class: "head", "aria-describedby": `${entry.id}-why` },
    el("span", { class: "position", title: code.sequence_reason, "aria-hidden": "true" }, group === "proposed" ? String(position) : ""),
    el("span", { class: "code" }, code.code),
    el("span", { class: "title" }, code.title || "(not in this edition)"),
    probability(code.probability),
  );
  head.dataset.id = entry.id;
  const why = el("p", { class: "why", id: `${entry.id}-why` }, reason(entry));
  const support = el("div", { class: "support" }, ...badges(code), evidence(entry, onEvidence), why);
  const item = el("li", { class: `card ${group}` }, head, support, objections(code));
  item.dataset.id = entry.id;
  return item;
}

function reason({ code, group, position }) {
  if (group === "suppressed") return code.by ? `${code.suppressed_reason}: ${code.by}` : code.suppressed_reason;
  return position > 1 ? code.reason : [code.reason, code.sequence_reason].filter(Boolean).join(" · ");
}

export function badges(code) {
  const texts = [];
  if (code.role && code.role !== "additional") texts.push(code.role);
  if (code.poa) texts.push(`POA ${code.poa}`);
  if (code.modifiers?.length) texts.push(code.modifiers.join(" "));
  if (code.units > 1) texts.push(`${code.units} units`);
  if (code.pointers?.length) texts.push(`for ${code.pointers.join(", ")}`);
  return texts.map((text) => el("span", { class: "badge" }, text));
}

export function probability(value) {
  const percent = value > 0.995 ? "> 99" : value < 0.005 ? "< 1" : String(Math.round(100 * value));
  const fill = el("span", { class: "fill" });
  fill.style.width = `${Math.round(100 * value)}%`;
  return el(
    "span",
    { class: "probability", title: "Calibrated probability that a coder reports this code" },
    el("span", { class: "meter", "aria-hidden": "true" }, fill),
    el("span", { class: "percent" }, `${percent} %`),
  );
}

export function evidence(entry, onEvidence) {
  const { code, id } = entry;
  const seen = new Map();
  for (const item of code.evidence) {
    const name = `${item.quote.toLowerCase()} ${item.assertion.status}`;
    if (seen.has(name)) seen.get(name).count += 1;
    else seen.set(name, { item, count: 1 });
  }
  const all = [...seen.values()];
  const quotes = all.slice(0, QUOTES).map(({ item, count }) => {
    const status = item.assertion.status;
    const term = item.matched_term ? `matches "${item.matched_term}" (${item.source})` : item.source;
    const quote = el(
      "button",
      { type: "button", class: `quote ${status}`, title: `${item.section.replaceAll("_", " ")}: ${term}` },
      shorten(item.quote),
      count > 1 ? el("span", { class: "times" }, ` ×${count}`) : null,
      status === "present" ? null : el("span", { class: "said" }, status),
    );
    quote.addEventListener("click", () => onEvidence(id, item.start, item.note_id));
    return el("li", {}, quote);
  });
  if (all.length > QUOTES) quotes.push(el("li", { class: "more" }, `+${all.length - QUOTES}`));
  return quotes.length ? el("ul", { class: "quotes", "aria-label": "Evidence" }, ...quotes) : null;
}

export function objections(code) {
  const own = new Set(code.evidence.map((item) => item.start));
  const texts = code.against.filter((item) => !item.evidence || !own.has(item.evidence.start)).map(
    (item) => (item.evidence ? `${item.reason}: "${shorten(item.evidence.quote)}"` : item.reason),
  );
  return texts.length ? el("p", { class: "against" }, `Against: ${texts.join("; ")}`) : null;
}

export function shorten(quote) {
  const line = quote.replace(/\s+/g, " ").trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS - 1)}…` : line;
}

export function findings(items) {
  return el("ul", { class: "findings" }, ...items.map((item) =>
    el("li", { class: item.severity },
      el("p", {}, el("span", { class: "badge" }, item.severity), item.codes.length ? `${item.codes.join(", ")}: ` : "", item.message),
      el("p", { class: "why" }, [item.remedy, item.source].filter(Boolean).join(" · ")))));
}

export function queries(items) {
  return el("ul", { class: "findings" }, ...items.map((item) =>
    el("li", {}, el("p", {}, item.question), el("ul", {}, ...item.options.map((option) => el("li", {}, option))))));
}
