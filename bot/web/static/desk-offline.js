// Four acts are never lost: take, on site, done, a note or photo. Without a signal they wait here and say so.
import { find, flush, forget, keep, kept, onlyOf, waiting } from "./desk-outbox.js";

const body = document.body, bar = document.getElementById("waiting");
const { me, csrf } = body.dataset, words = JSON.parse(bar.dataset.words);
const PATIENCE_MS = 8000, AGAIN_MS = 15000;
const controlled = Boolean(navigator.serviceWorker && navigator.serviceWorker.controller);
const keeps = "serviceWorker" in navigator && "indexedDB" in window;
const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const clock = (at) => new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
const made = (tag, text, name) => Object.assign(document.createElement(tag), { textContent: text, className: name || "" });
const button = (text, does) => {
  const found = made("button", text, "quiet");
  found.type = "button";
  found.addEventListener("click", does);
  return found;
};

const pathOf = (form) => new URL(form.getAttribute("action") || location.pathname, location.href).pathname;

// ---- what waits, and what came of it --------------------------------------------------------------

function typedOf(one) {
  const note = one.fields.find(([name, value]) => name === "note" && typeof value === "string" && value);
  if (note) return words.typed + note[1];
  return one.fields.some(([, , file]) => file) ? words.photo : "";
}

function line(one) {
  const item = made("li", "", "row"), text = made("div", "", "grow");
  text.append(made("b", words.verbs[one.verb] || one.verb), ` ${one.what} `, made("span", clock(one.at), "num soft"));
  if (one.state === "answered") text.append(made("p", one.said || words.not_sent, one.done ? "" : "alarm"));
  const typed = typedOf(one);
  if (typed && !one.done) text.append(made("p", typed, "soft"));
  item.append(text);
  if (one.state !== "answered") return item;
  const note = one.fields.find(([name]) => name === "note");
  if (!one.done && note && note[1] && one.verb !== "comment") {
    item.append(button(words.as_comment, async () => {
      await forget(one.id);
      const fields = one.fields.filter(([name]) => name !== "verb").concat([["verb", "comment"]]);
      await keep(Object.assign({}, one, { id: fresh(), at: Date.now(), verb: "comment", fields, state: "waiting", csrf }));
      await again(PATIENCE_MS);
    }));
  }
  item.append(button(words.drop, async () => { await forget(one.id); await draw(); }));
  return item;
}

let shown = 0;
async function draw() {
  const all = await kept(), unsent = all.filter((one) => one.state === "waiting");
  bar.replaceChildren();
  const part = (heading, those) => {
    if (!those.length) return;
    const list = made("ul", "", "plain");
    list.append(...those.map(line));
    bar.append(made("p", heading, "head"), list);
  };
  if (body.dataset.kept) bar.append(made("p", say(words.kept, { time: clock(Number(body.dataset.kept)) }), "head"));
  part(say(words.waiting, { count: unsent.length }), unsent);
  if (unsent.some((one) => one.out)) bar.append(made("p", words.sign_in, "alarm"));
  if (unsent.length) bar.append(button(words.again, () => again(PATIENCE_MS)));
  part(words.refused, all.filter((one) => one.state === "answered" && !one.done));
  part(words.sent, all.filter((one) => one.state === "answered" && one.done));
  bar.hidden = !bar.childElementCount;
  advance(unsent);
  shown = unsent.length;
}

// What was pressed and waits is done as far as this telephone knows: the button says what comes next.
const NEXT = { take: "site", site: "done" };
function advance(unsent) {
  for (const next of document.querySelectorAll("button.next")) {
    const form = next.form;
    if (!form || !form.hasAttribute("data-keep")) continue;
    next.dataset.first = next.dataset.first || next.value;
    const waits = unsent.filter((one) => one.path === pathOf(form)).map((one) => one.verb);
    let verb = next.dataset.first;
    while (verb && waits.includes(verb)) verb = NEXT[verb];
    if (verb && verb === next.value) continue;
    next.disabled = !verb;
    next.textContent = verb ? words.buttons[verb] : words.all_wait;
    if (verb) next.value = verb;
  }
}

async function again(patience) {
  const before = (await waiting()).length;
  if (before) await flush(patience);
  await draw();
  await renew(before);
}

// What was sent, or a kept page once there is a signal, is shown as it is now; nothing that is being typed is disturbed.
async function renew(before) {
  const now = (await waiting()).length;
  const typed = [...document.querySelectorAll("textarea, input[name=when], input[name=what]")].some(
    (one) => one.value !== one.defaultValue
  );
  if (navigator.onLine && !typed && (now < before || (body.dataset.kept && !now))) location.reload();
}

// ---- a press --------------------------------------------------------------------------------------

