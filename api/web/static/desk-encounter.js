// One chart: its notes with evidence beside the codes, and what the coder decides on them.

import { lists, entriesOf } from "./desk-cards.js";
import { Notes } from "./desk-chart.js";
import {
  foreseen, isAside, isCoded, isUndecided, keyOf, lastRequest, lettersOf, merged, refOf, reordered, repointed, withReasons,
} from "./desk-coding.js";
import { askDetails } from "./desk-details.js";
import { changesOf, conflictOf, savedText } from "./desk-messages.js";
import { askCode, askConflict, askReason, askSignIn } from "./desk-dialogs.js";
import { Closing } from "./desk-closing.js";
import { Questions } from "./desk-queries.js";
import { SaveQueue } from "./desk-queue.js";
import * as service from "./desk-service.js";
import { isDiagnosis } from "./procedures.js";
import { attempt, factsOf, followKeys, hideProblem, showProblem, whoami } from "./desk-shell.js";

const $ = (id) => document.getElementById(id);
const id = $("encounter").dataset.encounter;
const notes = new Notes($("reader"), (entry) => focusCode(entry));
const queue = new SaveQueue({ send, onSaved, onRefused, onConflict, onSignedOut, onState });
const desk = {
  id, queue, notes, take, load, say, tell, rerun, decide, current,
  get encounter() { return encounter; },
  get entries() { return entries; },
  get editable() { return encounter.editable && encounter.status !== "finalised"; },
  /** Whether questions may be asked and withdrawn: also of a finalised chart. */
  get mayAsk() { return encounter.editable || (encounter.status === "finalised" && isMine()); },
  get mayAnswer() { return who.permissions.includes("encounters:write"); },
};
const questions = new Questions(desk);
const closing = new Closing(desk);

let who = null;
let encounter = null;
let decisions = [];
let outline = [];
let entries = [];
let chosen = null;
let marked = "";
let modifiers = null;

// What the service says

async function load() {
  const [fresh, past, parts] = await Promise.all([service.read(id), service.history(id), service.outline(id)]);
  decisions = past.decisions;
  outline = parts.sections;
  take(fresh);
}

function take(fresh) {
  encounter = fresh;
  const coder = fresh.assigned_to ? ` · coder ${fresh.assigned_to.name}` : "";
  $("facts").textContent = factsOf(fresh) + coder;
  render();
}

function send(act) {
  const sent = act.decisions.map(({ action, ...rest }) => ({ action, ...withoutTitles(rest) }));
  return service.decide(id, encounter.version, sent, act.key);
}

function withoutTitles(fields) {
  const bare = ({ title: _title, ...rest }) => rest;
  const names = ["line", "by", "code"].filter((name) => fields[name]);
  return { ...fields, ...Object.fromEntries(names.map((name) => [name, bare(fields[name])])) };
}

function onSaved(act, answer) {
  act.recorded = true;
  const undos = answer.decisions.filter((item) => item.decision.action === "undo");
  const undone = new Set(undos.map((item) => item.decision.decision));
  const known = new Set(decisions.map((item) => item.number));
  decisions = [...decisions, ...answer.decisions.filter((item) => !known.has(item.number))]
    .map((item) => (undone.has(item.number) ? { ...item, undone: true } : item));
  const { version, status, assigned_to, lines, set_aside, findings } = answer;
  take({ ...encounter, version, status, assigned_to, lines, set_aside, findings });
}

async function onRefused(_act, error) {
  await attempt(load);
  showProblem(error);
}

async function onConflict(_act, error) {
  const conflict = error.problem.conflict ?? { actual: encounter.version, events: [], decisions: [] };
  encounter.version = conflict.actual;
  await attempt(load);
  let answer = null;
  while (!answer) answer = await askConflict(conflictOf(conflict, queue.acts, who.user.id));
  if (answer === "keep") queue.resume();
  else queue.clear();
  render();
}

async function onSignedOut() {
  let signedIn = null;
  while (!signedIn) signedIn = await askSignIn(who.user.name);
  who = await whoami();
  queue.resume();
}

function onState() {
  const { text, kind } = savedText(queue);
  $("saved-text").textContent = text;
  $("saved").className = `saved ${kind}`;
  $("retry").hidden = queue.state !== "retrying";
}

// What is shown

