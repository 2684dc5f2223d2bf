// The residents' page with script: what is written is sent without leaving the page, and waits here while there is no signal.
// Written for browsers of 2019; where it does not run, the same form posts.
(function () {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const form = byId("write"), WAITING = "gege-waiting", ALOUD = "gege-aloud", LOOK_MS = 8000, AGAIN_MS = 4000;
  const words = form ? JSON.parse(form.dataset.words) : {};
  const shelf = {
    get(name) { try { return localStorage.getItem(name); } catch (_) { return null; } },
    set(name, value) { try { if (value === null) localStorage.removeItem(name); else localStorage.setItem(name, value); } catch (_) { /* then it lasts as long as the page */ } },
  };
  let busy = false, waiting = "", aloud = shelf.get(ALOUD) !== "off", looking = 0;

  const tell = (text) => { if (byId("told")) byId("told").textContent = text; };
  const pageOf = (text) => new DOMParser().parseFromString(text, "text/html");

  // What the server drew anew; what did not change stays, so that a reader's place and focus stay.
  function draw(found) {
    let news = false;
    for (const id of ["mine", "talk", "staff"]) {
      const mine = byId(id), theirs = found.getElementById(id);
      if (!mine || !theirs) continue;
      const before = mine.innerHTML.replace(/\/api\/speech\/[^"]+/g, "");
      if (before !== theirs.innerHTML.replace(/\/api\/speech\/[^"]+/g, "")) {
        if (id === "mine" && !mine.hidden) news = true;
        mine.innerHTML = theirs.innerHTML;
      }
      mine.hidden = theirs.hidden;
    }
    const anew = byId("anew"), examples = document.querySelector(".examples"), caller = document.querySelector(".caller");
    if (anew && found.getElementById("anew")) anew.hidden = found.getElementById("anew").hidden;
    if (examples && !found.querySelector(".examples")) {
      examples.remove();
      caller.replaceWith(found.querySelector(".caller"));
      form.classList.add("started");
    }
    const once = found.querySelector("#write [name=once]");
    if (once && form) form.elements.once.value = once.value;
    return news;
  }

  function look() {
    if (busy || waiting) return Promise.resolve();
    return fetch(location.pathname + location.search, { headers: { Accept: "text/html" } })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(String(answer.status)))))
      .then((text) => { if (!busy && !waiting && draw(pageOf(text))) tell(words.news || ""); })
      .catch(() => { /* the next look may work */ });
  }

  function watch() {
    const waits = document.querySelector("[data-waits]"), every = waits ? Math.max(LOOK_MS, 1000 * Number(waits.dataset.waits)) : LOOK_MS;
    clearTimeout(looking);
    looking = setTimeout(() => { (document.hidden || (byId("mine").hidden && !byId("staff") && !waits) ? Promise.resolve() : look()).then(watch); }, every);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  // The telephone beside it tells of news.
  document.addEventListener("gege-look", look);

  function bubble(who, text) {
    const item = document.createElement("li"), box = document.createElement("div");
    item.className = who;
    box.className = "bubble";
    if (text === null) box.innerHTML = '<span class="dots"><i></i><i></i><i></i></span>';
    else box.textContent = text;
    item.append(box);
    byId("talk").append(item);
    item.scrollIntoView({ block: "nearest" });
    return item;
  }

  function play(url) {
    const player = byId("player");
    player.src = url;
    const began = player.play();
    if (began) began.catch(() => { /* the browser waits for the first tap */ });
  }

  function show(found) {
    draw(found);
    const last = byId("now");
    if (!last) return;
    last.scrollIntoView({ block: "nearest" });
    const sound = last.querySelector(".again");
    if (sound && aloud) play(sound.getAttribute("href"));
  }

  // `body`: a form as it is sent. The same body twice is one sentence, so it may be sent again until it arrives.
  function send(body) {
    const text = new URLSearchParams(body).get("example") || new URLSearchParams(body).get("text");
    const said = bubble("you", text), dots = bubble("gege", null);
    busy = true;
    byId("send").disabled = true;
    const over = () => { busy = false; byId("send").disabled = false; dots.remove(); };
    return fetch(form.getAttribute("action"), { method: "POST", headers: { Accept: "text/html", "Content-Type": "application/x-www-form-urlencoded" }, body })
      .then((answer) => answer.text().then((page) => [answer.ok, pageOf(page)]))
      .then(([ok, found]) => {
        over();
        const late = Boolean(waiting);
        keep("");
        if (ok) { show(found); tell(late ? words.sent : ""); } else {
          said.remove();
          const why = found.querySelector(".say");
          tell((why && why.textContent) || words.failed);
          if (!form.elements.text.value) form.elements.text.value = text;
        }
      })
      .catch(() => {
        over();
        said.className = "you unsent";
        tell(words.kept);
        keep(body);
        setTimeout(() => { if (waiting === body && !busy) { said.remove(); send(body); } }, AGAIN_MS);
      });
  }

  function keep(body) {
    waiting = body;
    shelf.set(WAITING, body || null);
  }

  if (form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (busy || waiting) return;
      const pressed = event.submitter || document.activeElement, example = pressed && pressed.name === "example" ? pressed.value : "";
      const values = new FormData(form);
      if (example) values.set("example", example);
      if (!example && !String(values.get("text")).trim()) return tell(words.empty);
      const body = new URLSearchParams(values).toString();
      tell("");
      form.elements.text.value = "";
      shelf.set("gege-draft", null);
      send(body);
    });
    // Enter sends; a new line is not what people who write to her want.
    form.elements.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      byId("send").click();
    });
    form.elements.text.addEventListener("input", () => shelf.set("gege-draft", form.elements.text.value));
    if (shelf.get("gege-draft") && !form.elements.text.value) form.elements.text.value = shelf.get("gege-draft");
    byId("talk").addEventListener("click", (event) => {
      const sound = event.target.closest(".again");
      if (!sound) return;
      event.preventDefault();
      play(sound.getAttribute("href"));
    });
    const left = shelf.get(WAITING);
    if (left) { keep(left); send(left); }
    const now = byId("now");
    if (now) now.scrollIntoView({ block: "nearest" });
    const button = byId("aloud");
    if (document.querySelector("[data-speaks]")) {
      button.hidden = false;
      const name = () => { button.textContent = aloud ? button.dataset.on : button.dataset.off; button.setAttribute("aria-pressed", String(aloud)); };
      name();
      button.addEventListener("click", () => { aloud = !aloud; shelf.set(ALOUD, aloud ? "on" : "off"); name(); if (!aloud) byId("player").pause(); });
    }
    byId("anew").addEventListener("submit", () => { keep(""); shelf.set("gege-draft", null); });
  }
  watch();
})();
