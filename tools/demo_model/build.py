"""Builds the demo speech model from nothing: texts, synthetic speech, acoustic net, graph."""

import datetime
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from .alignment import Aligner
from .corpus import make_corpus
from .data_files import data_lines
from .features import SAMPLE_RATE
from .graph import COMMON_WORDS, make_lexicon, write_graph
from .kaldi_writer import write_acoustic_model
from .measure import bench_speech
from .neural import speak_corpus
from .phones import phone_table
from .recordings import Recording, align_recordings, read_corpora, write_parts
from .shards import align_all, write_shards
from .texts import PROJECT, Splitter, own_words, training_sentences, vocabulary

HOURS, ESPEAK_HOURS, THREADS = 10.0, 2.0, 1
SIZE = (256, 512, 128, 9)
"""Of the net: the first layer, the others, their narrow halves, how many blocks."""
FIRST_PASSES, PASSES = 2.0, 3.0
"""Over one copy of the speech, to align it; then over COPIES of it."""
COPIES, PEOPLE_COPIES = 4, 4
NOTE = "synthetic voices, for trying and testing, not for residents"
PEOPLE_NOTE = "synthetic voices and a few people's recordings, for trying and testing, not for residents"
_GROUP = "speech-training"
_FASTER = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "-1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
}
"""Memory is kept instead of mapped anew at each step, and threads that wait leave the cores to others."""


def training_command(python: str | None) -> list[str]:
    """The interpreter that has PyTorch: the one given, else uv with the project's dependency group for
    training, in an environment apart from the service's."""
    if python:
        return [python]
    uv = shutil.which("uv")
    if not uv:
        raise RuntimeError("training needs PyTorch: install uv, or name a Python that has torch and numpy (--python)")
    return [uv, "run", "--isolated", "--no-default-groups", "--group", _GROUP, "python"]


def train_net(
    shards: Sequence[Path],
    out: Path,
    *,
    python: str | None,
    passes: float = PASSES,
    start: Path | None = None,
    size: Sequence[int] = SIZE,
    minutes: float = 600,
) -> None:
    """Runs training.py in an interpreter of its own; its progress goes to this process's stderr. `start`: a folded net
    to go on from, whose size it keeps."""
    script = Path(__file__).with_name("training.py")
    # -P: this folder must not be searched for modules
    command = [*training_command(python), "-P", str(script), str(out), *map(str, shards)]
    options: dict[str, Sequence[object]] = {
        "--minutes": [minutes],
        "--passes": [f"{passes:g}"],
        "--size": size,
        "--outputs": [phone_table().pdf_count],
        "--threads": [THREADS],
        **({"--start": [start]} if start else {}),
    }
    done = subprocess.run(
        [*command, *(str(word) for name, values in options.items() for word in (name, *values))],
        cwd=PROJECT,
        stdout=2,
        check=False,
        env={**os.environ, **_FASTER},
    )
    if done.returncode:
        raise RuntimeError(f"training failed with status {done.returncode}; see the messages above")


def write_model(out: Path, net: Mapping[str, np.ndarray]) -> int:
    """Writes the model folder of a trained net with the project's own texts; returns the number of words."""
    splitter = Splitter()
    sentences = training_sentences(splitter)
    own = own_words(sentences, data_lines("words.txt"))
    words = vocabulary(own, splitter.common_words(COMMON_WORDS))
    write_acoustic_model(out, net, phone_table())
    write_graph(out, sentences, make_lexicon(words), own, prior=splitter.general_frequencies(words))
    return len(words)


def write_note(out: Path, words: int, figures: Mapping[str, Mapping[str, float]], note: str = NOTE) -> None:
    """gege-model.json: what this model is, and what was measured."""
    facts = {
        "name": "gege-demo",
        "kind": "synthetic",
        "sample_rate": SAMPLE_RATE,
        "vocabulary": words,
        "note": note,
        "built": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "figures": {name: {k: round(v, 4) for k, v in values.items()} for name, values in figures.items()},
    }
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    (out / "gege-model.json").write_text(text, encoding="utf-8")


def _people_shards(
    recordings: Sequence[Recording], net: Path, work: Path, progress: Callable[[str], object]
) -> list[Path]:
    with np.load(net) as arrays:
        aligned = align_recordings(Aligner(dict(arrays)), recordings, progress)
    return write_shards(write_parts(aligned, work), work / "shards", PEOPLE_COPIES, workers=THREADS, progress=progress)


def build_demo(
    out: Path,
    *,
    work: Path,
    hours: float = HOURS,
    espeak_hours: float = ESPEAK_HOURS,
    people: Sequence[Path] = (),
    python: str | None = None,
    progress: Callable[[str], object] = print,
) -> None:
    """Builds the model at `out` from `hours` of neural speech and `espeak_hours` of espeak's, with intermediate files in
    `work` (about 0.4 GB for an hour). `people`: Kaldi data directories of recordings that learn beside it; they are read, aligned
    and spoken over lines once, too. Raises CorpusRefused.

    `python` is an interpreter with PyTorch and numpy. Ten hours of speech take two cores about four hours to make and two to
    learn from. What is in `work` is kept: a build that was stopped goes on.
    """
    # Refused now, not after hours of speaking.
    recordings = read_corpora(people)
    work.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    sentences = training_sentences(Splitter())
    progress(f"texts: {len(sentences)} different sentences")
    parts = speak_corpus(sentences, work / "neural", hours=hours, workers=THREADS, progress=progress)
    espeak = make_corpus(sentences, work / "espeak", hours=espeak_hours, workers=THREADS, progress=progress)
    first, last = work / "first.npz", work / "net.npz"
    if not first.is_file():
        shards = write_shards(parts, work / "first", 1, workers=THREADS, progress=progress)
        train_net([*espeak, *shards], first, python=python, passes=FIRST_PASSES)
    if not last.is_file():
        align_all(parts, first, workers=THREADS, progress=progress)
        shards = write_shards(parts, work / "last", COPIES, workers=THREADS, progress=progress)
        if recordings:
            shards += _people_shards(recordings, first, work / "people", progress)
        train_net([*espeak, *shards], last, python=python, passes=PASSES)
    with np.load(last) as net:
        words = write_model(out, dict(net))
    # Of the net that is kept, whoever is named today.
    note = PEOPLE_NOTE if (work / "people").is_dir() else NOTE
    write_note(out, words, {}, note)
    progress(f"model: {words} words in {out}")
    write_note(out, words, bench_speech(out, progress=progress), note)
