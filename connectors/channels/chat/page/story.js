// What the hub told.

/** In memory alone: after a reload the hub tells it again, and no history stays on a device that is shared. */
export class Story {
  messages = new Map();
  cursor = null;
  older = null; // where to read on before the first; null: nothing is older
  read = null; // id of the last of mine that somebody has read

  /** What is different now: `reset`, the `message` that came and whether it is `fresh`, the id that `changed`, `read`. */
  apply(frame) {
    const change = APPLY[frame.type]?.(this, frame);
    if (frame.cursor) this.cursor = frame.cursor;
    return change;
  }

  forget() {
    this.messages = new Map();
    this.cursor = this.older = this.read = null;
  }

  get all() {
    return [...this.messages.values()];
  }

  get newest() {
    return this.last(({ from }) => from === "them");
  }

  last(wanted) {
    return this.all.findLast(wanted);
  }

  get unread() {
    return this.all.filter(({ from, ref, status, redacted }) => from === "them" && ref && status !== "read" && !redacted).length;
  }
}

const APPLY = {
  history(story, { messages, older, reset, read_up_to: read }) {
    const before = reset ? [] : story.all;
    story.messages = new Map([...messages, ...before].map((message) => [message.id, message]));
    story.older = older;
    if (reset) story.read = read;
    return { reset: true };
  },

  message({ messages }, { message }) {
    const known = messages.get(message.id);
    messages.set(message.id, { ...message, reactions: message.reactions ?? known?.reactions ?? [] });
    return { message, fresh: !known };
  },

  reaction({ messages }, { message: id, reaction, by, on }) {
    const message = messages.get(id);
    if (!message) return null;
    const others = message.reactions.filter((each) => each.reaction !== reaction || each.by !== by);
    message.reactions = on ? [...others, { reaction, by }] : others;
    return { changed: id };
  },

  status({ messages }, { message: id, status }) {
    const message = messages.get(id);
    if (!message) return null;
    message.status = status;
    return { changed: id };
  },

  read(story, { message }) {
    const ids = [...story.messages.keys()];
    if (ids.indexOf(message) > ids.indexOf(story.read)) story.read = message;
    return { read: true };
  },
};
