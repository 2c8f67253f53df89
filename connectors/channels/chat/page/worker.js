// For a service worker: shows notifications of a chat, follows the tap, and tells the hub of both. The hub's own page has
// it as it is; a website's worker gets it by importScripts, beside whatever else it does, so it names nothing outside.

{
  /** What the hub sent; null for what is not from there. */
  const ours = (data) => {
    try {
      const told = data.json();
      return told.title && told.data?.receipt ? told : null;
    } catch {
      return null; // nothing, or no JSON: somebody else's
    }
  };

  /** A receipt proves itself: no user's token is needed. */
  const tell = ({ tell: url, receipt }, seen) =>
    url &&
    fetch(url, {
      method: "POST",
      credentials: "omit",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ receipt, seen }),
    });

  const windows = () => clients.matchAll({ type: "window", includeUncontrolled: true });
  const plain = (url) => url.split("#")[0];

  /** The page that is there already, else another. */
  const follow = async (link) => {
    const url = new URL(link ?? registration.scope, registration.scope);
    if (!["http:", "https:"].includes(url.protocol)) return null;
    const there = (await windows()).find((each) => (link ? plain(each.url) === plain(url.href) : each.url.startsWith(url.href)));
    return there ? there.focus() : clients.openWindow(url.href);
  };

  addEventListener("push", (event) => {
    const told = ours(event.data);
    if (!told) return;
    const { title, ...shown } = told;
    event.waitUntil(registration.showNotification(title, shown).then(() => tell(shown.data, "shown")));
  });

  addEventListener("notificationclick", (event) => {
    const { notification } = event;
    if (!notification.data?.receipt) return;
    notification.close();
    event.waitUntil(Promise.all([follow(notification.data.link), tell(notification.data, "opened")]));
  });

  /** The browser gave the subscription up for another: pages that are open register it, or the next one that opens. */
  addEventListener("pushsubscriptionchange", (event) => {
    const { oldSubscription: old, newSubscription: made } = event;
    const renew = async () => {
      if (!made && old) await registration.pushManager.subscribe(old.options);
      for (const each of await windows()) each.postMessage({ onethread: "subscription" });
    };
    event.waitUntil(renew());
  });
}
