"""No rule and no text goes by a fact that nobody writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from bot.notify import texts
from bot.settings import PROJECT
from bot.tickets.facts import Facts, Told

_SOURCES = [
    file
    for room in ("bot", "actions")
    for file in (PROJECT / room).rglob("*.py")
    if file.name != "facts.py" and "bench" not in file.parts
]
#: facts that a rule reads: `ticket.facts.get("owed")`, `facts["kind"]`
_READ = re.compile(r"(?:\.|\b)facts(?:\.get\(|\[)\"(\w+)\"(?!\]\s*=)")
#: rooms whose `facts` are another thing: what a call, or FastAGI, knows of a line
_OTHERS = {"dial_plan.py", "fastagi.py", "handover.py", "turns.py"}


def _read() -> Iterator[tuple[str, str]]:
    for file in _SOURCES:
        if file.name not in _OTHERS:
            yield from ((file.name, name) for name in _READ.findall(file.read_text("utf-8")))


def test_every_fact_that_a_rule_reads_is_known() -> None:
    read = list(_read())
    assert {"neighbours", "owed"} <= {name for _, name in read}
    assert [(file, name) for file, name in read if name not in Facts.__annotations__] == []


def test_every_fact_that_staff_are_told_is_known() -> None:
    words = yaml.safe_load(Path(texts.DATA).read_text("utf-8"))
    told = {*words["facts"], *words["values"], *words["confidential"]}
    assert told - Facts.__annotations__.keys() - words["registry"].keys() == set()


def test_every_known_fact_is_written_by_somebody() -> None:
    told = set(yaml.safe_load((PROJECT / "actions" / "words.yml").read_text("utf-8"))["told"])
    assert told == set(Told.__annotations__)
    flows = [yaml.safe_load(file.read_text("utf-8")) for file in (PROJECT / "nlu" / "flows").glob("*.yml")]
    answered = {name for flow in flows for name in flow.get("facts") or ()}
    assert answered <= Facts.__annotations__.keys()
    sources = "\n".join(file.read_text("utf-8") for file in _SOURCES)
    sources = re.sub(r"facts\.get\(\"\w+\"", "", sources)
    unwritten = [name for name in Facts.__annotations__.keys() - told - answered if f'"{name}"' not in sources]
    assert unwritten == []