const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (one) => one.toString(16).padStart(2, "0")).join("");
let pressed = null;
document.addEventListener("click", (event) => {
  const found = event.target.closest && event.target.closest("button[type=submit]");
  if (found) pressed = found;
});

function fieldsOf(form, by) {
  const found = [];
  for (const [name, value] of new FormData(form)) {
    if (name !== "csrf" && name !== "press") found.push(value instanceof File ? [name, value, value.name || "photo.jpg"] : [name, value]);
  }
  if (by && by.name && !found.some(([name]) => name === by.name)) found.push([by.name, by.value]);
  return found;
}

// Beside the form, where the eye is.
function tell(form, text) {
  const line = form.querySelector(".told") || form.insertBefore(made("p", "", "told say"), form.firstChild);
  line.setAttribute("role", "status");
  line.textContent = text;
}

async function press(form, by) {
  const fields = fieldsOf(form, by), verb = form.dataset.keep || (by ? by.value : "");
  const one = {
    id: fresh(), me, csrf, at: Date.now(), state: "waiting", fields, verb,
    path: pathOf(form), what: form.dataset.what || "",
  };
  const buttons = [...document.querySelectorAll("button[type=submit]")].filter((each) => each.form === form);
  for (const each of buttons) each.disabled = true;
  try {
    await keep(one);
    await Promise.race([flush(PATIENCE_MS), new Promise((done) => setTimeout(done, PATIENCE_MS + 500))]);
    const now = await find(one.id);
    if (now && now.state === "answered") {
      const hasNote = fields.some(([name, value]) => name === "note" && value);
      if (now.done || !hasNote) {
        await forget(one.id);
        location.assign(now.to || location.href);
        return;
      }
      // Somebody else was first: what was typed stays in the form.
      await forget(one.id);
      tell(form, now.said || words.not_sent);
    } else if (now) {
      tell(form, words.keep_here);
      form.reset();
      for (const area of form.querySelectorAll("textarea")) area.value = "";
      const registration = await navigator.serviceWorker.getRegistration("/desk");
      if (registration && registration.sync) await registration.sync.register("gege").catch(() => {});
    }
  } catch (_) {
    form.submit(); // nothing can be kept here: as if there were no script
    return;
  }
  for (const each of buttons) each.disabled = false;
  await draw();
}

// A browser that keeps nothing: the form stays as it was typed, and says so.
async function attempt(form, by) {
  const data = new FormData(form), stop = new AbortController(), timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  if (by && by.name) data.set(by.name, by.value);
  try {
    const answer = await fetch(form.getAttribute("action") || location.pathname, {
      method: "POST", body: data, signal: stop.signal, headers: { Accept: "application/json" },
    });
    const found = await answer.json();
    if (found.to && (found.done || !data.get("note"))) location.assign(found.to);
    else tell(form, found.said || found.error || words.not_sent);
  } catch (_) {
    tell(form, words.stays);
  } finally {
    clearTimeout(timer);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-keep")) return;
  const by = event.submitter || (pressed && pressed.form === form ? pressed : form.querySelector("button[type=submit]"));
  const photo = form.querySelector("input[type=file]");
  if (photo && !photo.files.length) return;
  event.preventDefault();
  if (form.dataset.busy) return; // a double tap
  form.dataset.busy = "yes";
  (keeps ? press(form, by) : attempt(form, by)).finally(() => delete form.dataset.busy);
});

// ---- this telephone -------------------------------------------------------------------------------

async function begin() {
  await onlyOf(me);
  // Whoever signed in anew has a new word for their forms.
  for (const one of await waiting()) if (one.csrf !== csrf) await keep(Object.assign({}, one, { csrf, out: false }));
  await draw();
  const registration = await navigator.serviceWorker.register("/desk/worker.js", { scope: "/desk", type: "module" });
  await navigator.serviceWorker.ready;
  if (!body.dataset.kept && /^\/desk(\/GD\d+)?$/.test(location.pathname) && !controlled) {
    registration.active.postMessage({ keep: location.href });
  }
  await again();
}

if (keeps) {
  begin().catch(() => {});
  window.addEventListener("online", () => again());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && again());
  navigator.serviceWorker.addEventListener("message", async () => {
    const before = shown;
    await draw();
    await renew(before);
  });
  setInterval(async () => (await waiting()).length && navigator.onLine && again(), AGAIN_MS);
  for (const form of document.querySelectorAll("form[data-leaves]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sure) return;
      event.preventDefault();
      const by = event.submitter || form.querySelector("button[type=submit]");
      waiting().then((unsent) => {
        form.dataset.sure = "yes";
        if (unsent.length) tell(form, say(words.leaving, { count: unsent.length }));
        else if (form.requestSubmit) form.requestSubmit(by);
        else form.submit();
      });
    });
  }
}
