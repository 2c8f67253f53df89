// What is kept on this device; in memory where the browser keeps nothing.

const unkept = new Map();

export const durable = () => !unkept.size;

export const unique = () => crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join("-");

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function attempt(work) {
  try {
    const kept = globalThis.localStorage; // null in a WebView that is told to keep nothing
    return kept ? work(kept) : undefined;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return undefined; // blocked by the browser's settings, or full
  }
}

/** Values by key, as JSON; those of stores with the same prefix are the same. */
export class Store {
  #prefix;

  constructor(prefix) {
    this.#prefix = prefix;
  }

  /** A key of the browser's as one of this store's, else null. */
  own(key) {
    return key?.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : null;
  }

  get(key) {
    const name = this.#prefix + key;
    return JSON.parse(unkept.get(name) ?? attempt((kept) => kept.getItem(name)) ?? null);
  }

  set(key, value) {
    const name = this.#prefix + key;
    const text = JSON.stringify(value);
    if (attempt((kept) => (kept.setItem(name, text), true))) unkept.delete(name);
    else unkept.set(name, text);
  }

  drop(key) {
    unkept.delete(this.#prefix + key);
    attempt((kept) => kept.removeItem(this.#prefix + key));
  }

  keys(start) {
    const names = [...new Set([...(attempt(Object.keys) ?? []), ...unkept.keys()])];
    return names.map((name) => this.own(name)).filter((key) => key?.startsWith(start));
  }
}
