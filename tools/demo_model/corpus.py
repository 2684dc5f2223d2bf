"""The acoustic training corpus: spoken domain sentences and random syllables, degraded, as features and
labels.

Workers (child processes, because espeak may crash) write one .npz shard each: `features` (frames, 32)
float16, `labels` (frames) int16, `lengths` (utterances) int32.
"""

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np

from .features import FRAMES_PER_SECOND, mfcc
from .line import Line
from .phones import drawn_syllables, readings
from .synthesis import TRAINING_VOICES, Synthesiser, Voice
from .texts import PROJECT, Sentence, pronounced
from .voices import add_drawn_voices

_UTTERANCES_PER_WORKER = 250
_MEAN_SECONDS = 2.9
_RANDOM_SHARE = 0.4
"""Of utterances that are strings of random syllables."""
_DRAWN_VOICES, _DRAWN_SHARE = 60, 0.5
"""Speakers that each worker draws, and their part of the utterances."""


def _phrases(sentences: list[Sentence], draw: random.Random) -> list[list[str]]:
    """What one utterance says: a domain sentence, sometimes with a pause, or strings of random syllables."""
    if draw.random() < _RANDOM_SHARE:
        return [drawn_syllables(draw, draw.randint(2, 7)) for _ in range(draw.randint(1, 2))]
    spoken = [draw.choice(readings(word)) for word in draw.choice(sentences)]
    if len(spoken) > 2 and draw.random() < 0.3:
        cut = draw.randint(1, len(spoken) - 1)
        return [list(chain(*spoken[:cut])), list(chain(*spoken[cut:]))]
    return [list(chain(*spoken))]


def work(texts: Path, out: Path, *, utterances: int, seed: int) -> None:
    """One worker's shard."""
    draw, line = random.Random(seed), Line(seed)
    voice_data = out.with_suffix("")
    drawn = tuple(add_drawn_voices(voice_data, draw, _DRAWN_VOICES))
    synthesiser = Synthesiser(voice_data)
    sentences = [tuple(sentence) for sentence in json.loads(texts.read_text(encoding="utf-8"))]
    features, labels = [], []
    while len(features) < utterances:
        voice = Voice.drawn(draw, drawn if draw.random() < _DRAWN_SHARE else TRAINING_VOICES)
        utterance = synthesiser.utterance(_phrases(sentences, draw), voice, draw)
        if utterance is None:
            continue
        utterance = utterance.stretched(draw.randint(88, 114))
        frames = mfcc(line.degrade(utterance.samples))
        features.append(frames.astype(np.float16))
        labels.append(utterance.labels(len(frames)))
    lengths = np.array([len(f) for f in features], np.int32)
    shutil.rmtree(voice_data)
    np.savez(out, features=np.concatenate(features), labels=np.concatenate(labels), lengths=lengths)


def write_texts(sentences: Counter[Sentence], folder: Path, seed: int) -> Path:
    """What the workers choose from; each distinct sentence counts with the fourth root of its weight."""
    folder.mkdir(parents=True, exist_ok=True)
    pool = [sentence for sentence in sentences if all(pronounced(word) for word in sentence)]
    weights = [sentences[sentence] ** 0.25 for sentence in pool]
    chosen = random.Random(seed).choices(pool, weights, k=min(20_000, len(pool) * 2))
    texts = folder / "sentences.json"
    texts.write_text(json.dumps(chosen, ensure_ascii=False), encoding="utf-8")
    return texts


def make_corpus(
    sentences: Counter[Sentence],
    folder: Path,
    *,
    hours: float,
    seed: int = 1,
    workers: int = 2,
    progress: Callable[[str], object] = print,
) -> list[Path]:
    """About `hours` of speech in `folder`. A worker that crashes is followed by one with another seed: espeak-ng would crash at
    the same word again."""
    texts = write_texts(sentences, folder, seed)
    wanted = max(1, round(hours * 3600 / _MEAN_SECONDS / _UTTERANCES_PER_WORKER))
    # What an earlier run left is kept.
    shards = sorted(folder.glob("shard-*.npz"))[:wanted]
    running: list[tuple[subprocess.Popen[bytes], Path]] = []
    started = max((int(one.stem[-4:]) for one in shards), default=0)
    crashed = 0
    while len(shards) < wanted and crashed <= wanted // 2 + 3:
        while len(running) < workers and len(shards) + len(running) < wanted:
            started += 1
            out = folder / f"shard-{started:04d}.npz"
            command = [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                __spec__.name,
                str(texts),
                str(out),
                str(_UTTERANCES_PER_WORKER),
            ]
            running.append((subprocess.Popen([*command, str(seed * 100_000 + started)], cwd=PROJECT), out))
        process, out = running.pop(0)
        if process.wait() == 0:
            shards.append(out)
            if len(shards) % 10 == 0:
                progress(f"speech: {len(shards)} of {wanted} parts")
        else:
            crashed += 1
    if len(shards) < wanted:
        raise RuntimeError(f"espeak-ng crashed {crashed} times of {started}; see the messages above")
    frames = sum(int(np.load(shard)["lengths"].sum()) for shard in shards)
    progress(f"speech: {frames / FRAMES_PER_SECOND / 3600:.1f} h in {len(shards)} parts, {crashed} crashed")
    return shards


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]), utterances=int(sys.argv[3]), seed=int(sys.argv[4]))
