// What was reported from this browser, and how far it is, followed while somebody looks at the page.

import { byId, element, typeset } from "./page.js";

const ORDER = ["reported", "acknowledged", "on_site", "resolved", "closed"];
const LOOK_MS = 3000;

export class Case {
  #session = "";
  #watching = 0;

  // What was shown is forgotten; from now on this session's case is looked for.
  begin(session) {
    clearTimeout(this.#watching);
    this.#session = session;
    byId("case").hidden = true;
    this.look().catch(() => { /* the next turn shows it */ });
  }

  // Without forgetting what is shown.
  follow(session) {
    this.#session = session;
  }

  get known() {
    return !byId("case").hidden;
  }

  show(found) {
    const known = found.case;
    if (!known) return;
    byId("case").hidden = false;
    byId("what").textContent = typeset(known.what);
    byId("state").textContent = known.state_name;
    const reached = ORDER.indexOf(known.state);
    byId("steps").hidden = reached < 0;
    byId("steps").replaceChildren(...known.steps.map(([state, name]) => element("li", ORDER.indexOf(state) <= reached ? "done" : "", name)));
    byId("who").textContent = known.who;
    byId("whophone").textContent = known.phone;
    byId("whophone").href = `tel:${known.phone}`;
    byId("since").textContent = known.changed_at === known.opened_at ? `${known.opened_at} 记下` : `${known.opened_at} 记下，${known.changed_at} 有新情况`;
    byId("said").textContent = typeset(known.said.join("；"));
    this.watch();
  }

  async look() {
    const mine = this.#session;
    const response = await fetch(`/api/case?session=${mine}`);
    const found = await response.json();
    if (mine === this.#session && response.ok) this.show(found);
  }

  // The case goes on after the talk.
  watch() {
    clearTimeout(this.#watching);
    const mine = this.#session;
    this.#watching = setTimeout(async () => {
      try {
        if (!document.hidden) await this.look();
      } catch { /* the next look may work */ }
      if (mine === this.#session) this.watch();
    }, LOOK_MS);
  }
}
