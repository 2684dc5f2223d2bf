// The first page: call Gege or write to it, and what becomes of it.

import { Case } from "./case.js";
import { byId, element, gridOfPage, newSession, typeset } from "./page.js";
import { Phone } from "./phone.js";
import { whyNoMicrophone } from "./sound.js";

const talk = byId("talk"), form = byId("form"), text = byId("text"), send = byId("send"), dial = byId("dial");
const caller = byId("caller"), hint = byId("hint"), player = byId("player"), sound = byId("sound");
const hintText = hint.textContent;
const grid = gridOfPage();
const dialled = grid ? `grid_${grid}` : "";
const shown = new Case();
const phone = new Phone(byId("phone"), grid);

let session = newSession();
let busy = false;
let aloud = true;

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
  if (answer.understanding) said.append(understood(answer.understanding));
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
  shown.follow(session);
  shown.show(answer);
  talk.scrollTop = talk.scrollHeight;
  if (matchMedia("(min-width: 861px)").matches) text.focus({ preventScroll: true });
}

function say(sentence) {
  if (busy) return;
  const value = sentence.trim();
  if (!value) return trouble("您还没讲话呢，打几个字，或者打电话讲。");
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

function greet() {
  bubble("gege", "您好，我是格格，是自动语音。有什么事慢慢讲；要找人，就讲“转人工”。");
}

byId("anew").addEventListener("click", () => {
  player.pause();
  session = newSession();
  shown.begin(session);
  setBusy(false);
  trouble("");
  talk.replaceChildren();
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

// A call is a conversation of its own; its ticket is shown where that of the written one was.
phone.oncase = (found) => shown.show(found);
phone.onbegin = (own) => { shown.begin(own); shown.watch(); };
phone.onclose = () => {
  byId("phone").hidden = true;
  document.body.classList.remove("calling");
  if (byId("ticket").hidden) shown.begin(session);
};

dial.addEventListener("click", () => {
  player.pause();
  byId("phone").hidden = false;
  document.body.classList.add("calling");
  phone.call();
});

function noPhone(why) {
  dial.hidden = Boolean(why);
  byId("nophone").hidden = !why;
  byId("nophone").textContent = why;
}

async function begin() {
  greet();
  shown.begin(session);
  if (dialled) {
    byId("grid").textContent = `${grid} 号网格`;
    byId("grid").hidden = false;
  }
  const start = await (await fetch("/api/start")).json();
  byId("site").textContent = start.site;
  byId("line").textContent = typeset(start.line);
  document.title = `格格 · ${start.site}`;
  if (!caller.value) caller.value = start.caller;
  noPhone(start.hears ? whyNoMicrophone() : "现在接不了电话，请打字讲。");
  if (!start.speaks) sound.hidden = true;
  byId("examples").replaceChildren(...start.examples.map((sentence) => {
    const button = element("button", "", typeset(sentence));
    button.type = "button";
    button.addEventListener("click", () => say(sentence));
    return button;
  }));
}

begin().catch(() => trouble("连不上，请刷新页面再试。"));
