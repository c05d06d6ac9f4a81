// The page: sends the chart, shows the answer, and follows the keys.

import { Chart, el } from "./chart.js";
import { entriesOf, lists } from "./codes.js";

const $ = (id) => document.getElementById(id);
const [text, reader, edit, status, problem, run] = ["text", "reader", "edit", "status", "problem", "run"].map($);
const chart = new Chart(reader, (id) => focusCode(id));

let running = null;
let chosen = null;

function say(message) {
  status.textContent = message;
}

function showProblem(title, detail, errors = []) {
  const items = errors.map((item) => el("li", {}, `${item.location}: ${item.expected}`));
  problem.replaceChildren(el("strong", {}, `${title}.`), ` ${detail}`, items.length ? el("ul", {}, ...items) : "");
  problem.hidden = false;
}

function request() {
  const age = $("age").value;
  return {
    notes: [{ id: "chart", text: text.value }],
    setting: $("setting").value,
    claim: $("claim").value,
    patient: { age: age === "" ? null : Number(age), sex: $("sex").value },
    date_of_service: $("date").value || null,
    offsets: "utf-16",
    ranked_limit: 40,
  };
}

async function suggest() {
  running?.abort();
  const turn = (running = new AbortController());
  problem.hidden = true;
  run.setAttribute("aria-busy", "true");
  say("Reading the chart ...");
  const began = performance.now();
  try {
    const sent = request();
    const response = await fetch("/v1/suggestions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(sent),
      signal: turn.signal,
    });
    const answer = await response.json();
    if (!response.ok) {
      say("");
      showProblem(answer.title, answer.detail, answer.errors);
      return;
    }
    show(sent.notes[0].text, answer, performance.now() - began);
  } catch (error) {
    if (error.name === "AbortError") return;
    say("");
    showProblem("The service does not answer", "Is it still running? Try again.");
  } finally {
    if (running === turn) run.removeAttribute("aria-busy");
  }
}

function show(sent, answer, milliseconds) {
  const entries = entriesOf(answer);
  chart.show(sent, entries);
  chosen = null;
  $("lists").replaceChildren(...lists(answer, entries, (id, start) => pick(id, start)));
  $("results").classList.remove("stale");
  const { stamp } = answer;
  const editions = Object.entries(stamp.editions).map(([system, edition]) => `${system} ${edition}`);
  $("stamp").textContent = `${editions.join(", ")} · ${stamp.policy}`;
  $("stamp").title = `model ${stamp.model}, index ${stamp.index}, version ${stamp.version}`;
  reading(sent !== "");
  const count = answer.codes.length;
  say(
    `${count} ${count === 1 ? "code" : "codes"} proposed, ${answer.suppressed.length} suppressed, ` +
      `in ${(milliseconds / 1000).toFixed(1)} s`,
  );
  if (!matchMedia("(max-width: 900px)").matches) document.querySelector(".head")?.focus({ preventScroll: true });
}

/** Switches between reading the chart with evidence and editing its text. */
function reading(on) {
  reader.hidden = !on;
  text.hidden = on;
  edit.hidden = !on;
  $("legend").hidden = !on;
  if (on) reader.scrollTop = 0;
  else text.focus();
}

function choose(id) {
  if (id === chosen) return;
  chosen = id;
  chart.choose(id);
  chart.rewind(id);
  for (const card of document.querySelectorAll(".card")) card.classList.toggle("on", card.dataset.id === id);
}

function pick(id, start = null) {
  choose(id);
  if (!reader.hidden) chart.scrollTo(id, start);
}

function focusCode(id) {
  const head = document.querySelector(`.head[data-id="${CSS.escape(id)}"]`);
  if (!head) return;
  const fold = head.closest("details");
  if (fold) fold.open = true;
  head.focus({ preventScroll: true });
  head.closest(".card").scrollIntoView({ block: "nearest" });
}

function step(by) {
  const heads = [...document.querySelectorAll(".head")].filter((head) => head.offsetParent !== null);
  if (!heads.length) return;
  const now = heads.findIndex((head) => head.dataset.id === chosen);
  const next = heads[Math.min(Math.max(now + by, 0), heads.length - 1)];
  focusCode(next.dataset.id);
  pick(next.dataset.id);
}

function changed() {
  if (document.querySelector(".card")) {
    $("results").classList.add("stale");
    say("Changed since these codes were suggested; press Ctrl+Enter.");
  }
}

async function loadSamples() {
  const response = await fetch("/samples.json");
  const samples = await response.json();
  $("sample").append(...samples.map((sample, i) => el("option", { value: String(i) }, sample.title)));
  const buttons = samples.map((sample, i) => el("button", { type: "button", value: String(i) }, sample.title));
  $("samples").append(...buttons.map((button) => el("li", {}, button)));
  for (const button of buttons) {
    button.addEventListener("click", () => {
      $("sample").value = button.value;
      $("sample").dispatchEvent(new Event("change"));
    });
  }
  $("sample").addEventListener("change", () => {
    const sample = samples[Number($("sample").value || -1)];
    if (!sample) return;
    text.value = sample.text;
    $("setting").value = sample.setting;
    $("claim").value = sample.claim;
    $("age").value = sample.patient.age ?? "";
    $("sex").value = sample.patient.sex ?? "unknown";
    $("date").value = sample.date_of_service ?? "";
    suggest();
  });
}

/** Says what is being loaded until the service is ready. */
async function awaitReady() {
  try {
    const response = await fetch("/readyz");
    if (response.ok) {
      if (status.dataset.loading) say("Ready.");
      delete status.dataset.loading;
      return;
    }
    const answer = await response.json();
    status.dataset.loading = "yes";
    say(`Not ready yet: ${answer.detail}`);
  } catch {
    say("The service does not answer.");
  }
  setTimeout(awaitReady, 1500);
}

$("facts").addEventListener("submit", (event) => {
  event.preventDefault();
  suggest();
});
$("facts").addEventListener("change", (event) => {
  if (event.target.id !== "sample") changed();
});
text.addEventListener("input", () => {
  $("sample").value = "";
  changed();
});
edit.addEventListener("click", () => reading(false));

const listed = $("lists");
for (const name of ["mouseover", "focusin"]) {
  listed.addEventListener(name, (event) => {
    const card = event.target.closest(".card");
    if (card) choose(card.dataset.id);
  });
}
listed.addEventListener("click", (event) => {
  const head = event.target.closest(".head");
  if (head) pick(head.dataset.id);
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    suggest();
    return;
  }
  const typing = event.target.closest("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "e" && !edit.hidden) {
    event.preventDefault();
    reading(false);
  }
});

awaitReady();
loadSamples();
