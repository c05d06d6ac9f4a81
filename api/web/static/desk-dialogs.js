// Questions to the coder. Each returns a promise of the answer, which is null where the dialog was left.

import { el } from "./chart.js";
import { whatIsFound } from "./codes.js";
import { CodeSearch } from "./desk-search.js";
import { explain, signIn } from "./desk-service.js";

const $ = (id) => document.getElementById(id);

/** Opens a dialog; `ready(done, listen)` sets it up. The promise resolves when `done(answer)` is called or it closes. */
export function ask(dialog, ready) {
  return new Promise((resolve) => {
    const ended = new AbortController();
    const listen = (node, type, handler) => node.addEventListener(type, handler, { signal: ended.signal });
    let answer = null;
    const done = (given) => {
      answer = given;
      dialog.close();
    };
    listen(dialog, "close", () => {
      ended.abort();
      resolve(answer);
    });
    // The key that closes a dialog must not act on the page behind it.
    listen(dialog, "keydown", (event) => event.stopPropagation());
    for (const button of dialog.querySelectorAll(".cancel")) listen(button, "click", () => done(null));
    dialog.showModal();
    ready(done, listen);
  });
}

/** Shows the table of keys. */
export function showKeys() {
  if (!document.querySelector("dialog[open]")) $("keys").showModal();
}

/** Asks why a code is wrong; a digit picks a reason, other words are typed. */
export const askReason = (code) => askWhy($("rejecting"), code);

/** Asks why a question to the provider is withdrawn. */
export const askWithdrawal = (number) => askWhy($("withdrawing"), String(number));

function askWhy(dialog, subject) {
  return ask(dialog, (done, listen) => {
    dialog.querySelector(".subject").textContent = subject;
    const own = dialog.querySelector("input");
    own.value = "";
    own.focus();
    const choices = [...dialog.querySelectorAll(".choices button")];
    for (const choice of choices) listen(choice, "click", () => done(choice.dataset.reason));
    listen(dialog, "keydown", (event) => {
      const choice = choices[Number(event.key) - 1];
      if (!choice || own.value || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      done(choice.dataset.reason);
    });
    listen(dialog.querySelector("form"), "submit", (event) => {
      event.preventDefault();
      if (own.value.trim()) done(own.value.trim());
      else own.focus();
    });
  });
}

/** Shows a question before it is asked; `send({question, options})` keeps it. */
export function askQuery(draft, send) {
  const dialog = $("asking");
  return ask(dialog, (done, listen) => {
    const form = dialog.querySelector("form");
    $("query-question").value = draft.question;
    $("query-options").value = draft.options.join("\n");
    $("query-indicators").replaceChildren(...draft.indicators.map(({ quote }) => el("li", {}, el("q", {}, quote))));
    $("query-problem").hidden = true;
    (draft.question ? form.querySelector(".primary") : $("query-question")).focus();
    submitsWithControlEnter(dialog, form, listen);
    listen(form, "submit", (event) => {
      event.preventDefault();
      const options = $("query-options").value.split("\n").map((option) => option.trim()).filter(Boolean);
      const asked = { question: $("query-question").value.trim(), options };
      if (!asked.question) $("query-question").focus();
      else sending(form, $("query-problem"), async () => done(await send(asked)));
    });
  });
}

function submitsWithControlEnter(dialog, form, listen) {
  listen(dialog, "keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") form.requestSubmit();
  });
}

let search = null;

/**
 * Asks for a code, and for the words that support it where `notes` are given; returns {hit, evidence}.
 * `selected` is the evidence to begin with, `kind` what is searched ("all", "diagnoses", "procedures"), `day` the day
 * of service; on claims of a `facility` ICD-10-PCS goes before CPT.
 */
export function askCode(title, { notes = null, selected = null, kind = "all", day = null, facility = false } = {}) {
  const dialog = $("searching");
  search ??= new CodeSearch($("query"), $("search-kind"), $("hits"), $("hits-status"));
  let found = selected ? [selected] : [];
  return ask(dialog, (done, listen) => {
    $("searching-title").textContent = title;
    $("words-part").hidden = !notes;
    const words = $("words");
    words.value = selected?.quote.replace(/\s+/g, " ") ?? "";
    const tell = () => {
      const times = found.length === 1 ? "once" : `${found.length} times; the first place is taken`;
      const place = found.length ? `Stands in the chart ${times}.` : "The chart does not hold these words.";
      $("words-status").textContent = words.value.trim() ? place : "";
    };
    listen(words, "input", () => {
      found = notes.find(words.value);
      tell();
    });
    $("words-status").textContent = selected ? "The words that were selected." : "";
    search.reset({ kind, day, facility });
    $("query").focus();
    listen(dialog.querySelector("form"), "submit", async (event) => {
      event.preventDefault();
      await search.ready();
      if (!search.chosen) $("query").focus();
      else if (notes && words.value.trim() && !found.length) words.focus();
      else done({ hit: search.chosen, evidence: found.slice(0, 1) });
    });
  });
}

/**
 * Asks whether to finalise; returns "finalise", or what to do with undecided codes first: "accept" or "leave".
 * `findings` and the number of `waiting` questions are shown, and hinder nothing.
 */
