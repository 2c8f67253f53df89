// What the page remembers: what the hub told, and what was written and is not acknowledged yet.

import { Away, FINAL, Refused } from "./wire.js";

const OUT = "out:";
const DRAFT = "draft";
export const LEASE = 10000;

export const unique = () => crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join("-");

export class Store {
  #prefix;
  #memory = new Map();

  constructor(prefix) {
    this.#prefix = prefix;
  }

  get durable() {
    return !this.#memory.size;
  }

  own(key) {
    return key?.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : null;
  }

  get(key) {
    return this.#memory.get(key) ?? this.#try((kept) => kept.getItem(this.#prefix + key)) ?? null;
  }

  set(key, value) {
    if (this.#try((kept) => (kept.setItem(this.#prefix + key, value), true))) this.#memory.delete(key);
    else this.#memory.set(key, value);
  }

  drop(key) {
    this.#memory.delete(key);
    this.#try((kept) => kept.removeItem(this.#prefix + key));
  }

  keys(start) {
    const kept = this.#try((all) => Object.keys(all)) ?? [];
    const names = kept.map((key) => this.own(key)).filter((key) => key !== null);
    return [...new Set([...names, ...this.#memory.keys()])].filter((key) => key.startsWith(start));
  }

  #try(work) {
    try {
      const kept = globalThis.localStorage; // null in a WebView that is told to keep nothing
      return kept ? work(kept) : undefined;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      return undefined; // blocked by the browser's settings, or full
    }
  }
}

/** Does the work while no other tab does; a tab that hangs holds nobody up for longer than a lease. */
export async function alone(name, work) {
  if (!navigator.locks) return (await import("./lease.js")).default(name, work);
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), LEASE);
  try {
    return await navigator.locks.request(name, { signal: patience.signal }, () => (clearTimeout(timer), work()));
  } catch (error) {
    if (!patience.signal.aborted) throw error;
    return work();
  }
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

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

  constructor(name, changed) {
    this.#name = name;
    this.#changed = changed;
  }

  get durable() {
    return this.#store?.durable ?? true;
  }

  of(who) {
    this.#store = new Store(`${this.#name}:${who}:`);
    for (const entry of this.#early.values()) this.#keep(entry);
    this.#early.clear();
    this.#changed();
  }

  leave() {
    this.#store = null;
    this.#early.clear();
  }

  forget() {
    for (const { frame } of this.entries()) this.drop(frame.client_id);
    this.draft = null;
    this.leave();
  }

  get draft() {
    return JSON.parse(this.#store?.get(DRAFT) ?? "null");
  }

  set draft(value) {
    if (value) this.#store?.set(DRAFT, JSON.stringify(value));
    else this.#store?.drop(DRAFT);
  }

  concerns(key) {
    return key === null || Boolean(this.#store?.own(key)?.startsWith(OUT));
  }

  entries() {
    const kept = this.#store?.keys(OUT).map((key) => this.#store.get(key)) ?? [];
    const all = [...kept.filter(Boolean).map((text) => JSON.parse(text)), ...this.#early.values()];
    return all.sort((one, other) => one.at - other.at);
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

  again(id) {
    const entry = this.entries().find((each) => each.frame.client_id === id);
    if (entry) this.#keep({ ...entry, failed: undefined });
    this.#changed();
  }

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
        sent(entry);
        this.drop(entry.frame.client_id);
      } catch (error) {
        if (error instanceof Away) return; // when the connection is back, this is called again
        if (!(error instanceof Refused)) throw error;
        if (FINAL.has(error.code)) this.#fail(entry, error.code);
        else await pause(1000 * (error.retryAfter ?? 5));
        this.#changed();
      }
    }
  }

  /** What was said can be said otherwise; a reaction that is not to be is forgotten. */
  #fail(entry, code) {
    if (entry.frame.type === "message") this.#keep({ ...entry, failed: code });
    else this.drop(entry.frame.client_id);
  }

  #next() {
    return this.#store && this.entries().find((entry) => !entry.failed);
  }

  #keep(entry) {
    this.#store?.set(OUT + entry.frame.client_id, JSON.stringify(entry));
  }
}

/** In memory alone: after a reload the hub tells it again, and no history stays on a device that is shared. */
export class Story {
  messages = new Map();
  cursor = null;
  older = null; // where to read on before the first; null: nothing is older

  apply(frame) {
    const change = APPLY[frame.type]?.(this, frame) ?? null;
    if (frame.cursor) this.cursor = frame.cursor;
    return change;
  }

  forget() {
    Object.assign(this, { messages: new Map(), cursor: null, older: null });
  }

  get newest() {
    return this.last((message) => message.from === "them");
  }

  last(wanted) {
    return [...this.messages.values()].reverse().find(wanted) ?? null;
  }

  byRef(ref) {
    return this.last((message) => message.ref === ref);
  }

  get unread() {
    const missed = ({ from, ref, status, redacted }) => from === "them" && ref && status !== "read" && !redacted;
    return [...this.messages.values()].filter(missed).length;
  }
}

const APPLY = {
  history(story, { messages, older, reset }) {
    const before = reset ? [] : [...story.messages.values()];
    story.messages = new Map([...messages, ...before].map((message) => [message.id, message]));
    story.older = older;
    return { reset: true };
  },

  message(story, { message }) {
    const known = story.messages.get(message.id);
    const reactions = message.reactions ?? known?.reactions ?? [];
    story.messages.set(message.id, { ...message, reactions });
    return { message, fresh: !known };
  },

  reaction(story, { message: id, reaction, by, on }) {
    const message = story.messages.get(id);
    if (!message) return null;
    const others = (message.reactions ?? []).filter((each) => each.reaction !== reaction || each.by !== by);
    message.reactions = on ? [...others, { reaction, by }] : others;
    return { changed: id };
  },

  status(story, { message: id, status }) {
    const message = story.messages.get(id);
    if (!message) return null;
    message.status = status;
    return { changed: id };
  },
};
