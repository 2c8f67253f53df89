// Asking the hub, and what it may answer instead. docs/explanation/chat-protocol.md is the protocol.

/** Errors that will not get better by sending the same again. */
export const FINAL = "malformed invalid forbidden not_found too_large unsupported_media_type quarantined".split(" ");

export class Refused extends Error {
  constructor({ code, detail, retry_after: after }) {
    super(detail ?? code);
    this.code = code;
    this.after = after; // seconds
  }
}

export class Away extends Error {}

/** An answer's JSON; null for none. Raises Refused, TypeError where the network is gone. */
export async function called(url, token, options) {
  const answer = await asked(url, token, options);
  return answer.status === 204 ? null : answer.json();
}

/** An answer that is no refusal. `body` is what is posted, if anything is. */
export async function asked(url, token, { body, ...options } = {}) {
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const posted = body !== undefined && { method: "POST", body: body && JSON.stringify(body) };
  const answer = await fetch(url, { cache: "no-store", credentials: "omit", ...options, ...posted, headers });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => null);
  const after = Number(answer.headers.get("Retry-After")) || undefined;
  throw new Refused({ code: answer.status >= 500 ? "overloaded" : "malformed", retry_after: after, ...told });
}
