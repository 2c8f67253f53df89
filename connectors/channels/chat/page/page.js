// The page at /chat/<connector>/: the chat alone, as large as the window. An app that shows it in a WebView gives it the
// user's token and the context by a bridge of the name `onethread`; docs/how-to/embed-the-chat.md has both samples.

import "./chat.js";

const chat = document.querySelector("onethread-chat");
const android = window.onethread;
const ios = window.webkit?.messageHandlers?.onethread;
const ask = android ? async (name) => android[name]() : ios ? (name) => ios.postMessage(name) : null;

document.documentElement.lang ||= navigator.language;

if (ask) {
  chat.getToken = () => ask("getToken");
  chat.setContext(JSON.parse((await ask("getContext")) || "{}"));
}
