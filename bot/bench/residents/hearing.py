"""What a resident makes of a reply: what she was asked, whether it is done, and whether the read-back is hers."""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin import lazy_pinyin

from bot.bench.homes import Home
from bot.bench.residents.goals import Goal
from bot.bench.residents.words import judged, matters, questions
from bot.foundation.widths import both
from bot.sound.numbers import in_digits

_ENDS = re.compile(f"(?<=[{both('?!')}。])")
_ASKS = re.compile(f"[{both('?')}]")
_BEGS = re.compile("请讲|再讲一遍|讲一下|讲个|告诉我|么事")
#: matters by a word that only they are read back with
_ONLY = {
    "停电|没电|没有电": ("outage",),
    "跳闸|空开|开关坏": ("breaker_fault",),
    "投诉|有意见": ("complaint",),
    "开户|过户|销户": ("new_account",),
    "移表|移动表箱": ("meter_relocation",),
    "送电|复电": ("reconnect", "arrears"),
    "电费": ("arrears", "reconnect"),
    "要人帮忙": ("care",),
    "回电话": ("callback",),
    "线路要修": ("indoor_repair",),
}
_TELEPHONE = re.compile(r"\d{7,}|\d{4}-\d{7,8}")
#: what is counted in a read-back and is no part of an address
_COUNTED = re.compile(r"\d+(?=[相度档])")
_HOUR = re.compile(r"\d{1,2}[点:]\d{0,2}分?|\d+[月日]")


def asked(reply: str) -> str | None:
    """Name of the question in questions.yml that a reply ends with; "?" for one that a resident does not understand,
    None where nothing is asked."""
    sentences = [one for one in _ENDS.split(reply) if one]
    last = max((at for at, one in enumerate(sentences) if _ASKS.search(one)), default=None)
    if last is None:
        begs = [one for one in sentences if _BEGS.search(one)]
        return next((name for name, shape in questions().items() if begs and re.search(shape, begs[-1])), None)
    first = last
    while first and _ASKS.search(sentences[first - 1]):
        first -= 1
    tail = "".join(sentences[first:])
    return next((name for name, shape in questions().items() if re.search(shape, tail)), "?")


def not_understood(reply: str) -> bool:
    """Whether Gege says that it did not understand."""
    return bool(re.search(judged().not_understood, reply))


def logged(reply: str) -> bool:
    """Whether a resident takes it for done."""
    said = (one for one in _ENDS.split(reply) if not re.search(judged().not_logged, one))
    return any(re.search(judged().logged, one) for one in said)


@lru_cache(maxsize=20_000)
def sound(text: str) -> str:
    """Syllables without tones, each between blanks."""
    return " " + " ".join(lazy_pinyin(text)) + " "


def fits_home(reply: str, home: Home, places: frozenset[str]) -> bool:
    """Whether the place of a read-back can be hers: no other place's name, no number that is not hers."""
    said = in_digits(_TELEPHONE.sub("", reply))
    if home.place not in said and sound(home.place) not in sound(said):
        others = (
            place for place in places if place in said and place not in home.place and place not in home.community
        )
        if next(others, None):
            return False
    numbers = iter(re.findall(r"\d+", home.numbers))
    # in_digits writes the name of 滨江一号 with a digit too
    told = _told(said, home)
    return all(any(one == own for own in numbers) for one in told)


def _told(said: str, home: Home) -> list[str]:
    return re.findall(r"\d+", _COUNTED.sub("", _HOUR.sub("", said.replace(in_digits(home.place), ""))))


def whole_address(reply: str, home: Home) -> bool:
    """Whether a read-back holds every number of her address."""
    return _told(in_digits(_TELEPHONE.sub("", reply)), home) == re.findall(r"\d+", home.numbers)


def fits_matters(reply: str, goal: Goal) -> bool:
    """Whether a read-back names one of her matters, as far as it names any."""
    kinds = goal.kinds
    if any(kind.named and re.search(kind.named, reply) for kind in kinds):
        return True
    own = {name for kind in kinds for name in kind.kinds}
    if any(kind.asks for kind in kinds) and not goal.neighbours_have:
        own.add("outage")
    return not any(re.search(shape, reply) and not own & set(of) for shape, of in _ONLY.items())


def heard_key(name: str, heard: str) -> bool:
    """Whether what was heard still holds a word that carries the matter, as it is written or as it sounds."""
    key = matters()[name].key
    if re.search(key, heard):
        return True
    return any(sound(word) in sound(heard) for word in key.split("|") if len(word) > 1)
