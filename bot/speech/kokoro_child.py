"""The child process that owns Kokoro: half a gigabyte, half a core while it speaks, and whatever breaks in it ends only it.

`python -m bot.speech.kokoro_child VOICE THREADS NICENESS`. In: one line `{"words": [["ting2", "dian4"], [","], …], "speed": 1.0}`.
Out: see speaking_child.py."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

import numpy as np

from bot.foundation.errors import GegeError
from bot.speech.kokoro import RATE, Kokoro
from bot.speech.speaking_child import as_pcm, refuse, serve

#: more syllables than this are spoken in several runs, cut at a mark where there is one
_RUN = 30


def runs(words: Sequence[list[str]]) -> Iterator[list[list[str]]]:
    """A long sentence in parts that the model takes."""
    run: list[list[str]] = []
    count = 0
    for word in words:
        run.append(word)
        count += len(word)
        if (count >= _RUN and not word[0][0].isalnum()) or count >= 2 * _RUN:
            yield run
            run, count = [], 0
    if any(word[0][0].isalnum() for word in run):
        yield run


def _spoken(kokoro: Kokoro, words: Sequence[list[str]], voice: str, speed: float) -> bytes:
    sounds = [kokoro.speak(run, voice, speed).samples for run in runs(words)]
    return as_pcm(np.concatenate([np.zeros(0, np.float32), *sounds]))


def main() -> None:
    """Speak until nobody asks any more."""
    voice, threads, niceness = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # What carries sound goes first.
    os.nice(niceness)
    try:
        kokoro = Kokoro(threads)
    except GegeError as problem:
        refuse(sys.stdout.buffer, problem)
        return
    serve(sys.stdout.buffer, RATE, lambda wish: _spoken(kokoro, wish["words"], voice, wish["speed"]))


if __name__ == "__main__":
    main()
