"""A browser of 2019 in an old WeChat: what a resident, a manager and the wall need is written so that it can be read there;
what cannot be (a call in the page, the time without a signal, the studio) is away, and nothing else with it."""

from __future__ import annotations

import re
from pathlib import Path

import esprima

STATIC = Path(__file__).parents[2] / "bot" / "web" / "static"
TEMPLATES = STATIC.parent / "templates"
#: a call needs an audio worklet, the studio a recorder, and the worker modules in workers: browsers of 2021
YOUNGER = {"dial.js", "phone.js", "line.js", "sound.js", "sound-worklets.js", "studio.js", "desk-worker.js"}


def test_what_everybody_needs_is_javascript_of_2017() -> None:
    for file in sorted(STATIC.glob("*.js")):
        if file.name not in YOUNGER:
            text = file.read_text("utf-8")
            (esprima.parseModule if re.search("^(?:import|export) ", text, re.M) else esprima.parseScript)(text)


def test_a_younger_script_stands_by_itself_so_that_only_it_is_away() -> None:
    for file in sorted(STATIC.glob("*.js")):
        needed = set(re.findall(r'^import .* from "\./([\w-]+\.js)"', file.read_text("utf-8"), re.M))
        assert file.name in YOUNGER or not needed & YOUNGER, f"{file.name} is away with {needed & YOUNGER}"


def test_every_form_posts_by_itself() -> None:
    """No form waits for a script: it has a method, a button that submits, and no handler within the page."""
    for file in sorted(TEMPLATES.rglob("*.html")):
        text = file.read_text("utf-8")
        assert not re.search(r"\son[a-z]+=", text), f"{file.name}: a handler"
        for form in re.findall(r"<form\b.*?</form>", text, re.S):
            head, inner = form.split(">", 1)
            assert 'method="' in head, f"{file.name}: {head}"
            submits = [one for one in re.findall(r"<button\b[^>]*>", inner) if 'type="button"' not in one]
            assert submits or "{% include" in inner or "{{ caller" in inner, f"{file.name}: {head} has no button"
