// What the desk says of saving, of other coders, and of a further reading of a chart.

import { el } from "./chart.js";

const VERBS = {
  accept: "accepted", reject: "rejected", replace: "replaced", add: "added", leave: "left out", change: "changed the details of",
  order: "changed the sequence", undo: "undid a decision",
};
const EVENTS = {
  assigned: "assigned the chart", "encounter-created": "added the chart", finalised: "finalised the chart",
  "note-added": "added a note", "query-opened": "asked the provider", "query-answered": "brought the provider's answer",
  "query-withdrawn": "withdrew a question", reopened: "reopened the chart", "suggestion-recorded": "had the chart read again",
};

/** Returns what is said of a queue, and how: "good", "busy" or "bad". */
export function savedText({ state, savedAt, acts }) {
  const waiting = `${acts.length} ${acts.length === 1 ? "change" : "changes"}`;
  const texts = {
    saved: savedAt ? `All changes saved ${savedAt.toLocaleTimeString()}` : "No changes to save",
    saving: "Saving ...",
    retrying: `Not saved: retrying (${waiting} waiting)`,
    conflict: `Not saved: ${waiting} waiting for you`,
    "signed-out": `Not saved: signed out (${waiting} waiting)`,
  };
  return { text: texts[state], kind: state === "saved" ? (savedAt ? "good" : "busy") : state === "saving" ? "busy" : "bad" };
}

/** Returns what a decision says, such as "replaced E11.9 by E11.65". */
function decided({ action, line, by, code }) {
  return [VERBS[action] ?? action, line?.code ?? code?.code, by ? `by ${by.code}` : ""].filter(Boolean).join(" ");
}

const happened = (action) => EVENTS[action] ?? action.replaceAll("-", " ");

/** Returns the nodes that tell what others changed, and what of this coder waits. */
export function conflictOf({ events, decisions }, acts, user) {
  const name = (person) => (person?.id === user ? "You (elsewhere)" : person?.name ?? "The service");
  const told = new Set(["decisions-recorded", "encounter-read"]);
  const theirs = [
    ...decisions.map((item) => `${name(item.reviewer)} ${decided(item.decision)}`),
    ...events.filter((item) => !told.has(item.action)).map((item) => `${name(item.actor)} ${happened(item.action)}`),
  ];
  const mine = acts.flatMap((act) => act.decisions).map((item) => `You ${decided(item)}`);
  const list = (items) => el("ul", { class: "findings" }, ...items.map((item) => el("li", {}, item)));
  return [
    el("p", {}, "Nothing of that is overwritten: what you decided is sent after it, or dropped."),
    el("h3", {}, "Changed meanwhile"), list(theirs.length ? theirs : ["The chart is at a newer version."]),
    el("h3", {}, "Not saved yet"), list(mine),
  ];
}

/** Returns what a further reading of the chart changed. */
export function changesOf(changes) {
  if (!changes) return "The note is added.";
  const codes = (lines) => lines.map((line) => line.code).join(", ");
  const parts = [
    changes.new.length ? `newly proposed: ${codes(changes.new)}` : "",
    changes.gone.length ? `no longer proposed: ${codes(changes.gone)}` : "",
    changes.changed.length ? `with other evidence or details: ${codes(changes.changed.map((item) => item.after))}` : "",
  ].filter(Boolean);
  return `The chart was read again; ${parts.length ? parts.join("; ") : "the proposed codes are the same"}.`;
}
