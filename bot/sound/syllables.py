"""The syllables of Mandarin as pairs of an initial and a final, and the readings of a character.

A syllable is one whole number, `initial * len(FINALS) + final`; tones are not kept, because no recogniser in use
gives them. Finals are written out as pypinyin's FINALS style has them (iou, uei, uen), ü as ü."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, pinyin
from pypinyin.contrib.tone_convert import to_finals, to_initials

INITIALS = (
    "", "b", "c", "ch", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "q", "r", "s", "sh", "t", "x", "z", "zh",
)  # fmt: skip
FINALS = (
    "a", "ai", "an", "ang", "ao", "e", "ei", "en", "eng", "er", "i", "ia", "ian", "iang", "iao", "ie", "in", "ing", "iong",
    "iou", "o", "ong", "ou", "u", "ua", "uai", "uan", "uang", "uei", "uen", "ueng", "uo", "ü", "üan", "üe", "ün",
)  # fmt: skip
#: number of syllables, those that nobody says among them
COUNT = len(INITIALS) * len(FINALS)
#: readings of one character that are looked at
READINGS = 3
#: syllables as letters are said in Mandarin, for 座 A, B and the like
_LETTERS = {
    "A": "ei", "B": "bi", "C": "xi", "D": "di", "E": "yi", "F": "fu", "G": "ji", "H": "qi", "J": "jie", "K": "kai", "L": "lou",
}  # fmt: skip

_INITIAL = {name: at for at, name in enumerate(INITIALS)}
_FINAL = {name: at for at, name in enumerate(FINALS)}
_WRITTEN = {"ui": "uei", "un": "uen", "iu": "iou", "ue": "üe", "v": "ü", "van": "üan", "ve": "üe", "vn": "ün", "ê": "e"}


def is_chinese(character: str) -> bool:
    """Whether a character has a sound in pypinyin's tables of Chinese characters."""
    return "\u3400" <= character <= "\u9fff" or character >= "\U00020000" or character == "〇"


@lru_cache(maxsize=2_000)
def syllable(toneless: str) -> int | None:
    """The number of a syllable in pinyin, `syllable("nü") == syllable("nv")`; None for what is none (hm, ng)."""
    toneless = toneless.replace("u:", "ü").replace("v", "ü")
    initial, final = to_initials(toneless, strict=True), to_finals(toneless, strict=True)
    final = final.replace("v", "ü").replace("ê", "e")
    final = _WRITTEN.get(final, final)
    if toneless[:1] in ("y", "w"):
        initial = ""
    if initial in ("j", "q", "x") and final in ("u", "uan", "ue", "uen"):
        final = {"u": "ü", "uan": "üan", "ue": "üe", "uen": "ün"}[final]
    if initial not in _INITIAL or final not in _FINAL:
        return None
    return _INITIAL[initial] * len(FINALS) + _FINAL[final]


@lru_cache(maxsize=30_000)
def readings(character: str) -> tuple[int, ...]:
    """The syllables of one character, the commonest first, at most READINGS; () for what has no sound.

    A letter sounds as it is said (A as ei)."""
    if character.upper() in _LETTERS:
        found = syllable(_LETTERS[character.upper()])
        return (found,) if found is not None else ()
    if not is_chinese(character):
        return ()
    said = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    numbers = (syllable(one) for one in (said[0] if said else ()))
    return tuple(dict.fromkeys(one for one in numbers if one is not None))[:READINGS]


def parts(number: int) -> tuple[int, int]:
    """(initial, final) of a syllable."""
    return divmod(number, len(FINALS))


def name(number: int) -> str:
    """A syllable as it is shown, `initial` and `final` joined: `name(syllable("liu")) == "liou"`."""
    initial, final = parts(number)
    return INITIALS[initial] + FINALS[final]
