"""What callers say: NLU examples, templates with places and names, numbers as spoken, split into words.

A sentence here is a tuple of words. Test sentences never come in: `held_out` takes them out as whole
sentences.
"""

import json
import logging
import random
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import jieba
import yaml

from bot.foundation.widths import both
from bot.grid.sample import sample_county
from bot.speech.in_order import in_order

from .data_files import data_lines
from .phones import readings, syllables
from .spoken_numbers import NUMBER_CHARACTERS, drawn_number, spoken_digits, spoken_number, without_digits

Sentence = tuple[str, ...]

PROJECT = Path(__file__).resolve().parents[2]
NLU_FOLDER = PROJECT / "nlu"
STORY_FILE = PROJECT / "tests" / "data" / "speech" / "story.txt"
SITUATIONS_FILE = PROJECT / "tests" / "data" / "nlu" / "situations.jsonl"
_NOT_HAN = re.compile(r"[^一-鿿]+")
_ANNOTATION = re.compile(r"\[([^\]]+)\](\([^)]*\)|\{[^}]*\})")
_OWN_FREQUENCY, _GENERAL = 2_000_000, 20_000
_CLAUSE = re.compile(f"[{both(',。.!?;、')}]+")
_VARIATIONS = 3
_FIXED_WEIGHT, _EXAMPLE_WEIGHT, _VARIED_WEIGHT, _CLAUSE_WEIGHT = 30, 18, 4, 5
"""Of one sentence of data/sentences.txt (times its own), an NLU example, its variation, a clause of it; a
filled template has weight 1."""
_MOBILE_PREFIXES = ("13", "15", "17", "18", "19")


def plain(text: str) -> str:
    """Spoken Chinese characters only: digits read out, punctuation and spaces gone."""
    return _NOT_HAN.sub("", without_digits(text))


@cache
def _counted() -> re.Pattern[str]:
    """A number, alone or with what it counts."""
    counted = "|".join(word for line in data_lines("counted.txt") for word in line.split())
    return re.compile(rf"[{''.join(sorted(NUMBER_CHARACTERS))}]+(?:{counted})?")


@cache
def surnames() -> tuple[str, ...]:
    return tuple("".join(data_lines("surnames.txt")))


@cache
def given_names() -> tuple[str, ...]:
    """Characters of given names."""
    return tuple("".join(data_lines("given_names.txt")))


@cache
def places() -> dict[str, tuple[str, ...]]:
    """The sample county's `community`, `street` and `compound` names."""
    found: dict[str, list[str]] = {"community": [], "street": [], "compound": []}
    for community in sample_county().communities:
        found["community"].append(community.name)
        found["street"] += community.streets
        found["compound"] += community.compounds
    return {kind: tuple(dict.fromkeys(names)) for kind, names in found.items()}


class Splitter:
    """Splits a text into words by jieba and the domain's own words; numbers become single characters."""

    def __init__(self, extra_words: Iterable[str] = ()) -> None:
        jieba.setLogLevel(logging.WARNING)  # it tells of its cache on every user's screen
        self._jieba = jieba.Tokenizer()
        self._jieba.initialize()
        own = [
            *data_lines("words.txt"),
            *(name for names in places().values() for name in names),
            *extra_words,
        ]
        self._total: int = self._jieba.total
        self._added = frozenset(word for word in own if len(word) > 1)
        for word in self._added:
            self._jieba.add_word(word, freq=_OWN_FREQUENCY)

    def split(self, text: str) -> Sentence:
        """Words of the plain text; a space in it is a boundary, and new words are not guessed (no HMM)."""
        words: list[str] = []
        for part in text.split():
            for word in self._jieba.cut(plain(part), HMM=False):
                words += list(word) if _counted().fullmatch(word) else [word]
        return tuple(words)

    def common_words(self, most: int) -> list[str]:
        """jieba's own most frequent words of one to three characters: what people say about anything, in simplified
        characters. Every syllable of Mandarin is a word among them, so that whatever is said can be written by its sound."""
        counts = ((w, n) for w, n in self._jieba.FREQ.items() if n and 1 <= len(w) <= 3 and w == plain(w))
        added = self._added
        ordered = [
            w for w, _ in sorted(((w, n) for w, n in counts if w not in added), key=lambda item: (-item[1], item[0]))
        ]
        found = [word for word in ordered[: most * 2] if pronounced(word) and in_order(word) == word][:most]
        if most:
            lacking = set(syllables()) - {readings(word)[0][0][:-1] for word in found if len(word) == 1}
            for word in ordered:
                if (
                    len(word) == 1
                    and pronounced(word)
                    and in_order(word) == word
                    and (sound := readings(word)[0][0][:-1]) in lacking
                ):
                    lacking.remove(sound)
                    found.append(word)
        return found

    def general_frequencies(self, words: Iterable[str]) -> dict[str, float]:
        """jieba's counts of the words, in parts of 20,000 running words; the service's own words have
        none."""
        return {w: _GENERAL * self._jieba.FREQ.get(w, 0) / self._total for w in words if w not in self._added}


