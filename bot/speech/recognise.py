"""Vosk behind the port of the ears (port.py), in threads that never block the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soxr
import vosk

from bot.speech.in_order import in_order
from bot.speech.models import ModelMissing, look_at
from bot.speech.phrases import UNKNOWN, PhraseList, in_words_of
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, RecogniserFailed

T = TypeVar("T")
log = logging.getLogger(__name__)

#: Vosk is asked for this much sound at once; smaller steps cost thread switches, larger ones latency.
_STEP_S = 0.1
#: niceness of the recogniser's threads: enough to let sound pass, not so much that another program starves them
_NICE = 4


class VoskRecogniser:
    """A Vosk model, loaded once and shared by all calls; one KaldiRecognizer for each utterance."""

    def __init__(
        self,
        model_dir: Path,
        threads: int = 2,
        alternatives: int = 5,
        phrases: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Load the model; raises ModelMissing (Vosk itself would go to the network or end the process). `phrases`: what is
        likely to be answered, by question."""
        self.model = look_at(Path(model_dir))
        self.alternatives = alternatives
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(model_path=str(self.model.path))
        except Exception as problem:
            raise ModelMissing(
                f"{self.model.path}: Vosk cannot load this model ({problem}); install another one with"
                " `gege models install FILE-or-FOLDER` or `gege models fetch NAME`"
            ) from problem
        self.common = _common(self.model.path)
        self._pool = ThreadPoolExecutor(max_workers=max(1, threads), thread_name_prefix="vosk", initializer=give_way)
        #: lists that this model can listen for, by question; none when its graph cannot be changed while it runs
        self.phrases: dict[str, PhraseList] = {}
        if phrases and self.model.takes_phrases:
            self.phrases, lost = in_words_of(phrases, lambda word: self._model.vosk_model_find_word(word) >= 0)
            if lost:
                log.warning(
                    "%s does not know the words of %s; they are not listened for", self.model.name, "、".join(lost)
                )

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> VoskSession:
        return VoskSession(self, sample_rate, self.phrases.get(likely.question))

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def kaldi(self, sample_rate: int) -> Any:
        recogniser = vosk.KaldiRecognizer(self._model, sample_rate)
        recogniser.SetMaxAlternatives(self.alternatives)
        return recogniser

    def kaldi_for(self, phrases: PhraseList, sample_rate: int) -> Any:
        return vosk.KaldiRecognizer(self._model, sample_rate, phrases.grammar)

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def give_way() -> None:
    """Let this thread wait for those that carry sound: what is sent keeps its 20 ms however much is recognised."""
    # On Linux a thread has a niceness of its own; elsewhere it would be the whole process's.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class VoskSession:
    """One utterance. `feed` and `finish` may be awaited in any order but never lose sound."""

    def __init__(self, owner: VoskRecogniser, sample_rate: int, phrases: PhraseList | None = None) -> None:
        self._owner, self._phrases = owner, phrases
        self._rate = sample_rate
        own = owner.model.rate
        # A 16 kHz model fails on 8 kHz sound; an 8 kHz one takes 16 kHz by itself.
        self._fed_rate = sample_rate if sample_rate == own or (own, sample_rate) == (8000, 16000) else own
        self._resampler = (
            None
            if self._fed_rate == sample_rate
            else soxr.ResampleStream(sample_rate, self._fed_rate, 1, dtype="int16", quality="HQ")
        )
        self._lock = threading.Lock()
        self._kaldi: Any = None
        #: listens for the phrases alone, beside the free one
        self._second: Any = None
        self._phrase = ""
        self._waiting = bytearray()
        self._samples = 0
        self._parts: list[list[tuple[str, float]]] = []
        self._partial = ""

    async def feed(self, pcm: bytes) -> str:
        self._waiting += pcm
        self._samples += len(pcm) // 2
        if len(self._waiting) < int(_STEP_S * self._rate) * 2:
            return self._so_far()
        chunk = self._take()
        try:
            await self._owner.run(lambda: self._accept(chunk))
        except Exception as problem:
            raise RecogniserFailed(f"Vosk failed on an utterance ({problem})") from problem
        return self._so_far()

    async def finish(self) -> HeardSpeech:
        chunk = self._take()
        try:
            await self._owner.run(lambda: self._end(chunk))
        except Exception as problem:
            raise RecogniserFailed(f"Vosk failed on an utterance ({problem})") from problem
        heard = combine(self._parts, self._owner.alternatives, self._samples / self._rate, self._owner.common)
        heard = replace(heard, ear=self._owner.model.name)
        return heard if self._phrases is None else preferred(heard, self._phrase, self._phrases)

    def _take(self) -> bytes:
        whole = len(self._waiting) // 2 * 2
        chunk = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        return chunk

    def _so_far(self) -> str:
        return "".join(in_order(part[0][0]) for part in self._parts if part) + in_order(self._partial)

    def _accept(self, chunk: bytes, last: bool = False) -> None:
        with self._lock:
            if self._kaldi is None:
                self._kaldi = self._owner.kaldi(self._fed_rate)
                self._second = self._owner.kaldi_for(self._phrases, self._fed_rate) if self._phrases else None
            if self._resampler is not None:
                samples = np.frombuffer(chunk, dtype="<i2")
                chunk = np.asarray(self._resampler.resample_chunk(samples, last=last), dtype="<i2").tobytes()
            if chunk and self._second is not None and self._second.AcceptWaveform(chunk):
                self._phrase += f" {json.loads(self._second.Result())['text']}"
            if chunk and self._kaldi.AcceptWaveform(chunk):
                # Vosk's own end of speech closes a part; the turn ends when the voice activity says so.
                self._parts.append(readings(self._kaldi.Result()))
                self._partial = ""
            elif chunk:
                self._partial = str(json.loads(self._kaldi.PartialResult()).get("partial", ""))

    def _end(self, chunk: bytes) -> None:
        self._accept(chunk, last=True)
        with self._lock:
            self._parts.append(readings(self._kaldi.FinalResult()))
            self._partial = ""
            if self._second is not None:
                self._phrase += f" {json.loads(self._second.FinalResult())['text']}"
            self._kaldi = self._second = None


