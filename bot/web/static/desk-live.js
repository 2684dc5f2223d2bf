// A list that keeps itself up to date: the server says that something changed, htmx fetches the list anew.
(function () {
  if (!window.EventSource || !window.htmx) return;
  var events = new EventSource("/desk/events");
  events.addEventListener("changed", function () {
    // What stands still is not drawn anew (hx-swap="outerMorph"), so that a finger finds its button.
    document.body.dispatchEvent(new CustomEvent("changed"));
  });
  window.addEventListener("pagehide", function () {
    events.close();
  });
})();
