// <onethread-chat>: a chat with a onethread hub, for any page. docs/how-to/embed-the-chat.md says how to use it.

import { Composer } from "./composer.js";
import { Log, el, later } from "./log.js";
import { Outbox, Store, Story, alone, pause } from "./memory.js";
import { direction, texts } from "./texts.js";
import { Refused, Wire, called } from "./wire.js";

const HERE = new URL(".", import.meta.url).href;
const AHEAD = 60000;
const LONGEST = 2 ** 31 - 1;
const FRESH = 20 * 3600000;
const HAD = ["delivered", "read"];

/** Whose token it is, without looking whether it is genuine: only for what is kept on this device. */
function person(token) {
  try {
    return `user:${JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub}`;
  } catch {
    return "user";
  }
}

function known(language) {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(language).length;
  } catch {
    return false;
  }
}

class OnethreadChat extends HTMLElement {
  static observedAttributes = ["token", "lang"];

  #base;
  #kept;
  #outbox;
  #wire;
  #used;
  #renewal;
  #log;
  #composer;
  #notice;
  #service;
  #t;
  #root = this.attachShadow({ mode: "open" });
  #story = new Story();
  #context = {};
  #texts = {};
  #sent = new Map();
  #who = null;
  #token = null;
  #stale = null;
  #toldAt = Infinity;
  #session = null;
  #unread = 0;
  #readRef = null;
  #asking = false;
  #state = "connecting";
  #listening = null;

  get token() {
    return this.#token;
  }

