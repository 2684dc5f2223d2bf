// One ticket: a ready phrase is one tap; who rings by the number itself is written down.
const note = document.getElementById("note");
const ready = document.querySelector(".ready");
if (note && ready) {
  ready.hidden = false;
  for (const button of ready.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      note.value = note.value ? `${note.value} ${button.textContent}` : button.textContent;
    });
  }
}
const csrf = document.querySelector("input[name=csrf]");
for (const link of document.querySelectorAll("a[data-rang]")) {
  link.addEventListener("click", () => {
    const form = new FormData();
    form.append("csrf", csrf ? csrf.value : "");
    navigator.sendBeacon(link.dataset.rang, form);
  });
}
