// /phone: nothing but the telephone.

import { Case } from "./case.js";
import { byId, gridOfPage, tellOfEar } from "./page.js";
import { Phone } from "./phone.js";
import { whyNoMicrophone } from "./sound.js";

const grid = gridOfPage();
const phone = new Phone(byId("phone"), grid);
const shown = new Case();

function show(calling) {
  byId("start").hidden = calling;
  byId("phone").hidden = !calling;
}

phone.onbegin = (session) => { shown.begin(session); shown.watch(); };
phone.oncase = (found) => shown.show(found);
phone.onclose = () => show(false);

byId("dial").addEventListener("click", () => { show(true); phone.call(); });

function noPhone(why) {
  byId("dial").hidden = Boolean(why);
  byId("nophone").hidden = !why;
  byId("nophone").textContent = why;
}

async function begin() {
  if (grid) {
    byId("write").href = `/?grid=${grid}`;
    byId("grid").textContent = `${grid} 号网格`;
    byId("grid").hidden = false;
  }
  noPhone(whyNoMicrophone());
  const start = await (await fetch("/api/start")).json();
  byId("site").textContent = start.site;
  document.title = `打电话 · ${start.site}`;
  tellOfEar(start);
  byId("elsewhere").textContent = start.elsewhere;
  if (!start.hears) noPhone("现在接不了电话，请打字讲，或者打 95598。");
}

begin().catch(() => noPhone("连不上，请刷新页面再试，或者打 95598。"));
