// /demo: the ticket of a conversation and what its people were told, followed while somebody looks at the page.

import { byId, element, typeset } from "./page.js";

const ORDER = ["reported", "acknowledged", "on_site", "resolved", "closed"];
const FIELDS = [["place", "地方"], ["householder", "户主"], ["grid_no", "网格"], ["owner", "负责人"], ["owner_phone", "电话"], ["said", "原话"], ["opened_at", "受理"]];
const LOOK_MS = 3000;

export class StaffCase {
  #session = "";
  #watching = 0;

  // What was shown is forgotten; from now on this session's ticket is looked for.
  begin(session) {
    clearTimeout(this.#watching);
    this.#session = session;
    byId("ticket").hidden = true;
    byId("ticket_no").textContent = "";
    byId("notices").replaceChildren();
    byId("empty").hidden = false;
  }

  // Without forgetting what is shown.
  follow(session) {
    this.#session = session;
  }

  get known() {
    return !byId("ticket").hidden;
  }

  async look() {
    const mine = this.#session;
    const response = await fetch(`/api/demo/case?session=${mine}`);
    const found = await response.json();
    if (mine === this.#session && response.ok) this.show(found);
  }

  show(found) {
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
      : ticket.steps.map(([state, name]) => element("li", ORDER.indexOf(state) <= reached ? "done" : "", name))));
    byId("facts").replaceChildren(...FIELDS.flatMap(([key, name]) => (ticket[key] ? [element("dt", "", name), element("dd", "", typeset(ticket[key]))] : [])));
    byId("notices").replaceChildren(...found.notifications.map((each) => {
      const box = element("section", each.urgent ? "notice urgent" : "notice"), head = element("header");
      head.append(element("b", "", `${each.name}（${each.role}）`), element("span", "", `${each.state} ${each.at}`));
      box.append(head, element("p", "", typeset(each.text)));
      return box;
    }));
    this.watch();
  }

  // The ticket goes on after the talk.
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
