// Whether somebody is there, and when an answer can be expected.

import { filled, moment } from "./texts.js";

export function told({ open, until, expected, notice }, t, language) {
  const when = until && moment(language, until);
  const hours = open === false ? [t.closed, when && filled(t.opens, when)] : [open && when && filled(t.open, when)];
  const promise = expected !== null && filled(t.expected, span(language, expected));
  return [...hours, promise, notice].filter(Boolean).join(" · ");
}

/** A length of time, in its largest whole unit. */
function span(language, seconds) {
  const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, each]) => seconds >= each) ?? ["second", 1];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(Math.ceil(seconds / size));
}
