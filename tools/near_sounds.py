"""Which Mandarin syllables sound alike: every syllable spoken by several voices of espeak-ng, compared by ear of a machine.

`python -m tools.near_sounds [FILE]` writes bot/bench/near_sounds.tsv, the table of the second noise generator. It is no
table of linguists, knows nothing of Chongyang and shares nothing with ../shared/dialect or the simulator of training: two
syllables are near when one voice's recording of the first is near another voice's recording of the second. Distances: mean
cost of dynamic time warping over cepstra of the telephone band (300 to 3,400 Hz), in hundredths, less the mean of the two
syllables' distances to themselves in the other voice. The same command makes the same file (espeakng-loader 0.2.4; a minute)."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).resolve().parents[1] / "bot" / "bench" / "near_sounds.tsv"
#: voices of espeak-ng, with words a minute and pitch
VOICES = (("", 150, 45), ("m3", 170, 35), ("f2", 155, 60))
TONES = (1, 4)
#: neighbours that are kept of each syllable
NEIGHBOURS = 40
RATE = 8000
_FRAME, _STEP, _FFT = 200, 80, 256
_LOWEST_HZ, _HIGHEST_HZ, _FILTERS, _CEPSTRA = 300.0, 3400.0, 20, 12
#: frames that are so much weaker than the loudest are silence (natural logarithm of energy)
_SILENCE = 9.0
Array = np.ndarray[Any, Any]


def syllables() -> list[str]:
    """Every toneless syllable of the characters of jieba's dictionary, ü as v."""
    import jieba
    from pypinyin import lazy_pinyin

    found = set()
    with Path(jieba.__file__).with_name("dict.txt").open(encoding="utf-8") as file:
        for line in file:
            word = line.split()[0]
            if len(word) == 1 and "\u4e00" <= word <= "\u9fff":
                found.add(lazy_pinyin(word)[0])
    return sorted(one for one in found if one.isascii() and set(one) & set("aeiouv"))


def recordings(names: list[str]) -> list[list[Array]]:
    """For every voice and tone, in that order: the cepstra of every syllable, (frames, 2 × 12) each."""
    import soxr

    from tools.demo_model.espeak import Espeak

    engine, spoken = Espeak(), []
    for voice, rate, pitch in VOICES:
        for tone in TONES:
            sounds = []
            for name in names:
                engine.seed(1)
                pcm, _ = engine.speak(f"{name}{tone}", voice, rate=rate, pitch=pitch, pitch_range=40)
                sounds.append(cepstra(soxr.resample(pcm.astype(np.float32) / 32768, engine.rate, RATE)))
            mean = np.concatenate(sounds).mean(axis=0)
            scale = np.concatenate(sounds).std(axis=0) + 1e-6
            spoken.append([((sound - mean) / scale).astype(np.float32) for sound in sounds])
    return spoken


def cepstra(samples: Array) -> Array:
    """Mel cepstra 0 to 11 of the telephone band and their slopes, of the frames that are no silence."""
    count = max(1, 1 + (len(samples) - _FRAME) // _STEP)
    padded = np.pad(samples, (0, max(0, _FRAME + (count - 1) * _STEP - len(samples))))
    frames = np.stack([padded[at * _STEP : at * _STEP + _FRAME] for at in range(count)]) * np.hamming(_FRAME)
    power = np.abs(np.fft.rfft(frames, _FFT)) ** 2
    mel = np.log(power @ _filters().T + 1e-8)
    loud = mel.max(axis=1)
    heard = np.flatnonzero(loud > loud.max() - _SILENCE)
    mel = mel[heard[0] : heard[-1] + 1]
    turn = np.cos(np.pi / _FILTERS * (np.arange(_FILTERS) + 0.5)[None] * np.arange(_CEPSTRA)[:, None])
    found = mel @ turn.T
    found[:, 0] -= found[:, 0].max()
    slopes = np.gradient(found, axis=0) if len(found) > 1 else np.zeros_like(found)
    return np.concatenate((found, slopes), axis=1)


def _filters() -> Array:
    def mel(hertz: float) -> float:
        return 2595 * float(np.log10(1 + hertz / 700))

    edges = 700 * (10 ** (np.linspace(mel(_LOWEST_HZ), mel(_HIGHEST_HZ), _FILTERS + 2) / 2595) - 1)
    bins = np.arange(_FFT // 2 + 1) * RATE / _FFT
    up = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down))


def warped(one: Array, others: list[Array]) -> Array:
    """Mean cost of the best alignment of `one` with each of `others`; → (others,)."""
    longest = max(map(len, others))
    stack = np.zeros((len(others), longest, one.shape[1]), np.float32)
    for at, other in enumerate(others):
        stack[at, : len(other)] = other
    steps = np.sqrt(np.maximum(0, ((one**2).sum(1)[:, None, None] + (stack**2).sum(2).T[None])
                               - 2 * np.einsum("id,kjd->ijk", one, stack, optimize=True)))  # fmt: skip
    above = np.full((longest + 1, len(others)), np.inf, np.float32)
    above[0] = 0
    for row in steps:
        here = np.full_like(above, np.inf)
        for at in range(longest):
            here[at + 1] = row[at] + np.minimum(np.minimum(above[at + 1], here[at]), above[at])
        above = here
    lengths = np.array([len(other) for other in others])
    return above[lengths, np.arange(len(others))] / (len(one) + lengths)  # type: ignore[no-any-return]


def distances(names: list[str]) -> Array:
    """(meant, heard): how far each syllable is from each, in the mean of all ordered pairs of voices."""
    spoken = recordings(names)
    total, pairs = np.zeros((len(names), len(names))), 0
    for (a, b), tone in itertools.product(itertools.permutations(range(len(VOICES)), 2), range(len(TONES))):
        meant, heard = spoken[a * len(TONES) + tone], spoken[b * len(TONES) + tone]
        total += np.stack([warped(one, heard) for one in meant])
        pairs += 1
    found = (total + total.T) / (2 * pairs)
    own = np.diag(found)
    return np.maximum(0, found - (own[:, None] + own[None]) / 2)  # type: ignore[no-any-return]


def write(file: Path = FILE) -> None:
    """Measure and write the nearest neighbours of every syllable."""
    names = syllables()
    far = np.rint(distances(names) * 100).astype(int)
    lines = [
        "# python -m tools.near_sounds: meant syllable, then heard syllable:distance in hundredths, nearest first.",
        "# From synthetic speech alone (espeak-ng 1.52), no table of linguists and nobody's voice. See the tool.",
    ]
    for at, name in enumerate(names):
        order = sorted((int(far[at, other]), names[other]) for other in range(len(names)) if other != at)
        lines.append("\t".join([name, *(f"{heard}:{distance}" for distance, heard in order[:NEIGHBOURS])]))
    file.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
