// The dialog for the details of a line: modifiers, units, the diagnoses that a procedure is for, present on admission.

import { el } from "./chart.js";
import { refOf } from "./desk-coding.js";
import { ask } from "./desk-dialogs.js";
import { isDiagnosis } from "./procedures.js";

const $ = (id) => document.getElementById(id);
const MOST_MODIFIERS = 4;
const MOST_POINTERS = 4;
const MOST_UNITS = 99_999;

/**
 * Asks for new details of a line; returns those that differ from what it has, or null.
 *
 * `diagnoses` are {letter, line, title} in the sequence of the claim, null where procedures do not point to them;
 * `labels` gives modifiers their meaning, and `reasons` why the suggestion has them.
 */
export function askDetails(line, { diagnoses, labels, reasons }) {
  const dialog = $("detailing");
  const own = isDiagnosis(line);
  return ask(dialog, (done, listen) => {
    dialog.querySelector(".subject").textContent = line.code;
    $("service-part").hidden = own;
    $("poa-part").hidden = !own;
    for (const node of [$("pointers").closest("label"), $("pointers-said"), $("letters")]) node.hidden = !diagnoses;
    $("details-problem").hidden = true;
    fill(line, diagnoses);
    const said = () => {
      sayModifiers(labels, reasons);
      sayPointers(diagnoses);
    };
    said();
    listen($("modifiers"), "input", said);
    listen($("pointers"), "input", said);
    const first = own ? $("poa") : $("modifiers");
    first.focus();
    if (!own) first.select();
    // Enter in a list of choices does not submit by itself.
    listen($("poa"), "keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      dialog.querySelector("form").requestSubmit();
    });
    listen(dialog.querySelector("form"), "submit", (event) => {
      event.preventDefault();
      const found = own ? { poa: $("poa").value } : read(diagnoses);
      const { problem, field, ...details } = found;
      if (problem) {
        $("details-problem").textContent = problem;
        $("details-problem").hidden = false;
        field.focus();
      } else done(differing(line, details));
    });
  });
}

function fill(line, diagnoses) {
  $("modifiers").value = line.modifiers.join(" ");
  $("units").value = String(line.units);
  $("poa").value = line.poa ?? "";
  if (!diagnoses) return;
  const letters = line.pointers.map((ref) => diagnoses.find((item) => isSame(item.line, ref))?.letter ?? "");
  $("pointers").value = letters.filter(Boolean).join(" ");
  const row = ({ letter, line: { code }, title }) =>
    el("li", {}, el("span", { class: "letter" }, letter || "-"), el("span", { class: "code" }, code), el("span", {}, title));
  $("letters").replaceChildren(...diagnoses.map(row));
}

const isSame = (one, other) => one.system === other.system && one.code === other.code && one.occurrence === other.occurrence;
const modifiersTyped = () => $("modifiers").value.toUpperCase().split(/[\s,;-]+/).filter(Boolean);
const lettersTyped = () => $("pointers").value.toUpperCase().match(/[^\s,;]/g) ?? [];

function sayModifiers(labels, reasons) {
  const rows = modifiersTyped().map((modifier) => {
    const label = labels.get(modifier) ?? "not a modifier that is known here";
    const why = reasons.get(modifier);
    return el("li", { class: labels.has(modifier) ? null : "odd" },
      el("span", { class: "code" }, modifier), ` ${label}`, why ? el("span", { class: "note" }, ` (suggested: ${why})`) : null);
  });
  $("modifiers-said").replaceChildren(...rows);
}

function sayPointers(diagnoses) {
  if (!diagnoses) return;
  const letters = lettersTyped();
  const codes = letters.map((letter) => diagnoses.find((item) => item.letter === letter)?.line.code ?? `${letter}: no diagnosis`);
  $("pointers-said").textContent = letters.length ? `For ${codes.join(", ")}` : "For no diagnosis of the claim";
}

/** Returns the details as they are typed, or {problem, field} where they cannot stand on a claim. */
function read(diagnoses) {
  const modifiers = modifiersTyped();
  const letters = diagnoses ? lettersTyped() : [];
  const units = Number($("units").value);
  const odd = modifiers.find((modifier) => !/^[A-Z0-9]{2}$/.test(modifier));
  const lost = letters.find((letter) => !diagnoses.some((item) => item.letter === letter));
  const problems = [
    [odd, `A modifier has two letters or digits: ${odd} has not.`, "modifiers"],
    [modifiers.length > MOST_MODIFIERS, `A line has room for ${MOST_MODIFIERS} modifiers.`, "modifiers"],
    [new Set(modifiers).size < modifiers.length, "A modifier stands there twice.", "modifiers"],
    [!Number.isInteger(units) || units < 1 || units > MOST_UNITS, `Units are a whole number from 1 to ${MOST_UNITS}.`, "units"],
    [lost, `No diagnosis of the claim has the letter ${lost}.`, "pointers"],
    [letters.length > MOST_POINTERS, `A line has room for ${MOST_POINTERS} diagnoses (CMS-1500, item 24E).`, "pointers"],
    [new Set(letters).size < letters.length, "A letter stands there twice.", "pointers"],
  ];
  const found = problems.find(([fails]) => fails);
  if (found) return { problem: found[1], field: $(found[2]) };
  if (!diagnoses) return { modifiers, units };
  return { modifiers, units, pointers: letters.map((letter) => refOf(diagnoses.find((item) => item.letter === letter).line)) };
}

/** Returns those of the details that the line does not have, null where it has them all. */
function differing(line, details) {
  const now = { modifiers: line.modifiers, units: line.units, poa: line.poa ?? "", pointers: line.pointers.map(refOf) };
  const changed = Object.entries(details).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(now[name]));
  return changed.length ? Object.fromEntries(changed) : null;
}
