// What a browser keeps, so that whoever reported can come back to their case: the name of the conversation, for a week.

import { newSession } from "./page.js";

const NAME = "gege", A_WEEK_MS = 7 * 24 * 3600 * 1000;

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME));
    return kept && Date.now() - kept.at < A_WEEK_MS ? kept : {};
  } catch {
    return {};  // a browser that keeps nothing, or somebody else's words
  }
}

function write(values) {
  try {
    localStorage.setItem(NAME, JSON.stringify({ ...read(), ...values, at: Date.now() }));
  } catch { /* then the case lasts as long as the page */ }
}

function begun() {
  const session = newSession();
  write({ session, shown: "" });
  return session;
}

export const kept = {
  session: () => read().session || begun(),
  forget: begun,
  // The conversation whose case was looked at last: the written one, or a call.
  shown: () => read().shown || "",
  shows: (shown) => write({ shown }),
};
