// A list that keeps itself up to date: the server says that something changed, htmx fetches the list anew.
(function () {
  if (!window.EventSource || !window.htmx) return;
  var events = new EventSource("/desk/events");
  events.addEventListener("changed", function () {
    // Nobody's words or finger are disturbed: the list waits until the hand is away.
    document.body.dispatchEvent(new CustomEvent("changed"));
  });
  window.addEventListener("pagehide", function () {
    events.close();
  });
})();
