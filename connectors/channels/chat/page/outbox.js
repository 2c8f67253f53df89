// What was written and is not acknowledged yet.

import { Away, FINAL, Refused } from "./calling.js";
import { Store, pause, unique } from "./store.js";
import { alone } from "./turns.js";

const OUT = "out:";
const DRAFT = "draft";

/** Each entry is kept before it is sent, under a key of its own, so tabs never overwrite each other's; all show all of
 * them, and one at a time sends them. An entry goes again under the same `client_id`, by which the hub knows it. */
export class Outbox {
  #name;
  #store = null; // until it is known who writes, nothing is kept: it could go out as somebody else's
  #early = new Map();
  #last = 0;
  #sending = false;
  #wanted = false;
  #changed;

  constructor(name, changed = () => {}) {
    this.#name = name;
    this.#changed = changed;
  }

  of(who) {
    this.#store = new Store(`${this.#name}:${who}:`);
    for (const entry of this.#early.values()) this.#keep(entry);
    this.#early.clear();
    this.#changed();
    return this;
  }

  leave() {
    this.#store = null;
    this.#early.clear();
  }

  forget() {
    for (const { frame } of this.entries()) this.drop(frame.client_id);
    this.draft = null;
  }

  /** What is left of another is of this one from now on; files in its draft are not, for they stay their owner's. */
  take(other) {
    for (const entry of other.entries()) this.#keep(entry);
    this.draft ??= other.draft && { text: other.draft.text };
    other.forget();
  }

  get draft() {
    return this.#store?.get(DRAFT);
  }

  set draft(value) {
    if (value) this.#store?.set(DRAFT, value);
    else this.#store?.drop(DRAFT);
  }

  /** Whether a key of the browser's is of an entry; null is every key. */
  concerns(key) {
    return key === null || this.#store?.own(key)?.startsWith(OUT);
  }

  /** Oldest first. */
  entries() {
    const kept = this.#store?.keys(OUT).map((key) => this.#store.get(key)) ?? [];
    return [...kept.filter(Boolean), ...this.#early.values()].sort((one, other) => one.at - other.at);
  }

  put(frame, parts) {
    this.#last = Math.max(Date.now(), this.#last + 1);
    const entry = { at: this.#last, frame: { ...frame, client_id: unique() }, parts };
    if (this.#store) this.#keep(entry);
    else this.#early.set(entry.frame.client_id, entry);
    this.#changed();
  }

  drop(id) {
    this.#early.delete(id);
    this.#store?.drop(OUT + id);
    this.#changed();
  }

  /** `ask(frame)` resolves with its acknowledgement; `sent(entry)` hears of those that have one. */
  async send(ask, sent) {
    this.#wanted = true;
    if (this.#sending || !this.#store) return;
    this.#sending = true;
    try {
      while (this.#wanted && this.#next()) {
        this.#wanted = false;
        await alone(`${this.#name}:send`, () => this.#sendAll(ask, sent));
      }
    } finally {
      this.#sending = false;
    }
  }

  async #sendAll(ask, sent) {
    for (let entry; (entry = this.#next()); ) {
      try {
        await ask(entry.frame);
        sent?.(entry);
        this.drop(entry.frame.client_id);
      } catch (error) {
        if (error instanceof Away) return; // when the connection is back, this is called again
        if (!(error instanceof Refused)) throw error;
        if (FINAL.includes(error.code)) this.#fail(entry, error.code);
        else await pause(1000 * (error.after ?? 5));
        this.#changed();
      }
    }
  }

  /** What was said is shown as not sent; a reaction that is not to be is forgotten. */
  #fail(entry, code) {
    if (entry.frame.type === "message") this.#keep({ ...entry, failed: code });
    else this.drop(entry.frame.client_id);
  }

  #next() {
    return this.#store && this.entries().find((entry) => !entry.failed);
  }

  #keep(entry) {
    this.#store?.set(OUT + entry.frame.client_id, entry);
  }
}
