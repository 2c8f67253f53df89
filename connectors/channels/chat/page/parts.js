// What a message says: its text, formatted where it is, files, places, cards, and what one can choose.

import { away, button, el, linked, safe } from "./elements.js";
import { octets } from "./texts.js";

const TAGS = { bold: "b", italic: "i", underline: "u", strike: "s", code: "code", pre: "code", quote: "q", mention: "b" };

/** The text of a message, unless it only stands for its parts, and the parts. */
export function content(message, view) {
  const formatted = message.parts.find(({ spans }) => spans?.length);
  const made = message.parts.flatMap((part) => PARTS[part.type]?.(part, view, message) ?? []);
  if (made.length && !formatted && isPlaceholder(message)) return made;
  return [el("p", { dir: "auto" }, formatted ? rich(formatted) : linked(message.text)), ...made];
}

/** Text with its spans, which count code points, may nest and may overlap. */
function rich({ text, spans }) {
  const points = [...text];
  const edges = new Set([0, points.length, ...spans.flatMap(({ offset, length }) => [offset, offset + length])]);
  const cuts = [...edges].filter((edge) => edge >= 0 && edge <= points.length).sort((one, other) => one - other);
  return cuts.slice(1).flatMap((end, n) => {
    const piece = points.slice(cuts[n], end).join("");
    const over = spans.filter(({ offset, length }) => offset <= cuts[n] && offset + length >= end);
    const plain = over.some(({ kind }) => kind === "link") ? [piece] : linked(piece);
    return over.reduce((inner, span) => [wrapped(span, inner)], plain);
  });
}

function wrapped({ kind, url }, inner) {
  if (kind === "link") return away(url, {}, ...inner);
  return el(TAGS[kind] ?? "span", kind === "spoiler" ? { className: kind, tabIndex: 0 } : {}, ...inner);
}

/** Buttons can be used while they are the newest of theirs, links always. */
export function choices(message, actions, view) {
  const usable = message.ref && view.story.newest?.id === message.id;
  const made = (actions ?? []).map((action) => {
    const { type, label, url, number } = action;
    if (type === "link" || type === "call") return away(url ?? `tel:${number}`, { className: "button" }, label);
    return usable && button(label, () => view.act(action, message));
  });
  return made.some(Boolean) && el("div", { className: "choices" }, made);
}

const picture = (src, alt, { settle }) => el("img", { alt, onload: settle, onerror: settle, src });

const PARTS = {
  media({ kind, media_type: type, alt, name, url, size }, view) {
    const label = alt ?? name ?? "";
    const film = { controls: true, preload: "metadata", "aria-label": label, src: url };
    if (!safe(url)) return el("span", {}, label);
    if (["image", "sticker", "animation"].includes(kind) && type.startsWith("image/"))
      return away(url, { className: "media" }, picture(url, label || type, view));
    if (["video", "animation"].includes(kind)) return el("video", film);
    if (["audio", "voice"].includes(kind)) return el("audio", film);
    return away(url, { download: name ?? "" }, `↓ ${label || type}${size ? ` (${octets(view.language, size)})` : ""}`);
  },

  location({ latitude, longitude, name, address }) {
    const place = [latitude, longitude].map(Number);
    const label = [name, address].filter(Boolean).join(", ") || place.join();
    return away(`https://www.openstreetmap.org/?mlat=${place[0]}&mlon=${place[1]}#map=16/${place.join("/")}`, {}, "◎ " + label);
  },

  contact_card({ name, phones, emails, organization }) {
    const ways = [...phones.map((each) => ["tel:", each]), ...emails.map((each) => ["mailto:", each])];
    const links = ways.flatMap(([scheme, each]) => [el("br"), away(scheme + each, {}, each)]);
    return el("p", {}, [name, organization].filter(Boolean).join(", "), links);
  },

  cards({ cards }, view, message) {
    const items = cards.map(({ title, text, url, actions }) =>
      el(
        "li",
        {},
        safe(url) && picture(url, title, view),
        el("b", { dir: "auto" }, title),
        text && el("p", { dir: "auto" }, linked(text)),
        choices(message, actions, view),
      ),
    );
    return el("ul", { className: "cards", tabIndex: 0, "aria-label": cards.map(({ title }) => title).join(", ") }, items);
  },
};

/** Whether its text only says what its parts show: `[image: cat.png]`, or the titles of cards. */
function isPlaceholder({ text, parts }) {
  const titles = parts.flatMap(({ cards }) => cards ?? []).map(({ title }) => title);
  return text.split("\n").every((line) => /^(\[[a-z_]+(: .*)?\])?$/.test(line) || titles.includes(line));
}
