"""Mandarin syllables as phones, and the numbers that Kaldi gives to phones, states and transitions.

A phone is a pinyin initial (one HMM state) or a final with its tone (two states; 5 is the neutral tone). The
apical vowel after z/c/s is `ii`, after zh/ch/sh/r `iii`. An initial is another phone before i, u and ü (`bi`, `bu`): the
lips and the tongue are there already. Every phone exists in four positions of the word (B begin, E end, I internal, S
single), which share their states' distributions (pdfs); so do the tones of a final: the features know no pitch, and
Chongyang's tones are not Mandarin's.
"""

import random
import re
from dataclasses import dataclass, field
from functools import cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT
from pypinyin.contrib.tone_convert import to_finals, to_initials, to_normal

from .data_files import data_lines

SILENCE = "SIL"
TONES, NEUTRAL = "12345", "5"
POSITIONS = (("B", "begin"), ("E", "end"), ("I", "internal"), ("S", "singleton"))
_NOT_SPOKEN = frozenset(("m", "n", "ng", "hm", "hng", "ê"))


@cache
def own_readings() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Words that pypinyin reads wrongly or in one way only: word -> readings, each a tuple of toned
    syllables."""
    readings: dict[str, tuple[tuple[str, ...], ...]] = {}
    for line in data_lines("readings.tsv"):
        word, *rest = line.split("\t")
        readings[word] = tuple(tuple(reading.split()) for reading in rest)
    return readings


@cache
def readings(word: str) -> tuple[tuple[str, ...], ...]:
    """The word's readings as toned syllables, the usual one first: `("ting2", "dian4")`; 5 is the neutral
    tone.

    Raises ValueError for a word that is not wholly Chinese characters.
    """
    if word in own_readings():
        return own_readings()[word]
    syllables = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
    for syllable in syllables:
        if not re.fullmatch(r"[a-zêü]+[1-5]?", syllable):
            raise ValueError(f"no reading for {word!r}")
    return (tuple(s if s[-1].isdigit() else s + "5" for s in syllables),)


@cache
def phones(syllable: str) -> tuple[str, ...]:
    """`jia1` -> `("j", "ia1")`; a syllable without a tone has the neutral one."""
    plain = re.sub(r"\d", "", syllable)
    tone = syllable[-1] if syllable[-1].isdigit() else NEUTRAL
    initial = to_initials(plain, strict=True)
    final = to_finals(plain, strict=True, v_to_u=False)
    if final == "i" and initial in ("z", "c", "s"):
        final = "ii"
    if final == "i" and initial in ("zh", "ch", "sh", "r"):
        final = "iii"
    if not initial:
        return (final + tone,)
    glide = final[0] if final[0] in "iuv" and final not in ("ii", "iii") else ""
    return (initial + glide, final + tone)


def is_initial(phone: str) -> bool:
    """Whether a phone is an initial; finals end with their tone."""
    return not phone[-1].isdigit()


@cache
def syllables() -> tuple[str, ...]:
    """Every toneless syllable of pypinyin's character table (414 of them)."""
    found = set()
    for codepoint, pinyin in PINYIN_DICT.items():
        if 0x4E00 <= codepoint <= 0x9FA5:
            for reading in pinyin.split(","):
                plain = to_normal(reading, v_to_u=False)
                if re.fullmatch(r"[a-z]+", plain) and plain not in _NOT_SPOKEN and phones(plain)[-1] != NEUTRAL:
                    found.add(plain)
    return tuple(sorted(found))


def drawn_syllables(draw: random.Random, count: int) -> list[str]:
    """`count` toned syllables at random: no word, but every sound."""
    return [draw.choice(syllables()) + str(draw.randint(1, 4)) for _ in range(count)]


@dataclass(frozen=True)
class PhoneTable:
    """Phones, their states and transition-ids, numbered as Kaldi derives them from the sorted triples."""

    names: tuple[str, ...]
    pdfs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Phone without position -> pdf of each of its states; silence has pdf 0. Tones of a final have the same."""
    ids: dict[str, int] = field(default_factory=dict)
    """Phone with position (`ia1_E`), or SIL -> phone id, from 1."""
    id_pdfs: list[tuple[int, ...]] = field(default_factory=list)
    """Phone id -> pdfs; entry 0 is empty."""
    boundaries: list[str] = field(default_factory=list)
    """Phone id -> the word of Kaldi's word_boundary.int; entry 0 is empty."""
    triples: list[tuple[int, int, int]] = field(default_factory=list)
    """(phone id, state, pdf), sorted."""
    transitions: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """(phone id, state) -> (self-loop's transition-id, forward transition-id)."""

    @property
    def pdf_count(self) -> int:
        return 1 + max(pdf for pdfs in self.pdfs.values() for pdf in pdfs)

    def word_phones(self, syllables_of_word: tuple[str, ...]) -> list[int]:
        """A word's syllables as position-dependent phone ids."""
        plain = [phone for syllable in syllables_of_word for phone in phones(syllable)]
        last = len(plain) - 1
        return [
            self.ids[f"{phone}_{'S' if last == 0 else 'B' if i == 0 else 'E' if i == last else 'I'}"]
            for i, phone in enumerate(plain)
        ]


@cache
def phone_table() -> PhoneTable:
    """The one table that training, model file and graph share."""
    names = tuple(sorted({phone for syllable in syllables() for tone in TONES for phone in phones(syllable + tone)}))
    table = PhoneTable(names)
    table.pdfs[SILENCE] = (0,)
    table.ids[SILENCE] = 1
    table.id_pdfs.extend(((), (0,)))
    table.boundaries.extend(("", "nonword"))
    next_pdf = 1
    sounds: dict[str, tuple[int, ...]] = {}
    for name in names:
        sound = name if is_initial(name) else name[:-1]
        if sound not in sounds:
            count = 1 if is_initial(name) else 2
            sounds[sound] = tuple(range(next_pdf, next_pdf + count))
            next_pdf += count
        table.pdfs[name] = sounds[sound]
        for position, boundary in POSITIONS:
            table.ids[f"{name}_{position}"] = len(table.id_pdfs)
            table.id_pdfs.append(table.pdfs[name])
            table.boundaries.append(boundary)
    transition = 1
    for phone_id in range(1, len(table.id_pdfs)):
        for state, pdf in enumerate(table.id_pdfs[phone_id]):
            table.triples.append((phone_id, state, pdf))
            table.transitions[phone_id, state] = (transition, transition + 1)
            transition += 2
    return table
