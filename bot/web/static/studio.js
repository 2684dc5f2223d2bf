// The prompt studio: read, speak, listen; what was recorded is spoken from then on.

import { byId, element, typeset } from "./page.js";
import { Sound, whyNoMicrophone } from "./sound.js";

const RATE = 16000;
// The microphone goes off when nobody has recorded for so long.
const REST_MS = 45000;
const LONG_TEXT = 22;
const player = byId("player"), record = byId("record"), tell = byId("tell");

let groups = [], longest = 30;
let group = 0, place = 0;
let sound = null, resting = 0;
let frames = null;      // of the take that is being recorded
let busy = false;

const items = () => groups[group].items;
const listed = () => items().filter((item) => item === items()[place] || !byId("missing").checked || !item.recorded);
const done = (list) => list.filter((item) => item.recorded).length;

function say(words, trouble = false) {
  tell.textContent = typeset(words);
  tell.classList.toggle("trouble", trouble);
}

function show() {
  const item = items()[place], all = groups.flatMap((each) => each.items);
  byId("count").textContent = `已录 ${done(all)} / ${all.length}`;
  byId("bar").style.width = `${(100 * done(all)) / all.length}%`;
  byId("where").textContent = `${groups[group].title} · 第 ${place + 1} 句，共 ${items().length} 句`;
  byId("text").textContent = typeset(item.text);
  byId("text").classList.toggle("long", item.text.length > LONG_TEXT);
  context(item);
  byId("proposal").hidden = !item.proposed;
  byId("hear").disabled = byId("remove").disabled = !item.recorded;
  byId("groups").replaceChildren(...groups.map((each, number) => {
    const button = element("button", done(each.items) === each.items.length ? "full" : ""), title = element("b", "", each.title);
    button.type = "button";
    button.setAttribute("aria-current", String(number === group));
    title.append(element("span", "", `${done(each.items)} / ${each.items.length}`));
    const bar = element("div", "bar"), filled = element("i");
    filled.style.width = `${(100 * done(each.items)) / each.items.length}%`;
    bar.append(filled);
    button.append(title, element("small", "", each.about), bar);
    button.addEventListener("click", () => go(number, Math.max(0, each.items.findIndex((one) => !one.recorded))));
    return button;
  }));
  byId("group").textContent = groups[group].title;
  byId("list").replaceChildren(...listed().map((each) => {
    const line = element("li"), button = element("button", each.recorded ? "done" : "");
    button.type = "button";
    button.setAttribute("aria-current", String(each === item));
    button.append(element("i"), element("span", "", typeset(each.text)), ...(each.proposed ? [element("em", "", "实验")] : []), element("small", "", typeset(each.context)));
    button.addEventListener("click", () => go(group, items().indexOf(each)));
    line.append(button);
    return line;
  }));
  byId("list").querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
}

// A part is spoken as it sounds inside its sentence.
function context(item) {
  const line = byId("context"), whole = typeset(item.context), own = typeset(item.text);
  const at = whole.indexOf(own);
  if (at < 0) line.textContent = item.whole ? "" : "只念这几个字，平平稳稳地念。";
  else line.replaceChildren("只念红字：", whole.slice(0, at), element("b", "", own), whole.slice(at + own.length));
}

function go(toGroup, toPlace) {
  if (frames || busy) return;
  player.pause();
  [group, place] = [toGroup, toPlace];
  say("");
  show();
}

function step(by) {
  if (place + by >= 0 && place + by < items().length) return go(group, place + by);
  const next = (group + by + groups.length) % groups.length;
  go(next, by > 0 ? 0 : groups[next].items.length - 1);
}

function rest() {
  clearTimeout(resting);
  resting = setTimeout(() => { if (!frames) { sound?.close(); sound = null; } }, REST_MS);
}

async function begin() {
  player.pause();
  busy = true;
  try {
    if (!sound) {
      const opened = new Sound();
      // As it sounds: a browser's clean-up would cut soft beginnings.
      await opened.open({ natural: true });
      opened.onlost = () => { sound = null; end(); };
      sound = opened;
    }
  } catch (problem) {
    return say(problem.message, true);
  } finally {
    busy = false;
  }
  clearTimeout(resting);
  frames = [];
  sound.onframe = ({ pcm, peak }) => {
    if (!frames) return;
    frames.push(new Int16Array(pcm));
    record.style.setProperty("--level", Math.min(1, peak * 1.6).toFixed(2));
    if (frames.length * 0.02 > longest) end();
  };
  record.classList.add("on");
  byId("recordword").textContent = "念完了";
  say("正在录，请念。");
}

