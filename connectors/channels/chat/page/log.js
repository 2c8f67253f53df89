// The messages, in their order, and who of us is at their end.

import { button, el } from "./elements.js";
import { shown } from "./message.js";

const NEAR = 80; // pixels

export class Log {
  #view;
  #nodes = new Map();
  #offering = null;
  #stuck = true;
  #timer;

  /** `view`: `t`, `language`, `story`, `act`, `react`, `answer`, `remove`, `older`, `looked`, `leave`. */
  constructor(view) {
    const { t } = view;
    this.#view = { ...view, settle: () => this.settle() };
    this.more = button(t.older, view.older, { className: "more", hidden: true });
    this.list = el("div", { className: "list" });
    this.waiting = el("div", { className: "list", "aria-live": "off" });
    this.seen = el("div", { className: "dim seen" }, t.seen);
    this.typing = el("div", { className: "dim", hidden: true }, t.typing);
    const properties = { className: "log", role: "log", tabIndex: 0, "aria-label": t.log, "aria-live": "polite" };
    this.scroll = el("div", properties, this.more, this.list, this.waiting, this.typing);
    this.newer = button(`${t.newer} ↓`, () => this.toEnd(), { className: "newer", hidden: true });
    this.element = el("div", { className: "over" }, this.scroll, this.newer);
    this.scroll.onscroll = () => this.#scrolled();
    this.scroll.onkeydown = (event) => this.#key(event);
    new ResizeObserver(() => this.settle()).observe(this.scroll);
  }

  get atEnd() {
    return this.#stuck;
  }

  reset(anew) {
    const { story } = this.#view;
    const below = this.scroll.scrollHeight - this.scroll.scrollTop;
    this.scroll.setAttribute("aria-busy", "true"); // what is old is not read out
    this.#nodes = new Map([...story.messages.values()].map((message) => [message.id, shown(message, this.#view)]));
    this.list.replaceChildren(...this.#nodes.values());
    this.more.hidden = !story.older;
    this.#offering = story.newest?.id;
    this.mark();
    if (anew) this.toEnd();
    else this.scroll.scrollTop = this.scroll.scrollHeight - below;
    setTimeout(() => this.scroll.removeAttribute("aria-busy"), 100);
  }

  put(message, fresh) {
    const node = shown(message, this.#view);
    const old = this.#nodes.get(message.id);
    const focused = old?.matches(":focus-within");
    if (old) old.replaceWith(node);
    else this.list.append(node);
    this.#nodes.set(message.id, node);
    if (focused) node.focus();
    const before = this.#offering;
    this.#offering = this.#view.story.newest?.id;
    if (before !== this.#offering && before !== message.id && this.#nodes.has(before)) this.change(before);
    if (fresh && message.from === "them") {
      this.type(0);
      this.newer.hidden = this.#stuck;
    }
    this.settle();
  }

  change(id) {
    this.put(this.#view.story.messages.get(id), false);
  }

  /** Says under the last of mine that somebody has read that they have. */
  mark() {
    const node = this.#nodes.get(this.#view.story.read);
    if (!node) this.seen.remove();
    else if (node.nextSibling !== this.seen) node.after(this.seen);
    this.settle();
  }

  wait(messages) {
    const focused = this.waiting.matches(":focus-within");
    this.waiting.replaceChildren(...messages.map((message) => shown(message, this.#view)));
    if (focused) this.scroll.focus();
    this.settle();
  }

  type(seconds) {
    clearTimeout(this.#timer);
    this.typing.hidden = !seconds;
    if (seconds) this.#timer = setTimeout(() => this.type(0), 1000 * seconds);
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
    this.#view.looked();
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
