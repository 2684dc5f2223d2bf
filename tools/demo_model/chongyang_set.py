"""A set to judge an ear with: sentences of the service in Chongyang's sounds, by the two neural voices that no training hears.

    python -m tools.demo_model.chongyang_set FOLDER [--sentences 102] [--mandarin]

`gege bench hear FOLDER` takes it. Simulated speech: what it is made of is said in bot/speech/chongyang_sounds.yml. An ear that hears
it well has learnt the sound changes; how well it hears people of Chongyang nobody can say before there are recordings."""

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.speech import kokoro_voice
from bot.speech.chongyang import words_here, written_here
from bot.speech.engine import Sentence
from bot.speech.kokoro import Kokoro

from .judging import SPEED, finished, whole_situations, write_sounds
from .neural import HELD_OUT

_SENTENCES = 102


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
    for row in whole_situations():
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
    kokoro = Kokoro()
    source = "mandarin" if mandarin else "simulated Chongyang"

    def sounds() -> Iterator[tuple[str, np.ndarray, Sequence[str]]]:
        for number, one in enumerate(sentences(count)):
            voice = HELD_OUT[number % len(HELD_OUT)]
            if mandarin:
                spoken = kokoro.speak([*kokoro_voice.words(Sentence.of(one.text)), ["."]], voice, SPEED)
            else:
                spoken = kokoro.speak([*words_here(one.text), ["."]], voice, SPEED, written_here)
            yield (
                f"c{number:03d}",
                finished(spoken, number),
                (source, voice, "sentence", one.text, one.intent, one.place),
            )

    write_sounds(folder, sounds(), ("source", "speaker", "kind", "text", "intent", "place"))


def main() -> None:
    arguments = argparse.ArgumentParser(description="A set in Chongyang's sounds for `gege bench hear`.")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--sentences", type=int, default=_SENTENCES)
    arguments.add_argument("--mandarin", action="store_true", help="the same sentences in Mandarin")
    wish = arguments.parse_args()
    write_set(wish.folder, wish.sentences, mandarin=wish.mandarin)


if __name__ == "__main__":
    main()
