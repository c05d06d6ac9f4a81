// Type-ahead over the code set: a combobox with a list of hits, after the ARIA authoring practices.

import { el } from "./chart.js";
import { explain, searchCodes } from "./desk-service.js";

const WAIT = 120;

/** Searches while words are typed; `chosen` is the hit that Enter takes, or null. */
export class CodeSearch {
  constructor(input, list, status) {
    Object.assign(this, { input, list, status, hits: [], index: -1, running: null, timer: 0 });
    input.addEventListener("input", () => this.#later());
    input.addEventListener("keydown", (event) => this.#key(event));
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

  /** Empties the field and the list, or begins with a query. */
  reset(query = "") {
    this.input.value = query;
    this.#show([], query ? "Searching ..." : "Type the beginning of a code, or words of its title.");
    if (query) this.#search();
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
      this.#show([], "Type the beginning of a code, or words of its title.");
      return;
    }
    try {
      const { results, edition } = await searchCodes(query, turn.control.signal);
      const whole = results.filter((hit) => hit.billable);
      const billable = whole.length;
      const found = `${billable} ${billable === 1 ? "code" : "codes"} of ${edition}`;
      const more = billable < results.length ? "; a category needs more characters" : "";
      const hits = [...whole, ...results.filter((hit) => !hit.billable)];
      this.#show(hits, hits.length ? `${found}${more}.` : `No code of ${edition} fits these words.`);
    } catch (error) {
      if (error.name !== "AbortError") this.#show([], explain(error));
    }
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

function option(hit, i) {
  const item = el(
    "li",
    { role: "option", id: `hit-${i}`, "aria-selected": "false", "aria-disabled": hit.billable ? null : "true" },
    el("span", { class: "code" }, hit.code),
    el("span", {}, hit.title),
    hit.billable ? null : el("span", { class: "note" }, "category"),
  );
  item.dataset.index = String(i);
  return item;
}
