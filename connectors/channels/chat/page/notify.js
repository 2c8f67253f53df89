// Notifications of this browser while no page is open: offered to who is signed in and waits for an answer, and never asked
// for before they click. Loaded where the hub has them.

import { Refused, asked } from "./calling.js";
import { button, el, sign } from "./elements.js";
import { wording } from "./notify.texts.js";
import { Store } from "./store.js";

const OWNER = "push"; // {who, url, key, device}: whose notifications this browser shows, and as what the hub there knows it
const NEAR = 80; // pixels
const LOOK = `
  header:has(.bell:not([hidden])) { padding-inline-end: 3.2rem; }
  .bell { position: absolute; inset-block-start: .5rem; inset-inline-end: .6rem; }
  .offer { align-self: center; display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; justify-content: center; }`;

const bells = new WeakMap();

/** For a chat that was drawn or welcomed. `way`: `base`, `session`, `story`, `t`, `language`, `who`, `token()`. */
export function ring(chat, way) {
  if (!bells.has(chat)) bells.set(chat, new Bell(chat));
  bells.get(chat).meet(way);
}

/** Whether a subscription is bound to this key, in base64url. */
function bound(held, key) {
  const text = btoa(String.fromCharCode(...new Uint8Array(held.options.applicationServerKey)));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") === key;
}

/** The worker's registration, once it can be subscribed at. */
async function working(url) {
  const registration = await navigator.serviceWorker.register(url);
  const coming = registration.installing ?? registration.waiting;
  if (!registration.active)
    await new Promise((done, failed) => {
      coming.onstatechange = () => {
        if (coming.state === "activated") done();
        if (coming.state === "redundant") failed(new Error("the service worker was not let in"));
      };
    });
  return registration;
}

const say = (url, body, token) => asked(url, token, { body, headers: { "Content-Type": "application/json" } });

class Bell {
  #chat;
  #way;
  #store;
  #t;
  #bell;
  #offer;
  #words;
  #yes;
  #no;
  #turn = Promise.resolve();
  #owned = {}; // who this page registered the browser for, and by which token
  #told = ""; // a key of the texts: what came of a click