  set token(value) {
    const same = value && this.#who === person(value);
    this.#token = value || null;
    if (same && this.#state !== "refused") this.#wire?.renew((this.#used = value));
    else this.#restart();
  }

  get unread() {
    return this.#unread;
  }

  set texts(value) {
    this.#texts = value;
    this.#redraw();
  }

  setContext(context) {
    this.#context = { ...this.#context, ...context };
  }

  send(text) {
    this.#say({ text });
  }

  forget() {
    this.#outbox.forget();
    this.#kept.drop("token");
    this.#token = this.#who = null;
    this.#restart();
  }

  #restart() {
    if (!this.isConnected || !this.#wire) return;
    this.#wire.stop();
    this.#wire.start();
  }

  attributeChangedCallback(name, before, value) {
    if (name === "token") this.token = value;
    else if (before !== value) this.#redraw();
  }

  async connectedCallback() {
    for (const name of ["token", "texts"]) this.#adopt(name);
    this.#base = new URL((this.getAttribute("base") ?? HERE).replace(/\/?$/, "/"), document.baseURI).href;
    this.#kept = new Store(`onethread:${this.#base}:`);
    this.#outbox = new Outbox(`onethread:${this.#base}`, () => this.#await());
    const turn = (this.#listening = new AbortController());
    await this.#draw();
    if (turn.signal.aborted) return;
    this.#wire = new Wire(this.#base, {
      token: async () => (this.#used = await this.#credential()),
      stale: (token) => this.#outdated(token),
      after: () => this.#story.cursor,
      locale: () => this.#language,
      heard: (frame) => this.#hear(frame),
      state: (...told) => this.#become(...told),
    });
    const on = (target, name, work) => target.addEventListener(name, work, { signal: turn.signal });
    on(window, "online", () => this.#wire.nudge(true));
    on(window, "pageshow", () => this.#look());
    on(window, "focus", () => this.#look());
    on(document, "visibilitychange", () => this.#look());
    on(window, "storage", ({ key }) => this.#outbox.concerns(key) && (this.#await(), this.#flush()));
    this.#wire.start();
  }

  /** What was set before this script was there hides what it has by that name. */
  #adopt(name) {
    const value = Object.getOwnPropertyDescriptor(this, name)?.value;
    if (delete this[name] && value) this[name] = value;
  }

  disconnectedCallback() {
    this.#wire?.stop();
    this.#listening?.abort();
    clearTimeout(this.#renewal);
    this.#story.forget();
    this.#who = null;
  }

  get #language() {
    const wanted = [this.lang, document.documentElement.lang, navigator.language, "en"];
    return wanted.map((each) => each.replace("_", "-")).find((each) => each && known(each));
  }

  #redraw() {
    if (this.#wire) this.#draw();
  }

  async #draw() {
    const language = this.#language;
    const t = { ...(await texts(language)), ...this.#texts };
    this.#log = new Log({
      t,
      language,
      channel: "chat",
      story: this.#story,
      act: (action, message) => this.#act(action, message),
      react: (message, emoji, on) => this.#put({ type: "reaction", ref: message.ref, [on ? "add" : "remove"]: [emoji] }),
      answer: (...told) => this.#composer.answer(...told),
      again: (id) => (this.#outbox.again(id), this.#flush()),
      remove: (id) => this.#outbox.drop(id),
      older: () => this.#older(),
      seen: () => this.#see(),
      leave: () => this.#composer.focus(),
    });
    this.#composer = new Composer({
      t,
      language,
      base: this.#base,
      outbox: this.#outbox,
      token: () => this.#used,
      limits: () => this.#session?.limits,
      stale: () => this.#wire.nudge(),
      send: (fields, parts) => this.#say(fields, parts),
      typing: (on) => this.#wire.say({ type: "typing", on }),
      say: (text) => this.#tell(text),
    });
    this.#t = t;
    this.#service = el("span");
    this.#notice = el("div", { className: "notice", role: "status" });
    const header = el("header", {}, el("h2", {}, t.title), this.#service);
    const properties = { className: "chat", role: "region", dir: direction(language), lang: language, "aria-label": t.title };
    const whole = el("div", properties, header, this.#notice, this.#log.element, this.#composer.element);
    const over = (on) => (event) => (event.preventDefault(), whole.classList.toggle("drop", on));
    whole.ondragover = over(true);
    whole.ondragleave = over(false);
    whole.ondrop = (event) => (over(false)(event), this.#composer.add([...event.dataTransfer.files]));
    this.#root.replaceChildren(el("link", { rel: "stylesheet", href: `${HERE}chat.css` }), whole);
    if (this.#session) this.#welcome(this.#session);
    this.#log.reset(true);
    this.#await();
    this.#composer.restore();
  }

  async #credential() {
    const given = this.getToken ? await this.getToken() : this.#token;
    if (given && given === this.#stale) {
      this.#event("token");
      throw new Refused({ code: "bad_token" });
    }
    this.#meet(given ? person(given) : "visitor");
    if (given) return given;
    return alone(`onethread:${this.#base}:session`, async () => {
      const kept = this.#kept.get("token") ?? (await pause(50)) ?? this.#kept.get("token");
      if (kept) return kept;
      const { token } = await called(`${this.#base}session`, null, { method: "POST" });
      this.#kept.set("token", token);
      return token;
    });
  }

  #outdated(token) {
    if (this.#kept.get("token") === token) this.#kept.drop("token");
    else this.#stale = token;
  }

  #meet(who) {
    if (who === this.#who) return;
    if (this.#who) {
      this.#outbox.leave();
      this.#sent.clear();
      this.#story.forget();
      this.#log.reset(true);
    }
    this.#who = who;
    this.#outbox.of(who);
    this.#composer.restore();
  }

  #hear(frame) {
    if (frame.type === "welcome") this.#welcome(frame);
    if (frame.type === "service") this.#serve(frame);
    if (frame.type === "typing") this.#log.type(frame.on ? frame.seconds : 0);
    if (frame.type === "error") this.#event("error", frame);
    const change = this.#story.apply(frame);
    if (frame.reset) this.#toldAt = Date.now();
    if (change?.reset) this.#log.reset(frame.reset);
    if (change?.changed) this.#log.change(change.changed);
    if (change?.message) this.#log.put(change.message, change.fresh);
    if (change?.fresh) this.#event("message", change.message);
    if (change) this.#await();
    if (frame.type === "live") this.#caughtUp();
    else if (change && this.#state === "live") {
      this.#see();
      if (change.message && change.message.ref !== this.#readRef) this.#confirm([change.message]);
    }
    if (change) this.#count();
  }

  #welcome(session) {
    this.#session = session;
    if (session.kind === "visitor" && session.token) this.#kept.set("token", (this.#used = session.token));
    this.#composer.admit(session);
    this.#serve(session.service);
    clearTimeout(this.#renewal);
    const left = new Date(session.expires_at) - Date.now() - AHEAD;
    if (session.kind !== "user" || left > LONGEST) return;
    this.#renewal = setTimeout(() => this.#renew(), Math.max(left, AHEAD / 12));
  }

  async #renew() {
    if (!this.getToken) return this.#event("token");
    try {
      const token = await this.getToken();
      if (token && token !== this.#used) this.#wire.renew((this.#used = token));
    } catch (error) {
      this.#event("error", { code: "token", detail: String(error) });
    }
  }

  #caughtUp() {
    this.#readRef = null;
    this.#confirm(this.#story.messages.values());
    this.#see();
    this.#composer.resume();
    this.#log.mend();
    this.#flush();
  }

  #flush() {
    const sent = (entry) => this.#sent.set(entry.frame.client_id, entry);
    return this.#outbox.send((frame) => this.#wire.ask(frame), sent);
  }

  #await() {
    if (!this.#log) return;
    const entries = new Map(this.#outbox.entries().map((entry) => [entry.frame.client_id, entry]));
    for (const message of this.#story.messages.values()) {
      entries.delete(message.client_id);
      this.#sent.delete(message.client_id);
    }
    const all = [...new Map([...this.#sent, ...entries]).values()];
    this.#log.wait(all.filter(({ frame }) => frame.type === "message").map((entry) => this.#pending(entry)));
    this.#tell();
  }

  #pending({ at, frame, parts = [], failed }) {
    const state = failed ? "failed" : this.#sent.has(frame.client_id) ? "sent" : "sending";
    const { client_id: id, reply_to, choice, location } = frame;
    const text = frame.text || choice?.label || "";
    const all = [...parts, ...(location ? [{ type: "location", ...location }] : [])];
    return { id, from: "me", text, parts: all, reply_to, at: new Date(at).toISOString(), state };
  }

  #say(fields, parts) {
    const context = Object.keys(this.#context).length ? this.#context : undefined;
    const files = parts?.map((part) => part.attachment_id);
    this.#put({ type: "message", ...fields, files, context, locale: this.#language }, parts);
    this.#log.toEnd();
  }

  #put(frame, parts) {
    this.#outbox.put(frame, parts);
    this.#flush();
  }

  #act(action, message) {
    const { type, label, value } = action;
    if (type !== "share_location") return this.#say({ text: "", reply_to: message.ref, choice: { value: value || label, label } });
    const share = (location) => this.#say({ text: "", reply_to: message.ref, location });
    const fail = () => this.#tell(this.#t.noLocation);
    later("./place.js", ({ here }) => here().then(share, fail), fail);
  }

  async #older() {
    if (this.#asking || !this.#story.older || this.#state !== "live") return;
    this.#asking = true;
    try {
      const frame = await called(`${this.#base}history?before=${encodeURIComponent(this.#story.older)}`, this.#used);
      this.#story.apply(frame);
      this.#log.reset(false);
    } catch (error) {
      this.#event("error", { code: error.code ?? "away", detail: error.message });
    } finally {
      this.#asking = false;
    }
  }

  /** Somebody looks here again. Links to files are good for a day, so what is shown for longer is asked for anew. */
  #look() {
    if (document.hidden) return;
    if (Date.now() - this.#toldAt > FRESH) (this.#story.forget(), this.#restart());
    else this.#wire.nudge();
    this.#see();
  }

  #confirm(messages) {
    const refs = [...messages].filter(({ confirm, status }) => confirm && !HAD.includes(status)).map(({ ref }) => ref);
    for (let n = 0; n < refs.length; n += 100) this.#wire.say({ type: "received", refs: refs.slice(n, n + 100) });
  }

  #see() {
    const newest = this.#story.last(({ from, ref }) => from === "them" && ref);
    const visible = !document.hidden && this.getClientRects().length && this.#log.atEnd;
    if (!newest || newest.status === "read" || newest.ref === this.#readRef || !visible || this.#state !== "live") return;
    this.#readRef = newest.ref;
    this.#wire.say({ type: "read", ref: newest.ref });
  }

  #count() {
    const count = this.#story.unread;
    if (count === this.#unread) return;
    this.#unread = count;
    this.#event("unread", { count });
  }

  #become(state, code = null) {
    this.#state = state;
    this.setAttribute("state", state);
    this.#event("state", { state, code });
    this.#tell();
  }

  #tell(text) {
    const { connecting, away, refused, memory } = this.#t;
    const matter = { connecting, away, refused }[this.#state];
    const durable = this.#outbox.durable && this.#kept.durable;
    this.#notice.textContent = [text, matter, durable ? null : memory].filter(Boolean).join(" ");
  }

  #serve(service) {
    const show = ({ told }) => (this.#service.textContent = told(service, this.#t, this.#language));
    later("./hours.js", show, () => (this.#service.textContent = ""));
  }

  #event(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(`onethread:${name}`, { detail, bubbles: true, composed: true }));
  }
}

customElements.define("onethread-chat", OnethreadChat);
