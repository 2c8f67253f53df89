// Where one writes: text, an answer to a message, files, the emergency.

import { el, later } from "./log.js";
import { filled } from "./texts.js";

const AGAIN = 5000;

export class Composer {
  #way;
  #replying;
  #files = null;
  #wished = false;
  #saidAt = 0;

  constructor(way) {
    const { t } = (this.#way = way);
    const button = (label, sign, onclick, more) =>
      el("button", { type: "button", "aria-label": label, title: label, onclick, ...more }, sign);
    this.quote = el("div", { className: "quote", hidden: true });
    this.text = el("textarea", { rows: 1, dir: "auto", "aria-label": t.write, placeholder: t.write });
    this.picker = el("input", { type: "file", multiple: true, hidden: true, "aria-label": t.attach });
    this.alarm = button(t.emergency, "⚠", () => this.#warn(), { className: "alarm", hidden: true });
    const shoot = button(t.screenshot, "▣", () => this.#attached((files) => files.shoot()), { hidden: !navigator.mediaDevices?.getDisplayMedia });
    const attach = button(t.attach, "+", () => this.picker.click());
    const send = el("button", { className: "send" }, t.send);
    const row = el("div", { className: "row" }, this.alarm, attach, shoot, this.text, send);
    this.element = el("form", {}, this.quote, row, this.picker);
    this.element.onsubmit = (event) => (event.preventDefault(), this.#send());
    this.picker.onchange = () => this.add([...this.picker.files]);
    this.text.onkeydown = (event) => this.#key(event);
    this.text.oninput = () => (this.#keep(), this.#typing(Boolean(this.text.value)));
    this.text.onblur = () => this.#typing(false);
    this.text.onpaste = (event) => this.add([...event.clipboardData.files], event);
  }

  focus() {
    this.text.focus();
  }

  admit({ limits, emergency }) {
    this.picker.accept = limits.types.join();
    this.text.maxLength = limits.text;
    this.alarm.hidden = !emergency;
  }

  restore() {
    const { text, parts } = this.#way.outbox.draft ?? {};
    if (this.text.value || this.#files) return;
    this.text.value = text ?? "";
    if (parts?.length) this.#attached((files) => files.restore(parts));
  }

  resume() {
    this.#files?.resume();
  }

  /** `shown`: how it is told to what one answers. */
  answer(message, ...shown) {
    this.#replying = message;
    this.quote.hidden = !message;
    this.quote.replaceChildren(...shown);
    this.focus();
  }

  add(files, event) {
    if (!files.length) return;
    event?.preventDefault();
    const { say, t } = this.#way;
    this.#attached((attached) => attached.add(files) || say(filled(t.tooMany, attached.most)));
    this.picker.value = "";
  }

  #attached(work) {
    const use = ({ Attachments }) => {
      if (!this.#files) {
        this.#files = new Attachments({ ...this.#way, changed: () => this.#changed() });
        this.element.prepend(this.#files.element);
      }
      work(this.#files);
    };
    later("./attachments.js", use, () => this.#way.say(this.#way.t.away));
  }

  #changed() {
    this.#keep();
    if (this.#wished && !this.#files.busy) this.#send();
  }

  #send() {
    const parts = this.#files?.parts ?? [];
    const text = this.text.value.trim();
    this.#wished = Boolean(this.#files?.busy);
    if (this.#wished || (!text && !parts.length)) return;
    this.#say({ text });
  }

  #say(fields) {
    this.#way.send({ ...fields, reply_to: this.#replying?.ref }, this.#files?.parts);
    this.text.value = "";
    this.#files?.sent();
    this.answer();
    this.#keep();
    this.#typing(false);
  }

  #key(event) {
    if (event.key === "Escape") this.answer();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.element.requestSubmit();
  }

  #typing(on) {
    if (on ? Date.now() - this.#saidAt < AGAIN : !this.#saidAt) return;
    this.#saidAt = on ? Date.now() : 0;
    this.#way.typing(on);
  }

  #keep() {
    const [text, parts] = [this.text.value, this.#files?.parts ?? []];
    this.#way.outbox.draft = text || parts.length ? { text, parts } : null;
  }

  #warn() {
    const { t } = this.#way;
    const text = this.text.value.trim() || t.help;
    const send = () => this.#say({ text, priority: "emergency" });
    later("./emergency.js", ({ ask }) => ask(this.element, t, text, send), () => confirm(t.emergencyAsk) && send());
  }
}
