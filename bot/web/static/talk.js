// A written conversation, and the telephone beside it: what the resident's page and the demonstration have in common.

import { byId, element, gridOfPage, newSession, tellOfEar, typeset } from "./page.js";
import { Phone } from "./phone.js";
import { whyNoMicrophone } from "./sound.js";

// `shown` shows the case (begin, show, watch), `kept` knows the session after a reload, `api` is where turns go.
export class Talk {
  // What a page adds below what was said, and below the answer.
  onanswer = () => {};
  #busy = false;
  #aloud = true;

  constructor({ shown, api = "/api", more = {}, kept = { session: newSession, forget: newSession, shows() {}, shown() {} } }) {
    this.shown = shown;
    this.api = api;
    this.kept = kept;
    this.session = kept.session();
    this.grid = gridOfPage();
    this.phone = new Phone(byId("phone"), this.grid, more);
    this.hintText = byId("hint").textContent;
    this.#listen();
  }

  async begin() {
    this.#greet();
    this.shown.begin(this.kept.shown() || this.session);
    if (this.grid) {
      byId("grid").textContent = `${this.grid} 号网格`;
      byId("grid").hidden = false;
    }
    const start = await (await fetch(`${this.api}/start`)).json();
    byId("site").textContent = start.site;
    byId("line").textContent = typeset(start.line);
    document.title = `格格 · ${start.site}`;
    this.hintText += start.elsewhere;
    this.trouble("");
    this.#noPhone(start.hears ? whyNoMicrophone() : "现在接不了电话，请打字讲。");
    tellOfEar(start);
    if (!start.speaks) byId("sound").hidden = true;
    byId("examples").replaceChildren(...start.examples.map((sentence) => {
      const button = element("button", "", typeset(sentence));
      button.type = "button";
      button.addEventListener("click", () => this.say(sentence));
      return button;
    }));
    return start;
  }

  say(sentence) {
    if (this.#busy) return;
    const value = sentence.trim();
    if (!value) return this.trouble("您还没讲话呢，打几个字，或者打电话讲。");
    const said = this.bubble("you", value);
    byId("text").value = "";
    const turn = { session: this.session, text: value, caller: byId("caller").value, dialled: this.grid ? `grid_${this.grid}` : "", id: newSession() };
    return this.#ask(`${this.api}/turn`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(turn),
    }, said);
  }

  bubble(who, content) {
    const item = element("li", who);
    item.append(element("div", "bubble", typeset(content)));
    this.#put(item);
    return item;
  }

  trouble(message) {
    byId("hint").textContent = message ? typeset(message) : this.hintText;
    byId("hint").classList.toggle("trouble", Boolean(message));
  }

  #listen() {
    const { phone, shown } = this;
    byId("anew").addEventListener("click", () => {
      byId("player").pause();
      this.session = this.kept.forget();
      shown.begin(this.session);
      this.#setBusy(false);
      this.trouble("");
      byId("talk").replaceChildren();
      this.#greet();
      byId("text").focus();
    });
    byId("sound").addEventListener("click", ({ currentTarget }) => {
      this.#aloud = !this.#aloud;
      currentTarget.setAttribute("aria-pressed", String(this.#aloud));
      currentTarget.textContent = typeset(this.#aloud ? "出声：开" : "出声：关");
      if (!this.#aloud) byId("player").pause();
    });
    byId("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.say(byId("text").value);
    });
    byId("dial").addEventListener("click", () => {
      byId("player").pause();
      byId("phone").hidden = false;
      document.body.classList.add("calling");
      phone.call();
    });
    // A call is a conversation of its own; its case is shown where that of the written one was.
    phone.oncase = (found) => shown.show(found);
    phone.onbegin = (own) => { this.kept.shows(own); shown.begin(own); shown.watch(); };
    phone.onclose = () => {
      byId("phone").hidden = true;
      document.body.classList.remove("calling");
      if (!shown.known) shown.begin(this.session);
    };
  }

  async #ask(path, options, said) {
    this.#setBusy(true);
    this.trouble("");
    const dots = this.#waiting(), mine = this.session;
    let answer;
    try {
      const response = await fetch(path, options);
      answer = await response.json();
    } catch {
      answer = { error: "连不上，请看看网络，再讲一遍。" };
    }
    dots.remove();
    this.#setBusy(false);
    if (mine !== this.session) return;
    if (answer.error && !answer.reply) this.bubble("gege trouble", answer.error);
    else {
      const item = this.bubble("gege", answer.reply || "……");
      if (answer.speech) this.#sounds(item, answer.speech);
      this.onanswer(answer, said, item);
    }
    this.kept.shows(mine);
    this.shown.follow(mine);
    this.shown.show(answer);
    byId("talk").scrollTop = byId("talk").scrollHeight;
    if (matchMedia("(min-width: 861px)").matches) byId("text").focus({ preventScroll: true });
  }

  #sounds(item, url) {
    const again = element("button", "again", "再听一遍");
    again.type = "button";
    again.addEventListener("click", () => this.#play(url));
    item.append(again);
    if (this.#aloud) this.#play(url);
  }

  #play(url) {
    byId("player").src = url;
    byId("player").play().catch(() => { /* the browser waits for the first tap */ });
  }

  #waiting() {
    const item = element("li", "gege waiting"), dots = element("div", "bubble");
    dots.append(element("i"), element("i"), element("i"));
    item.append(dots);
    this.#put(item);
    return item;
  }

  #put(item) {
    byId("talk").append(item);
    byId("talk").scrollTop = byId("talk").scrollHeight;
  }

  #setBusy(value) {
    this.#busy = value;
    byId("send").disabled = value;
    for (const button of byId("examples").children) button.disabled = value;
  }

  #greet() {
    this.bubble("gege", "您好，我是格格，是自动语音。有什么事慢慢讲；要找人，就讲“找人”。");
  }

  #noPhone(why) {
    byId("dial").hidden = Boolean(why);
    byId("nophone").hidden = !why;
    byId("nophone").textContent = why;
  }
}
