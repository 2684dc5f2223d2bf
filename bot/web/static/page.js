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
  return String(value === undefined || value === null ? "" : value).replace(/([\u2e80-\u9fff\u201c\u201d\u300a-\u3011…])([,?!:;])/g, (_, before, mark) => before + WIDE[mark]);
}

