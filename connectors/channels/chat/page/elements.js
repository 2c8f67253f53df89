// Elements, and links that lead only where one may go.

const LINK = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'])/;
const SNIPPET = 120;

/** Children that are nothing are left out. */
export function el(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value == null) continue;
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter(Boolean));
  return made;
}

export const button = (text, onclick, properties) => el("button", { type: "button", onclick, ...properties }, text);

/** A button whose text is a sign, and says nothing to who hears it. */
export const sign = (text, label, onclick, properties) =>
  button(text, onclick, { "aria-label": label, title: label, ...properties });

export function safe(url) {
  try {
    const { protocol, href } = new URL(url);
    return ["http:", "https:", "mailto:", "tel:"].includes(protocol) && href;
  } catch {
    return null;
  }
}

export function away(url, properties, ...children) {
  const href = safe(url);
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer", ...properties }, ...children) : el("span", {}, ...children);
}

export const linked = (text) => text.split(LINK).map((piece, n) => (n % 2 ? away(piece, {}, piece) : piece));

export const snippet = (text) => (text.length > SNIPPET ? `${text.slice(0, SNIPPET)}…` : text);
