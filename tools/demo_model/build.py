"""Builds the demo speech model from nothing: texts, synthetic speech, acoustic net, graph."""

import datetime
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from .corpus import make_corpus
from .data_files import data_lines
from .features import SAMPLE_RATE
from .graph import COMMON_WORDS, make_lexicon, write_graph
from .kaldi_writer import write_acoustic_model
from .measure import bench_speech
from .phones import phone_table
from .texts import PROJECT, Splitter, training_sentences, vocabulary

HOURS, PASSES, WIDTH, THREADS = 16.0, 7.0, 256, 2
NOTE = "synthetic voices, for trying and testing, not for residents"
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
    shards: list[Path], out: Path, *, python: str | None, passes: float = PASSES, start: Path | None = None
) -> None:
    """Runs training.py in an interpreter of its own; its progress goes to this process's stderr. `start`: a folded net
    to go on from."""
    script = Path(__file__).with_name("training.py")
    # -P: this folder must not be searched for modules
    command = [*training_command(python), "-P", str(script), str(out), *map(str, shards)]
    options = [
        "--minutes",
        "60",
        "--passes",
        f"{passes:g}",
        "--width",
        str(WIDTH),
        "--outputs",
        str(phone_table().pdf_count),
    ]
    options += ["--start", str(start)] if start else []
    done = subprocess.run(
        [*command, *options, "--threads", str(THREADS)],
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
    words = vocabulary(sentences, [*data_lines("words.txt"), *splitter.common_words(COMMON_WORDS)])
    write_acoustic_model(out, net, phone_table())
    write_graph(out, sentences, make_lexicon(words), prior=splitter.general_frequencies(words))
    return len(words)


def write_note(out: Path, words: int, figures: Mapping[str, Mapping[str, float]]) -> None:
    """gege-model.json: what this model is, and what was measured."""
    facts = {
        "name": "gege-demo",
        "kind": "synthetic",
        "sample_rate": SAMPLE_RATE,
        "vocabulary": words,
        "note": NOTE,
        "built": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "figures": {name: {k: round(v, 4) for k, v in values.items()} for name, values in figures.items()},
    }
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    (out / "gege-model.json").write_text(text, encoding="utf-8")


def build_demo(
    out: Path,
    *,
    work: Path,
    hours: float = HOURS,
    python: str | None = None,
    progress: Callable[[str], object] = print,
) -> None:
    """Builds the model at `out`, with intermediate files in `work` (about 0.4 GB), from `hours` of
    synthetic speech.

    `python` is an interpreter with PyTorch and numpy. Takes about three quarters of an hour on two cores.
    """
    work.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    sentences = training_sentences(Splitter())
    progress(f"texts: {len(sentences)} different sentences")
    shards = make_corpus(sentences, work / "speech", hours=hours, progress=progress)
    net_file = work / "net.npz"
    train_net(shards, net_file, python=python)
    with np.load(net_file) as net:
        words = write_model(out, dict(net))
    write_note(out, words, {})
    progress(f"model: {words} words in {out}")
    write_note(out, words, bench_speech(out, progress=progress))
