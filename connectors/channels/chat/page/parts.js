// What a message has besides plain text: formatting, files, places, cards. Loaded with the first message that has any.

import { away, choices, el, linked, safe } from "./log.js";
import { octets } from "./octets.js";

const TAGS = { bold: "b", italic: "i", underline: "u", strike: "s", code: "code", pre: "code", quote: "q", mention: "b" };

/** The text of a message, unless it only stands for its parts, and the parts. */
export function content(message, view) {
  const formatted = message.parts.find(({ type }) => type === "text");
  const made = message.parts.flatMap((part) => PARTS[part.type]?.(part, view, message) ?? []);
  if (made.length && !formatted && isPlaceholder(message)) return made;
  return [el("p", { dir: "auto" }, formatted ? rich(formatted.text, formatted.spans) : linked(message.text)), ...made];
}

/** Text with its spans, which count code points, may nest and may overlap. */
function rich(text, spans) {
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
  if (kind === "spoiler") return el("span", { className: "spoiler", tabIndex: 0 }, ...inner);
  return el(TAGS[kind] ?? "span", {}, ...inner);
}

const PARTS = {
  media(part, view) {
    const label = part.alt ?? part.name ?? "";
    if (!safe(part.url)) return el("span", {}, label);
    if (["image", "sticker", "animation"].includes(part.kind) && part.media_type.startsWith("image/"))
      return away(part.url, { className: "media" }, el("img", { alt: label || part.media_type, onload: () => view.settle(), src: part.url }));
    if (["video", "animation"].includes(part.kind))
      return el("video", { controls: true, preload: "metadata", "aria-label": label, src: part.url });
    if (["audio", "voice"].includes(part.kind))
      return el("audio", { controls: true, preload: "none", "aria-label": label, src: part.url });
    const size = part.size ? ` (${octets(view.language, part.size)})` : "";
    return away(part.url, { download: part.name ?? "" }, `↓ ${label || part.media_type}${size}`);
  },

  location({ latitude, longitude, name, address }) {
    const place = `${Number(latitude)},${Number(longitude)}`;
    const label = [name, address].filter(Boolean).join(", ") || place;
    return away(`https://www.openstreetmap.org/?mlat=${Number(latitude)}&mlon=${Number(longitude)}#map=16/${place.replace(",", "/")}`, {}, `◎ ${label}`);
  },

  contact_card({ name, phones, emails, organization }) {
    const ways = [...phones.map((each) => [`tel:${each}`, each]), ...emails.map((each) => [`mailto:${each}`, each])];
    return el("p", {}, [name, organization].filter(Boolean).join(", "), ...ways.flatMap(([url, label]) => [el("br"), away(url, {}, label)]));
  },

  cards({ cards }, view, message) {
    const items = cards.map((card) =>
      el(
        "li",
        {},
        safe(card.url) ? el("img", { alt: card.title, src: card.url, onload: () => view.settle() }) : "",
        el("b", { dir: "auto" }, card.title),
        card.text && el("p", { dir: "auto" }, linked(card.text)),
        choices(message, card.actions, view),
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