def preferred(heard: HeardSpeech, phrase: str, phrases: PhraseList) -> HeardSpeech:
    """What was heard, or the phrase in its place where the free reading is no answer of the list and the sound is nothing
    but such an answer. The free reading stays as the next one: danger is looked for in all of them."""
    expected = in_order(phrase)
    if not expected or UNKNOWN in phrase or phrases.holds(heard.text):
        return heard
    others = tuple(one for one in (heard.text, *heard.alternatives) if one and one != expected)
    return replace(heard, text=expected, alternatives=others, unknown_share=0.0)


def readings(result: str) -> list[tuple[str, float]]:
    """Vosk's JSON result -> (words, score) best first. Scores are unnormalised; higher is better."""
    values = json.loads(result)
    if "alternatives" in values:
        return [(str(each.get("text", "")), float(each.get("confidence", 0.0))) for each in values["alternatives"]]
    return [(str(values.get("text", "")), 0.0)]


def _common(model: Path) -> frozenset[str]:
    """Words of a model of this project that everybody says, and the service has no use for; none for another's model."""
    file = model / "graph" / "common.txt"
    return frozenset(file.read_text("utf-8").split()) if file.is_file() else frozenset()


def combine(
    parts: list[list[tuple[str, float]]], most: int, seconds: float, common: frozenset[str] = frozenset()
) -> HeardSpeech:
    """The parts of one turn -> one text, and up to `most` - 1 other readings of the whole. Words that are `common`, and none of
    the service's, count as unknown: they are written as they sound, and who says little else speaks of something else."""
    beam: list[tuple[list[str], float]] = [([], 0.0)]
    for part in parts:
        spoken = [(words, score) for words, score in part if words.strip()]
        if not spoken or not part[0][0].strip():
            # An empty first reading means that there was no speech.
            continue
        crossed = [([*before, words], total + score) for before, total in beam for words, score in spoken]
        crossed.sort(key=lambda each: -each[1])
        beam = crossed[: max(1, most)]
    texts = list(dict.fromkeys(in_order(" ".join(words)) for words, _ in beam))
    best = " ".join(beam[0][0]).split()
    foreign = sum(len(word) for word in best if word in common) + 2 * best.count(UNKNOWN)
    unknown = foreign / sum(2 if word == UNKNOWN else len(word) for word in best) if best else 0.0
    sure = math.prod(_share([score for _, score in part]) for part in parts if part and part[0][0].strip())
    return HeardSpeech(texts[0], tuple(text for text in texts[1:] if text), unknown, seconds, confidence=sure)


def _share(scores: list[float]) -> float:
    """Of the first of several readings, by their scores (log weights, as Kaldi's lattices have them)."""
    return 1.0 / sum(math.exp(min(0.0, score - scores[0])) for score in scores)
