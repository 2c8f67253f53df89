// The messages, as elements. What somebody wrote becomes text nodes and never markup, and leads only where `safe` lets it.

import { moment } from "./texts.js";

const NEAR = 80;
const LINK = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'])/;
const SNIPPET = 120;
const PLAIN = ["text", "choice", "original", "native"];
let richer = null;

export function el(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export function safe(url) {
  try {
    const { protocol, href } = new URL(url);
    return ["http:", "https:", "mailto:", "tel:"].includes(protocol) ? href : null;
  } catch {
    return null;
  }
}

export function away(url, properties, ...children) {
  const href = safe(url);
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer", ...properties }, ...children) : el("span", {}, ...children);
}

export const linked = (text) => text.split(LINK).map((piece, n) => (n % 2 ? away(piece, {}, piece) : piece));

export function shown(message, view) {
  const { t } = view;
  const mine = message.from === "me";
  const name = mine ? t.you : (message.author?.name ?? t.them);
  const made = el("div", { className: `m ${message.from} ${message.state ?? ""}`, role: "article", tabIndex: -1 });
  made.setAttribute("aria-label", `${name}, ${moment(view.language, message.at)}`);
  if (message.redacted) made.append(el("em", {}, t.deleted));
  else made.append(quoted(message, view), ...content(message, view), choices(message, message.actions, view));
  made.append(about(message, mine ? null : name, view));
  return made;
}

function quoted({ reply_to: id }, { story }) {
  const text = id && (story.messages.get(id) ?? story.byRef(id))?.text;
  return text ? el("blockquote", { dir: "auto" }, snippet(text)) : "";
}

export const snippet = (text) => (text.length > SNIPPET ? `${text.slice(0, SNIPPET)}…` : text);

function content(message, view) {
  const more = message.parts.some(({ type, spans }) => !PLAIN.includes(type) || spans?.length);
  if (more && richer) return richer.content(message, view);
  if (more) later("./parts.js", (loaded) => ((richer = loaded), view.redraw()), () => (view.lacking = true));
  return [el("p", { dir: "auto" }, linked(message.text))];
}

export function choices(message, actions, view) {
  if (!actions?.length) return "";
  const usable = message.ref && view.story.newest?.id === message.id;
  const made = actions.map((action) => {
    if (action.type === "link" || action.type === "call")
      return away(action.url ?? `tel:${action.number}`, { className: "button" }, action.label);
    return usable ? el("button", { type: "button", onclick: () => view.act(action, message) }, action.label) : "";
  });
  return made.some(Boolean) ? el("div", { className: "choices" }, made) : "";
}

function about(message, name, view) {
  const { t, language } = view;
  const told = [
    name && el("span", { dir: "auto" }, name),
    el("time", { dateTime: message.at }, moment(language, message.at)),
    message.edited_at && !message.redacted && el("span", {}, t.edited),
    message.channel && message.channel !== view.channel && el("span", {}, message.channel),
    message.state && el("span", {}, t[message.state] ?? (message.state === "sent" ? "✓" : "")),
  ];
  const line = el("div", { className: "dim" }, told.filter(Boolean));
  if (message.ref || message.state === "failed" || message.reactions?.length) addTools(line, message, view);
  return line;
}

function addTools(line, message, view) {
  const add = ({ tools }) => (line.append(...tools(message, view)), view.settle());
  later("./tools.js", add, () => (view.lacking = true));
}

/** Loads what is not needed from the first; a network that is away must not break what is there. */
export const later = (name, done, otherwise) => import(name).then(done, otherwise);

export class Log {
  #view;
  #nodes = new Map();
  #offering = null;
  #stuck = true;

  constructor(view) {
    const { t } = view;
    this.#view = view;
    view.settle = () => this.settle();
    view.redraw = () => this.reset(this.#stuck);
    this.more = el("button", { type: "button", className: "more", hidden: true, onclick: () => view.older() }, t.older);
    this.list = el("div", { className: "list" });
    this.waiting = el("div", { className: "list", "aria-live": "off" });
    this.typing = el("div", { className: "dim", hidden: true }, t.typing);
    const properties = { className: "log", role: "log", tabIndex: 0, "aria-label": t.log, "aria-live": "polite" };
    this.scroll = el("div", properties, this.more, this.list, this.waiting, this.typing);
    this.newer = el("button", { type: "button", className: "newer", hidden: true, onclick: () => this.toEnd() }, `${t.newer} ↓`);
    this.element = el("div", { className: "over" }, this.scroll, this.newer);
    this.scroll.onscroll = () => this.#scrolled();
    this.scroll.onkeydown = (event) => this.#key(event);
    new ResizeObserver(() => this.settle()).observe(this.scroll);
  }

  /** Shows what could not be loaded before. */
  mend() {
    if (this.#view.lacking) this.reset(this.#stuck);
  }

  get atEnd() {
    return this.#stuck;
  }

  reset(anew) {
    const { story } = this.#view;
    this.#view.lacking = false;
    const below = this.scroll.scrollHeight - this.scroll.scrollTop;
    this.scroll.setAttribute("aria-busy", "true"); // what is old is not read out
    this.#nodes = new Map([...story.messages.values()].map((message) => [message.id, shown(message, this.#view)]));
    this.list.replaceChildren(...this.#nodes.values());
    this.more.hidden = !story.older;
    this.#offering = story.newest?.id;
    if (anew) this.toEnd();
    else this.scroll.scrollTop = this.scroll.scrollHeight - below;
    setTimeout(() => this.scroll.removeAttribute("aria-busy"), 100);
  }

  put(message, fresh) {
    const node = shown(message, this.#view);
    const old = this.#nodes.get(message.id);
    const focused = old?.contains(this.element.getRootNode().activeElement);
    if (old) old.replaceWith(node);
    else this.list.append(node);
    this.#nodes.set(message.id, node);
    if (focused) node.focus();
    const newest = this.#view.story.newest?.id;
    const before = this.#offering;
    this.#offering = newest;
    if (before !== newest && before !== message.id && this.#nodes.has(before)) this.change(before);
    if (fresh && message.from === "them") {
      this.type(0);
      this.newer.hidden = this.#stuck;
    }
    this.settle();
  }

  change(id) {
    this.put(this.#view.story.messages.get(id), false);
  }

  wait(messages) {
    this.waiting.replaceChildren(...messages.map((message) => shown(message, this.#view)));
    this.settle();
  }

  type(seconds) {
    clearTimeout(this.timer);
    this.typing.hidden = !seconds;
    if (seconds) this.timer = setTimeout(() => this.type(0), 1000 * seconds);
    this.settle();
  }

  settle() {
    if (this.#stuck) this.toEnd();
  }

  toEnd() {
    this.#stuck = true;
    this.newer.hidden = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#stuck) this.newer.hidden = true;
    if (scrollTop < NEAR && scrollHeight > clientHeight) this.#view.older();
    this.#view.seen();
  }

  #key(event) {
    const all = [...this.scroll.querySelectorAll(".m")];
    const at = all.indexOf(event.target.closest(".m"));
    const to = { ArrowUp: at < 0 ? all.length - 1 : at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") this.#view.leave();
    else if (to === undefined || event.target.matches("video,audio")) return;
    else all[Math.max(0, to)]?.focus();
    event.preventDefault();
  }
}
