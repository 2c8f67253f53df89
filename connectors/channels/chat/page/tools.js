// What can be done with a message: answer it, react to it, or put away what was not sent.

import { button, el, sign, snippet } from "./elements.js";
import { filled } from "./texts.js";

const EMOJI = ["👍", "❤️", "😊", "😢", "🙏"];

export function tools(message, view) {
  const { t } = view;
  if (message.state === "failed") return button(t.remove, () => view.remove(message.id));
  if (message.state || message.redacted) return null;
  const said = message.reactions ?? [];
  const mine = (emoji) => said.some(({ reaction, by }) => reaction === emoji && by === "me");
  const toggle = (emoji) => () => view.react(message, emoji, !mine(emoji));
  const kinds = [...new Set(said.map(({ reaction }) => reaction))];
  const given = kinds.map((emoji) => {
    const count = said.filter(({ reaction }) => reaction === emoji).length;
    const label = count > 1 ? `${emoji} ${count}` : emoji;
    if (!message.ref) return el("span", {}, label);
    return button(label, toggle(emoji), { className: `plain ${mine(emoji) ? "mine" : ""}`, "aria-pressed": mine(emoji) });
  });
  if (!message.ref) return given;
  const more = EMOJI.filter((emoji) => !kinds.includes(emoji)).map((emoji) => button(emoji, toggle(emoji)));
  const palette = el("span", { hidden: true, role: "group", "aria-label": t.react }, more);
  const open = sign("☺", t.react, () => (unfold(palette, open), view.settle()), { "aria-expanded": false });
  const reply = sign("↩", t.reply, () => view.answer(message, ...quote(message, view)));
  return [...given, el("span", { className: "tools" }, reply, open, palette)];
}

function quote({ from, author, text }, { t, answer }) {
  const label = filled(t.replying, from === "me" ? t.you : (author.name ?? t.them));
  return [el("b", {}, label), sign("✕", t.cancel, () => answer(), { className: "plain" }), el("div", { dir: "auto" }, snippet(text))];
}

function unfold(palette, open) {
  palette.hidden = !palette.hidden;
  open.setAttribute("aria-expanded", !palette.hidden);
  if (!palette.hidden) palette.firstChild.focus();
}
