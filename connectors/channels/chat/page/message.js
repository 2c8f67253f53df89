// A message, as an element. What somebody wrote becomes text nodes and never markup, and leads only where `safe` lets it.

import { el, snippet } from "./elements.js";
import { choices, content } from "./parts.js";
import { moment } from "./texts.js";
import { tools } from "./tools.js";

export function shown(message, view) {
  const { t, language } = view;
  const { from, state, actions } = message;
  const name = from === "me" ? t.you : (message.author?.name ?? t.them);
  return el(
    "div",
    { className: `m ${from} ${state ?? ""}`, role: "article", tabIndex: -1, "aria-label": `${name}, ${moment(language, message.at)}` },
    message.redacted ? el("em", {}, t.deleted) : [quoted(message, view), content(message, view), choices(message, actions, view)].flat(),
    el(
      "div",
      { className: "dim" },
      from !== "me" && el("span", { dir: "auto" }, name),
      el("time", { dateTime: message.at }, moment(language, message.at)),
      message.edited_at && !message.redacted && el("span", {}, t.edited),
      message.channel && message.channel !== "chat" && el("span", {}, message.channel),
      state && el("span", {}, t[state] ?? "✓"),
      tools(message, view),
    ),
  );
}

function quoted({ reply_to: id }, { story }) {
  const text = id && (story.messages.get(id) ?? story.last(({ ref }) => ref === id))?.text;
  return text && el("blockquote", { dir: "auto" }, snippet(text));
}

/** What the hub has not told yet, as a message; `sent` are those it has acknowledged, by id. */
export function pending({ at, frame, parts = [], failed }, sent) {
  const { client_id: id, reply_to, choice, location, text } = frame;
  return {
    id,
    from: "me",
    text: text || choice?.label || "",
    parts: location ? [...parts, { type: "location", ...location }] : parts,
    reply_to,
    at: new Date(at).toISOString(),
    state: failed ? "failed" : sent.has(id) ? "sent" : "sending",
  };
}
