"""Which of the options that were offered: by name, by place in the row (头一个, 后头那个, 2), none of them, or all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path

from bot.foundation.words import load
from bot.sound.answers.grammar import Answer, Grammar, expanded
from bot.sound.channel import Channel
from bot.sound.numbers import plain, value

NONE, ALL, UNKNOWN = "none", "both", "unknown"
#: a number that was typed
_TYPED = 0.95


@dataclass(frozen=True)
class _File:
    """choices.yml."""

    classes: dict[str, tuple[str, ...]]
    first: tuple[str, ...]
    second: tuple[str, ...]
    third: tuple[str, ...]
    fourth: tuple[str, ...]
    last: tuple[str, ...]
    none: tuple[str, ...]
    both: tuple[str, ...]
    unknown: tuple[str, ...]


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    file = load(_File, Path(__file__).with_name("choices.yml"))
    names = [one.name for one in fields(file) if one.name != "classes"]
    return {
        name: tuple(chain.from_iterable(expanded(one, file.classes) for one in getattr(file, name))) for name in names
    }


@lru_cache(maxsize=200)
def _grammar(options: tuple[tuple[str, ...], ...]) -> Grammar:
    said = _phrases()
    places = (said["first"], said["second"], said["third"], said["fourth"])
    phrases: dict[str, Sequence[str]] = {}
    for at, names in enumerate(options):
        by_place = places[at] if at < len(places) else ()
        phrases[str(at)] = (*names, *by_place, *(said["last"] if at == len(options) - 1 else ()))
    return Grammar({**phrases, NONE: said[NONE], ALL: said[ALL], UNKNOWN: said[UNKNOWN]})


def choice(
    text: str,
    options: Sequence[str | Sequence[str]],
    alternatives: Sequence[str] = (),
    channel: Channel | None = None,
    *,
    keys: Sequence[str] = (),
) -> Answer[str] | None:
    """The option as its place in `options` ("0", "1"), or "none", "both", "unknown"; None when it is no answer.

    An option may have several names. `keys`: what may be typed for each, 1, 2, 3 when not given."""
    typed = re.sub(r"\W+", "", plain(text))
    number = value(typed) if typed else None
    keyed = list(keys) or [str(at + 1) for at in range(len(options))]
    if number is not None and str(number) in keyed:
        return Answer(str(keyed.index(str(number))), _TYPED, 0.0, plain(text), ((0, len(plain(text))),))
    named = tuple((one,) if isinstance(one, str) else tuple(one) for one in options)
    values = [*map(str, range(len(options))), NONE, ALL, UNKNOWN]
    return _grammar(named).read((text, *alternatives), values, channel)
