// Server-sent events and POST, for where no WebSocket gets through.

import { Refused, asked, called } from "./calling.js";

/** A refusal as the frame a socket would tell it by. */
const refusal = ({ code, message, after }, more) => ({ type: "error", code, detail: message, retry_after: after, ...more });

export class Stream {
  #stop = new AbortController();

  /** `alive()`: octets came, be it a comment. */
  constructor(base, hello, heard, gone, alive) {
    Object.assign(this, { base, token: hello.token, heard, gone, alive });
    this.#read(hello);
  }

  /** Answers come as frames, as they do from a socket. */
  async say(frame) {
    const { type, client_id } = frame;
    if (type === "ping" || type === "hello") return;
    const { signal } = this.#stop;
    try {
      const ack = await called(`${this.base}send`, this.token, { body: frame, signal });
      if (ack) this.heard(ack);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused) this.heard(refusal(error, { of: type, client_id }));
      else this.#over();
    }
  }

  close() {
    this.#stop.abort();
  }

  async #read({ after, locale }) {
    const { signal } = this.#stop;
    try {
      const headers = { Accept: "text/event-stream", ...(after && { "Last-Event-ID": after }) };
      await this.#hear((await asked(`${this.base}stream?locale=${locale}`, this.token, { headers, signal })).body.getReader());
    } catch (error) {
      if (error instanceof Refused && !signal.aborted) this.heard(refusal(error, { of: "hello" }));
    }
    this.#over(); // ended, or cut: either way one comes back
  }

  async #hear(reader) {
    const decoder = new TextDecoder();
    let rest = "";
    for (let read; !(read = await reader.read()).done; ) {
      this.alive();
      const events = (rest + decoder.decode(read.value, { stream: true })).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = event.split("\n").filter((line) => line.startsWith("data:"));
        if (data.length) this.#tell(JSON.parse(data.map((line) => line.slice(5)).join("\n")));
      }
    }
  }

  /** A fault of who hears it is not one of the network. */
  #tell(frame) {
    queueMicrotask(() => this.#stop.signal.aborted || this.heard(frame));
  }

  #over() {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.gone(0);
  }
}