def nlu_lines(folder: Path = NLU_FOLDER) -> list[str]:
    """The examples of all Rasa training files, with their annotations."""
    found: list[str] = []
    for path in sorted(folder.rglob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for item in (content or {}).get("nlu") or []:
            lines = (line.strip() for line in str(item.get("examples") or "").splitlines())
            if "intent" in item:
                found += [line[2:] for line in lines if line.startswith("- ")]
    return found


def unannotated(line: str) -> str:
    """`[x](place)` -> x; a person's name comes out as single characters, by spaces."""

    def words(match: re.Match[str]) -> str:
        return f" {' '.join(match.group(1))} " if "householder" in match.group(2) else match.group(1)

    return _ANNOTATION.sub(words, line)


def varied(line: str, draw: random.Random) -> str:
    """The example with other places and names of the sample county where it is annotated."""

    def words(match: re.Match[str]) -> str:
        if "householder" in match.group(2):
            return filled("{name}" if len(match.group(1)) > 1 else "{surname}", draw)
        return (
            filled(draw.choice(tuple(data_lines("place_forms.txt"))), draw)
            if "place" in match.group(2)
            else match.group(1)
        )

    return _ANNOTATION.sub(words, line)


def weighted_lines(name: str) -> list[tuple[str, int]]:
    """Lines such as `3 text`; the weight is 1 where it is missing."""
    found = []
    for line in data_lines(name):
        match = re.match(r"(\d+) (.+)", line)
        found.append((match.group(2), int(match.group(1))) if match else (line, 1))
    return found


def filled(template: str, draw: random.Random) -> str:
    """A template with its open slots filled at random."""

    def value(match: re.Match[str]) -> str:
        slot = match.group(1)
        if slot in places():
            return draw.choice(places()[slot])
        if slot == "name":
            given = (_ranked(given_names(), draw) for _ in range(draw.choice((1, 2, 2, 2))))
            return f" {_ranked(surnames(), draw)} {' '.join(given)} "
        if slot == "surname":
            return f" {_ranked(surnames(), draw)} "
        if slot == "given":
            return f" {_ranked(given_names(), draw)} {_ranked(given_names(), draw)} "
        if slot == "digits":
            digits = "".join(str(draw.randint(0, 9)) for _ in range(draw.choice((6, 8, 10))))
            return spoken_digits(digits, telephone=draw.random() < 0.7)
        if slot == "mobile":
            rest = "".join(str(draw.randint(0, 9)) for _ in range(9))
            return spoken_digits(draw.choice(_MOBILE_PREFIXES) + rest, telephone=draw.random() < 0.9)
        highest = {"number": 999, "small": 40, "unit": 12, "hour": 12, "month": 12, "money": 500}[slot]
        if slot == "number":
            return drawn_number(draw, draw.choice((60, 300, highest)))
        return spoken_number(draw.randint(1, highest))

    return re.sub(r"\{(\w+)\}", value, template)


def _ranked(items: tuple[str, ...], draw: random.Random) -> str:
    """An item of a list in order of frequency: the n-th comes in proportion to 1 / (n + 10)."""
    return draw.choices(items, [1 / (rank + 10) for rank in range(len(items))])[0]


def held_out_texts() -> frozenset[str]:
    """Every test sentence that is there, as plain text."""
    found: set[str] = set()
    if STORY_FILE.exists():
        lines = STORY_FILE.read_text(encoding="utf-8").splitlines()
        found.update(plain(line) for line in lines if not line.startswith("#"))
    if SITUATIONS_FILE.exists():
        for line in SITUATIONS_FILE.read_text(encoding="utf-8").splitlines():
            if line.strip():
                found.add(plain(str(json.loads(line)["text"])))
    return frozenset(found - {""})


def training_sentences(splitter: Splitter, *, seed: int = 1, fillings: int = 90) -> Counter[Sentence]:
    """All training sentences with their weights; each template is filled `fillings` times its weight."""
    draw = random.Random(seed)
    held_out = held_out_texts()
    counts: Counter[Sentence] = Counter()

    def add(text: str, weight: int) -> None:
        if plain(text) and plain(text) not in held_out:
            counts[splitter.split(text)] += weight

    for text, weight in weighted_lines("sentences.txt"):
        add(text, _FIXED_WEIGHT * weight)
    for template, weight in weighted_lines("templates.txt"):
        for _ in range(fillings * weight):
            add(filled(template, draw), 1)
    for line in nlu_lines():
        example = unannotated(line)
        if plain(example) in held_out:
            continue
        add(example, _EXAMPLE_WEIGHT)
        if example != line:
            for _ in range(_VARIATIONS):
                add(varied(line, draw), _VARIED_WEIGHT)
        clauses = _CLAUSE.split(example)
        for clause in clauses if len(clauses) > 1 else ():
            add(clause, _CLAUSE_WEIGHT)
    return counts


def own_words(sentences: Iterable[Sentence], extra: Iterable[str] = ()) -> set[str]:
    """The words of the service: those of the sentences, with surnames, name characters, places and single digits."""
    words = {word for sentence in sentences for word in sentence}
    words.update(surnames(), given_names(), NUMBER_CHARACTERS, *places().values(), extra)
    return {word for word in words if pronounced(word)}


def vocabulary(own: Iterable[str], common: Iterable[str] = ()) -> list[str]:
    """All words that can be pronounced, sorted: the service's own, those of everyday speech, and every character of the
    service's as a word, to spell what is no word."""
    own = list(own)
    words = {*own, *common, *(character for word in own for character in word)}
    return sorted(word for word in words if pronounced(word))


def pronounced(word: str) -> bool:
    """Whether a word has a reading of Mandarin's syllables: Chinese characters alone."""
    try:
        return all(syllable[:-1] in syllables() for one in readings(word) for syllable in one)
    except ValueError:
        return False
