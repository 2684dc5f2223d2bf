"""Recordings of people from two public repositories, as Kaldi data directories for `gege models build-demo --people`.

    python -m tools.demo_model.public_people OUT --sentences CLONE --words CLONE [--tested transcripts.tsv]

- sentences: github.com/QianZ423/kaldi-asr-aishell-sample, a thousand sentences of AISHELL-1 by two speakers (Apache-2.0);
- words: github.com/zhongyuchen/DSPSpeech-20, twelve Chinese words by 34 speakers, twenty times each (MIT).

CLONE is a git directory, with or without a work tree. What stands in --tested (columns id and text) is left out: what
measures an ear must not have taught it."""

import argparse
import csv
import io
import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from bot.speech.audio import Sound, write_wav

WORDS = ("数字", "语音", "语言", "识别", "中国", "总工", "北京", "背景", "上海", "商行", "复旦", "饭店")
"""By their numbers in the files' names; 12 to 19 are English."""
_TIMES, _TOGETHER = 6, 4
"""Recordings of a word that are taken of each speaker, and how many make an utterance."""
_LOUD, _AROUND_S = 0.12, 0.15
"""Of a recording's loudest 10 ms: what is louder is the word; and what stays around it."""
_WORD_FILE = re.compile(r"speech_data/(\d+)/\d+-(\d+)-(\d+)\.wav")


@dataclass(frozen=True)
class Said:
    """One recording, and what is said in it."""

    name: str
    speaker: str
    text: str
    sound: Sound


class Clone:
    """The newest commit of a git directory."""

    def __init__(self, folder: Path) -> None:
        self._git = ("git", "--git-dir", str(folder / ".git" if (folder / ".git").is_dir() else folder))
        listed = subprocess.run([*self._git, "ls-tree", "-r", "-z", "HEAD"], check=True, capture_output=True).stdout
        rows = (row.split("\t") for row in listed.decode("utf-8").split("\0") if row)
        self.files = {path: facts.split()[2] for facts, path in rows}

    def read(self, paths: Iterable[str]) -> Iterator[bytes]:
        """What is in each, in order."""
        with subprocess.Popen(
            [*self._git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin and process.stdout
            for path in paths:
                process.stdin.write(self.files[path].encode() + b"\n")
                process.stdin.flush()
                size = int(process.stdout.readline().split()[2])
                yield process.stdout.read(size)
                process.stdout.read(1)


def _sound(data: bytes) -> Sound:
    return Sound(*soundfile.read(io.BytesIO(data), dtype="int16"))


def sentences(clone: Clone, tested: frozenset[str]) -> Iterator[Said]:
    """A wav and a txt of the same name each; the name tells the speaker."""
    texts = sorted(path for path in clone.files if path.startswith("AISHELL_Sample_data/") and path.endswith(".txt"))
    sounds = clone.read(path.replace(".txt", ".wav") for path in texts)
    for path, written, data in zip(texts, clone.read(texts), sounds, strict=True):
        name, text = Path(path).stem, "".join(written.decode("utf-8").split())
        if name not in tested and text not in tested:
            yield Said(name, name[6:11], text, _sound(data))


def words(clone: Clone, tested: frozenset[str], seed: int = 3) -> Iterator[Said]:
    """A speaker's words, four in a row. `tested` is as for sentences."""
    draw = random.Random(seed)
    by_speaker: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for path in sorted(clone.files):
        found = _WORD_FILE.fullmatch(path)
        if found and int(found[2]) < len(WORDS) and 1 <= int(found[3]) <= _TIMES:
            by_speaker[found[1]].append((int(found[2]), path))
    for number, spoken in enumerate(by_speaker.values()):
        draw.shuffle(spoken)
        for start in range(0, len(spoken), _TOGETHER):
            some = spoken[start : start + _TOGETHER]
            sounds = [_sound(data) for data in clone.read(path for _, path in some)]
            text = "".join(WORDS[word] for word, _ in some)
            if text not in tested:
                row = Sound(np.concatenate([_word(sound) for sound in sounds]), sounds[0].rate)
                yield Said(f"w{number:02d}-{start:02d}", f"w{number:02d}", text, row)


def _word(sound: Sound) -> np.ndarray:
    samples = sound.samples
    step, around = sound.rate // 100, int(_AROUND_S * sound.rate)
    level = np.abs(samples[: len(samples) // step * step].astype(float)).reshape(-1, step).mean(1)
    loud = np.flatnonzero(level > _LOUD * level.max())
    return samples[max(0, loud[0] * step - around) : loud[-1] * step + around]


def write(folder: Path, said: Iterable[Said]) -> int:
    """A Kaldi data directory; returns how many recordings."""
    tables: dict[str, list[str]] = {"wav.scp": [], "text": [], "utt2spk": []}
    for one in said:
        write_wav(folder / "wav" / f"{one.name}.wav", one.sound.samples, one.sound.rate)
        for table, value in zip(tables, (f"wav/{one.name}.wav", one.text, one.speaker), strict=True):
            tables[table].append(f"{one.name} {value}\n")
    for table, rows in tables.items():
        (folder / table).write_text("".join(sorted(rows)), "utf-8")
    return len(tables["text"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Kaldi data directories of public recordings.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--sentences", type=Path, required=True, help="clone of QianZ423/kaldi-asr-aishell-sample")
    parser.add_argument("--words", type=Path, required=True, help="clone of zhongyuchen/DSPSpeech-20")
    parser.add_argument("--tested", type=Path, help="tsv whose ids and texts are left out")
    options = parser.parse_args()
    tested: set[str] = set()
    if options.tested:
        with options.tested.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                tested |= {row["id"], row["text"]}
    for name, read, clone in (("sentences", sentences, options.sentences), ("words", words, options.words)):
        print(f"{name}: {write(options.out / name, read(Clone(clone), frozenset(tested)))} recordings")


if __name__ == "__main__":
    main()
