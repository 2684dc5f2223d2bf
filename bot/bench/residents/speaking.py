"""Speaks residents' lines with synthetic voices that training never heard, in a process that stays warm.

stdin: one JSON object a line (text, seed); stdout: one JSON object a line (int16 samples at 8 kHz as base64, "" where
espeak failed). espeak may take its process with it; the next line is spoken by a new one."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys

from bot.settings import PROJECT


class Speaker:
    """One voice after the other, each drawn by the seed of its line; not to be used by two threads at once."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None

    def say(self, text: str, seed: int) -> bytes:
        """int16 samples at 8 kHz; nothing where the text cannot be spoken."""
        for _ in range(2):
            if self._child is None or self._child.poll() is not None:
                self._child = subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-m", "bot.bench.residents.speaking"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    cwd=PROJECT,
                )
            assert self._child.stdin and self._child.stdout
            try:
                self._child.stdin.write(json.dumps({"text": text, "seed": seed}) + "\n")
                self._child.stdin.flush()
            except BrokenPipeError:
                continue
            if line := self._child.stdout.readline():
                return base64.b64decode(json.loads(line)["sound"])
            self._child.wait(10)
        return b""

    def close(self) -> None:
        """End the process."""
        if self._child is not None and self._child.stdin and self._child.stdout:
            self._child.stdin.close()
            self._child.wait(10)
            self._child.stdout.close()


def main() -> None:
    """The child: speaks line after line until stdin ends."""
    import numpy as np

    from tools.demo_model.speaker import syllables_of
    from tools.demo_model.synthesis import HELD_OUT_VOICES, Synthesiser, Voice
    from tools.demo_model.texts import plain

    synthesiser = Synthesiser()
    for line in sys.stdin:
        wanted, sound = json.loads(line), b""
        dice = random.Random(wanted["seed"])
        try:
            voice = Voice.drawn(dice, (dice.choice(HELD_OUT_VOICES),))
            spoken = synthesiser.utterance([list(syllables_of(plain(wanted["text"])))], voice, dice)
        except ValueError:
            spoken = None
        if spoken is not None:
            sound = np.int16(spoken.samples / (np.abs(spoken.samples).max() + 1) * 16_000).astype("<i2").tobytes()
        print(json.dumps({"sound": base64.b64encode(sound).decode()}), flush=True)


if __name__ == "__main__":
    main()
