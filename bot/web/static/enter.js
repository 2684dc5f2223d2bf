// A link from a message: a person's browser goes in by itself; what only fetches a preview runs no script.
const form = document.querySelector("form.at-once");
// A browser of before 2021 has no requestSubmit; its button is pressed by hand.
if (form && form.requestSubmit) form.requestSubmit();
