// What a chart goes through besides decisions: further notes, further readings, finalised and opened again.

import { isCoded, isUndecided, refOf, repointed } from "./desk-coding.js";
import { askFinalise, askNote, askReopenReason } from "./desk-dialogs.js";
import { waitingOf } from "./desk-queries.js";
import * as service from "./desk-service.js";
import { attempt, showProblem } from "./desk-shell.js";

/** Acts on the chart of a `desk`: {id, queue, encounter, entries, current, decide, load, rerun, say}. */
export class Closing {
  constructor(desk) {
    this.desk = desk;
  }

  async finalise() {
    const { desk } = this;
    if (!desk.editable) return;
    const standing = desk.entries.filter((entry) => entry.group === "proposed");
    const lines = standing.map(({ line, code }) => ({ ...line, title: code.title }));
    const against = { findings: desk.encounter.findings ?? [], waiting: waitingOf(desk.encounter).length };
    const answer = await askFinalise(lines.filter(isCoded), lines.filter(isUndecided), against);
    if (!answer || !(await this.#settled(answer))) return;
    try {
      await service.finalise(desk.id, desk.encounter.version);
    } catch (error) {
      await attempt(desk.load);
      if (desk.encounter.status !== "finalised") {
        showProblem(error);
        return;
      }
    }
    location.assign(`/desk/encounters/${encodeURIComponent(desk.id)}/finalised`);
  }

  /** Accepts or leaves what is undecided; returns whether all is saved. */
  async #settled(answer) {
    const { desk } = this;
    // A decision of the last moment may have come in after the question was put.
    const open = desk.current().filter(isUndecided);
    const acts = open.map((line) => ({ action: answer, line: refOf(line) }));
    const gone = answer === "leave" ? repointed(desk.current().filter(isCoded), open) : [];
    const rest = answer === "finalise" || !acts.length ? null : desk.decide([...acts, ...gone], "");
    return (await desk.queue.settled()) && (!rest || rest.recorded);
  }

  async reopen() {
    const { desk } = this;
    if (desk.encounter.status !== "finalised") return;
    const reason = await askReopenReason();
    if (!reason) return;
    await attempt(() => service.reopen(desk.id, desk.encounter.version, reason));
    await attempt(desk.load);
  }

  async addNote() {
    const { desk } = this;
    const send = async (note) => (await desk.queue.settled()) && service.addNote(desk.id, note);
    const answer = await askNote(send, `late-${service.newKey().slice(0, 8)}`);
    if (answer) await desk.rerun(answer);
  }

  async suggestAgain() {
    const { desk } = this;
    if (!(await desk.queue.settled())) return;
    desk.say("Reading the chart again");
    const answer = await attempt(() => service.suggestAgain(desk.id));
    if (answer) await desk.rerun(answer);
  }
}
