// The telephone on a page: one green button, big plain words, live captions.

import { Line } from "./line.js";
import { element, typeset } from "./page.js";
import { whyNoMicrophone } from "./sound.js";

const STATES = {
  dialling: ["正在接通", "浏览器问话筒，请点“允许”。"],
  listening: ["在听", "您讲，慢慢讲。"],
  thinking: ["在想", "等一下，我看看。"],
  speaking: ["在讲", "您随时可以插话。"],
  over: ["讲完了", "有事再打来。"],
};
const KEYS = "123456789*0#";
const HANDSET = "M6.6 10.8a15 15 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.25 11.4 11.4 0 0 0 3.6.57 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1 11.4 11.4 0 0 0 .57 3.6 1 1 0 0 1-.25 1Z";

function handset(size) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [name, value] of [["viewBox", "0 0 24 24"], ["width", size], ["height", size], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  path.setAttribute("d", HANDSET);
  path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}

function button(className, word, act, icon = 0) {
  const made = element("button", className);
  made.type = "button";
  if (icon) made.append(handset(icon));
  made.append(element("span", "", word));
  made.addEventListener("click", act);
  return made;
}

// Makes its own elements below `root`. `oncase(found)` and `onclose()` tell the page.
export class Phone {
  oncase = () => {};
  onclose = () => {};
  #line = null;
  #awake = null;
  #partial = null;
  #facts;

  // `facts()`: what the line is told of the page: grid, caller.
  constructor(root, facts) {
    this.root = root;
    this.#facts = facts;
    root.classList.add("phone");
    this.lamp = element("div", "lamp");
    this.lamp.append(handset(46));
    this.word = element("strong", "word");
    this.hint = element("span", "hint");
    const told = element("div", "says-state");
    told.setAttribute("role", "status");
    told.append(this.word, this.hint);
    this.head = element("div", "callhead");
    this.head.append(this.lamp, told);
    this.captions = element("ol", "captions");
    this.captions.setAttribute("aria-live", "polite");
    this.captions.setAttribute("aria-label", "讲的话");
    this.keypad = element("div", "keypad");
    this.keypad.hidden = true;
    this.keypad.append(...[...KEYS].map((key) => button("key", key, () => this.#line?.key(key))));
    this.person = button("side", "找人", () => this.#line?.key("0"));
    this.again = button("side", "再讲一遍", () => this.#line?.key("*"));
    this.keys = button("side", "数字键", () => this.#showKeys(this.keypad.hidden));
    this.keys.setAttribute("aria-expanded", "false");
    this.hangUp = button("hangup", "挂断", () => this.#line?.hangUp(), 30);
    this.dial = button("dial", "再打一次", () => this.call(), 30);
    this.back = button("side", "回去", () => this.#close());
    this.sides = element("div", "sides");
    this.sides.append(this.person, this.again, this.keys);
    const foot = element("div", "callfoot");
    foot.append(this.keypad, this.sides, this.hangUp, this.dial, this.back);
    root.append(this.head, this.captions, foot);
    this.#show("");
  }

  // From a tap. The same page can call again; every call is a conversation of its own.
  async call() {
    if (this.#line) return;
    const why = whyNoMicrophone();
    if (why) return this.#failed(why);
    const line = this.#line = new Line();
    this.captions.replaceChildren();
    this.#partial = null;
    line.addEventListener("state", ({ detail }) => this.#state(detail));
    line.addEventListener("caption", ({ detail }) => this.#caption(detail));
    line.addEventListener("case", ({ detail }) => this.#case(detail));
    line.addEventListener("level", ({ detail }) => this.lamp.style.setProperty("--level", Math.min(1, detail.peak * 2.2).toFixed(2)));
    try {
      await line.open(this.#facts());
      this.#awake = await navigator.wakeLock?.request("screen").catch(() => null);
    } catch (problem) {
      this.#line = null;
      this.#failed(problem.message);
    }
  }

  #state({ state, lost, reason }) {
    if (state !== "over") return this.#show(state);
    this.#line = null;
    this.#awake?.release();
    this.#awake = null;
    if (reason || lost) this.#failed(reason || "电话断了。您讲过的话都留着，会有人看。再打一次就行，急事打 95598。");
    else this.#show("over");
  }

  #failed(words) {
    this.#show("over", "没打通", words);
    if (this.captions.children.length) this.word.textContent = "断线了";
    this.root.classList.add("failed");
  }

  #show(state, word = STATES[state]?.[0] ?? "", hint = STATES[state]?.[1] ?? "") {
    this.root.dataset.state = state;
    this.root.classList.remove("failed");
    this.word.textContent = word;
    this.hint.textContent = hint;
    const on = Boolean(state) && state !== "over";
    this.hangUp.hidden = this.sides.hidden = !on;
    this.dial.hidden = this.back.hidden = on || !state;
    if (!on) this.#showKeys(false);
    if (state !== "listening") this.lamp.style.setProperty("--level", 0);
  }

  #showKeys(shown) {
    this.keypad.hidden = !shown;
    this.keys.setAttribute("aria-expanded", String(shown));
  }

  #caption({ event, text, unclear, meaning, fallback, digit }) {
    if (event === "partial") {
      this.#partial ??= this.#bubble("you hearing", "");
      this.#partial.firstChild.textContent = text;
    } else if (event === "heard" || event === "key") {
      this.#partial?.remove();
      this.#partial = null;
      const said = event === "key" ? `按了 ${digit}${text ? `（${text}）` : ""}` : text;
      this.said = this.#bubble("you", said || "（没听到话）");
      if (unclear) this.said.append(element("div", "under", "没听清"));
    } else if (event === "understood" && meaning) {
      const under = element("div", "under", "听懂：");
      under.append(element("b", "", meaning));
      if (fallback) under.append(element("span", "unsure", "（没把握）"));
      this.said?.append(under);
    } else if (event === "said") {
      this.#partial?.remove();
      this.#partial = null;
      this.#bubble("gege", text);
    } else return;
    this.#toEnd();
  }

  #case(found) {
    this.oncase(found);
    const known = found.case;
    if (!known || this.captions.querySelector(".logged")) return;
    const line = element("li", "logged");
    const number = element("a", "", known.phone);
    number.href = `tel:${known.phone}`;
    line.append(element("b", "", "记下了"), element("span", "", `归${known.who}管　`), number);
    this.captions.append(line);
    this.#toEnd();
  }

  #toEnd() {
    this.captions.lastElementChild?.scrollIntoView({ block: "center" });
  }

  #bubble(who, text) {
    const item = element("li", who);
    item.append(element("div", "bubble", typeset(text)));
    this.captions.append(item);
    return item;
  }

  #close() {
    this.#show("");
    this.captions.replaceChildren();
    this.onclose();
  }
}
