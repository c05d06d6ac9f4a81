// Requests to the API, and what can go wrong with them.

const PATIENCE = 30_000;

/** The service answered with a problem (RFC 9457). */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `status ${status}`);
    this.status = status;
    this.problem = problem;
    this.kind = (problem.type ?? "").split("/").pop();
  }
}

/** No answer came: the connection is lost, or the service is down or too slow. */
export class Unreachable extends Error {}

/** Sends a request; returns its JSON, or null where the answer has no content. */
export async function call(method, path, body, { headers = {}, signal = null } = {}) {
  let response;
  let text;
  try {
    const limit = AbortSignal.timeout(PATIENCE);
    response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable("the service does not answer");
  }
  const answer = parsed(text);
  if (!response.ok) throw new Refusal(response.status, answer ?? {});
  return answer;
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null; // a proxy's page
  }
}

const encounter = (id, rest = "") => `/v1/encounters/${encodeURIComponent(id)}${rest}?offsets=utf-16`;

export const me = () => call("GET", "/v1/me");
export const signIn = (name, password) => call("POST", "/v1/session", { name, password });
export const signOut = () => call("DELETE", "/v1/session");
export const worklist = (query) => call("GET", `/v1/encounters?${new URLSearchParams(query)}`);
export const claimNext = () => call("POST", "/v1/encounters/claim-next", {});
export const create = (facts) => call("POST", "/v1/encounters?offsets=utf-16", facts);
export const samples = () => call("GET", "/samples.json");
export const read = (id) => call("GET", encounter(id));
export const history = (id) => call("GET", encounter(id, "/history"));
export const outline = (id) => call("GET", `/desk/encounters/${encodeURIComponent(id)}/outline`);
export const codedSet = (id) => call("GET", encounter(id, "/coded-set"));
export const addNote = (id, note) => call("POST", encounter(id, "/notes"), { note });
export const openQuery = (id, version, query) => call("POST", encounter(id, "/queries"), { expected_version: version, ...query });
export const answerQuery = (id, number, note) => call("POST", encounter(id, `/queries/${number}/answer`), { note });
export const withdrawQuery = (id, number, version, reason) =>
  call("POST", encounter(id, `/queries/${number}/withdraw`), { expected_version: version, reason });
export const suggestAgain = (id) => call("POST", encounter(id, "/suggestions"), {});
export const finalise = (id, version) => call("POST", encounter(id, "/finalise"), { expected_version: version });

export const reopen = (id, version, reason) =>
  call("POST", encounter(id, "/reopen"), { expected_version: version, reason });

export const decide = (id, version, decisions, key) =>
  call("POST", encounter(id, "/decisions"), { expected_version: version, decisions }, { headers: { "Idempotency-Key": key } });

export const codeSets = () => call("GET", "/v1/codes");
export const modifiers = () => call("GET", "/v1/modifiers");

/** Searches one code set; `day` is the day of service, or null. */
export const searchCodes = (query, { system, day = null, limit = 40 }, signal) =>
  call("POST", "/v1/codes/search", { query, system, date_of_service: day, limit }, { signal });

/** Returns a name for a request that no other request has; also without a secure context. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns what to tell a coder about an error. */
export function explain(error) {
  if (error instanceof Unreachable) return "The service does not answer. Is it still running?";
  if (!(error instanceof Refusal)) throw error;
  if (error.kind === "unauthorized") return "You are not signed in.";
  if (error.status === 403) return `You may not do this: ${error.message}.`;
  const places = (error.problem.errors ?? []).map((item) => `${item.location}: ${item.expected}`);
  const title = error.problem.title ? `${error.problem.title}: ` : "";
  return `${title}${[error.message, ...places].join("; ")}.`;
}
