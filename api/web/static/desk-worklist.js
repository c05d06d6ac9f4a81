// The worklist: which charts wait, claiming the next one, adding charts.

import { el } from "./chart.js";
import { ask, sending } from "./desk-dialogs.js";
import { claimNext, create, newKey, samples, worklist } from "./desk-service.js";
import { attempt, factsOf, followKeys, since, whoami } from "./desk-shell.js";

const $ = (id) => document.getElementById(id);
const MOST_COUNTED = 200;
const OLD_HOURS = 48;

const UNFINISHED = [["status", "open"], ["status", "in_progress"]];
const FILTERS = {
  open: { query: UNFINISHED, empty: "No chart waits." },
  mine: { query: [...UNFINISHED, ["assignee", "me"]], empty: "You work on no chart. Press n for the next one." },
  finalised: { query: [["status", "finalised"]], empty: "No chart is finalised yet." },
  asked: { query: [["waiting", "true"]], empty: "No question to a provider waits for an answer." },
};
const STATES = { open: "open", in_progress: "in progress", finalised: "finalised" };

const asked = new URLSearchParams(location.search).get("show");
const shown = asked in FILTERS ? asked : "open";
let cursor = null;

function say(message) {
  $("status").textContent = message;
}

const asking = (count) => (count ? `${count} ${count === 1 ? "question" : "questions"} open` : "");

function chartPage(item) {
  const address = `/desk/encounters/${encodeURIComponent(item.id)}`;
  return item.status === "finalised" && !item.open_queries ? `${address}/finalised` : address;
}

function row(item) {
  const old = item.status !== "finalised" && Date.now() - Date.parse(item.created_at) > OLD_HOURS * 3_600_000;
  const patient = item.patient_key ? el("span", { class: "note" }, ` ${item.patient_key}`) : null;
  const cell = (label, text, kind = null) => {
    const node = el("td", { class: kind }, text);
    if (text) node.dataset.label = label;
    return node;
  };
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, el("a", { href: chartPage(item) }, item.id), patient),
    cell("Setting", factsOf({ setting: item.setting, claim: item.claim })),
    cell("Service", item.discharge ?? item.date_of_service ?? "", "number"),
    cell("Waiting", since(item.created_at), old ? "number old" : "number"),
    cell("Coder", item.assigned_to?.name ?? ""),
    cell("State", [STATES[item.status], asking(item.open_queries)].filter(Boolean).join(" · ")),
  );
}

async function load() {
  const query = [...FILTERS[shown].query, ...(cursor ? [["cursor", cursor]] : [])];
  const page = await attempt(() => worklist(query));
  if (!page) return;
  cursor = page.next;
  const first = page.items[0] && $("rows").children.length;
  $("rows").append(...page.items.map(row));
  const none = $("rows").children.length === 0;
  $("charts").hidden = none;
  $("more").hidden = !cursor;
  $("empty").hidden = !none;
  $("empty-text").textContent = FILTERS[shown].empty;
  links()[first || 0]?.focus();
}

async function count() {
  const pages = await Promise.all(Object.entries(FILTERS).map(async ([name, { query }]) => {
    const page = await attempt(() => worklist([...query, ["limit", String(MOST_COUNTED)]]));
    if (page) {
      const label = `${page.items.length}${page.next ? "+" : ""}`;
      document.querySelector(`[data-filter="${name}"] .count`).textContent = label;
    }
    return page;
  }));
  $("samples").hidden = !pages.every((page) => page?.items.length === 0);
}

const links = () => [...$("rows").querySelectorAll("a")];

function step(by) {
  const all = links();
  const now = all.indexOf(document.activeElement);
  all[now < 0 ? 0 : Math.min(Math.max(now + by, 0), all.length - 1)]?.focus();
}

async function next() {
  const item = await attempt(async () => (await claimNext()) ?? say("No open chart is left that nobody works on."));
  if (item) location.assign(chartPage(item));
}

function newChart() {
  const age = $("age").value;
  return {
    id: $("name").value.trim() || undefined,
    notes: [{ id: "n1", text: $("text").value, date: $("date").value || null }],
    setting: $("setting").value,
    claim: $("claim").value,
    patient: { age: age === "" ? null : Number(age), sex: $("sex").value },
    date_of_service: $("date").value || null,
  };
}

async function add() {
  const form = $("add-form");
  const made = await ask($("adding"), (done, listen) => {
    $("add-problem").hidden = true;
    $("text").focus();
    listen(form, "keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "Enter") form.requestSubmit();
    });
    listen(form, "submit", (event) => {
      event.preventDefault();
      sending(form, $("add-problem"), async () => done(await create(newChart())));
    });
  });
  if (made) location.assign(chartPage(made));
}

async function loadSamples() {
  $("load-samples").disabled = true;
  await attempt(async () => {
    const charts = await samples();
    for (const [i, { title, text, ...facts }] of charts.entries()) {
      say(`Reading sample ${i + 1} of ${charts.length} ...`);
      const name = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 36);
      await create({ ...facts, id: `${name}-${newKey().slice(0, 4)}`, notes: [{ id: "n1", text }] });
    }
    location.reload();
  });
  $("load-samples").disabled = false;
}

$("add").addEventListener("click", add);
$("claim-next").addEventListener("click", next);
$("load-samples").addEventListener("click", loadSamples);
$("more").addEventListener("click", load);
document.querySelector(`[data-filter="${shown}"]`).setAttribute("aria-current", "page");
followKeys({
  j: () => step(1),
  k: () => step(-1),
  n: next,
  c: add,
  m: () => $("more").hidden || load(),
  1: () => location.assign("/desk"),
  2: () => location.assign("/desk?show=mine"),
  3: () => location.assign("/desk?show=finalised"),
  4: () => location.assign("/desk?show=asked"),
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // what stood here when the page was left is out of date
});

await attempt(whoami);
await load();
await count();
