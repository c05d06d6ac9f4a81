// What a chart was finalised with.

import { el } from "./chart.js";
import { askReopenReason } from "./desk-dialogs.js";
import { claimNext, codedSet, read, reopen } from "./desk-service.js";
import { attempt, factsOf, followKeys, whoami } from "./desk-shell.js";
import { isDiagnosis, letterOf, shorten } from "./procedures.js";

const $ = (id) => document.getElementById(id);
const id = $("encounter").dataset.encounter;
const SHOWN_WORDS = 3;
let version = null;

/** Returns diagnoses and procedures, each with its place: letters for the diagnoses of professional claims. */
function placed(lines, professional) {
  const diagnoses = lines.filter(isDiagnosis);
  const procedures = lines.filter((line) => !isDiagnosis(line));
  const named = diagnoses.map((line, i) => ({ line, place: (professional && letterOf(i)) || String(i + 1) }));
  return { diagnoses: named, procedures: procedures.map((line, i) => ({ line, place: String(i + 1) })) };
}

function details({ poa, modifiers, units, pointers }, diagnoses) {
  const places = pointers.map((ref) => diagnoses.find(({ line }) => line.system === ref.system && line.code === ref.code)?.place ?? ref.code);
  const parts = [
    poa ? `POA ${poa}` : "", modifiers.join(" "), units > 1 ? `${units} units` : "", places.length ? `for ${places.join(" ")}` : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

function section(title, rows) {
  return rows.length ? [el("tr", { class: "part" }, el("th", { scope: "rowgroup", colspan: "5" }, title)), ...rows] : [];
}

function row(line, place, told) {
  const quotes = [...new Set(line.evidence.map((item) => shorten(item.quote)))];
  const words = quotes.slice(0, SHOWN_WORDS).map((quote) => el("span", { class: "words" }, quote));
  return el(
    "tr",
    {},
    el("td", { class: "number" }, place),
    el("th", { scope: "row", class: "code" }, line.code),
    el("td", {}, line.title),
    el("td", {}, told),
    el("td", {}, ...words),
  );
}

async function load() {
  const encounter = await read(id);
  if (encounter.status !== "finalised") {
    location.replace(`/desk/encounters/${encodeURIComponent(id)}`);
    return;
  }
  const set = await codedSet(id);
  version = encounter.version;
  $("facts").textContent = factsOf(encounter);
  const at = new Date(set.finalised_at).toLocaleString();
  $("by").textContent = `${set.number > 1 ? `version ${set.number}, ` : ""}finalised by ${set.finalised_by.name}, ${at}`;
  $("reopen").disabled = false;
  const { diagnoses, procedures } = placed(set.lines, encounter.claim === "professional");
  const rows = (part) => part.map(({ line, place }) => row(line, place, details(line, diagnoses)));
  $("rows").replaceChildren(...section("Diagnoses", rows(diagnoses)), ...section("Procedures", rows(procedures)));
  $("lines").hidden = set.lines.length === 0;
  $("status").textContent = set.lines.length ? "" : "The chart was finalised without any code.";
  $("title").focus();
}

async function next() {
  const item = await attempt(claimNext);
  if (item) location.assign(`/desk/encounters/${encodeURIComponent(item.id)}`);
  else if ($("problem").hidden) $("status").textContent = "No open chart is left that nobody works on.";
}

async function openAgain() {
  if (version === null) return;
  const reason = await askReopenReason();
  if (reason && (await attempt(() => reopen(id, version, reason)))) $("open").click();
}

$("claim-next").addEventListener("click", next);
$("reopen").addEventListener("click", openAgain);
followKeys({
  n: next,
  o: openAgain,
  w: () => location.assign("/desk"),
  Enter: (event) => (event.target.closest("a, button") ? false : $("open").click()),
});

await attempt(whoami);
await attempt(load);
