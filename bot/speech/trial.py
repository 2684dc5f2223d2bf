"""Whether an ear hears: a recording, or a sentence of Gege's own voice, through the model of a folder.

New models are tried in a child: what ends a process must not end ours. `python -m bot.speech.trial FOLDER` is that child."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.foundation.words import load
from bot.settings import Settings, SpeechSettings
from bot.speech.audio import Sound
from bot.speech.listening import listened, spoken
from bot.speech.model_errors import ModelMissing, ModelRefused
from bot.speech.port import Likely, Recogniser, RecogniserFailed
from bot.speech.recogniser_of import make_recogniser

#: the largest ears load for minutes
_LONGEST_S = 300.0
_REFUSED = 3


@dataclass(frozen=True)
class _Words:
    """trial.yml."""

    sentence: str


@dataclass(frozen=True)
class Trial:
    """What an ear made of one recording of `seconds`. `late_s`: from the last sound to the words; `cpu_s`: of all threads."""

    text: str
    alternatives: tuple[str, ...]
    ear: str
    seconds: float
    cpu_s: float
    late_s: float
    load_s: float
    confidence: float = 1.0
    unknown_share: float = 0.0

    def told(self) -> str:
        """For a terminal."""
        speed = self.cpu_s / max(self.seconds, 0.1)
        heard = self.text or "nothing"
        return (
            f"{self.ear} heard {heard} ({self.seconds:.1f} s of sound, the words {self.late_s:.2f} s after its end,"
            f" {speed:.2f} CPU s a second of sound, loaded in {self.load_s:.1f} s)"
        )


def sentence() -> str:
    """What is spoken to a new ear."""
    return load(_Words, Path(__file__).with_name("trial.yml")).sentence


def tried(folder: Path, longest_s: float = _LONGEST_S) -> Trial:
    """Load the model of a folder in a child and speak the sentence to it. Raises ModelMissing when it cannot be loaded,
    ModelRefused when it loads and cannot decode, ends its process or takes longer than `longest_s`."""
    command = [sys.executable, "-m", "bot.speech.trial", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=longest_s, check=False, cwd=_project())
    except subprocess.TimeoutExpired as problem:
        raise ModelRefused(f"{folder}: this model hears nothing within {longest_s:.0f} s") from problem
    lines = done.stdout.strip().splitlines()
    if done.returncode == _REFUSED and lines:
        raise ModelMissing(lines[-1])
    if done.returncode or not lines:
        told = [line for line in done.stderr.strip().splitlines() if line.strip()]
        why = told[-1][:300] if told and done.returncode > 0 else f"it ended the process ({done.returncode})"
        raise ModelRefused(f"{folder}: this model loads and cannot decode: {why}")
    return Trial(**{**json.loads(lines[-1]), "alternatives": tuple(json.loads(lines[-1])["alternatives"])})


async def listen(ear: Recogniser, sound: Sound, load_s: float = 0.0, likely: Likely | None = None) -> Trial:
    """One recording through an ear that is loaded, fed as a call feeds it. Raises RecogniserFailed."""
    began = time.process_time()
    heard, late_s = await listened(ear, sound.samples, sound.rate, likely)
    return Trial(
        heard.text,
        heard.alternatives,
        heard.ear,
        sound.seconds,
        time.process_time() - began,
        late_s,
        load_s,
        heard.confidence,
        heard.unknown_share,
    )


async def heard_by(settings: Settings, sound: Sound) -> Trial:
    """A recording through the ear that the settings choose. Raises ModelMissing, SettingsError, RecogniserFailed."""
    began = time.perf_counter()
    ear = await asyncio.to_thread(make_recogniser, settings, 1)
    load_s = time.perf_counter() - began
    try:
        return await listen(ear, sound, load_s)
    finally:
        await ear.close()


def _project() -> Path:
    return Path(__file__).parent.parent.parent


async def _in_the_child(folder: Path) -> Trial:
    with tempfile.TemporaryDirectory(prefix="gege-trial-") as home:
        settings = Settings(home=Path(home), speech=SpeechSettings(model=str(folder)))
        return await heard_by(settings, await spoken(sentence()))


if __name__ == "__main__":
    try:
        print(json.dumps(asdict(asyncio.run(_in_the_child(Path(sys.argv[1])))), ensure_ascii=False))
    except ModelMissing as refused:
        sys.exit(print(refused) or _REFUSED)
    except RecogniserFailed as broken:
        sys.exit(str(broken))
