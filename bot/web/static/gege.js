// The first page: one conversation with Gege, and what becomes of it. Foreign text enters by textContent only.

import { Recorder } from "./recorder.js";

const byId = (id) => document.getElementById(id);
const talk = byId("talk"), form = byId("form"), text = byId("text"), send = byId("send"), hold = byId("hold");
const caller = byId("caller"), hint = byId("hint"), player = byId("player"), sound = byId("sound");
const hintText = hint.textContent;
const STEPS = [["reported", "已受理"], ["acknowledged", "已接单"], ["resolved", "已处理"], ["closed", "已办结"]];
const ORDER = ["reported", "acknowledged", "on_site", "resolved", "closed"];
const FIELDS = [["place", "地方"], ["householder", "户主"], ["grid_no", "网格"], ["owner", "负责人"], ["owner_phone", "电话"], ["said", "原话"], ["opened_at", "受理"]];
const grid = new URLSearchParams(location.search).get("grid") || "";
const dialled = /^[\w-]{1,30}$/.test(grid) ? `grid_${grid}` : "";

let session = newSession();
let busy = false;
let aloud = true;
let watching = 0;

function newSession() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Chinese stands with fullwidth punctuation, however the sentence was stored.
const WIDE = { ",": "\uff0c", "?": "\uff1f", "!": "\uff01", ":": "\uff1a", ";": "\uff1b" };
function typeset(value) {
  return String(value ?? "").replace(/([\u2e80-\u9fff\u201c\u201d\u300a-\u3011])([,?!:;])/g, (_, before, mark) => before + WIDE[mark]);
}

function element(tag, className, content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (content !== undefined) node.textContent = content;
  return node;
}

function bubble(who, content, under = []) {
  const item = element("li", who);
  item.append(element("div", "bubble", typeset(content)));
  for (const line of under) item.append(line);
  talk.append(item);
  talk.scrollTop = talk.scrollHeight;
  return item;
}

function waiting() {
  const item = element("li", "gege waiting"), dots = element("div", "bubble");
  dots.append(element("i"), element("i"), element("i"));
  item.append(dots);
  talk.append(item);
  talk.scrollTop = talk.scrollHeight;
  return item;
}

function understood(found) {
  const line = element("div", "under");
  if (!found) return line;
  line.append("听懂：", element("b", "", found.meaning), ` ${Math.round(found.confidence * 100)}%`);
  if (found.fallback) line.append(element("span", "unsure", "（没把握，会再问一句）"));
  return line;
}

function trouble(message) {
  hint.textContent = message ? typeset(message) : hintText;
  hint.classList.toggle("trouble", Boolean(message));
}

function setBusy(value) {
  busy = value;
  send.disabled = value;
  for (const button of byId("examples").children) button.disabled = value;
}

// `said` is the bubble of a typed sentence; a spoken one gets its bubble when it was recognised.
async function ask(path, options, said) {
  setBusy(true);
  trouble("");
  const dots = waiting();
  const mine = session;
  let answer;
  try {
    const response = await fetch(path, options);
    answer = await response.json();
  } catch {
    answer = { error: "连不上，请看看网络，再讲一遍。" };
  }
  dots.remove();
  setBusy(false);
  if (mine !== session) return;
  if (answer.heard) {
    const under = [];
    if (answer.heard.alternatives.length) under.push(element("div", "under", "也像是：" + answer.heard.alternatives.slice(0, 3).join(" / ")));
    said = bubble("you", answer.heard.text || "（没有听到话）", under);
  }
  if (answer.understanding) said?.append(understood(answer.understanding));
  if (answer.error && !answer.ticket) {
    bubble("gege trouble", answer.error);
  } else {
    const item = bubble("gege", answer.reply || "……");
    if (answer.speech) {
      const again = element("button", "again", "再听一遍");
      again.type = "button";
      again.addEventListener("click", () => play(answer.speech));
      item.append(again);
      if (aloud) play(answer.speech);
    }
    if (answer.ticket && answer.ticket.ticket_no !== byId("ticket_no").textContent) {
      const look = element("button", "again look", `看单子 ${answer.ticket.ticket_no}`);
      look.type = "button";
      look.addEventListener("click", () => byId("ticket").scrollIntoView({ behavior: "smooth", block: "start" }));
      item.append(look);
    }
  }
  showCase(answer);
  talk.scrollTop = talk.scrollHeight;
  if (matchMedia("(min-width: 861px)").matches) text.focus({ preventScroll: true });
}

function say(sentence) {
  if (busy) return;
  const value = sentence.trim();
  if (!value) return trouble("您还没讲话呢，打几个字，或者按住话筒讲。");
  const said = bubble("you", value);
  text.value = "";
  return ask("/api/turn", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ session, text: value, caller: caller.value, dialled, id: newSession() }),
  }, said);
}

