// Who writes: whoever the app says is signed in, or a visitor, whose token is kept on this device.

import { Away, FINAL, Refused, called } from "./calling.js";
import { Outbox } from "./outbox.js";
import { Store, pause } from "./store.js";
import { alone } from "./turns.js";

export const VISITOR = "visitor";

/** Whose token it is, without looking whether it is genuine: only for what is kept on this device. */
export function person(token) {
  try {
    return `user:${JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub}`;
  } catch {
    return "user";
  }
}

export class Visitor {
  #base;
  #name;
  #kept;

  constructor(base, name) {
    this.#base = base;
    this.#name = name;
    this.#kept = new Store(`${name}:`);
  }

  /** Begins one where there is none. What one tab keeps reaches another a moment after the lock does. */
  token() {
    return this.#alone(async () => {
      const kept = this.#kept.get("token") ?? (await pause(50)) ?? this.#kept.get("token");
      if (kept) return kept;
      const { token } = await called(`${this.#base}session`, null, { body: "" });
      this.#kept.set("token", token);
      return token;
    });
  }

  renew(token, next) {
    if (this.is(token)) this.#kept.set("token", next);
  }

  is(token) {
    return this.#kept.get("token") === token;
  }

  forget() {
    this.#kept.drop("token");
  }

  /** What a visitor wrote here goes with who signs in, once: what is unsent is sent, and all is joined to what is theirs.
   * Whoever comes when they have signed out is another visitor. */
  async join(user) {
    if (this.is(null)) return; // nobody is asked to wait for nothing
    await this.#alone(async () => {
      const visitor = this.#kept.get("token");
      if (!visitor) return;
      const left = new Outbox(this.#name).of(VISITOR);
      await left.send((frame) => this.#sent(frame, visitor));
      try {
        const { joined, reason } = await called(`${this.#base}session`, user, { body: { visitor } });
        const nobody = reason === "nothing_written";
        if (joined || nobody) new Outbox(this.#name).of(person(user)).take(left);
        if (!nobody) this.forget();
      } catch (error) {
        if (!(error instanceof Refused)) throw error; // whether the user is let in, the connection tells
      }
    });
  }

  /** A visitor who is let in no more can be joined no more either: what they have not sent stays. */
  async #sent(frame, token) {
    try {
      await called(`${this.#base}send`, token, { body: frame });
    } catch (error) {
      throw error instanceof Refused && !FINAL.includes(error.code) ? new Away() : error;
    }
  }

  #alone(work) {
    return alone(`${this.#name}:session`, work);
  }
}
