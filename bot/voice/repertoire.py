"""Every sentence that Gege can say, and of which parts those with variables are made: what a site can record."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from actions.flows import flows
from actions.site import load_words
from bot.database import Database
from bot.foundation.widths import plain
from bot.foundation.words import load
from bot.grid.models import Community, Role, Staff
from bot.settings import PROJECT, SiteSettings
from bot.speech.reading import sentences as cut
from bot.speech.recorded import prompt_name
from bot.speech.sentence_plan import Planner, counting, fixed_parts, has_slots
from bot.tickets.labels import labels
from bot.voice.calling_prompts import words as words_of_calling
from bot.voice.prompts import prompts

log = logging.getLogger(__name__)

#: staff is looked up again after this long (s): an import shows without a restart
_FRESH_S = 60.0
_SPOKEN_OF = (Role.manager, Role.assistant, Role.duty)


@dataclass(frozen=True)
class Saying:
    """One thing to record."""

    text: str
    group: str
    #: spoken for itself, not joined with others
    whole: bool
    #: the sentence in which a part stands, with … for what varies; empty for whole sentences and bare words
    context: str = ""
    #: that sentence with invented values
    sample: str = ""

    @property
    def name(self) -> str:
        """The recording's file name without ending; what the studio calls it by."""
        return prompt_name(self.text).removesuffix(".wav")


@dataclass(frozen=True)
class Names:
    """What of the county is spoken: names that vary from site to site."""

    communities: tuple[str, ...] = ()
    #: as Gege names them and residents call them: 归程师傅, 归师傅
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """What belongs together for who records it."""

    title: str
    about: str


@dataclass(frozen=True)
class Sorting:
    """repertoire.yml."""

    groups: dict[str, Group]
    #: beginning of a response's name → its group
    responses: dict[str, str]
    #: variable → an invented value
    samples: dict[str, str]


@cache
def repertoire() -> Sorting:
    return load(Sorting, Path(__file__).with_name("repertoire.yml"))


def sentences(site: SiteSettings, names: Names | None = None) -> list[Saying]:
    """Everything, each once, in the order in which it should be recorded."""
    names = names or Names()
    found: dict[str, Saying] = {}

    def add(saying: Saying) -> None:
        found.setdefault(plain(saying.text).strip(), saying)

    for text, group in _whole_texts(site):
        for sentence in cut(text):
            if not has_slots(sentence):
                add(Saying(sentence, _asked(sentence, group), True))
    for text, group in _whole_texts(site):
        for sentence in cut(text):
            for part in fixed_parts(sentence) if has_slots(sentence) else ():
                add(Saying(part, _asked(sentence, group), False, _outlined(sentence), _filled(sentence)))
    for word in (*counting().numerals, *counting().units):
        add(Saying(word, "numbers", False))
    for group, phrases in _phrases(site, names):
        for phrase in phrases:
            add(Saying(phrase, group, False))
    order = list(repertoire().groups)
    return sorted(found.values(), key=lambda each: order.index(each.group))


def planner(site: SiteSettings, names: Names | None = None) -> Planner:
    """Joins the sentences with variables of these parts."""
    templates = [sentence for text, _ in _whole_texts(site) for sentence in cut(text)]
    phrases = [(group, phrase) for group, some in _phrases(site, names or Names()) for phrase in some]
    everybodys = [phrase for group, phrase in phrases if group == "matters"] + [site.station]
    return Planner(templates, [phrase for _, phrase in phrases], everybodys)


def names_of(database: Database) -> Names:
    """The county's communities, and how its people are called. Blocks."""
    with database.reading() as session:
        communities = session.scalars(select(Community.name).order_by(Community.name)).all()
        people = session.scalars(select(Staff.name).where(Staff.role.in_(_SPOKEN_OF)).order_by(Staff.name)).all()
    words = load_words()
    called = dict.fromkeys(
        how
        for name in people
        if name
        for how in (words.spoken_name.format(name=name), words.address.format(surname=name[:1]))
    )
    return Names(tuple(communities), tuple(called))


class Repertoire:
    """What one site can say now; the voice asks it, the studio lists it."""

    def __init__(self, site: SiteSettings, database: Database | None = None) -> None:
        self._site, self._database = site, database
        self._known = Names()
        self._planner: Planner | None = None
        self._made_at = 0.0

    def sentences(self) -> list[Saying]:
        """Blocks."""
        return sentences(self._site, self._names())

    def planner(self) -> Planner:
        """At most a minute old. Blocks."""
        if self._planner is None or time.monotonic() - self._made_at > _FRESH_S:
            self._planner, self._made_at = planner(self._site, self._names()), time.monotonic()
        return self._planner

    def _names(self) -> Names:
        """A database that cannot be asked leaves the names that were known: a caller must always hear a sentence."""
        if self._database is not None:
            try:
                self._known = names_of(self._database)
            except Exception:
                log.exception("the county's names cannot be read; going by those that were known")
        return self._known


def _whole_texts(site: SiteSettings) -> Iterator[tuple[str, str]]:
    """(text, group) of the telephone's own sentences and of the dialogue's responses."""
    own, out = prompts(), words_of_calling()
    for field in fields(own):
        value = getattr(own, field.name)
        for text in (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ():
            yield str(text).replace("{site}", site.name), "greeting"
    for field in fields(out):
        if isinstance(text := getattr(out, field.name), str):
            yield text.replace("{site}", site.name), "safety" if field.name.startswith("danger") else "questions"
    groups = repertoire().responses
    for name, responses in _domain()["responses"].items():
        fitting = sorted((each for each in groups if name.startswith(each)), key=len)
        for response in responses:
            if text := response.get("text"):
                yield str(text), groups[fitting[-1]] if fitting else "answers"


def _phrases(site: SiteSettings, names: Names) -> Iterator[tuple[str, Iterable[str]]]:
    words = load_words()
    matters = [
        *(kind.spoken for kind in labels().kinds.values()),
        *(called for flow in flows().values() for called in flow.names()),
        words.own_home,
        *words.days,
        words.long_ago,
    ]
    yield "matters", matters
    yield "communities", names.communities
    yield "names", (*names.people, site.station, words.station)


def _asked(sentence: str, group: str) -> str:
    return "questions" if group == "answers" and plain(sentence).rstrip().endswith("?") else group


def _outlined(sentence: str) -> str:
    return re.sub(r"\{\w+\}", "…", sentence)


def _filled(sentence: str) -> str:
    samples = repertoire().samples
    return re.sub(r"\{(\w+)\}", lambda found: str(samples.get(found.group(1), "")), sentence)


@cache
def _domain() -> dict[str, Any]:
    return dict(yaml.load((PROJECT / "domain.yml").read_text("utf-8"), Loader=yaml.CSafeLoader))
