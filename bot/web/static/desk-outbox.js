// Presses that wait on this telephone for a signal: kept, sent in their order, once each. Page and worker both use it.
import { clear, createStore, del, get, set, values } from "./vendor/idb-keyval-6.3.0.js";

const box = createStore("gege-desk", "outbox");
const LONG_MS = 60000;

export const kept = async () => (await values(box)).sort((a, b) => a.at - b.at);
export const waiting = async () => (await kept()).filter((one) => one.state === "waiting");
export const keep = (one) => set(one.id, one, box);
export const find = (id) => get(id, box);
export const forget = (id) => del(id, box);
export const forgetAll = () => clear(box);

// Whoever signs in on somebody else's telephone finds nothing of theirs.
export async function onlyOf(me) {
  for (const one of await kept()) if (one.me !== me) await forget(one.id);
}

// The answer, or null when there was none: no signal, too slow, a server that is being started.
async function send(one, patience) {
  const form = new FormData();
  form.append("csrf", one.csrf);
  form.append("press", one.id);
  form.append("ago", Math.min(Math.round(Math.max(0, Date.now() - one.at) / 1000), 2592000));
  for (const [name, value, file] of one.fields) file ? form.append(name, value, file) : form.append(name, value);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const answer = await fetch(one.path, {
      method: "POST", body: form, signal: stop.signal, headers: { Accept: "application/json" },
    });
    const read = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    if (answer.headers.get("Gege-Wipe") === "all") await forgetAll(); // this telephone was put out
    if (answer.status === 403) return { out: true };
    if (answer.ok && read) return await answer.json();
    // Anything else that was answered will be answered so again; a server that fails may not.
    return answer.status >= 400 && answer.status < 500 && answer.status !== 408 ? { done: false } : null;
  } catch (_) {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function sendAll(patience) {
  for (const one of await waiting()) {
    const answer = await send(one, patience);
    if (!answer) return;
    if (!(await find(one.id))) return; // all was forgotten meanwhile
    // Signed out: it waits for this person to come in again.
    if (answer.out) { await keep(Object.assign({}, one, { out: true })); return; }
    await keep(Object.assign({}, one, { out: false, state: "answered", done: answer.done, said: answer.said || "", to: answer.to || "" }));
  }
}

// One sender at a time, page or worker; the server knows a press that comes twice all the same.
export function flush(patience = LONG_MS) {
  const run = () => sendAll(patience);
  return navigator.locks ? navigator.locks.request("gege-outbox", run) : run();
}