  constructor(chat) {
    this.#chat = chat;
    chat.addEventListener("onethread:state", () => this.#show());
    chat.addEventListener("onethread:message", () => ((this.#told = ""), this.#show()));
    chat.addEventListener("onethread:left", ({ detail }) => this.#leave(detail.who));
    navigator.serviceWorker?.addEventListener("message", ({ data }) => data?.onethread === "subscription" && this.#keepUp(true));
  }

  meet(way) {
    this.#way = way;
    this.#store = new Store(`onethread:${way.base}:`);
    this.#t = { ...wording(way.language), ...way.t };
    if (!this.#bell?.isConnected) this.#draw();
    this.#show();
    if (!this.#worker) return;
    const owner = this.#store.get(OWNER);
    if (owner && owner.who !== this.#user) this.#next(() => this.#letGo());
    this.#keepUp();
  }

  /** Who is signed in; null for a visitor. */
  get #user() {
    return this.#way.session.kind === "user" ? this.#way.who : null;
  }

  /** Where the worker is: the hub's own beside the hub's page, else the one the website names; null for none it may use.
   * In a frame nobody may be asked. */
  get #worker() {
    if (self !== top || !isSecureContext || !navigator.serviceWorker || !globalThis.PushManager || !globalThis.Notification) return null;
    const url = new URL(this.#chat.getAttribute("worker") ?? `${this.#way.base}worker.js`, document.baseURI);
    return url.origin === location.origin ? url.href : null;
  }

  get #wishKey() {
    return `${OWNER}:${this.#user}`;
  }

  /** True, false (not now), or null. */
  get #wish() {
    return this.#user && this.#store.get(this.#wishKey);
  }

  get #on() {
    return this.#wish === true && Notification.permission === "granted";
  }

  #draw() {
    const root = this.#chat.shadowRoot;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(LOOK);
    root.adoptedStyleSheets = [sheet];
    this.#bell = sign("🔔", "", () => (this.#on ? this.#stop() : this.#ask()), { className: "plain bell" });
    this.#words = el("span", { className: "dim", role: "status" });
    this.#yes = button("", () => this.#ask());
    this.#no = sign("✕", "", () => (this.#store.set(this.#wishKey, false), this.#show()), { className: "plain" });
    this.#offer = el("div", { className: "offer" }, this.#words, this.#yes, this.#no);
    root.querySelector("header").append(this.#bell);
    this.#log.append(this.#offer);
  }

  get #log() {
    return this.#chat.shadowRoot.querySelector("[role=log]");
  }

  #show() {
    const log = this.#log;
    const may = Boolean(this.#worker && this.#user && Notification.permission !== "denied");
    const waits = this.#way.story.last(({ auto }) => !auto)?.from === "me";
    const offered = may && waits && this.#wish === null;
    const end = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    const held = this.#offer.contains(this.#chat.shadowRoot.activeElement);
    this.#name(this.#bell, this.#on ? this.#t.notifyNoMore : this.#t.notify);
    this.#name(this.#no, this.#t.notNow);
    this.#yes.textContent = this.#t.notify;
    this.#bell.classList.toggle("mine", may && this.#on);
    this.#bell.hidden = !may;
    this.#yes.hidden = this.#no.hidden = !offered;
    this.#words.textContent = this.#told && this.#t[this.#told];
    this.#offer.hidden = !offered && !this.#told;
    if (end) log.scrollTop = log.scrollHeight;
    if (held && !offered) (may ? this.#bell : log).focus();
  }

  #name(sign, text) {
    sign.title = text;
    sign.setAttribute("aria-label", text);
  }

  /** In a click: browsers ask whoever uses them only then. */
  async #ask() {
    const who = this.#user;
    this.#told = "";
    if ((await Notification.requestPermission()) === "granted") await this.#next(() => this.#begin(who));
    this.#show();
  }

  async #begin(who) {
    if (who !== this.#user) return;
    try {
      await this.#register();
    } catch (error) {
      this.#told = "notNotified";
      throw error;
    }
    if (who !== this.#user) return;
    this.#store.set(this.#wishKey, true);
    this.#told = "notified";
  }

  #stop() {
    this.#told = "";
    this.#store.set(this.#wishKey, false);
    this.#show();
    return this.#next(() => this.#letGo(this.#way.token()));
  }

  /** At each start, and when the browser has another subscription. */
  #keepUp(anew) {
    if (this.#worker && this.#on && (anew || this.#owned.who !== this.#user)) this.#next(() => this.#register());
  }

  /** Who was here goes; null: and shall be forgotten. What comes to this browser is theirs no more. */
  #leave(who) {
    if (who === null) this.#store.drop(this.#wishKey);
    this.#way = { ...this.#way, session: {}, who: null };
    this.#told = "";
    this.#show();
    if (this.#worker) this.#next(() => this.#letGo(this.#owned.token));
  }

  async #register() {
    const who = this.#user;
    if (!who) return; // gone meanwhile
    const token = this.#way.token();
    const { key, url } = this.#way.session.push;
    const { pushManager } = await working(this.#worker);
    const owner = this.#store.get(OWNER);
    let held = await pushManager.getSubscription();
    if (held && !bound(held, key)) {
      if (held.endpoint !== owner?.device.endpoint) throw new Error("the service worker is subscribed with another key");
      await held.unsubscribe();
      held = null;
    }
    held ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const device = held.toJSON();
    const renewed = owner && owner.who === who && owner.key === key && owner.device.endpoint !== device.endpoint;
    this.#store.set(OWNER, { who, url, key, device });
    this.#owned = { token };
    await say(url, { device, before: renewed ? owner.device : undefined }, token);
    this.#owned = { who, token };
  }

  async #letGo(token) {
    const owner = this.#store.get(OWNER);
    this.#owned = {};
    if (!owner) return;
    const registration = await navigator.serviceWorker.getRegistration(this.#worker);
    const held = await registration?.pushManager.getSubscription();
    if (held && bound(held, owner.key)) await held.unsubscribe();
    this.#store.drop(OWNER);
    if (token) await say(owner.url, { device: owner.device, on: false }, token);
  }

  /** One after the other. */
  #next(work) {
    this.#turn = this.#turn.then(work).catch((error) => {
      const code = error instanceof Refused ? error.code : "push";
      const told = { detail: { code, detail: error.message }, bubbles: true, composed: true };
      this.#chat.dispatchEvent(new CustomEvent("onethread:error", told));
    });
    return this.#turn;
  }
}
