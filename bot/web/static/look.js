// Before anything is drawn: the text size and colours that this device was set to (我).
(function () {
  try {
    var look = JSON.parse(localStorage.getItem("gege-look") || "{}");
    if (look.theme) document.documentElement.dataset.theme = look.theme;
    if (look.size) document.documentElement.dataset.size = look.size;
  } catch (_) {
    // storage that is closed: the browser's own choice
  }
})();