async function end() {
  const take = frames;
  frames = null;
  record.classList.remove("on");
  record.style.setProperty("--level", 0);
  byId("recordword").textContent = "录音";
  rest();
  if (!take) return;
  const item = items()[place];
  busy = record.disabled = true;
  say("正在存……");
  try {
    const response = await fetch(`/api/studio/${item.name}`, { method: "PUT", headers: { "Content-Type": "audio/wav" }, body: wav(take) });
    const answer = await response.json();
    if (!response.ok) return say(answer.error, true);
    Object.assign(item, answer);
    say(`存好了，${answer.seconds.toFixed(1)} 秒。您听听看。`);
    show();
    play(`/api/studio/${item.name}.wav?v=${item.recorded}`);
  } catch {
    say("没存上，请看看网络，再录一遍。", true);
  } finally {
    busy = record.disabled = false;
  }
}

function wav(take) {
  const length = take.reduce((sum, part) => sum + part.length, 0);
  const view = new DataView(new ArrayBuffer(44 + length * 2));
  const word = (at, letters) => [...letters].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + length * 2, true); word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true); view.setUint32(28, RATE * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  word(36, "data"); view.setUint32(40, length * 2, true);
  let at = 44;
  for (const part of take) for (const sample of part) { view.setInt16(at, sample, true); at += 2; }
  return new Blob([view], { type: "audio/wav" });
}

function play(url) {
  player.src = url;
  player.play().catch(() => { /* the browser waits for the first tap */ });
}

async function remove() {
  const item = items()[place];
  if (busy || frames || !item.recorded || !confirm(`删掉“${typeset(item.text)}”的录音？删了就由机器来讲。`)) return;
  try {
    const response = await fetch(`/api/studio/${item.name}`, { method: "DELETE" }), answer = await response.json();
    if (!response.ok) return say(answer.error, true);
    Object.assign(item, answer);
    say("删掉了，这一句由机器来讲。");
    show();
  } catch {
    say("没删成，请看看网络，再试一次。", true);
  }
}

// What a machine offers for this sentence: taken, it is a recording like any other; thrown away, it does not come back.
async function decide(method, done) {
  const item = items()[place];
  if (busy || frames || !item.proposed) return;
  player.pause();
  busy = true;
  try {
    const response = await fetch(`/api/studio/${item.name}/proposal`, { method }), answer = await response.json();
    if (!response.ok) return say(answer.error, true);
    Object.assign(item, answer);
    say(done);
    show();
  } catch {
    say("没弄成，请看看网络，再试一次。", true);
  } finally {
    busy = false;
  }
}

byId("proposalhear").addEventListener("click", () => { const item = items()[place]; play(`/api/studio/${item.name}/proposal.wav?v=${item.proposed}`); });
byId("proposaltake").addEventListener("click", () => decide("POST", "采用了，格格从现在起这样讲。"));
byId("proposalbin").addEventListener("click", () => {
  if (confirm(`丢弃“${typeset(items()[place].text)}”的实验录音？丢了就不再拿出来。`)) decide("DELETE", "丢弃了，不再拿出来。");
});
record.addEventListener("click", () => { if (!busy) frames ? end() : begin(); });
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("hear").addEventListener("click", () => { const item = items()[place]; play(`/api/studio/${item.name}.wav?v=${item.recorded}`); });
byId("sample").addEventListener("click", () => play(`/api/studio/${items()[place].name}/sample.wav?v=${Date.now()}`));
byId("remove").addEventListener("click", remove);
byId("missing").addEventListener("change", show);
document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement || event.repeat) return;
  if (event.key === "ArrowRight") step(1);
  if (event.key === "ArrowLeft") step(-1);
});
window.addEventListener("pagehide", () => sound?.close());

async function start() {
  const found = await (await fetch("/api/studio")).json();
  if (found.error) return say(found.error, true);
  ({ groups, longest_s: longest } = found);
  const first = groups.findIndex((each) => done(each.items) < each.items.length);
  group = Math.max(0, first);
  place = Math.max(0, items().findIndex((item) => !item.recorded));
  show();
  const why = whyNoMicrophone();
  record.disabled = Boolean(why);
  if (why) say(why, true);
}

start().catch(() => say("连不上，请刷新页面再试。", true));
