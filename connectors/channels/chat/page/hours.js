// Whether somebody is there, and when an answer can be expected.

import { filled, moment, span } from "./texts.js";

export function told({ open, until, expected, notice }, { t, language }) {
  const when = until && moment(language, until);
  return [
    open === false && t.closed,
    when && open !== null && filled(open ? t.open : t.opens, when),
    expected !== null && filled(t.expected, span(language, expected)),
    notice,
  ].filter(Boolean).join(" · ");
}
