// <onethread-chat>: a chat with a onethread hub, for any page. docs/how-to/embed-the-chat.md says how to use it.

import { Refused, called } from "./calling.js";
import { Composer } from "./composer.js";
import { el } from "./elements.js";
import { face } from "./face.js";
import { told } from "./hours.js";
import { Log } from "./log.js";
import { pending } from "./message.js";
import { Outbox } from "./outbox.js";
import { durable } from "./store.js";
import { Story } from "./story.js";
import { chosen, texts } from "./texts.js";
import { VISITOR, Visitor, person } from "./visitor.js";
import { Wire } from "./wire.js";

const HERE = new URL(".", import.meta.url).href;
const AHEAD = 60000; // all in milliseconds
const FRESH = 20 * 3600000;

class OnethreadChat extends HTMLElement {
  static observedAttributes = ["token", "lang"];

  #base;
  #visitor;
  #outbox;
  #wire;
  #used;
  #renewal;
  #log;
  #composer;
  #notice;
  #service;
  #way;
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
    this.#visitor.forget();
    this.#meet(null);
    this.#token = null;
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
    // what was set before this script was there hides what it has by that name
    for (const name of ["token", "texts"].filter((each) => Object.hasOwn(this, each))) {
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.#base = new URL((this.getAttribute("base") ?? HERE).replace(/\/?$/, "/"), document.baseURI).href;
    const name = `onethread:${this.#base}`;
    this.#visitor = new Visitor(this.#base, name);
    this.#outbox = new Outbox(name, () => this.#await());
    const turn = (this.#listening = new AbortController());
    await this.#draw();
    if (turn.signal.aborted) return;
    this.#wire = new Wire(this.#base, {
      token: async () => (this.#used = await this.#credential()),
      stale: (...told) => this.#outdated(...told),
      after: () => this.#story.cursor,
      locale: () => this.#language,
      heard: (frame) => this.#hear(frame),
      state: (...told) => this.#become(...told),
    });
    const on = (name, work) => addEventListener(name, work, turn); // until the turn's signal ends it
    on("online", () => this.#wire.nudge(true));
    on("offline", () => this.#wire.nudge());
    for (const name of ["pageshow", "focus", "visibilitychange"]) on(name, () => this.#look());
    on("storage", ({ key }) => this.#outbox.concerns(key) && (this.#await(), this.#flush()));
    this.#wire.start();
  }

  disconnectedCallback() {
    this.#wire?.stop();
    this.#listening?.abort();
    clearTimeout(this.#renewal);
    this.#story.forget();
    this.#who = null;
  }

  get #language() {
    return chosen(this.lang, document.documentElement.lang, navigator.language, "en");
  }

  async #redraw() {
    if (!this.#wire) return;
    await this.#draw();
    this.#wire.renew(this.#used);
  }

  async #draw() {
    const language = this.#language;
    const t = { ...(await texts(language)), ...this.#texts };
    this.#way = { t, language, base: this.#base, story: this.#story, token: () => this.#used };
    this.#log = new Log({
      ...this.#way,
      act: (action, message) => this.#act(action, message),
      react: (message, emoji, on) => this.#put({ type: "reaction", ref: message.ref, [on ? "add" : "remove"]: [emoji] }),
      answer: (...told) => this.#composer.answer(...told),
      remove: (id) => this.#outbox.drop(id),
      older: () => this.#older(),
      looked: () => this.#see(),
      leave: () => this.#composer.focus(),
    });
    this.#composer = new Composer({
      ...this.#way,
      outbox: this.#outbox,
      limits: () => this.#session?.limits,
      stale: () => this.#wire.nudge(),
      send: (fields, parts) => this.#say(fields, parts),
      typing: (on) => this.#wire.say({ type: "typing", on }),
      say: (text) => this.#tell(text),
    });
    this.#service = el("span", { "aria-live": "polite" });
    this.#notice = el("div", { className: "notice", role: "status" });
    const whole = face(t, language, this.#service, this.#notice, this.#log, this.#composer);
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
    this.#meet(given ? person(given) : VISITOR);
    if (!given) return this.#visitor.token();
    await this.#visitor.join(given);
    this.#await();
    this.#composer.restore();
    return given;
  }

  #outdated(token, expired) {
    if (this.#visitor.is(token)) return (this.#visitor.forget(), true);
    if (expired) this.#stale = token;
    return false;
  }

  #meet(who) {
    if (who === this.#who) return;
    if (this.#who) {
      this.#event("left", { who });
      this.#outbox.leave();
      this.#composer.pass(!who || this.#who !== VISITOR);
      this.#sent.clear();
      this.#story.forget();
      this.#log.reset(true);
      this.#await();
      this.#count();
    }
    this.#who = who;
    if (!who) return;
    this.#outbox.of(who);
    this.#composer.restore();
  }

  #hear(frame) {
    if (frame.type === "welcome") this.#welcome(frame);
    if (frame.type === "service") this.#serve(frame);
    if (frame.type === "typing") this.#log.type(frame.on ? frame.seconds : 0);
    if (frame.type === "error") this.#event("error", frame);
    if (frame.type === "live") this.#caughtUp();
    if (frame.reset) this.#toldAt = Date.now();
    const change = this.#story.apply(frame);
    if (change) this.#show(change, frame.reset);
  }

