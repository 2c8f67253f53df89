// Where one writes: text, an answer to a message, files, the emergency.

import { Attachments } from "./attachments.js";
import { button, el, sign } from "./elements.js";
import { filled } from "./texts.js";

const AGAIN = 5000; // milliseconds

export class Composer {
  #way;
  #replying;
  #files;
  #wished = false;
  #saidAt = 0;

  constructor(way) {
    const { t } = (this.#way = way);
    this.#files = new Attachments({ ...way, changed: () => this.#changed() });
    this.quote = el("div", { className: "quote", hidden: true });
    this.text = el("textarea", { rows: 1, dir: "auto", "aria-label": t.write, placeholder: t.write });
    this.picker = el("input", { type: "file", multiple: true, hidden: true, "aria-label": t.attach });
    this.alarm = sign("⚠", t.emergency, () => this.#warn(), { className: "alarm", hidden: true });
    const shoot = sign("▣", t.screenshot, () => this.#files.shoot(), { hidden: !navigator.mediaDevices?.getDisplayMedia });
    const attach = sign("+", t.attach, () => this.picker.click());
    const row = el("div", { className: "row" }, this.alarm, attach, shoot, this.text, el("button", { className: "send" }, t.send));
    this.element = el("form", {}, this.#files.element, this.quote, row, this.picker);
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
    if (this.text.value || !this.#files.element.hidden) return;
    this.text.value = text ?? "";
    this.#files.restore(parts ?? []);
  }

  resume() {
    this.#files.resume();
  }

  /** Somebody else writes: who has signed in goes on, who has signed out leaves no word. */
  pass(left) {
    this.#wished = false;
    if (left) this.text.value = "";
    this.#files.pass(left);
    this.#quote();
  }

  /** `shown`: how it is told to what one answers. */
  answer(message, ...shown) {
    this.#quote(message, ...shown);
    this.focus();
  }

  add(files, event) {
    if (!files.length) return;
    event?.preventDefault();
    const { say, t } = this.#way;
    if (!this.#files.add(files)) say(filled(t.tooMany, this.#files.most));
    this.picker.value = "";
  }

  #quote(message, ...shown) {
    this.#replying = message;
    this.quote.hidden = !message;
    this.quote.replaceChildren(...shown);
  }

  #changed() {
    this.#keep();
    if (this.#wished && !this.#files.busy) this.#send();
  }

  #send() {
    const text = this.text.value.trim();
    this.#wished = this.#files.busy;
    if (!this.#wished && (text || this.#files.parts.length)) this.#say({ text });
  }

  #say(fields) {
    this.#way.send({ ...fields, reply_to: this.#replying?.ref }, this.#files.parts);
    this.text.value = "";
    this.#files.sent();
    this.answer();
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
    const text = this.text.value;
    const { parts } = this.#files;
    this.#way.outbox.draft = (text || parts.length) && { text, parts };
  }

  /** The emergency goes before everything else, so it asks first. */
  #warn() {
    const { t } = this.#way;
    const text = this.text.value.trim() || t.help;
    const close = () => dialog.close();
    const send = () => (close(), this.#say({ text, priority: "emergency" }));
    const row = el("div", { className: "row" }, button(t.cancel, close, { autofocus: true }), button(t.send, send, { className: "alarm" }));
    const words = [el("p", {}, t.emergencyAsk), el("blockquote", { dir: "auto" }, text), row];
    const dialog = el("dialog", { "aria-label": t.emergency, onclose: () => dialog.remove() }, words);
    this.element.append(dialog);
    dialog.showModal();
  }
}
