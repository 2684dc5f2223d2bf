"""A set to judge an ear with: sentences of the service, spoken by the two neural voices that no training hears.

    python -m tools.demo_model.judging FOLDER

`gege bench hear FOLDER` takes it. The sentences are those of tests/data/nlu/situations.jsonl, which no training reads either."""

import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from bot.speech.kokoro import RATE, Kokoro, Spoken, Word
from bot.speech.reading import spoken

from .neural import HELD_OUT
from .phones import readings
from .texts import SITUATIONS_FILE, Splitter

SET_RATE = 16_000
_MANY = ("report_outage", "report_hazard", "report_breaker_fault", "ask_arrears", "ask_tiered_pricing", "open_account")
SPEED = 0.95
_LENGTHS = range(4, 25)
_PEAK, _HISS = 0.7, 0.002


def sentences(seed: int = 11) -> list[tuple[str, str]]:
    """(text, intent): up to nine of each intent that matters most, four of every other."""
    draw = random.Random(seed)
    by_intent: dict[str, list[str]] = {}
    for row in whole_situations():
        by_intent.setdefault(row["intent"], []).append(row["text"])
    chosen = []
    for intent, texts in sorted(by_intent.items()):
        draw.shuffle(texts)
        chosen += [(text, intent) for text in texts[: 9 if intent in _MANY else 4]]
    draw.shuffle(chosen)
    return chosen


def words_of(text: str, splitter: Splitter) -> list[Word]:
    """A text as Kokoro is told it."""
    return [*(readings(word)[0] for word in splitter.split(spoken(text)) if word), (".",)]


def finished(spoken: Spoken, number: int, rate: int = SET_RATE) -> np.ndarray:
    """int16 samples of what Kokoro said: a breath of silence before and after, and a little hiss, another one for each `number`."""
    sound = soxr.resample(spoken.samples, RATE, rate)
    sound = np.pad(sound / (np.abs(sound).max() + 1e-9) * _PEAK, (rate // 5, rate * 3 // 10))
    sound = sound + np.random.default_rng(number).standard_normal(len(sound)) * _HISS
    return np.asarray(sound * 32767, np.int16)


def aloud(texts: Iterable[str], voices: Sequence[str] = HELD_OUT, rate: int = SET_RATE) -> list[np.ndarray]:
    """int16 samples of each text, the voices in turn."""
    kokoro, splitter = Kokoro(), Splitter()
    return [
        finished(kokoro.speak(words_of(text, splitter), voices[number % len(voices)], SPEED), number, rate)
        for number, text in enumerate(texts)
    ]


def write_sounds(folder: Path, sounds: Iterable[tuple[str, np.ndarray, Sequence[str]]], columns: Sequence[str]) -> None:
    """The sounds by their names, and transcripts.tsv beside them with these columns after the name."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["\t".join(("id", *columns))]
    for name, sound, values in sounds:
        soundfile.write(folder / f"{name}.wav", sound, SET_RATE)
        rows.append("\t".join((name, *values)))
    (folder / "transcripts.tsv").write_text("\n".join(rows) + "\n", "utf-8")


def whole_situations() -> Iterator[dict[str, Any]]:
    """Rows of situations.jsonl that are whole without what was said before, neither a word nor a tale."""
    for line in SITUATIONS_FILE.read_text("utf-8").splitlines():
        row = json.loads(line)
        if len(row["text"]) in _LENGTHS and "history" not in row:
            yield row


def write_set(folder: Path) -> None:
    """The sounds, and transcripts.tsv beside them."""
    chosen = sentences()
    sounds = (
        (f"d{number:03d}", sound, ("kokoro", HELD_OUT[number % len(HELD_OUT)], "sentence", text, intent))
        for number, ((text, intent), sound) in enumerate(zip(chosen, aloud(text for text, _ in chosen), strict=True))
    )
    write_sounds(folder, sounds, ("source", "speaker", "kind", "text", "intent"))


if __name__ == "__main__":
    write_set(Path(sys.argv[1]))
