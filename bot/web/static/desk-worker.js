// The desk without a signal: the list and the last tickets that were looked at, and what waits to be sent.
import { flush, forgetAll, onlyOf } from "./desk-outbox.js";

const PAGES = "gege-pages", FILES = "gege-files", EMPTY = "/desk/offline";
const PATIENCE_MS = 8000, OLD_MS = 24 * 3600 * 1000, MOST = 20;
const VERSION = new URL("./", import.meta.url).pathname;

const keeps = (url) => url.pathname === "/desk" || /^\/desk\/GD\d+$/.test(url.pathname);
const address = (url) => url.pathname + (url.pathname === "/desk" ? url.search : "");

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(prepare());
});

async function prepare() {
  const answer = await fetch(EMPTY);
  const text = await answer.clone().text();
  await (await caches.open(PAGES)).put(EMPTY, answer);
  await (await caches.open(FILES)).addAll([...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((one) => one[1]));
}

self.addEventListener("activate", (event) => event.waitUntil(begin()));

// Pages of another version name files of that version: they go together.
async function begin() {
  const files = await caches.open(FILES);
  const old = (await files.keys()).filter((one) => !new URL(one.url).pathname.startsWith(VERSION));
  await Promise.all(old.map((one) => files.delete(one)));
  if (old.length) await forgetPages();
  await self.clients.claim();
}

async function forgetPages() {
  const pages = await caches.open(PAGES);
  for (const one of await pages.keys()) if (new URL(one.url).pathname !== EMPTY) await pages.delete(one);
}

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(event, url));
});

async function file(request) {
  const files = await caches.open(FILES), found = await files.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).pathname.startsWith(VERSION)) await files.put(request, answer.clone());
  return answer;
}

async function page(event, url) {
  let answer;
  try {
    answer = await soon(fetch(event.request));
  } catch {
    return (keeps(url) && (await keptPage(url))) || (await caches.match(EMPTY)) || Response.error();
  }
  const wipe = answer.headers.get("Gege-Wipe");
  if (wipe) event.waitUntil(forgetWhat(wipe));
  else if (answer.ok && keeps(url)) event.waitUntil(keepPage(url, answer.clone()));
  return answer;
}

const soon = (answer) =>
  Promise.race([answer, new Promise((_, fail) => setTimeout(() => fail(new Error("slow")), PATIENCE_MS))]);

async function forgetWhat(what) {
  await forgetPages();
  if (what === "all") await forgetAll();
}

async function keepPage(url, answer) {
  // What was said once is not said again by a kept page.
  const text = (await answer.text()).replace(/<p class="say" role="status">[^<]*<\/p>/, "");
  const me = (text.match(/ data-me="([^"]*)"/) || [])[1];
  if (me === undefined) return;
  const pages = await caches.open(PAGES);
  await own(pages, me);
  await pages.put(address(url), new Response(text, {
    headers: { "Content-Type": "text/html; charset=utf-8", "Gege-Kept": String(Date.now()), "Gege-Me": me },
  }));
  const tickets = (await pages.keys()).filter((one) => new URL(one.url).pathname.startsWith("/desk/GD"));
  // The oldest stand first.
  for (const one of tickets.slice(0, Math.max(0, tickets.length - MOST))) await pages.delete(one);
}

// Of one person only: somebody else's pages and presses go when another one is seen here.
async function own(pages, me) {
  for (const one of await pages.keys()) {
    const whose = (await pages.match(one)).headers.get("Gege-Me");
    if (whose !== null && whose !== me) { await forgetPages(); break; }
  }
  await onlyOf(me);
}

async function keptPage(url) {
  const pages = await caches.open(PAGES);
  let found = await pages.match(address(url));
  if (!found && url.pathname === "/desk") found = await pages.match("/desk", { ignoreSearch: true });
  if (!found) return null;
  const at = Number(found.headers.get("Gege-Kept"));
  if (Date.now() - at > OLD_MS) { await forgetPages(); return null; }
  const text = (await found.text()).replace('<body class="desk"', `<body class="desk" data-kept="${at}"`);
  return new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8" } });
}

self.addEventListener("message", (event) => {
  const { keep } = event.data || {};
  if (keep) event.waitUntil(fetch(keep).then((answer) => answer.ok && keepPage(new URL(keep), answer)).catch(() => {}));
});

// The signal is back, and the page may be asleep in a pocket.
self.addEventListener("sync", (event) => event.waitUntil(flush().then(tell)));

async function tell() {
  for (const one of await self.clients.matchAll()) one.postMessage({ flushed: true });
}
