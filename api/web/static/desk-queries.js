// Questions to the provider: drafts, those that wait for an answer, and how others ended.

import { el } from "./chart.js";
import { askNote, askQuery, askWithdrawal } from "./desk-dialogs.js";
import * as service from "./desk-service.js";
import { attempt } from "./desk-shell.js";
import { shorten } from "./procedures.js";

const QUOTES = 6;
const BADGES = { draft: "draft", open: "waiting", answered: "answered", withdrawn: "withdrawn" };

/** Returns the drafts of an encounter that nobody has asked yet. */
export function draftsOf({ suggestion, queries }) {
  const asked = new Set(queries.map((query) => query.template));
  return (suggestion?.queries ?? []).filter((draft) => !asked.has(draft.template));
}

export const waitingOf = ({ queries }) => queries.filter((query) => query.state === "open");

/**
 * The questions of the chart of a `desk`: {id, queue, notes, encounter, mayAsk, mayAnswer, take, load, rerun, say, tell}.
 * A question is kept at once and not queued, as whoever asks wants to know that it is there.
 */
export class Questions {
  constructor(desk) {
    this.desk = desk;
  }

  /** Returns the node of the list, null where there is nothing to ask or to wait for. */
  view() {
    const { encounter } = this.desk;
    const open = waitingOf(encounter);
    const drafts = draftsOf(encounter).map((draft) => ({ ...draft, state: "draft" }));
    const closed = encounter.queries.filter((query) => query.state !== "open");
    if (!open.length && !drafts.length && !closed.length) return null;
    const key = drafts.length && this.desk.mayAsk ? el("kbd", {}, "q") : null;
    return el(
      "details",
      { class: "fold", open: true },
      el("summary", {}, "Questions to the provider", " ", el("span", { class: "count" }, String(open.length + drafts.length)), " ", key),
      el("ul", { class: "findings questions" }, ...[...open, ...drafts].map((query) => this.#item(query))),
      closed.length ? this.#ended(closed) : null,
    );
  }

  #ended(closed) {
    return el(
      "details",
      { class: "ended" },
      el("summary", {}, "Answered and withdrawn", " ", el("span", { class: "count" }, String(closed.length))),
      el("ul", { class: "findings questions" }, ...closed.map((query) => this.#item(query))),
    );
  }

  #item(query) {
    const { state, number } = query;
    const badge = el("span", { class: "badge" }, number ? `${number} · ${BADGES[state]}` : BADGES[state]);
    const options = query.options.length ? el("p", { class: "options" }, query.options.join(" · ")) : null;
    const item = el(
      "li",
      { class: `question ${state}` },
      el("p", {}, badge, query.question),
      options,
      this.#indicators(query),
      this.#outcome(query),
      el("div", { class: "acts" }, ...this.#buttons(query)),
    );
    item.dataset.question = number ?? query.template;
    return item;
  }

  #indicators({ indicators }) {
    const quotes = indicators.slice(0, QUOTES).map((item) => {
      const quote = el("button", { type: "button", class: "quote present", title: "Show it in the chart" }, shorten(item.quote));
      quote.addEventListener("click", () => this.desk.notes.reveal(item));
      return el("li", {}, quote);
    });
    if (indicators.length > QUOTES) quotes.push(el("li", { class: "more" }, `+${indicators.length - QUOTES}`));
    return el("ul", { class: "quotes", "aria-label": "Clinical indicators" }, ...quotes);
  }

  #outcome({ state, note, reason, opened_by: asker, opened_at: at }) {
    const asked = asker ? `asked by ${asker.name}, ${new Date(at).toLocaleString([], { dateStyle: "short", timeStyle: "short" })}` : "";
    const ended = { answered: `answered by note ${note}`, withdrawn: `withdrawn: ${reason}` }[state] ?? "";
    const words = [asked, ended].filter(Boolean).join(" · ");
    return words ? el("p", { class: "why" }, words) : null;
  }

  #buttons(query) {
    const button = (label, title, run) => {
      const node = el("button", { type: "button", class: "act", title, "aria-label": `${title}: ${shorten(query.question)}` }, label);
      node.addEventListener("click", run);
      return node;
    };
    const copy = button("Copy", "Copy the text of the question", () => this.#copy(query));
    if (query.state === "draft") return this.desk.mayAsk ? [button("Ask", "Ask this", () => this.ask(query)), copy] : [];
    if (query.state !== "open") return [];
    return [
      ...(this.desk.mayAnswer ? [button("Answer", "Bring the provider's answer", () => this.answer(query))] : []),
      ...(this.desk.mayAsk ? [button("Withdraw", "Withdraw the question", () => this.withdraw(query))] : []),
      copy,
    ];
  }

  /** Asks the words that are selected in the chart, else the next draft. */
  async next() {
    const { desk } = this;
    if (!desk.mayAsk) return;
    const words = desk.notes.selected();
    const draft = draftsOf(desk.encounter)[0];
    if (words) await this.ask({ template: null, question: "", options: [], indicators: [words] });
    else if (draft) await this.ask(draft);
    else desk.tell("There is no draft. Select the words that a question is about, then press q.");
  }

  /** Opens a question after the coder has read and changed it. */
  async ask(draft) {
    const { desk } = this;
    if (!(await desk.queue.settled())) return;
    const send = async ({ question, options }) => {
      const same = draft.template && question === draft.question && options.join() === draft.options.join();
      const own = { question, options, indicators: draft.indicators };
      const body = { template: draft.template, ...(same ? {} : own) };
      return service.openQuery(desk.id, desk.encounter.version, body);
    };
    const answer = await askQuery(draft, send);
    if (answer) this.#taken(answer, `Question ${answer.query.number} is open; it is yours to send to the provider`);
  }

  /** Adds what the provider wrote as a note. */
  async answer(query) {
    const { desk } = this;
    if (!(await desk.queue.settled())) return;
    const name = `answer-${query.number}-${service.newKey().slice(0, 6)}`;
    const answer = await askNote((note) => service.answerQuery(desk.id, query.number, note), name, query);
    if (answer) await desk.rerun(answer);
  }

  /** Withdraws a question for a reason. */
  async withdraw(query) {
    const { desk } = this;
    if (!(await desk.queue.settled())) return;
    const reason = await askWithdrawal(query.number);
    if (!reason) return;
    const answer = await attempt(() => service.withdrawQuery(desk.id, query.number, desk.encounter.version, reason));
    if (answer) this.#taken(answer, `Question ${query.number} is withdrawn`);
    else await attempt(desk.load);
  }

  #taken({ version, query }, message) {
    const { desk } = this;
    const others = desk.encounter.queries.filter((other) => other.number !== query.number);
    const queries = [...others, query].sort((a, b) => a.number - b.number);
    desk.take({ ...desk.encounter, version, queries });
    desk.say(message);
  }

  async #copy(query) {
    const text = textOf(query, this.desk.encounter.notes);
    try {
      await navigator.clipboard.writeText(text);
      this.desk.say("The text of the question is copied");
    } catch {
      // Browsers give pages without HTTPS no clipboard.
      this.desk.tell("The browser does not let this page copy. Press Ask and copy the text there.");
    }
  }
}

/** Returns a question as text for a message to the provider. */
function textOf({ question, options, indicators }, notes) {
  const note = new Map(notes.map(({ id, type, date }) => [id, [type, date].filter(Boolean).join(" ")]));
  const quotes = indicators.map((item) => `- "${item.quote.replace(/\s+/g, " ")}" (${note.get(item.note_id)})`);
  const choices = options.length ? ["", ...options.map((option) => `[ ] ${option}`)] : [];
  return ["Clinical indicators:", ...quotes, "", question, ...choices, ""].join("\n");
}
