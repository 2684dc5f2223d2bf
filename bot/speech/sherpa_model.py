"""Loads a model of sherpa-onnx: tried once in a child, then shared by all calls of this process.

sherpa-onnx ends the process over a model that it does not like, and some models load and cannot decode; both are found
out in the child, with half a second of sound, before a call depends on it."""

from __future__ import annotations

import asyncio
import importlib.util
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.speech.hot_words import HotWords
from bot.speech.layouts import Layout
from bot.speech.model_errors import ModelMissing
from bot.speech.models import SpeechModel, look_at
from bot.speech.port import RecogniserFailed
from bot.speech.recognise import give_way
from bot.speech.whole_turn import RATE

T = TypeVar("T")
_LOAD_S = 180.0
_TOKEN_LINE = re.compile(r"\S+\s+\d+|\s+\d+")
#: what sherpa-onnx writes when a model breaks on a sound; it then goes on with an empty text
_BROKE = re.compile(
    r"[Cc]aught exception|Non-zero status code|Got invalid dimensions|Invalid (?:input|rank)|Missing Input"
)
_READY = "gege: decoded"
#: silence after the last word (s): a streaming model looks ahead
PADDING_S = 0.8


class Sherpa:
    """One model for all calls, and the threads that work on their turns."""

    def __init__(self, model: SpeechModel, threads: int, threads_a_turn: int) -> None:
        """Load the model. Raises ModelMissing."""
        if model.layout is None:
            raise ModelMissing(f"{model.path}: no model of sherpa-onnx")
        if not installed():
            raise ModelMissing(f"{model.path}: this model needs sherpa-onnx: uv sync --extra sherpa, then start again")
        self.model, self.layout = model, model.layout
        _try(model, self.layout, threads_a_turn)
        self.hot_words = HotWords(self.layout)
        self.recogniser = load(self.layout, threads_a_turn)
        self._pool = ThreadPoolExecutor(max_workers=max(1, threads), thread_name_prefix="sherpa", initializer=give_way)

    async def run(self, work: Callable[[], T]) -> T:
        """Work in a thread that lets sound pass. Raises RecogniserFailed."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except Exception as problem:
            raise RecogniserFailed(f"sherpa-onnx failed on an utterance ({problem})") from problem

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("sherpa_onnx") is not None


def load(layout: Layout, threads_a_turn: int = 1) -> Any:
    """sherpa-onnx's recogniser for a layout. Raises ModelMissing."""
    import sherpa_onnx

    kind = sherpa_onnx.OnlineRecognizer if layout.streaming else sherpa_onnx.OfflineRecognizer
    make = getattr(kind, layout.family.maker, None)
    if make is None:
        raise ModelMissing(
            f"{layout.folder}: sherpa-onnx {sherpa_onnx.__version__} does not load {layout.name}: uv sync --extra sherpa"
        )
    files = {argument: str(path) for argument, path in layout.files.items()}
    try:
        return make(**files, num_threads=threads_a_turn, **{**layout.family.options, **HotWords(layout).options})
    except Exception as problem:
        raise ModelMissing(
            f"{layout.folder}: sherpa-onnx cannot load this {layout.name} model ({problem})"
        ) from problem


def decode_at_once(recogniser: Any, layout: Layout, samples: NDArray[np.float32]) -> str:
    """16 kHz samples, -1 to 1 → text, by a recogniser of either kind: what the trial in the child does."""
    stream = recogniser.create_stream()
    stream.accept_waveform(RATE, samples)
    if not layout.streaming:
        recogniser.decode_stream(stream)
        return str(stream.result.text)
    end(recogniser, stream)
    return str(recogniser.get_result(stream))


def end(recogniser: Any, stream: Any) -> None:
    """No more sound comes to a streaming model: what it has is decoded to the last frame."""
    stream.accept_waveform(RATE, np.zeros(int(PADDING_S * RATE), np.float32))
    # Paraformer decodes its last, short piece only when it is told that it is the last one.
    stream.set_option("is_final", "1")
    stream.input_finished()
    while recogniser.is_ready(stream):
        recogniser.decode_stream(stream)


def sure(log_probabilities: Iterable[float]) -> float:
    """How sure a transducer is of its text, 0 to 1: the mean of what it says of its tokens; 1 where it says nothing."""
    found = list(log_probabilities)
    return min(1.0, math.exp(sum(found) / len(found))) if found else 1.0


def _try(model: SpeechModel, layout: Layout, threads_a_turn: int) -> None:
    """Load it and decode half a second in a child: what ends a process must not end ours. Raises ModelMissing."""
    if "tokens" in layout.files:
        lines = layout.files["tokens"].read_text("utf-8", "replace").splitlines()
        if not lines or not all(_TOKEN_LINE.fullmatch(line) for line in lines[:50]):
            raise ModelMissing(f"{layout.files['tokens']} is no list of tokens (a token and its number on each line)")
    command = [sys.executable, "-m", __name__, str(model.path), str(threads_a_turn)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LOAD_S, check=False, errors="replace")
    except subprocess.TimeoutExpired as problem:
        raise ModelMissing(f"{model.path}: this model does not load and decode within {_LOAD_S:.0f} s") from problem
    if done.returncode == 0 and _READY in done.stdout and not _BROKE.search(done.stderr):
        return
    told = (done.stdout.replace(_READY, "").strip() or done.stderr.strip() or f"status {done.returncode}").splitlines()
    if done.returncode == 3:
        raise ModelMissing(told[-1])
    what = (
        f"loads as {layout.name} and cannot decode"
        if "gege: loaded" in done.stdout
        else f"does not load as {layout.name}"
    )
    raise ModelMissing(f"{model.path}: this model {what} ({told[-1][:300]})")


def _trial(folder: Path, threads_a_turn: int) -> None:
    layout = look_at(folder).layout
    assert layout is not None
    recogniser = load(layout, threads_a_turn)
    print("gege: loaded", flush=True)
    # A tone that swells, with noise: the sums of a model see numbers of every size.
    time = np.arange(RATE // 2) / RATE
    noise = np.random.default_rng(1).normal(0.0, 0.05, len(time))
    decode_at_once(recogniser, layout, (np.sin(2 * np.pi * 300 * time) * time + noise).astype(np.float32))
    print(_READY, flush=True)


if __name__ == "__main__":
    try:
        _trial(Path(sys.argv[1]), int(sys.argv[2]))
    except ModelMissing as refused:
        sys.exit(print(refused) or 3)
