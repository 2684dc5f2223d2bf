"""A set to judge an ear with: sentences of the service in Chongyang's sounds, by the two neural voices that no training hears.

    python -m tools.demo_model.chongyang_set FOLDER [--sentences 102] [--mandarin]

`gege bench hear FOLDER` takes it. Simulated speech: what it is made of is said in bot/speech/chongyang_sounds.yml. An ear that hears
it well has learnt the sound changes; how well it hears people of Chongyang nobody can say before there are recordings."""

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from bot.speech import kokoro_voice
from bot.speech.chongyang import words_here, written_here
from bot.speech.engine import Sentence
from bot.speech.kokoro import RATE, Kokoro

from .neural import HELD_OUT
from .texts import SITUATIONS_FILE

SET_RATE = 16_000
_SENTENCES = 102
_LENGTHS = range(4, 25)
_SPEED, _PEAK, _HISS = 0.95, 0.7, 0.002


@dataclass(frozen=True)
class Asked:
    """A sentence and what is to be understood of it."""

    text: str
    intent: str
    place: str = ""


def sentences(count: int, seed: int = 11) -> list[Asked]:
    """`count` sentences that are whole without what was said before: the intents in turn, of each those with places first."""
    draw = random.Random(seed)
    by_intent: dict[str, list[Asked]] = {}
    for line in SITUATIONS_FILE.read_text("utf-8").splitlines():
        row = json.loads(line)
        if len(row["text"]) in _LENGTHS and "history" not in row:
            one = Asked(row["text"], row["intent"], row.get("entities", {}).get("place", ""))
            by_intent.setdefault(one.intent, []).append(one)
    for some in by_intent.values():
        draw.shuffle(some)
        some.sort(key=lambda one: bool(one.place))
    found: list[Asked] = []
    while len(found) < count and any(by_intent.values()):
        found += [some.pop() for _, some in sorted(by_intent.items()) if some]
    return found[:count]


def write_set(folder: Path, count: int = _SENTENCES, *, mandarin: bool = False) -> None:
    """The sounds (16 kHz), and transcripts.tsv beside them. `mandarin`: the same sentences in Mandarin, to compare with. Raises
    KokoroMissing."""
    folder.mkdir(parents=True, exist_ok=True)
    kokoro = Kokoro()
    source = "mandarin" if mandarin else "simulated Chongyang"
    rows = ["id\tsource\tspeaker\tkind\ttext\tintent\tplace"]
    for number, one in enumerate(sentences(count)):
        name, voice = f"c{number:03d}", HELD_OUT[number % len(HELD_OUT)]
        if mandarin:
            spoken = kokoro.speak([*kokoro_voice.words(Sentence.of(one.text)), ["."]], voice, _SPEED)
        else:
            spoken = kokoro.speak([*words_here(one.text), ["."]], voice, _SPEED, written_here)
        wide = soxr.resample(spoken.samples, RATE, SET_RATE)
        # A breath of silence before and after; no microphone is without noise.
        wide = np.pad(wide / (np.abs(wide).max() + 1e-9) * _PEAK, (SET_RATE // 5, SET_RATE * 3 // 10))
        wide = wide + np.random.default_rng(number).standard_normal(len(wide)) * _HISS
        soundfile.write(folder / f"{name}.wav", (wide * 32767).astype(np.int16), SET_RATE)
        rows.append(f"{name}\t{source}\t{voice}\tsentence\t{one.text}\t{one.intent}\t{one.place}")
    (folder / "transcripts.tsv").write_text("\n".join(rows) + "\n", "utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description="A set in Chongyang's sounds for `gege bench hear`.")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--sentences", type=int, default=_SENTENCES)
    arguments.add_argument("--mandarin", action="store_true", help="the same sentences in Mandarin")
    wish = arguments.parse_args()
    write_set(wish.folder, wish.sentences, mandarin=wish.mandarin)


if __name__ == "__main__":
    main()
