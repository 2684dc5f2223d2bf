// /demo, with the sample county only: what a resident sees, and beside it what the grid's people see.

import { byId, element } from "./page.js";
import { StaffCase } from "./staff-case.js";
import { Talk } from "./talk.js";

const shown = new StaffCase();
const talk = new Talk({ shown, api: "/api/demo", more: { demo: 1 } });

function understood(found) {
  const line = element("div", "under");
  line.append("听懂：", element("b", "", found.meaning), ` ${Math.round(found.confidence * 100)}%`);
  if (found.fallback) line.append(element("span", "unsure", "（没把握，会再问一句）"));
  return line;
}

talk.onanswer = (answer, said, item) => {
  if (answer.understanding) said.append(understood(answer.understanding));
  if (!answer.ticket || answer.ticket.ticket_no === byId("ticket_no").textContent) return;
  const look = element("button", "again look", `看单子 ${answer.ticket.ticket_no}`);
  look.type = "button";
  look.addEventListener("click", () => byId("ticket").scrollIntoView({ behavior: "smooth", block: "start" }));
  item.append(look);
};
// The line tells a page what its resident may see; staff's side is fetched.
talk.phone.oncase = () => shown.look();

talk.begin()
  .then((start) => { byId("caller").value ||= start.caller; })
  .catch(() => talk.trouble("连不上，请刷新页面再试。"));
