"""What a sentence does with the places that it names: takes one back, names two, means the house beside.

Every reading of it is a text without what was taken back; two houses are two readings with half the weight each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.foundation.widths import both
from bot.grid.places.words import grammar
from bot.sound.alignment import where
from bot.sound.heard import Heard
from bot.sound.numbers import plain
from bot.sound.site import channel

#: characters of a sentence that are searched
READ = 100
#: of a longer one, what stands around its numbers
_BEFORE, _BEHIND, _NUMBERS = 35, 20, 2
_LONGEST = 5_000
_SUB = "附"
_PARTICLES = re.compile(f"[是在的啊呀哦{both(',。')}]")
#: what each character of a name tells that stands, misheard, in an earlier turn (nats)
_SAME = 2.5
#: share of the reading that keeps what 不对 may have been said of
_AFTER_ALL = 0.002


#: what stands between the numbers of a house, whichever way it is said: 3.5, 三杠二
_BETWEEN = re.compile(r"(?<=\d)\.(?=\d)|(?<=[\d零一二三四五六七八九十百幺两])杠(?=[\d零一二三四五六七八九十幺两])")

#: what is said again and again says no more
_WORDS = re.compile(r"[^\d零一二三四五六七八九十百千万幺两]")
_AGAIN = re.compile(r"(.{1,12}?)\1{3,}")


@dataclass(frozen=True)
class Reading:
    """One way to read what was said. `weight`: its share; `beside`: the house is beside the one that is named; `whole`: a
    whole street, building or village is meant; `outside`: the place outside the county that was named, "" for none."""

    text: str
    weight: float = 1.0
    #: all that was said, two houses too
    said: str = ""
    #: what somebody lives behind or beside, when it is a thing without a number: 老农药厂后头
    landmark: str = ""
    beside: bool = False
    whole: bool = False
    outside: str = ""
    #: whether the place outside is told as an address (武汉市洪山区), not only named
    outside_sure: bool = False
    #: two houses were named
    either: bool = False


def is_whole(text: str) -> bool:
    """Whether a whole street, building or village is meant."""
    return bool(grammar().whole.search(plain(text)))


def shortened(text: str) -> str:
    """At most READ characters of a text, with a number in them where there is one: a monologue names its place anywhere."""
    text = _BETWEEN.sub("-", re.sub(r"\s+", "", plain(text[:_LONGEST])))
    text = _AGAIN.sub(lambda found: found[1] * 2 if _WORDS.search(found[1]) else found[0], text)
    if len(text) <= READ:
        return text
    marked = [one for one in grammar().run.finditer(text) if not one.group().isdigit()]
    if not marked:
        return text[: READ // 2] + "," + text[-READ // 2 :]
    parts, end = [], 0
    for one in marked[:_NUMBERS] if len(marked) > 1 and marked[1].start() - marked[0].end() > _BEFORE else marked[:1]:
        parts.append(text[max(end, one.start() - _BEFORE) : one.end() + _BEHIND])
        end = one.end() + _BEHIND
    return ",".join(parts)


def _places_only(text: str) -> str:
    """A sentence without telephone numbers, what counts something else, and everyday words that sound like places."""
    return grammar().elsewise.sub(",", re.sub(r"[\d零一二三四五六七八九幺两]{7,}+(?!号)", ",", text))


def readings(turns: Sequence[str]) -> list[Reading]:
    """What the turns of a call (the earliest first) say about a place, together."""
    texts = [_places_only(shortened(turn)) for turn in turns]
    texts = [text for text in texts if text]
    if not texts:
        return []
    words = grammar()
    joined, before = "", ""
    for text in texts:
        text, name = _within(text)
        before = ""
        several = words.either.search(joined)
        if several and _apart(several["one"], several["two"]) and words.run.search(text):
            joined = joined[: several.start()] + joined[several.end() :]  # one of them, or another
        if joined and text not in joined:
            if name:
                joined = _without(joined, name)
            elif words.taken_back.match(text) and not words.run.search(text):
                before, joined = f"{joined},{text}", _without_names(joined, text)
            joined, text = _replaced(joined, text)
            text = words.taken_back.sub("", text, 1) if words.taken_back.match(text) else text
        if text not in joined:
            joined = f"{joined},{text}" if joined and joined not in text else text
    joined = joined[-READ:]
    beside = bool(words.beside.search(joined))
    whole = is_whole(joined)
    outside, sure = _outside(joined)
    landmark = words.landmark.search(joined)
    about = landmark["landmark"] if landmark and not beside else ""
    told = dict(
        said=joined,
        landmark=about,
        beside=beside,
        whole=whole,
        outside=outside,
        outside_sure=sure,
    )
    both = words.either.search(joined)
    if both and _apart(both["one"], both["two"]):
        mark = "" if _mark(both["one"]) else _mark(words.run.findall(both["two"])[-1])
        one = joined[: both.end("one")] + mark + joined[both.end() :]
        behind = both["two"]
        two = joined[: both.start("one")] + behind + joined[both.end() :]
        told["either"] = True
        return [Reading(one, 0.5, **told), Reading(two, 0.5, **told)]  # type: ignore[arg-type]
    if before:  # 不对 may be said of anything: what is named anew counts, where something is
        return [Reading(joined, 1 - _AFTER_ALL, **told), Reading(before[-READ:], _AFTER_ALL, **told)]  # type: ignore[arg-type]
    return [Reading(joined, **told)]  # type: ignore[arg-type]


def _apart(one: str, two: str) -> bool:
    """Whether two numbers are two houses: 3号和5号, not 3栋和2单元, nor 7号,附2号."""
    number = grammar().run.search(two)
    mark = re.search(r"\D+$", number.group()) if number else None
    if number is None or mark is None or _counts(number.group()) == _SUB:
        return False
    own = re.search(r"[^\d零一二三四五六七八九十百千两幺]+$", one)
    return own is None or own.group() == mark.group()


def _within(text: str) -> tuple[str, str]:
    """A sentence without what it takes back itself, and the name that another stands for."""
    words = grammar()
    if (found := words.not_but.search(text)) and (words.run.search(found["no"]) or len(found["no"]) > 1):
        kept, gone = _numbers_gone(found["no"], found["yes"])
        name = "" if kept or len(gone) > 1 else _PARTICLES.sub("", words.run.sub("", found["no"]))
        return text[: found.start()] + kept + found["yes"], name
    found = words.taken_back.search(text)
    if found and found.start() and words.run.search(text, found.end()):
        kept, _ = _numbers_gone(text[: found.start()], text[found.end() :])
        return kept + "," + text[found.end() :], ""
    return text, ""


def _without(earlier: str, name: str) -> str:
    """The turns before without a name that was taken back, as it stands there or as it was heard there."""
    if name in earlier:
        return earlier.replace(name, "")
    heard = Heard(earlier)
    spot = where(heard, name, channel())
    if not spot.symbols or spot.gain < _SAME * len(name):
        return earlier
    return earlier[: int(heard.at[spot.start])] + earlier[int(heard.at[spot.end - 1]) + 1 :]


def _without_names(earlier: str, text: str) -> str:
    """The turns before when a turn without a number takes something back: without their community where it names one,
    else their community and their numbers."""
    words = grammar()
    if words.community.search(text):
        return words.community.sub("", earlier)
    kept = [one.group() for one in words.community.finditer(earlier)]
    return "".join([*kept, *(one.group() for one in words.run.finditer(earlier))])


def _numbers_gone(no: str, yes: str) -> tuple[str, list[str]]:
    """What is left of the part that was denied: nothing when the new one has a name of its own, else all but its numbers."""
    words = grammar()
    number = words.run.search(yes)
    named = _PARTICLES.sub("", yes[: number.start()] if number else yes)
    if len(named) >= 2:
        return "", [one.group() for one in words.run.finditer(no)]
    return words.run.sub("", no), [one.group() for one in words.run.finditer(no)]


def _mark(number: str) -> str:
    return re.sub(r"[0-9零一二三四五六七八九十百千两幺附之第-]", "", number)


def _counts(number: str) -> str:
    """What a number counts: its mark, or that it stands behind another (附2号)."""
    return _SUB if number[0] in "附之" else _mark(number)


def _replaced(earlier: str, text: str) -> tuple[str, str]:
    """The turns before with the numbers that this turn says anew (206号, then 208号), and what is left of the turn: 二单元
    stands where 一单元 stood, what has no place there is left."""
    words = grammar()
    said = [one.group() for one in words.run.finditer(text)]
    if not said:
        return earlier, text
    back = bool(words.taken_back.match(text))
    before = [_counts(one.group()) for one in words.run.finditer(earlier)]
    marks = [_counts(one) for one in said]
    instead = {
        mark: one
        for mark, one in zip(marks, said, strict=True)
        if mark and marks.count(mark) == before.count(mark) == 1
    }

    def drop(match: re.Match[str]) -> str:
        mark = _counts(match.group())
        if back or (mark and mark in marks) or (mark == _SUB and "号" in marks):
            return instead.get(mark, "")
        return match.group()

    earlier = words.run.sub(drop, earlier)
    text = words.run.sub(lambda match: "" if _counts(match.group()) in instead else match.group(), text)
    return earlier, text


def _outside(text: str) -> tuple[str, bool]:
    words = grammar()
    for found in words.outside.finditer(text):
        if not words.away.match(text[found.end() :]) and not words.away_before.search(text[: found.start()]):
            break
    else:
        return "", False
    more = words.outside_more.match(text[found.end() :])
    return found.group(), bool(more and more.group())
