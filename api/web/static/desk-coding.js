// What stands on an encounter: the lines that the service told, with what is not acknowledged yet on top.

import { isDiagnosis, letterOf } from "./procedures.js";

const CODED = new Set(["accepted", "added", "replacement"]);
const ASIDE = new Set(["rejected", "replaced", "left"]);

export const keyOf = ({ system, code, occurrence = 1 }) => `${system} ${code} ${occurrence}`;
export const refOf = ({ system, code, occurrence = 1 }) => ({ system, code, occurrence });
export const isCoded = (line) => CODED.has(line.state);
export const isAside = (line) => ASIDE.has(line.state);
export const isUndecided = (line) => line.state === "proposed";

/** Returns all lines in the order in which they are shown: those set aside stay where they were suggested. */
export function merged(lines, setAside, suggestion) {
  const all = lines.slice();
  const suggested = (suggestion?.codes ?? []).map((code) => `${code.system} ${code.code}`);
  const place = (line) => suggested.indexOf(`${line.system} ${line.code}`);
  for (const line of setAside.toSorted((a, b) => place(a) - place(b))) {
    const successor = all.findIndex((other) => other.replaces && keyOf(other.replaces) === keyOf(line));
    all.splice(successor >= 0 ? successor + 1 : 1 + lastBefore(all, place, place(line)), 0, line);
  }
  return all;
}

function lastBefore(all, place, position) {
  if (position < 0) return all.length - 1;
  return all.findLastIndex((line) => place(line) >= 0 && place(line) < position);
}

/** Returns the lines as they will stand when `decisions` are acknowledged. */
export function foreseen(lines, decisions) {
  return decisions.reduce((now, decision) => (STEPS[decision.action] ?? ((same) => same))(now, decision), lines);
}

const STEPS = {
  accept: (lines, { line }) => decided(lines, line, { state: "accepted" }),
  reject: (lines, { line, reason }) => decided(lines, line, { state: "rejected", reason }),
  leave: (lines, { line }) => decided(lines, line, { state: "left" }),
  add: (lines, { code, evidence = [], occurrence = 1 }) => {
    const ref = { ...code, occurrence };
    return [...without(lines, ref), brought(ref, "added", { evidence })];
  },
  replace: (lines, { line, by, reason }) => {
    const now = without(decided(lines, line, { state: "replaced", reason }), by);
    const index = now.findIndex((other) => keyOf(other) === keyOf(line));
    const { evidence = [], units = 1, poa = null, pointers = [] } = now[index] ?? {};
    return now.toSpliced(Math.max(index, 0), 0, brought(by, "replacement", { evidence, units, poa, pointers, replaces: line }));
  },
  change: (lines, { line, action: _action, poa, ...details }) =>
    decided(lines, line, poa === undefined ? details : { ...details, poa: poa || null }),
  order: (lines, { lines: refs }) => {
    const keys = refs.map(keyOf);
    const first = keys.map((key) => lines.find((line) => keyOf(line) === key)).filter(Boolean);
    return [...first, ...lines.filter((line) => !keys.includes(keyOf(line)))];
  },
};

function decided(lines, ref, change) {
  const known = lines.some((line) => keyOf(line) === keyOf(ref));
  const now = known ? lines : [...lines, brought(ref, "proposed", {})];
  return now.map((line) => (keyOf(line) === keyOf(ref) ? { ...line, ...change, unsaved: true } : line));
}

function without(lines, ref) {
  return lines.filter((line) => keyOf(line) !== keyOf(ref));
}

function brought(ref, state, rest) {
  const { system, code, occurrence, title = "" } = { occurrence: 1, ...ref };
  const bare = { title, probability: null, evidence: [], modifiers: [], units: 1, poa: null, pointers: [], replaces: null };
  return { ...bare, system, code, occurrence, state, unsaved: true, ...rest };
}

/** Returns the letters of the diagnoses that stand, by their keys; "" beyond the twelve of the CMS-1500. */
export function lettersOf(lines) {
  const standing = lines.filter((line) => isDiagnosis(line) && !isAside(line));
  return new Map(standing.map((line, i) => [keyOf(line), letterOf(i)]));
}

/**
 * Returns the order of standing lines when one moves `by` places among its kind, and its new place there; null where
 * it cannot. Diagnoses stand before procedures.
 */
export function reordered(lines, line, by) {
  const kinds = [lines.filter(isDiagnosis), lines.filter((other) => !isDiagnosis(other))];
  const own = kinds[isDiagnosis(line) ? 0 : 1];
  const from = own.indexOf(line);
  const to = from + by;
  if (from < 0 || to < 0 || to >= own.length) return null;
  own.splice(to, 0, ...own.splice(from, 1));
  return { order: kinds.flat().map(refOf), place: to + 1 };
}

/**
 * Returns the decisions that keep procedures from pointing to diagnoses that leave the claim: those in `gone` make
 * room for `by`, or for nothing.
 */
export function repointed(lines, gone, by = null) {
  const lost = new Set(gone.map(keyOf));
  const changes = [];
  for (const line of lines) {
    if (isAside(line) || lost.has(keyOf(line)) || !line.pointers.some((ref) => lost.has(keyOf(ref)))) continue;
    const kept = line.pointers.flatMap((ref) => (lost.has(keyOf(ref)) ? (by ? [refOf(by)] : []) : [refOf(ref)]));
    const pointers = [...new Map(kept.map((ref) => [keyOf(ref), ref])).values()];
    changes.push({ action: "change", line: refOf(line), pointers });
  }
  return changes;
}

/** Returns the numbers of the latest request of a user that still counts, latest first; null where there is none. */
export function lastRequest(decisions, user) {
  const counts = decisions.filter((item) => !item.undone && item.decision.action !== "undo" && item.reviewer.id === user);
  const version = counts.at(-1)?.version;
  if (version === undefined) return null;
  return counts.filter((item) => item.version === version).map((item) => item.number).reverse();
}

/** Returns lines with the reasons of their rejections, by the numbers of decisions. */
export function withReasons(lines, decisions) {
  const reasons = new Map(decisions.map((item) => [item.number, item.decision.reason ?? ""]));
  return lines.map((line) => ({ ...line, reason: reasons.get(line.decision) ?? "" }));
}
