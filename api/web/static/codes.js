// The lists of codes beside the chart.

import { el } from "./chart.js";
import { badges, group, isDiagnosis, letterOf, openAxes, shorten, visitElements } from "./procedures.js";

const QUOTES = 4;

/** Returns the entries of an answer, in the order in which they are shown. */
export function entriesOf(answer) {
  const known = new Set([...answer.codes, ...answer.suppressed].map(key));
  const further = answer.ranked.filter((code) => !known.has(key(code)));
  const named = (codes, name) => codes.map((code, i) => ({ id: `${name}-${i}`, group: name, code }));
  const lines = named(answer.codes.map((code) => ({ ...code, ...toldOf(code, answer.codes) })), "proposed");
  const places = placesOf(answer.codes);
  return [
    ...lines.map((entry, i) => ({ ...entry, place: places[i] })),
    ...named(answer.suppressed, "suppressed"),
    ...named(further, "further"),
  ];
}

/** Returns the places of codes on the claim: letters for diagnoses to which procedures point, else numbers. */
function placesOf(codes) {
  const lettered = codes.some((code) => code.pointers.length);
  const diagnoses = codes.filter(isDiagnosis).length;
  return codes.map((code, i) =>
    String(isDiagnosis(code) ? (lettered && letterOf(i)) || i + 1 : i + 1 - diagnoses));
}

/** Returns the reasons of the modifiers of a code, and the diagnoses that it points to. */
function toldOf(code, codes) {
  const reasons = new Map(code.modifiers.map((modifier, i) => [modifier, code.modifier_reasons[i]]));
  const points = code.pointers.map((place) => ({ letter: letterOf(place - 1), code: codes[place - 1].code }));
  return { reasons, points: points.length ? points : null };
}

/** Returns the nodes of all lists. `onEvidence(id, start, note)` is called when words are clicked. */
export function lists(answer, entries, onEvidence) {
  const of = (name) => entries.filter((entry) => entry.group === name).map((entry) => card(entry, onEvidence));
  const proposed = entries.filter((entry) => entry.group === "proposed");
  const cards = (some) => some.map((entry) => card(entry, onEvidence));
  const procedures = cards(proposed.filter((entry) => !isDiagnosis(entry.code)));
  const nodes = [
    group("diagnoses", "Diagnoses", cards(proposed.filter((entry) => isDiagnosis(entry.code))), "None is proposed for this text."),
    procedures.length ? group("procedures", "Procedures", procedures, "") : null,
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
  const { code, group: kind, place = "" } = entry;
  const head = el(
    "button",
    { type: "button", class: "head", "aria-describedby": `${entry.id}-why` },
    el("span", { class: "position", title: code.sequence_reason, "aria-hidden": "true" }, place),
    el("span", { class: "code" }, code.code),
    el("span", { class: "title" }, code.title || "(not in this edition)"),
    probability(code.probability),
  );
  head.dataset.id = entry.id;
  const why = el("p", { class: "why", id: `${entry.id}-why` }, reason(entry));
  const support = el("div", { class: "support" }, ...badges(code), evidence(entry, onEvidence), why);
  const told = [openAxes(code), visitElements(entry, onEvidence), objections(code)].filter(Boolean);
  const item = el("li", { class: `card ${kind}` }, head, support, ...told);
  item.dataset.id = entry.id;
  return item;
}

function reason({ code, group: kind }) {
  if (kind === "suppressed") return code.by ? `${code.suppressed_reason}: ${code.by}` : code.suppressed_reason;
  const leads = ["first-listed", "principal"].includes(code.role);
  return [code.reason, leads ? code.sequence_reason : ""].filter(Boolean).join(" · ");
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

/** Returns what edits report; `onCode(code)` is called when a code is clicked. */
export function findings(items, onCode = null) {
  const serious = items.filter((item) => item.severity !== "info");
  const others = items.filter((item) => item.severity === "info");
  const row = (item) => finding(item, onCode);
  const folded = others.length
    ? el("li", { class: "told" }, el("details", {}, el("summary", {}, "Good to know ", el("span", { class: "count" }, String(others.length))),
      el("ul", { class: "findings" }, ...others.map(row))))
    : null;
  return el("ul", { class: "findings" }, ...serious.map(row), folded);
}

function finding(item, onCode) {
  const linked = (code) => {
    if (!onCode) return el("span", { class: "code" }, code);
    const node = el("button", { type: "button", class: "link code", title: "Show this code" }, code);
    node.addEventListener("click", () => onCode(code));
    return node;
  };
  const { severity, codes, remedy, source } = item;
  // Messages name most codes themselves: there, the first mention of each leads to it.
  const parts = whatIsFound(item).split(/([A-Z0-9][A-Z0-9.]*[A-Z0-9])/);
  const left = new Set(codes);
  const words = parts.map((part) => (left.delete(part) ? linked(part) : part));
  return el("li", { class: severity },
    el("p", {}, el("span", { class: "badge" }, severity), ...words),
    el("p", { class: "why" }, [remedy, source].filter(Boolean).join(" · ")));
}

/** Returns the message of a finding, with the codes that it does not name itself before it. */
export function whatIsFound({ codes, message }) {
  const unnamed = codes.filter((code) => !message.includes(code));
  return `${unnamed.length ? `${unnamed.join(", ")}: ` : ""}${message}`;
}

export function queries(items) {
  return el("ul", { class: "findings questions" }, ...items.map((item) =>
    el("li", { class: "question" }, el("p", {}, item.question), el("p", { class: "options" }, item.options.join(" · ")),
      el("ul", { class: "quotes" }, ...item.indicators.map(({ quote }) => el("li", {}, el("q", {}, shorten(quote))))))));
}
