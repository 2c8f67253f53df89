// All of it together.

import { el } from "./elements.js";
import { direction } from "./texts.js";

export function face(t, language, service, notice, log, composer) {
  const header = el("header", {}, el("h2", {}, t.title), service);
  const properties = { className: "chat", role: "region", dir: direction(language), lang: language, "aria-label": t.title };
  const whole = el("div", properties, header, notice, log.element, composer.element);
  const over = (on) => (event) => (event.preventDefault(), whole.classList.toggle("drop", on));
  whole.ondragover = over(true);
  whole.ondragleave = over(false);
  whole.ondrop = (event) => (over(false)(event), composer.add([...event.dataTransfer.files]));
  return whole;
}
