// 我: text size and colours of this device alone.
const look = JSON.parse(localStorage.getItem("gege-look") || "{}");
const root = document.documentElement;
const show = () => {
  for (const button of document.querySelectorAll(".look button")) {
    const [name, value] = Object.entries(button.dataset)[0];
    button.setAttribute("aria-pressed", String((look[name] || "") === value));
  }
};
for (const button of document.querySelectorAll(".look button")) {
  button.addEventListener("click", () => {
    const [name, value] = Object.entries(button.dataset)[0];
    look[name] = value;
    if (value) root.dataset[name] = value;
    else delete root.dataset[name];
    localStorage.setItem("gege-look", JSON.stringify(look));
    show();
  });
}
document.querySelector(".look").hidden = false;
show();
