// What a coder decided and the service has not acknowledged yet: kept in memory, sent one by one, sent again
// under the same key until an answer comes.

import { Refusal, Unreachable } from "./desk-service.js";

const DELAYS = [1000, 2000, 4000, 8000, 15_000];

/** States: "saved", "saving", "retrying", "conflict", "signed-out". */
export class SaveQueue {
  #acts = [];
  #busy = false;
  #hold = null;
  #attempts = 0;
  #wake = null;

  /**
   * `send(act)` sends an act; `onSaved(act, answer)` and `onRefused(act, error)` tell its end,
   * `onConflict(act, error)` and `onSignedOut()` that it waits for the coder, and `onState()` that the state changed.
   */
  constructor(handlers) {
    this.handlers = handlers;
    this.savedAt = null;
    addEventListener("online", () => this.retry());
    addEventListener("beforeunload", (event) => {
      if (this.#acts.length) event.preventDefault();
    });
  }

  /** Acts that are not acknowledged, oldest first. */
  get acts() {
    return this.#acts.slice();
  }

  get state() {
    if (this.#hold) return this.#hold;
    if (!this.#acts.length) return "saved";
    return this.#attempts ? "retrying" : "saving";
  }

  add(act) {
    this.#acts.push(act);
    this.#changed();
  }

  /** Takes an act back if it has never been sent; returns whether it could. */
  withdraw(act) {
    const index = this.#acts.indexOf(act);
    if (index < 0 || act.sent) return false;
    this.#acts.splice(index, 1);
    this.#changed();
    return true;
  }

  /** Drops all that waits. */
  clear() {
    this.#acts = [];
    this.resume();
  }

  /** Goes on after a conflict or a new sign-in. */
  resume() {
    this.#hold = null;
    this.#attempts = 0;
    this.#changed();
  }

  /** Tries now instead of after the delay. */
  retry() {
    this.#wake?.();
  }

  /** Resolves to whether all is acknowledged, when nothing is under way any more. */
  async settled() {
    while (this.#acts.length && !this.#hold) await new Promise((resolve) => setTimeout(resolve, 30));
    return !this.#acts.length;
  }

  #changed() {
    this.handlers.onState();
    this.#run();
  }

  async #run() {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#acts.length && !this.#hold) await this.#next(this.#acts[0]);
    this.#busy = false;
    this.handlers.onState();
  }

  async #next(act) {
    try {
      act.sent = true;
      const answer = await this.handlers.send(act);
      this.#remove(act);
      this.savedAt = new Date();
      this.handlers.onSaved(act, answer);
    } catch (error) {
      await this.#failed(act, error);
    }
    this.handlers.onState();
  }

  async #failed(act, error) {
    if (error instanceof Unreachable || (error instanceof Refusal && (error.status >= 500 || error.status === 429))) {
      this.#attempts += 1;
      this.handlers.onState();
      await this.#pause(DELAYS[Math.min(this.#attempts, DELAYS.length) - 1]);
    } else if (error instanceof Refusal && error.status === 401) {
      this.#hold = "signed-out";
      this.handlers.onSignedOut();
    } else if (error instanceof Refusal && error.kind === "version-conflict") {
      this.#hold = "conflict";
      this.handlers.onConflict(act, error);
    } else {
      this.#remove(act);
      this.handlers.onRefused(act, error);
    }
  }

  #remove(act) {
    this.#acts = this.#acts.filter((other) => other !== act);
    this.#attempts = 0;
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