function play(url) {
  player.src = url;
  player.play().catch(() => { /* the browser waits for the first tap */ });
}

function showCase(found) {
  const ticket = found.ticket;
  if (!ticket) return;
  byId("empty").hidden = true;
  const card = byId("ticket");
  card.hidden = false;
  card.classList.toggle("urgent", ticket.urgent);
  byId("ticket_no").textContent = ticket.ticket_no;
  byId("kind").textContent = ticket.kind + (ticket.urgent ? " · 急" : "");
  const reached = ORDER.indexOf(ticket.state);
  byId("steps").replaceChildren(...(reached < 0
    ? [element("li", "done", ticket.state_name)]
    : STEPS.map(([state, name]) => element("li", ORDER.indexOf(state) <= reached ? "done" : "", name))));
  byId("facts").replaceChildren(...FIELDS.flatMap(([key, name]) => (ticket[key] ? [element("dt", "", name), element("dd", "", typeset(ticket[key]))] : [])));
  byId("notices").replaceChildren(...found.notifications.map((each) => {
    const box = element("section", each.urgent ? "notice urgent" : "notice"), head = element("header");
    head.append(element("b", "", `${each.name}（${each.role}）`), element("span", "", `${each.state} ${each.at}`));
    box.append(head, element("p", "", typeset(each.text)));
    return box;
  }));
  watch();
}

// The ticket goes on after the talk: look after it while somebody looks at the page.
function watch() {
  clearTimeout(watching);
  const mine = session;
  watching = setTimeout(async () => {
    try {
      if (!document.hidden) {
        const response = await fetch(`/api/case?session=${session}`);
        const found = await response.json();
        if (mine === session && response.ok) showCase(found);
      }
    } catch { /* the next look may work */ }
    if (mine === session) watch();
  }, 3000);
}

function greet() {
  bubble("gege", "您好，我是格格，是自动语音。有什么事慢慢讲；要找人，就讲“转人工”。");
}

byId("anew").addEventListener("click", () => {
  clearTimeout(watching);
  player.pause();
  session = newSession();
  setBusy(false);
  trouble("");
  talk.replaceChildren();
  byId("ticket").hidden = true;
  byId("ticket_no").textContent = "";
  byId("notices").replaceChildren();
  byId("empty").hidden = false;
  greet();
  text.focus();
});

sound.addEventListener("click", () => {
  aloud = !aloud;
  sound.setAttribute("aria-pressed", String(aloud));
  sound.textContent = typeset(aloud ? "出声：开" : "出声：关");
  if (!aloud) player.pause();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  say(text.value);
});

const recorder = new Recorder();

async function holdBegins(event) {
  if (busy || recorder.recording || hold.disabled) return;
  event.preventDefault();
  player.pause();
  try {
    await recorder.begin();
    hold.classList.add("on");
    byId("holdword").textContent = "松开就发";
  } catch {
    trouble("话筒用不了，请在浏览器里允许用话筒，或者打字讲。");
  }
}

async function holdEnds() {
  hold.classList.remove("on");
  byId("holdword").textContent = "按住讲";
  const wav = await recorder.end();
  if (wav === null) return;
  if (wav.seconds < 0.4) return trouble("按住话筒不放，讲完再松开。");
  const query = new URLSearchParams({ session, caller: caller.value, dialled, id: newSession() });
  await ask(`/api/voice?${query}`, { method: "POST", headers: { "Content-Type": "audio/wav" }, body: wav.blob }, null);
}

hold.addEventListener("pointerdown", holdBegins);
for (const name of ["pointerup", "pointercancel", "pointerleave"]) hold.addEventListener(name, holdEnds);
hold.addEventListener("keydown", (event) => { if (event.key === " " && !event.repeat) holdBegins(event); });
hold.addEventListener("keyup", (event) => { if (event.key === " ") holdEnds(); });
hold.addEventListener("contextmenu", (event) => event.preventDefault());

async function begin() {
  greet();
  if (dialled) {
    byId("grid").textContent = `${grid} 号网格`;
    byId("grid").hidden = false;
  }
  const start = await (await fetch("/api/start")).json();
  byId("site").textContent = start.site;
  byId("line").textContent = typeset(start.line);
  document.title = `格格 · ${start.site}`;
  if (!caller.value) caller.value = start.caller;
  hold.disabled = !start.hears;
  if (!start.speaks) sound.hidden = true;
  byId("examples").replaceChildren(...start.examples.map((sentence) => {
    const button = element("button", "", typeset(sentence));
    button.type = "button";
    button.addEventListener("click", () => say(sentence));
    return button;
  }));
}

begin().catch(() => trouble("连不上，请刷新页面再试。"));
