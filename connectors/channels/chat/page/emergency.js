// The emergency action, which asks before it goes before everything else. Loaded when it is wished for.

import { el } from "./log.js";

export function ask(home, t, text, send) {
  const dialog = el("dialog", { "aria-label": t.emergency, onclose: () => dialog.remove() });
  const yes = () => (dialog.close(), send(text));
  const buttons = [
    el("button", { type: "button", onclick: () => dialog.close(), autofocus: true }, t.cancel),
    el("button", { type: "button", className: "alarm", onclick: yes }, t.send),
  ];
  dialog.append(el("p", {}, t.emergencyAsk), el("blockquote", { dir: "auto" }, text), el("div", { className: "row" }, buttons));
  home.append(dialog);
  dialog.showModal();
}