function current() {
  const all = withReasons(merged(encounter.lines, encounter.set_aside, encounter.suggestion), decisions);
  return foreseen(all, queue.acts.flatMap((act) => act.decisions));
}

function render() {
  const lines = current();
  const editable = encounter.editable && encounter.status !== "finalised";
  const facts = { professional: encounter.claim === "professional", inpatient: encounter.setting === "inpatient" };
  entries = entriesOf(lines, encounter.suggestion, facts);
  if (!entries.some((entry) => entry.id === chosen)) chosen = entries[0]?.id ?? null;
  const focused = document.activeElement?.closest("#lists") || document.activeElement === document.body;
  const top = $("lists").scrollTop;
  const open = new Map(folds().map((fold) => [titleOf(fold), fold.open]));
  const reported = encounter.findings ?? encounter.suggestion?.findings ?? [];
  const on = { evidence: pick, act, code: showCode };
  $("lists").replaceChildren(...lists(entries, { reported, questions: questions.view(), on, editable }));
  for (const fold of folds()) fold.open = open.get(titleOf(fold)) ?? fold.open;
  $("lists").scrollTop = top;
  $("lists").removeAttribute("aria-busy");
  markChart();
  choose(chosen);
  if (focused && !document.querySelector("dialog[open]")) headOf(chosen)?.focus({ preventScroll: true });
  showState(lines, editable);
}

/** Returns whether a finalised chart is this coder's or nobody's, or one that they may assign. */
function isMine() {
  const free = [undefined, who.user.id].includes(encounter.assigned_to?.id) || who.permissions.includes("encounters:assign");
  return free && who.permissions.includes("encounters:decide");
}

/** Goes to the code that a finding is about. */
function showCode(code) {
  const found = entries.find((entry) => entry.code.code === code);
  if (!found) return;
  focusCode(found.id);
  pick(found.id);
}

const folds = (kind = "") => [...$("lists").querySelectorAll(`details${kind}`)];
const titleOf = (fold) => fold.dataset.fold ?? fold.querySelector("summary").firstChild.data;

function markChart() {
  const shown = entries.map(({ id: name, group, code }) => [name, group, code.evidence.length]);
  const now = JSON.stringify([encounter.notes.map((note) => note.id), encounter.suggestion?.number, shown]);
  if (now === marked) return;
  marked = now;
  notes.show(encounter.notes, outline, entries);
}

function showState(lines, editable) {
  const standing = lines.filter((line) => !isAside(line));
  const open = standing.filter(isUndecided).length;
  const done = lines.length - open;
  $("progress").textContent = encounter.status === "finalised" ? "finalised" : `${done} of ${lines.length} decided`;
  for (const name of ["add-code", "undo"]) $(name).hidden = !editable;
  $("finalise").hidden = !editable;
  $("reopen").hidden = encounter.status !== "finalised";
  $("suggest").hidden = Boolean(encounter.suggestion && !encounter.suggestion.stale);
  if (encounter.status !== "finalised" && !editable) {
    tell(`${encounter.assigned_to?.name ?? "Someone else"} works on this chart; you can only read it.`);
  }
}

function say(message) {
  $("status").textContent = message;
}

function tell(message) {
  $("notice-text").textContent = message;
  $("notice").hidden = false;
}

const headOf = (entry) => $("lists").querySelector(`.head[data-id="${CSS.escape(entry ?? "")}"]`);
const entryOf = (entry) => entries.find((other) => other.id === entry);

function choose(entry) {
  chosen = entry;
  notes.choose(entry);
  for (const card of $("lists").querySelectorAll(".card")) {
    const on = card.dataset.id === entry;
    card.classList.toggle("on", on);
    for (const button of card.querySelectorAll(".act")) button.tabIndex = on ? 0 : -1;
  }
}

function pick(entry, start = null, note = null) {
  if (entry !== chosen) choose(entry);
  notes.scrollTo(entry, start, note);
}

function focusCode(entry) {
  const head = headOf(entry);
  if (!head) return;
  const fold = head.closest("details");
  if (fold) fold.open = true;
  head.focus({ preventScroll: true });
  head.closest(".card").scrollIntoView({ block: "nearest" });
}

