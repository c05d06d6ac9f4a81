// What all pages of the desk share: who is signed in, signing out, the table of keys, problems.

import { showKeys } from "./desk-dialogs.js";
import { Refusal, explain, me, signOut } from "./desk-service.js";

const $ = (id) => document.getElementById(id);

/** Returns who is signed in, and shows it; goes to the page for signing in where nobody is. */
export async function whoami() {
  const answer = await me();
  if (!answer.user) {
    toSignIn();
    return new Promise(() => {}); // the page is being left
  }
  if (answer.mode !== "single-user") {
    $("user").textContent = answer.user.name;
    $("sign-out").hidden = answer.via !== "session";
  }
  return answer;
}

export function toSignIn() {
  const here = location.pathname + location.search;
  location.assign(`/desk/sign-in?${new URLSearchParams({ next: here })}`);
}

/** Shows what went wrong above the content; a lost session leads to the page for signing in. */
export function showProblem(error) {
  if (error instanceof Refusal && error.status === 401) {
    toSignIn();
    return;
  }
  ($("problem-text") ?? $("problem")).textContent = explain(error);
  $("problem").hidden = false;
}

export function hideProblem() {
  $("problem").hidden = true;
}

/** Runs an act of the coder and shows what goes wrong. */
export async function attempt(run) {
  hideProblem();
  try {
    return await run();
  } catch (error) {
    showProblem(error);
    return null;
  }
}

/** Calls `keys[name]()` for single keys, while no dialog is open and nothing is typed into a field. */
export function followKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
    const act = event.key === "?" ? showKeys : keys[event.key];
    if (!act) return;
    if (act(event) !== false) event.preventDefault();
  });
}

$("help")?.addEventListener("click", showKeys);
$("sign-out").addEventListener("click", async () => {
  await attempt(signOut);
  location.assign("/desk/sign-in");
});

/** Says how long ago a moment was, in the largest unit that fits. */
export function since(moment, now = Date.now()) {
  const minutes = Math.max(0, Math.floor((now - Date.parse(moment)) / 60_000));
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / 1440)} days`;
}

/** Returns age, sex, setting and the like as one line. */
export function factsOf(encounter) {
  const { patient, setting, claim, date_of_service: day } = encounter;
  const age = patient?.age === null || patient?.age === undefined ? null : `${patient.age} y`;
  const sex = patient && patient.sex !== "unknown" ? patient.sex : null;
  return [setting.replaceAll("-", " "), claim, [age, sex].filter(Boolean).join(" "), day].filter(Boolean).join(" · ");
}
