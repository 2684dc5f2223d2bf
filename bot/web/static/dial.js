// The green button: with a browser that can, it calls Gege in the page; else it stays a link to the station's telephone.

import { byId } from "./page.js";
import { Phone } from "./phone.js";
import { whyNoMicrophone } from "./sound.js";

const dial = byId("dial"), why = whyNoMicrophone();
const grid = document.querySelector("[name=grid]")?.value ?? byId("phone").dataset.grid ?? "";

const phone = new Phone(byId("phone"), () => ({ grid, caller: byId("caller")?.value ?? "", ...(location.pathname === "/demo" ? { demo: 1 } : {}) }));
const look = () => document.dispatchEvent(new Event("gege-look"));

function show(calling) {
  document.body.classList.toggle("calling", calling);
  byId("phone").hidden = !calling;
  if (!calling) dial.focus();
}

phone.oncase = look;
phone.onclose = () => { show(false); look(); };

if (why) {
  byId("nophone").textContent = why;
  byId("nophone").hidden = false;
} else {
  dial.setAttribute("role", "button");
  byId("dialhint").textContent = dial.dataset.hint;
  dial.addEventListener("click", (event) => {
    event.preventDefault();
    byId("player")?.pause();
    show(true);
    phone.call();
  });
}
