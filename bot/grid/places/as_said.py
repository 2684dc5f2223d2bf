"""The place as somebody said it: what is read back, and what stands on a ticket, without what was said in between."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.foundation.widths import both
from bot.grid.places.said import sayings
from bot.grid.places.tree import Places
from bot.grid.places.words import grammar
from bot.sound.alignment import Stretch, Strings, where
from bot.sound.alignment import best as best_of
from bot.sound.channel import Channel
from bot.sound.heard import Heard
from bot.sound.numbers import SIGNS, in_digits

#: what a name, a community and each character of a number must tell to have been said (nats)
_NAME, _COMMUNITY, _NUMBER = 4.0, 10.0, 2.5
#: symbols that may stand before a number, and more of them in it than it has itself
_BEFORE, _INSIDE = 4, 3
_HESITATION = both(",。") + "、的啊嗯呃哦"
#: characters between two parts that may belong to the place: a bay that the registry does not have
_BETWEEN = 6
#: share of what a name would tell if it were heard as it is written
_WELL = 0.8


def as_said(text: str, at: int, path: Sequence[int], places: Places, sounds: Channel, whole: bool = False) -> str:
    """The stretches of a sentence that name the place `at` (number in `places`) and the parts of `path`, digits as digits.
    `whole`: a whole street or village is meant, so that only numerals are numbers."""
    heard = Heard(text)
    place = places.places[at]
    name = _best(heard, [way for way, _ in places.names_of(place)], sounds) if place.name else None
    kept = [name] if name and name.gain > _NAME else []
    community = places.ways_of_community(place.community)
    said = _best(heard, community, sounds, kept[0].start if kept else None)
    if said and said.gain > _COMMUNITY and (not kept or said.end <= kept[0].start):
        kept.insert(0, said)
    elif kept and (alone := _best(heard, community, sounds)) and alone.gain > kept[0].gain:
        kept = [alone]
    names = len(kept)
    end = max((one.end for one in kept), default=0)
    for part in path:
        ways = [way for way, _ in sayings(places.parts[part])]
        way = ways[int(best_of(heard, Strings(ways), sounds).argmax())]
        one = where(heard, way, sounds, end)
        if (whole or len(way) == 1) and not heard.numeral[one.start : one.end].any():
            continue
        close = one.start - end <= _BEFORE and one.end - one.start <= len(way) + _INSIDE
        if close and one.gain > _NUMBER * max(len(one.symbols), 1):
            kept.append(one)
            end = one.end
    if not kept:
        return ""
    spans = [(int(heard.at[one.start]), int(heard.at[one.end - 1]) + 1) for one in kept]
    return _joined(heard.text, spans, names)


def community_said(text: str, community: int, places: Places, sounds: Channel) -> str:
    """How a community was named; "" when it was not, or not well."""
    ways = places.ways_of_community(community)
    if not well_heard(text, ways, sounds):
        return ""
    heard = Heard(text)
    one = _best(heard, ways, sounds)
    return _joined(heard.text, [(int(heard.at[one.start]), int(heard.at[one.end - 1]) + 1)], 1) if one else ""


def well_heard(text: str, ways: Sequence[str], sounds: Channel) -> bool:
    """Whether one of some names stands in a text nearly as it is written."""
    heard = Heard(text)
    return any(
        where(heard, way, sounds).gain >= _WELL * where(Heard(way), way, sounds).gain for way in ways if len(way) > 1
    )


def _best(heard: Heard, ways: Sequence[str], sounds: Channel, end: int | None = None) -> Stretch | None:
    found = [where(heard, way, sounds, 0, end) for way in ways if way]
    return max(found, key=lambda one: one.gain, default=None)


def _joined(text: str, spans: list[tuple[int, int]], names: int) -> str:
    """The parts (the first `names` of them names, in which a numeral is no number), with what stands between them where
    it is of the place, and what goes on behind the last."""
    words = grammar()
    named, said, before = "", "", spans[0][0]
    for at, (begin, end) in enumerate(spans):
        between = text[before:begin].lstrip(words.file.between)
        if not words.run.search(between):  # 8号或者 stays
            between = between.rstrip(words.file.between)
        if len(between) <= _BETWEEN and not words.not_between.search(between):
            said += between
        said += text[begin:end].lstrip(_HESITATION)
        before = end
        if at + 1 == names:
            named, said = said, ""
    if more := words.goes_on.match(text, before):
        said += more.group()
        before = more.end()
    if more := words.also.match(text, before):
        said += more.group()
    return (named + _digits(said)).strip(words.file.between)


def _digits(text: str) -> str:
    """Numbers as digits; a group of a village keeps the way it was said (三组 is a name)."""
    groups = re.split(f"([{''.join(SIGNS)}]+组)", text)
    return "".join(one if at % 2 else in_digits(one) for at, one in enumerate(groups))
