// A lock between tabs for browsers without navigator.locks (pages that are not secure among them): a lease in storage.

import { LEASE, Store, pause, unique } from "./memory.js";

export default async function leased(name, work) {
  const store = new Store(`${name}:`);
  const me = unique();
  const until = Date.now() + LEASE;
  const holder = () => JSON.parse(store.get("lease") ?? "null");
  const free = () => !holder() || holder().until < Date.now() || holder().by === me;
  while (Date.now() < until) {
    if (free()) {
      store.set("lease", JSON.stringify({ by: me, until: Date.now() + LEASE }));
      await pause(20 + 30 * Math.random()); // who wrote at the same moment has written by now; the last one holds it
      if (holder()?.by === me) break;
    }
    await pause(50 + 100 * Math.random());
  }
  try {
    return await work();
  } finally {
    if (holder()?.by === me) store.drop("lease");
  }
}
