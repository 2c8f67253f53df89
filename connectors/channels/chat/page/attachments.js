// Files on their way up: as soon as they are picked, with progress, and again on wish or when the connection is back.

import { el, sign } from "./elements.js";
import { filled, octets } from "./texts.js";

const REFUSED = { 413: "tooLarge", 415: "wrongType" };

const matches = (type, allowed) => allowed.some((each) => each === type || (each.endsWith("/*") && type.startsWith(each.slice(0, -1))));

/** As the `media` part the message will have. */
function part({ id, media_type, size, name, url }) {
  const kind = ["image", "video", "audio"].find((each) => media_type.startsWith(each)) ?? "file";
  return { type: "media", attachment_id: id, kind, media_type, size, name, url };
}

export class Attachments {
  #list = []; // {name, file, done (0 to 1), part, error (a key of the texts)}
  #way;

  /** `way`: `t`, `language`, `limits()`, `token()`, `base`, `stale()`, `changed()`. */
  constructor(way) {
    this.#way = way;
    this.element = el("ul", { className: "files", hidden: true });
  }

  get parts() {
    return this.#list.filter((each) => each.part).map((each) => each.part);
  }

  get busy() {
    return this.#list.some((each) => !each.part && !each.error);
  }

  get most() {
    return this.#way.limits()?.files ?? 10;
  }

  /** False where there are too many. */
  add(files) {
    const taken = [...files].slice(0, this.most - this.#list.length);
    for (const file of taken) {
      const entry = { name: file.name, file, error: this.#objection(file) };
      this.#list.push(entry);
      if (!entry.error) this.#send(entry);
    }
    this.#show();
    return taken.length === files.length;
  }

  /** Somebody else writes, and a file is of who sent it up: it goes anew when the connection is there, unless they left. */
  pass(left) {
    for (const { request } of this.#list) request?.abort();
    this.#list = this.#list.filter(({ file }) => file && !left);
    for (const entry of this.#list) Object.assign(entry, { part: null, error: entry.error ?? "failed" });
    this.#show();
  }

  /** Those of a draft, up already. */
  restore(parts) {
    this.#list = parts.map((each) => ({ name: each.name, part: each }));
    this.#show();
  }

  /** Those that are up went with a message. */
  sent() {
    this.#list = this.#list.filter((each) => !each.part);
    this.#show();
  }

  /** Tries those again that the network failed. */
  resume() {
    for (const entry of this.#list) if (entry.error === "failed") this.#send(entry);
    this.#show();
  }

  /** A picture of a screen, window or tab the user picks, if they do. */
  async shoot() {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true }).catch(() => null);
    if (!stream) return;
    const video = el("video", { srcObject: stream, muted: true });
    await video.play();
    const canvas = el("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    for (const track of stream.getTracks()) track.stop();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    this.add([new File([blob], "screenshot.png", { type: "image/png" })]);
  }

  #objection({ size, type }) {
    const limits = this.#way.limits();
    if (!limits) return null;
    if (size > limits.file) return "tooLarge";
    return type && !matches(type, limits.types) ? "wrongType" : null;
  }

  #send(entry) {
    const request = new XMLHttpRequest(); // fetch tells no progress of what goes up
    Object.assign(entry, { request, error: null, done: 0 });
    request.open("POST", `${this.#way.base}files?name=${encodeURIComponent(entry.name)}`);
    request.setRequestHeader("Authorization", `Bearer ${this.#way.token()}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => entry.bar && (entry.bar.value = entry.done = loaded / total);
    request.onload = () => {
      if (request.status === 201) entry.part = part(request.response);
      else entry.error = REFUSED[request.status] ?? "failed";
      if (request.status === 401) this.#way.stale();
      this.#show();
    };
    request.onerror = () => ((entry.error = "failed"), this.#show());
    request.send(entry.file);
  }

  #remove(entry) {
    entry.request?.abort();
    this.#list = this.#list.filter((each) => each !== entry);
  }

  #show() {
    this.element.hidden = !this.#list.length;
    this.element.replaceChildren(...this.#list.map((entry) => this.#shown(entry)));
    this.#way.changed();
  }

  #shown(entry) {
    const { t, language, limits } = this.#way;
    const { name, error } = entry;
    entry.bar = entry.part || error ? null : el("progress", { max: 1, value: entry.done, "aria-label": name });
    const why = error && el("span", { className: "alarm", role: "alert" }, filled(t[error], octets(language, limits()?.file ?? 0)));
    const does = (mark, label, work) => sign(mark, `${label} ${name}`, () => (work(), this.#show()), { className: "plain" });
    return el(
      "li",
      {},
      el("span", { dir: "auto" }, name),
      entry.bar,
      why,
      error === "failed" && does("↻", t.again, () => this.#send(entry)),
      does("✕", t.remove, () => this.#remove(entry)),
    );
  }
}
