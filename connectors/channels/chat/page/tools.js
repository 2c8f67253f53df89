// What can be done with a message: answer it, react to it, send it again. Loaded with the first of which any can.

import { el, snippet } from "./log.js";
import { filled } from "./texts.js";

const EMOJI = ["👍", "❤️", "😊", "😢", "🙏"];

export function tools(message, view) {
  const { t } = view;
  const button = (label, onclick, more) => el("button", { type: "button", onclick, ...more }, label);
  if (message.state === "failed")
    return [button(t.again, () => view.again(message.id)), button(t.remove, () => view.remove(message.id))];
  if (message.state || message.redacted) return [];
  const said = message.reactions ?? [];
  const mine = (emoji) => said.some((each) => each.reaction === emoji && each.by === "me");
  const toggle = (emoji) => () => view.react(message, emoji, !mine(emoji));
  const kinds = [...new Set(said.map((each) => each.reaction))];
  const given = kinds.map((emoji) => {
    const count = said.filter((each) => each.reaction === emoji).length;
    const label = count > 1 ? `${emoji} ${count}` : emoji;
    if (!message.ref) return el("span", {}, label);
    return button(label, toggle(emoji), { className: `plain ${mine(emoji) ? "mine" : ""}`, "aria-pressed": mine(emoji) });
  });
  if (!message.ref) return given;
  const more = EMOJI.filter((emoji) => !kinds.includes(emoji)).map((emoji) => button(emoji, toggle(emoji)));
  const palette = el("span", { hidden: true, role: "group", "aria-label": t.react }, more);
  const open = button("☺", () => unfold(palette, open), { "aria-label": t.react, title: t.react, "aria-expanded": false });
  const reply = button("↩", () => view.answer(message, ...quote(message, view)), { "aria-label": t.reply, title: t.reply });
  return [...given, el("span", { className: "tools" }, reply, open, palette)];
}

function quote({ from, author, text }, { t, answer }) {
  const label = filled(t.replying, from === "me" ? t.you : (author.name ?? t.them));
  const close = el("button", { type: "button", className: "plain", "aria-label": t.cancel, onclick: () => answer() }, "✕");
  return [el("b", {}, label), close, el("div", { dir: "auto" }, snippet(text))];
}

function unfold(palette, button) {
  palette.hidden = !palette.hidden;
  button.setAttribute("aria-expanded", String(!palette.hidden));
  if (!palette.hidden) palette.firstChild.focus();
}