export function askFinalise(coded, undecided, { findings = [], waiting = 0 } = {}) {
  const dialog = $("finalising");
  const open = undecided.length > 0;
  return ask(dialog, (done, listen) => {
    const count = (lines) => `${lines.length} ${lines.length === 1 ? "code" : "codes"}`;
    const closed = coded.length ? `The chart is closed with ${count(coded)}:` : "The chart is closed without any code.";
    const left = `${count(undecided)} not decided yet, ${coded.length} accepted. Every proposed code needs a decision.`;
    $("finalising-title").textContent = open ? "What about the undecided codes?" : "Finalise this chart?";
    const nodes = [el("p", {}, open ? left : closed), list(open ? undecided : coded), ...standing(findings, waiting)];
    $("finalising-body").replaceChildren(...nodes);
    $("accept-all").hidden = !open;
    $("leave-all").hidden = !open;
    $("finalising-submit").hidden = open;
    (open ? dialog.querySelector(".cancel") : $("finalising-submit")).focus();
    listen($("accept-all"), "click", () => done("accept"));
    listen($("leave-all"), "click", () => done("leave"));
    listen(dialog, "keydown", (event) => {
      if (open && event.key === "a") done("accept");
      else if (open && event.key === "l") done("leave");
    });
    listen(dialog.querySelector("form"), "submit", (event) => {
      event.preventDefault();
      if (!open) done("finalise");
    });
  });
}

function standing(findings, waiting) {
  const serious = findings.filter((finding) => finding.severity !== "info");
  const open = waiting ? [`${waiting} ${waiting === 1 ? "question" : "questions"} to the provider without an answer.`] : [];
  const rows = serious.map((finding) =>
    el("li", { class: finding.severity }, el("span", { class: "badge" }, finding.severity), whatIsFound(finding)));
  if (!rows.length && !open.length) return [];
  const waits = open.map((text) => el("li", {}, text));
  return [el("h3", {}, "Before it is closed"), el("ul", { class: "findings" }, ...rows, ...waits)];
}

function list(lines) {
  const details = ({ poa, modifiers, units }) =>
    [poa ? `POA ${poa}` : "", modifiers.join(" "), units > 1 ? `${units} units` : ""].filter(Boolean).join(" · ");
  const item = (line) =>
    el("li", {}, el("span", { class: "code" }, line.code), el("span", {}, line.title), el("span", { class: "note" }, details(line)));
  return el("ol", { class: "listed" }, ...lines.map(item));
}

/** Shows what another coder changed; returns "keep" (send mine all the same), "drop", or null after Escape. */
export function askConflict(nodes) {
  const dialog = $("conflict");
  return ask(dialog, (done, listen) => {
    $("conflict-body").replaceChildren(...nodes);
    $("keep-mine").focus();
    listen($("drop-mine"), "click", () => done("drop"));
    listen(dialog, "keydown", (event) => {
      if (event.key === "d") done("drop");
    });
    listen(dialog.querySelector("form"), "submit", (event) => {
      event.preventDefault();
      done("keep");
    });
  });
}

/**
 * Asks for a note, or for the answer to a `query`; `send(note)` stores it, and what it throws is shown in the dialog.
 * Returns what `send` returned.
 */
export function askNote(send, id, query = null) {
  const dialog = $("noting");
  return ask(dialog, (done, listen) => {
    const form = dialog.querySelector("form");
    form.reset();
    $("noting-title").textContent = query ? `What did the provider answer to question ${query.number}?` : "Add a note to this chart";
    $("note-answers").hidden = !query;
    $("note-question").textContent = query?.question ?? "";
    $("note-options").replaceChildren(...(query?.options ?? []).map(optionButton));
    if (query) $("note-type").value = "query response";
    $("note-problem").hidden = true;
    $("note-text").focus();
    submitsWithControlEnter(dialog, form, listen);
    listen(form, "submit", (event) => {
      event.preventDefault();
      const note = {
        id,
        text: $("note-text").value,
        type: $("note-type").value || "addendum",
        author_role: $("note-author").value,
        date: $("note-date").value || null,
      };
      sending(form, $("note-problem"), async () => done(await send(note)));
    });
  });
}

/** Returns a button that writes an option as the answer; "other" is for the coder to write. */
function optionButton(option) {
  const button = el("button", { type: "button", class: "act" }, option);
  button.addEventListener("click", () => {
    $("note-text").value = option.startsWith("Other") ? "" : option;
    $("note-text").focus();
  });
  return el("li", {}, button);
}

/** Asks for name and password; returns who is signed in, or null after Escape. */
export function askSignIn(user) {
  const dialog = $("signing-in");
  return ask(dialog, (done, listen) => {
    $("again-name").value = user ?? "";
    $("again-password").value = "";
    $("again-problem").hidden = true;
    (user ? $("again-password") : $("again-name")).focus();
    const form = dialog.querySelector("form");
    listen(form, "submit", (event) => {
      event.preventDefault();
      sending(form, $("again-problem"), async () => done(await signIn($("again-name").value, $("again-password").value)));
    });
  });
}

/** Asks why a chart is opened again. */
export function askReopenReason() {
  const dialog = $("reopening");
  return ask(dialog, (done, listen) => {
    const choices = [...dialog.querySelectorAll(".choices button")];
    choices[0].focus();
    for (const choice of choices) listen(choice, "click", () => done(choice.dataset.reason));
    listen(dialog, "keydown", (event) => {
      const choice = choices[Number(event.key) - 1];
      if (choice) done(choice.dataset.reason);
    });
  });
}

/** Runs a submission with its button disabled; shows a problem in `place`. */
export async function sending(form, place, run) {
  const button = form.querySelector(".primary");
  place.hidden = true;
  button.disabled = true;
  try {
    await run();
  } catch (error) {
    place.textContent = explain(error);
    place.hidden = false;
  } finally {
    button.disabled = false;
  }
}
