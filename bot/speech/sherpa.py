"""Models of other makers, for a site that has one for its dialect: sherpa-onnx behind the recogniser's port.

An extra (`uv sync --extra sherpa`). Supported is what is decoded at the end of a turn: SenseVoice, Paraformer, TeleSpeech,
Dolphin (each a model.onnx that names itself), and transducers (encoder, decoder, joiner), with tokens.txt beside them.
Facts of such files: k2-fsa.github.io/sherpa/onnx. Nothing is understood before the end of the turn, and there is one
reading only, so a turn waits a little longer for its answer and nobody disagrees with the first reading."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from bot.speech.in_order import in_order, unknown_share
from bot.speech.models import ModelMissing, ModelRefused, SpeechModel, look_at, sherpa_files
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, RecogniserFailed
from bot.speech.recognise import give_way

RATE = 16000
#: what a file says of itself (its metadata stands at its end) → the constructor for it
_KINDS = {
    "sense_voice_ctc": "from_sense_voice",
    "paraformer": "from_paraformer",
    "telespeech_ctc": "from_telespeech_ctc",
    "dolphin": "from_dolphin_ctc",
}
_METADATA = 2 << 20
#: longer sound than this (s) is no turn
_LONGEST_S = 120.0
_LOAD_S = 120.0
_TOKEN_LINE = re.compile(r"\S+\s+\d+|\s+\d+")


def installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("sherpa_onnx") is not None


class SherpaRecogniser:
    """One model for all calls; a turn is decoded when it is over, in threads that let sound pass."""

    def __init__(self, model_dir: Path, threads: int = 2) -> None:
        """Load the model; raises ModelMissing (sherpa-onnx itself may end the process over a model that is broken)."""
        self.model = look_at(Path(model_dir))
        if self.model.engine != "sherpa":
            raise ModelMissing(f"{model_dir}: no model of sherpa-onnx")
        if not installed():
            raise ModelMissing(f"{model_dir}: this model needs sherpa-onnx: uv sync --extra sherpa, then start again")
        _try(self.model)
        self._recogniser = load(self.model)
        self._pool = ThreadPoolExecutor(max_workers=max(1, threads), thread_name_prefix="sherpa", initializer=give_way)

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> SherpaSession:
        return SherpaSession(self, sample_rate)

    async def decode(self, samples: NDArray[np.float32]) -> str:
        """16 kHz samples, -1 to 1 → text. Raises RecogniserFailed."""

        def work() -> str:
            stream = self._recogniser.create_stream()
            stream.accept_waveform(RATE, samples)
            self._recogniser.decode_stream(stream)
            return str(stream.result.text)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except Exception as problem:
            raise RecogniserFailed(f"sherpa-onnx failed on an utterance ({problem})") from problem

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class SherpaSession:
    """One utterance: kept until it is over."""

    def __init__(self, owner: SherpaRecogniser, sample_rate: int) -> None:
        self._owner, self._rate = owner, sample_rate
        self._sound = bytearray()

    async def feed(self, pcm: bytes) -> str:
        if len(self._sound) > _LONGEST_S * self._rate * 2:
            raise RecogniserFailed(f"a turn of more than {_LONGEST_S:.0f} s")
        self._sound += pcm
        return ""

    async def finish(self) -> HeardSpeech:
        samples = np.frombuffer(bytes(self._sound[: len(self._sound) // 2 * 2]), "<i2")
        seconds = len(samples) / self._rate
        if not samples.any():
            return HeardSpeech("", seconds=seconds)  # some models make words of nothing
        sound = samples.astype(np.float32) / 32768
        if self._rate != RATE:
            sound = np.asarray(soxr.resample(sound, self._rate, RATE), np.float32)
        text = await self._owner.decode(sound)
        return HeardSpeech(
            in_order(text), unknown_share=unknown_share(text), seconds=seconds, ear=self._owner.model.name
        )


def load(model: SpeechModel) -> Any:
    """sherpa-onnx's recogniser for a folder. Raises ModelMissing for a kind that is not supported."""
    import sherpa_onnx

    files = sherpa_files(model.path)
    common: dict[str, Any] = {"tokens": str(files.pop("tokens")), "num_threads": 1}
    try:
        if "joiner" in files:
            names = {name: str(path) for name, path in files.items()}
            return sherpa_onnx.OfflineRecognizer.from_transducer(**names, **common)
        kind = kind_of(files["model"])
        make = getattr(sherpa_onnx.OfflineRecognizer, _KINDS[kind])
        first = "paraformer" if kind == "paraformer" else "model"
        # Numbers are read by Gege herself, in the words in which they were said.
        more = {"language": "zh", "use_itn": False} if kind == "sense_voice_ctc" else {}
        return make(**{first: str(files["model"])}, **common, **more)
    except ModelRefused as problem:
        raise ModelMissing(str(problem)) from problem
    except Exception as problem:
        raise ModelMissing(f"{model.path}: sherpa-onnx cannot load this model ({problem})") from problem


def kind_of(model: Path) -> str:
    """What an ONNX file says that it is. Raises ModelRefused."""
    size = model.stat().st_size
    with model.open("rb") as file:
        file.seek(max(0, size - _METADATA))
        end = file.read()
    # metadata_props: key (field 1) and value (field 2), each with its length (onnx.proto)
    found = re.search(rb"\x0a\x0amodel_type\x12(.)", end, re.DOTALL)
    kind = end[found.end() : found.end() + found.group(1)[0]].decode("utf-8", "replace") if found else ""
    if kind not in _KINDS:
        known = ", ".join(_KINDS)
        raise ModelRefused(f"{model}: a model of kind {kind or 'unknown'!r}; supported are {known}, and transducers")
    return kind


def _try(model: SpeechModel) -> None:
    """Load it once in a child: what ends a process must not end ours. Raises ModelMissing."""
    tokens = sherpa_files(model.path)["tokens"].read_text("utf-8", "replace").splitlines()
    if not tokens or not all(_TOKEN_LINE.fullmatch(line) for line in tokens[:50]):
        raise ModelMissing(f"{model.path}/tokens.txt is no list of tokens (a token and its number on each line)")
    command = [sys.executable, "-m", __name__, str(model.path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LOAD_S, check=False)
    except subprocess.TimeoutExpired as problem:
        raise ModelMissing(f"{model.path}: this model does not load within {_LOAD_S:.0f} s") from problem
    if done.returncode:
        told = (done.stdout.strip() or done.stderr.strip() or f"status {done.returncode}").splitlines()
        raise ModelMissing(told[-1])


if __name__ == "__main__":
    try:
        load(look_at(Path(sys.argv[1])))
    except ModelMissing as refused:
        sys.exit(print(refused) or 3)
