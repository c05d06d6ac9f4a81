// Type-ahead over the code sets: a combobox with a list of hits, after the ARIA authoring practices.

import { el } from "./chart.js";
import { codeSets, explain, searchCodes } from "./desk-service.js";
import { isDiagnosis } from "./procedures.js";

const WAIT = 120;
const MOST = 40;
const FIRST_OF_EACH = 5; // then the rest, so that no code set hides the others
const ON_FACILITY_CLAIMS = ["ICD-10-CM", "ICD-10-PCS"];
const CPT = /^\d{4}[\dAFMTU]$/i;
const NUMBER_ALONE = "(not in the table that ships: no title)";
const ASK = "Type the beginning of a code, or words of its title.";

/** Searches while words are typed; `chosen` is the hit that Enter takes, or null. */
export class CodeSearch {
  constructor(input, kind, list, status) {
    Object.assign(this, { input, kind, list, status, hits: [], index: -1, running: null, timer: 0, day: null, facility: false, sets: null });
    input.addEventListener("input", () => this.#later());
    input.addEventListener("keydown", (event) => this.#key(event));
    kind.addEventListener("change", () => this.#search());
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (item) this.#choose(Number(item.dataset.index));
    });
    list.addEventListener("dblclick", () => {
      if (this.chosen) this.input.form.requestSubmit();
    });
  }

  get chosen() {
    return this.hits[this.index] ?? null;
  }

  /** Empties field and list; `kind` is "all", "diagnoses" or "procedures", `day` the day of service or null. */
  reset({ kind = "all", day = null, facility = false } = {}) {
    Object.assign(this, { day, facility });
    this.input.value = "";
    this.kind.value = kind;
    this.#show([], ASK);
  }

  /** Resolves when the list belongs to what is typed. */
  async ready() {
    if (this.timer) await this.#search();
    else await this.running?.done;
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#search(), WAIT);
  }

  #search() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.running?.control.abort();
    const turn = { control: new AbortController() };
    this.running = turn;
    turn.done = this.#fetch(this.input.value.trim(), turn);
    return turn.done;
  }

  async #fetch(query, turn) {
    if (!query) {
      this.#show([], ASK);
      return;
    }
    try {
      this.sets ??= (await codeSets()).items;
      const sets = this.#wanted();
      const search = ({ system }) => searchCodes(query, { system, day: this.day, limit: MOST }, turn.control.signal);
      const answers = await Promise.all(sets.map(search));
      if (turn.control.signal.aborted) return;
      const found = answers.map(({ results }, i) => usableFirst(withNumber(results, sets[i], query.toUpperCase())));
      const first = found.flatMap((hits) => hits.slice(0, FIRST_OF_EACH));
      const hits = usableFirst([...first, ...found.flatMap((rest) => rest.slice(FIRST_OF_EACH))]);
      this.#show(hits, said(hits, sets));
    } catch (error) {
      if (error.name !== "AbortError" && this.running === turn) this.#show([], explain(error));
    }
  }

  /** Returns the code sets that are searched, those that the claim is coded with first. */
  #wanted() {
    const kinds = { all: () => true, diagnoses: isDiagnosis, procedures: (set) => !isDiagnosis(set) };
    const sets = this.sets.filter(kinds[this.kind.value]);
    const late = ({ system }) => this.facility && !ON_FACILITY_CLAIMS.includes(system);
    return [...sets.filter((set) => !late(set)), ...sets.filter(late)];
  }

  #show(hits, message) {
    this.hits = hits;
    this.index = -1;
    this.list.replaceChildren(...hits.map((hit, i) => option(hit, i)));
    this.list.scrollTop = 0;
    this.input.setAttribute("aria-expanded", String(hits.length > 0));
    this.status.textContent = message;
    this.#choose(hits.findIndex((hit) => hit.billable));
  }

  #choose(index) {
    if (index >= 0 && !this.hits[index]?.billable) return;
    this.index = index;
    this.list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    const item = this.list.children[index];
    item?.setAttribute("aria-selected", "true");
    item?.scrollIntoView({ block: "nearest" });
    if (item) this.input.setAttribute("aria-activedescendant", item.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    let next = this.index + step;
    while (this.hits[next] && !this.hits[next].billable) next += step;
    if (this.hits[next]) this.#choose(next);
  }
}

/** Adds a well-formed CPT number that the table lacks, where coders may use such: the table that ships is partial. */
function withNumber(results, set, number) {
  const known = results.some((hit) => hit.code === number);
  if (!set.takes_further_codes || known || !CPT.test(number)) return results;
  return [...results, { system: set.system, code: number, title: "", billable: true }];
}

const usableFirst = (hits) => [...hits.filter((hit) => hit.billable), ...hits.filter((hit) => !hit.billable)];

function said(hits, sets) {
  const names = sets.map((set) => `${set.system} ${set.edition}`).join(", ");
  if (!hits.length) return `No code of ${names} fits these words.`;
  const billable = hits.filter((hit) => hit.billable).length;
  const odd = billable < hits.length ? "; categories and codes not in force cannot be taken" : "";
  return `${billable} ${billable === 1 ? "code" : "codes"} of ${names}${odd}.`;
}

function option(hit, i) {
  const why = isDiagnosis(hit) ? "category" : "not in force";
  const item = el(
    "li",
    { role: "option", id: `hit-${i}`, "aria-selected": "false", "aria-disabled": hit.billable ? null : "true" },
    el("span", { class: "code" }, hit.code),
    el("span", {}, hit.title || NUMBER_ALONE),
    el("span", { class: "note" }, hit.billable ? (isDiagnosis(hit) ? "" : hit.system) : why),
  );
  item.dataset.index = String(i);
  return item;
}