function step(by) {
  const heads = [...$("lists").querySelectorAll(".head")].filter((head) => head.offsetParent !== null);
  const now = heads.findIndex((head) => head.dataset.id === chosen);
  const next = heads[Math.min(Math.max(now + by, 0), heads.length - 1)];
  if (!next) return;
  focusCode(next.dataset.id);
  pick(next.dataset.id);
}

// What the coder does

function decide(list, message) {
  const act = { key: service.newKey(), decisions: list };
  queue.add(act);
  say(message);
  render();
  return act;
}

const lineOf = ({ code, line }) => refOf(line ?? { ...code, occurrence: 1 });

/** Goes on to the next undecided code after one was decided. */
function advance(after) {
  const order = entries.filter((entry) => entry.line);
  const from = order.findIndex((entry) => entry.id === after);
  const next = [...order.slice(from + 1), ...order.slice(0, from + 1)].find((entry) => isUndecided(entry.line));
  focusCode(next?.id ?? after);
  if (next) pick(next.id);
}

const ACTS = {
  accept(entry) {
    if (entry.line && isCoded(entry.line)) return;
    decide([{ action: "accept", line: { ...lineOf(entry), title: entry.code.title } }], `${entry.code.code} accepted`);
    if (entry.line) advance(entry.id);
    else focusCode(entry.id);
  },
  async reject(entry) {
    if (!entry.line || isAside(entry.line)) return;
    const reason = await askReason(entry.code.code);
    if (!reason) return;
    const rest = repointed(current(), [entry.line]);
    decide([{ action: "reject", line: lineOf(entry), reason }, ...rest], `${entry.code.code} rejected: ${reason}${moved(rest)}`);
    advance(entry.id);
  },
  async replace(entry) {
    if (!entry.line || isAside(entry.line)) return;
    const kind = isDiagnosis(entry.line) ? "diagnoses" : "procedures";
    const answer = await askCode(`What stands in place of ${entry.code.code}?`, { kind, ...claimed() });
    if (!answer) return;
    const { system, code, title } = answer.hit;
    const by = { system, code, title };
    const rest = repointed(current(), [entry.line], isDiagnosis(by) ? by : null);
    const message = `${code} in place of ${entry.code.code}${moved(rest)}`;
    decide([{ action: "replace", line: lineOf(entry), by }, ...rest], message);
    advance(keyOf(answer.hit));
  },
  async details(entry) {
    if (!entry.line || isAside(entry.line)) return;
    if (!entry.hasDetails) {
      say(`${entry.code.code} has no details to edit on this claim`);
      return;
    }
    modifiers ??= new Map(((await attempt(service.modifiers))?.items ?? []).map((item) => [item.code, item.label]));
    const changed = await askDetails(entry.line, { diagnoses: diagnoses(), labels: modifiers, reasons: entry.code.reasons });
    if (!changed) return;
    decide([{ action: "change", line: lineOf(entry), ...changed }], `${entry.code.code}: ${Object.keys(changed).join(", ")} changed`);
    focusCode(entry.id);
  },
  up: (entry) => move(entry, -1),
  down: (entry) => move(entry, 1),
};

/** Returns what a search of codes goes by: the day of service, and whether the institution bills. */
const claimed = () => ({
  day: encounter.date_of_service ?? encounter.admission ?? encounter.discharge,
  facility: encounter.claim === "facility",
});
const moved = (changes) => (changes.length ? `; it was the diagnosis of ${changes.map((item) => item.line.code).join(", ")}` : "");

/** Returns the diagnoses that stand, with their letters on the claim; null where procedures do not point to them. */
function diagnoses() {
  if (encounter.claim !== "professional") return null;
  const standing = entries.filter(({ group, line }) => group === "proposed" && isDiagnosis(line));
  const letters = lettersOf(current());
  return standing.map(({ id: name, line, code }) => ({ letter: letters.get(name), line, title: code.title }));
}

function act(name, entry = chosen) {
  const found = entryOf(entry);
  if (!found || !encounter.editable) return;
  hideProblem();
  choose(entry);
  ACTS[name](found);
}

function move(entry, by) {
  if (entry.group !== "proposed") return;
  const standing = entries.filter((other) => other.group === "proposed").map(({ line }) => line);
  const found = reordered(standing, entry.line, by);
  if (!found) return;
  decide([{ action: "order", lines: found.order }], `${entry.code.code} is now number ${found.place}`);
  focusCode(entry.id);
}

