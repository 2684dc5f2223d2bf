// What every page of Gege needs. Foreign text enters by textContent only.

export const byId = (id) => document.getElementById(id);

export function element(tag, className, content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (content !== undefined) node.textContent = content;
  return node;
}

// Chinese stands with fullwidth punctuation, however the sentence was stored.
const WIDE = { ",": "\uff0c", "?": "\uff1f", "!": "\uff01", ":": "\uff1a", ";": "\uff1b" };
export function typeset(value) {
  return String(value ?? "").replace(/([\u2e80-\u9fff\u201c\u201d\u300a-\u3011…])([,?!:;])/g, (_, before, mark) => before + WIDE[mark]);
}

export function newSession() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// How well the ear of this site hears people, and how to get a better one.
export function tellOfEar(start) {
  const shown = byId("ear");
  shown.textContent = typeset([start.ear, start.better].filter(Boolean).join(""));
  shown.hidden = !start.ear;
}

// The grid of a notice board's QR code.
export function gridOfPage() {
  const grid = new URLSearchParams(location.search).get("grid") || "";
  return /^[\w-]{1,30}$/.test(grid) ? grid : "";
}