  #show({ reset, changed, message, fresh, read }, anew) {
    if (reset) this.#log.reset(anew);
    if (changed) this.#log.change(changed);
    if (message) this.#log.put(message, fresh);
    if (read) this.#log.mark();
    if (fresh) this.#event("message", message);
    this.#await();
    if (this.#state === "live") {
      this.#see();
      if (message && message.ref !== this.#readRef) this.#confirm([message]);
    }
    this.#count();
  }

  #welcome(session) {
    this.#session = session;
    if (session.kind === VISITOR && session.token) {
      this.#visitor.renew(this.#used, session.token);
      this.#used = session.token;
    }
    this.#composer.admit(session);
    this.#serve(session.service);
    // more than most pages need, and of no use where the network is gone: loaded where the hub has notifications
    if (session.push)
      import("./notify.js").then(
        ({ ring }) => ring(this, { ...this.#way, session, who: this.#who }),
        (error) => this.#event("error", { code: "push", detail: error.message }),
      );
    clearTimeout(this.#renewal);
    const left = new Date(session.expires_at) - Date.now() - AHEAD;
    if (session.kind === VISITOR || left > 2e9) return; // no timer lasts much longer
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
    this.#confirm(this.#story.all);
    this.#see();
    this.#composer.resume();
    this.#flush();
  }

  #flush() {
    const sent = (entry) => this.#sent.set(entry.frame.client_id, entry);
    return this.#outbox.send((frame) => this.#wire.ask(frame), sent);
  }

  /** Shows what the hub has not told yet, behind what it has. */
  #await() {
    if (!this.#log) return;
    const entries = new Map(this.#outbox.entries().map((entry) => [entry.frame.client_id, entry]));
    for (const { client_id: id } of this.#story.all) {
      this.#sent.delete(id);
      if (entries.delete(id)) this.#outbox.drop(id);
    }
    const all = [...new Map([...this.#sent, ...entries]).values()];
    this.#log.wait(all.filter(({ frame }) => frame.type === "message").map((entry) => pending(entry, this.#sent)));
    this.#tell();
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

  #act({ type, label, value }, { ref }) {
    const answer = (fields) => this.#say({ text: "", reply_to: ref, ...fields });
    if (type !== "share_location") return answer({ choice: { value: value || label, label } });
    const share = ({ coords: { latitude, longitude } }) => answer({ location: { latitude, longitude } });
    const fail = () => this.#tell(this.#way.t.noLocation);
    if (navigator.geolocation) navigator.geolocation.getCurrentPosition(share, fail, { timeout: 15000 });
    else fail();
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
    const refs = messages.filter(({ confirm, status }) => confirm && !["delivered", "read"].includes(status)).map(({ ref }) => ref);
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
    const { connecting, away, refused, memory } = this.#way.t;
    const matter = { connecting, away, refused }[this.#state];
    this.#notice.textContent = [text, matter, durable() ? null : memory].filter(Boolean).join(" ");
  }

  #serve(service) {
    this.#service.textContent = told(service, this.#way);
  }

  #event(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(`onethread:${name}`, { detail, bubbles: true, composed: true }));
  }
}

customElements.define("onethread-chat", OnethreadChat);
