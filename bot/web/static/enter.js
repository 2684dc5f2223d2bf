// A link from a message: a person's browser goes in by itself; what only fetches a preview runs no script.
document.querySelector("form.at-once")?.requestSubmit();
