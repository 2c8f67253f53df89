// The connection, which comes back by itself. docs/explanation/chat-protocol.md is the protocol.

import { Away, Refused } from "./calling.js";
import { Stream } from "./stream.js";

const LEAST = 1000; // all in milliseconds
const MOST = 30000;
const BEAT = 5000;
const PING = 30000;
const SILENCE = 45000;
const ANSWER = 15000;

/** Another token is good, or may be. */
const STALE = ["expired", "unauthenticated", "joined"];
const WRONG = "not_yet_valid bad_signature bad_algorithm wrong_audience wrong_issuer missing_claim bad_token".split(" ");
const HOPELESS = ["forbidden", "not_found"];
const RESTARTED = 1012;
const PLAIN = !globalThis.WebSocket;

class Socket {
  constructor(base, hello, heard, gone) {
    this.socket = new WebSocket(base.replace(/^http/, "ws") + "socket");
    this.socket.onopen = () => this.say(hello);
    this.socket.onmessage = (event) => heard(JSON.parse(event.data));
    this.socket.onclose = (event) => gone(event.code);
  }

  say(frame) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  close() {
    this.socket.onmessage = this.socket.onclose = this.socket.onopen = null;
    this.socket.close();
  }
}

/** `ways`: `token()`, `stale(token, expired)` whether there is another to be had, `after()` the cursor, `locale()`, `heard(frame)`, `state(name, code)`. */
export class Wire {
  #base;
  #ways;
  #line = null;
  #plain = PLAIN;
  #asked = new Map();
  #tries = 0;
  #timer;
  #pulse;
  #heardAt = 0;
  #pingedAt = 0;
  #welcomed = false;
  #wanted = false;
  #coming = 0;
  #token;

  constructor(base, ways) {
    this.#base = base;
    this.#ways = ways;
  }

  start() {
    this.#wanted = true;
    this.#tries = 0;
    this.#come();
  }

  stop() {
    this.#wanted = false;
    this.#coming++;
    this.#end();
  }

  /** The network may be back, or the tab is looked at again: comes back at once, or looks whether it is still there. */
  nudge(online) {
    if (!this.#wanted) return;
    if (online) this.#plain = PLAIN;
    if (!this.#line) this.start();
    else if (this.#welcomed) this.#feel();
  }

  /** Another token of the same person, or another language. */
  renew(token) {
    this.#token = token;
    if (this.#line instanceof Socket && this.#welcomed) this.say(this.#hello());
    else if (this.#line) (this.#end(), this.start());
  }

  say(frame) {
    this.#line?.say(frame);
  }

  ask(frame) {
    return new Promise((done, failed) => {
      if (!this.#line || !this.#welcomed) return failed(new Away());
      const timer = setTimeout(() => this.#lost(0), ANSWER);
      const settle = (way) => (value) => (clearTimeout(timer), this.#asked.delete(frame.client_id), way(value));
      this.#asked.set(frame.client_id, { done: settle(done), failed: settle(failed) });
      this.say(frame);
    });
  }

  async #come() {
    clearTimeout(this.#timer);
    if (this.#line || !this.#wanted) return;
    const turn = ++this.#coming;
    this.#ways.state("connecting");
    try {
      this.#token = await this.#ways.token();
      if (turn !== this.#coming) return;
      const current = (work) => (value) => turn === this.#coming && work(value);
      const [heard, gone] = [current((frame) => this.#hear(frame)), current((code) => this.#lost(code))];
      const Line = this.#plain ? Stream : Socket;
      this.#heardAt = this.#pingedAt = Date.now();
      this.#pulse = setInterval(() => this.#beat(), BEAT);
      this.#line = new Line(this.#base, this.#hello(), heard, gone, () => (this.#heardAt = Date.now()));
    } catch (error) {
      if (turn === this.#coming) this.#lost(0, error);
    }
  }

  #hello() {
    return { type: "hello", token: this.#token, after: this.#ways.after(), locale: this.#ways.locale() };
  }

  #hear(frame) {
    this.#heardAt = Date.now();
    if (frame.type === "welcome") this.#welcomed = true;
    if (frame.type === "live") {
      this.#tries = 0;
      this.#ways.state("live");
    }
    const asked = this.#asked.get(frame.client_id);
    if (frame.type === "ack") asked?.done(frame);
    if (frame.type !== "error") return this.#ways.heard(frame);
    const error = new Refused(frame);
    if (STALE.includes(error.code) || error.code === "other_person" || (frame.of === "hello" && !asked)) this.#lost(0, error);
    else if (asked) asked.failed(error);
    else this.#ways.heard(frame);
  }

  #lost(code, error) {
    const refused = error instanceof Refused ? error : {};
    if (!this.#welcomed && !refused.code && !PLAIN) this.#plain = !this.#plain;
    this.#end();
    const stale = STALE.includes(refused.code);
    const another = (stale || WRONG.includes(refused.code)) && this.#ways.stale(this.#token, stale);
    if (!another && !stale && [...WRONG, ...HOPELESS].includes(refused.code)) {
      this.#wanted = false;
      return this.#ways.state("refused", refused.code);
    }
    this.#ways.state("away", refused.code ?? (error && String(error)));
    const grown = Math.min(MOST, LEAST * 2 ** this.#tries) * (0.5 + Math.random() / 2);
    const atOnce = code === RESTARTED || ((another || stale) && !this.#tries);
    this.#tries++;
    this.#timer = setTimeout(() => this.#come(), Math.max(atOnce ? 0 : grown, 1000 * (refused.after ?? 0)));
  }

  #end() {
    clearTimeout(this.#timer);
    clearInterval(this.#pulse);
    const line = this.#line;
    this.#line = null;
    this.#coming++;
    this.#welcomed = false;
    line?.close();
    for (const asked of [...this.#asked.values()]) asked.failed(new Away());
  }

  #beat() {
    const now = Date.now();
    if (this.#deaf(now)) this.#lost(0);
    else if (this.#welcomed && now - this.#pingedAt >= PING) this.#ping();
  }

  /** Timers of a tab nobody looks at are slow, so a socket's silence counts from the ping that was not answered. */
  #deaf(now) {
    if (!this.#welcomed) return now - this.#heardAt > ANSWER;
    if (!(this.#line instanceof Socket)) return now - this.#heardAt > SILENCE;
    return this.#pingedAt > this.#heardAt && now - this.#pingedAt > ANSWER;
  }

  #ping() {
    this.#pingedAt = Date.now();
    this.say({ type: "ping" });
  }

  #feel() {
    if (!(this.#line instanceof Socket)) return;
    this.#ping();
    const [turn, asked] = [this.#coming, this.#pingedAt];
    setTimeout(() => turn === this.#coming && this.#heardAt < asked && this.#lost(0), 5000);
  }
}