async function add() {
  if (!encounter.editable) return;
  const selected = notes.selected();
  const answer = await askCode("Which code is missing?", { notes, selected, ...claimed() });
  if (!answer) return;
  const { system, code, title } = answer.hit;
  const same = entries.filter(({ line }) => line && line.system === system && line.code === code && !isAside(line));
  if (same.length && isDiagnosis(answer.hit)) {
    tell(`${code} stands on the list already.`);
    focusCode(same[0].id);
    return;
  }
  // A procedure may stand on several lines: each side, two sessions.
  const occurrence = 1 + Math.max(0, ...same.map(({ line }) => line.occurrence));
  const hint = isDiagnosis(answer.hit) ? "" : "; press d for modifiers, units and diagnoses";
  decide([{ action: "add", code: { system, code, title }, evidence: answer.evidence, occurrence }], `${code} added${hint}`);
  focusCode(keyOf({ system, code, occurrence }));
}

async function undo() {
  if (!encounter.editable) return;
  const waiting = queue.acts.at(-1);
  if (waiting && queue.withdraw(waiting)) {
    say("Taken back before it was sent");
    render();
    return;
  }
  if (!(await queue.settled())) return;
  const numbers = lastRequest(decisions, who.user.id);
  if (!numbers) {
    say("Nothing of yours is left to undo");
    return;
  }
  const first = decisions.find((item) => item.number === numbers.at(-1)).decision;
  decide(numbers.map((number) => ({ action: "undo", decision: number })), `Undone: ${first.action}`);
  await queue.settled();
  const line = first.line ?? first.code;
  if (line && headOf(keyOf(line))) focusCode(keyOf(line));
}

async function rerun({ changes }) {
  await attempt(load);
  tell(changesOf(changes));
}

/** Opens or closes what decided the chosen visit. */
function toggleVisit() {
  const fold = headOf(chosen)?.closest(".card").querySelector("details.visit");
  if (!fold) return;
  fold.open = !fold.open;
  (fold.open ? fold.querySelector("summary") : headOf(chosen)).focus({ preventScroll: true });
  fold.closest(".card").scrollIntoView({ block: "nearest" });
}

function toggleFolds() {
  const others = folds(".others");
  const open = !others.some((fold) => fold.open);
  for (const fold of others) fold.open = open;
  if (open) focusCode(others[0]?.querySelector(".head")?.dataset.id);
  else focusCode(entries.find((entry) => entry.line)?.id);
}

// Keys and buttons

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  J: () => act("down"),
  K: () => act("up"),
  a: () => act("accept"),
  r: () => act("reject"),
  e: () => act("replace"),
  d: () => act("details"),
  v: toggleVisit,
  "+": add,
  u: undo,
  q: () => questions.next(),
  f: () => closing.finalise(),
  o: () => closing.reopen(),
  s: toggleFolds,
  l: () => closing.addNote(),
};

const CLICKS = {
  "add-code": add, "add-selected": add, "ask-selected": () => questions.next(), undo, finalise: KEYS.f, reopen: KEYS.o,
  suggest: () => closing.suggestAgain(), "late-note": KEYS.l,
  retry: () => queue.retry(), "notice-close": () => ($("notice").hidden = true), "problem-close": hideProblem,
};
// Nothing can be done before the chart is read.
const whenRead = (run) => (event) => encounter && run(event);
for (const [name, run] of Object.entries(CLICKS)) $(name).addEventListener("click", whenRead(() => run()));
const keys = Object.entries(KEYS).map(([key, run]) => [key, whenRead(run)]);
followKeys({ ...Object.fromEntries(keys), w: () => location.assign("/desk") });
// A button that takes the focus would drop the selection in the chart.
for (const name of ["add-code", "add-selected", "ask-selected"]) $(name).addEventListener("mousedown", (event) => event.preventDefault());

document.addEventListener("selectionchange", () => {
  $("from-selection").hidden = !encounter?.editable || !notes.selected();
});
$("lists").addEventListener("focusin", (event) => {
  const card = event.target.closest(".card");
  if (card && card.dataset.id !== chosen) choose(card.dataset.id);
});
$("lists").addEventListener("click", (event) => {
  const head = event.target.closest(".head");
  if (head) pick(head.dataset.id);
});

who = await attempt(whoami);
if (who) await attempt(load);
onState();
headOf(chosen)?.focus({ preventScroll: true });
