// One tab at a time.

import { Store, pause, unique } from "./store.js";

const LEASE = 10000; // milliseconds

/** Does the work while no other tab does; a tab that hangs holds nobody up for longer than a lease. */
export async function alone(name, work) {
  if (!navigator.locks) return leased(name, work);
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), LEASE);
  try {
    return await navigator.locks.request(name, { signal: patience.signal }, () => (clearTimeout(timer), work()));
  } catch (error) {
    if (!patience.signal.aborted) throw error;
    return work();
  }
}

/** For browsers without `navigator.locks`, pages that are not secure among them: a lease in storage. */
async function leased(name, work) {
  const store = new Store(`${name}:`);
  const me = unique();
  const until = Date.now() + LEASE;
  const holder = () => store.get("lease") ?? {};
  while (Date.now() < until) {
    if (!(holder().until > Date.now())) {
      store.set("lease", { by: me, until: Date.now() + LEASE });
      await pause(20 + 30 * Math.random()); // who wrote at the same moment has written by now; the last one holds it
      if (holder().by === me) break;
    }
    await pause(50 + 100 * Math.random());
  }
  try {
    return await work();
  } finally {
    if (holder().by === me) store.drop("lease");
  }
}
