"""Whisper behind the port of the ears: a folder that lies on this machine, by faster-whisper; nothing is ever fetched here.

An extra (`uv sync --extra whisper`). A turn is decoded when it is over; half a minute is computed however short it was. Whisper
invents sentences over silence and music, so what is no speech never reaches it, and what it says is doubted (doubts.py)."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.speech.in_order import heard_in_order, in_order
from bot.speech.models import ModelMissing, look_at
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, RecogniserFailed
from bot.speech.recognise import give_way
from bot.speech.whisper_doubts import Said, doubtful, prompt_of, speech_seconds
from bot.speech.whole_turn import RATE, WholeTurn, in_parts

log = logging.getLogger(__name__)
Sound: TypeAlias = NDArray[np.float32]

#: readings that the search keeps; its cost hardly grows with them
_BEAM = 5
#: a longer turn is heard in parts, cut where it is quietest
_PART_S = 28.0
_CUT_WITHIN_S = 8.0
#: tokens that a second of speech may have, and those of the shortest part: a loop must end
_TOKENS_A_SECOND = 16
_FEWEST_TOKENS = 24
#: another language when there is so much speech (s), Chinese is less likely than this, and that language more
_LONG_ENOUGH_S = 1.5
_CHINESE = 0.05
_FOREIGN = 0.8


def installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("faster_whisper") is not None


@dataclass(frozen=True)
class _Part:
    """What was understood of half a minute: readings with their log probability, best first."""

    readings: tuple[tuple[str, float], ...] = ()
    #: mean log probability of a token of the first
    mean: float = 0.0
    foreign: bool = False


class WhisperRecogniser:
    """One model for all calls; turns are decoded in threads that let sound pass."""

    def __init__(self, model_dir: Path, threads: int = 2, threads_a_turn: int = 1, alternatives: int = _BEAM) -> None:
        """Load the model; raises ModelMissing. `threads`: turns at once, each with `threads_a_turn`."""
        self.model = look_at(Path(model_dir))
        if self.model.engine != "whisper":
            raise ModelMissing(f"{model_dir}: no Whisper model (model.bin, config.json, tokenizer.json, vocabulary)")
        if not installed():
            raise ModelMissing(
                f"{model_dir}: this model needs faster-whisper: uv sync --extra whisper, then start again"
            )
        self._alternatives = max(1, min(alternatives, _BEAM))
        workers = max(1, threads)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="whisper", initializer=give_way)
        try:
            # In a thread that gives way: those that the library starts inherit it.
            self._whisper = self._pool.submit(_load, self.model.path, threads_a_turn, workers).result()
        except Exception as problem:
            self._pool.shutdown()
            raise ModelMissing(f"{self.model.path}: Whisper cannot load this model ({problem})") from problem

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> WhisperSession:
        return WhisperSession(self, sample_rate, likely)

    async def decode(self, turn: WholeTurn, likely: Likely) -> HeardSpeech:
        """What was heard in a turn. Raises RecogniserFailed."""
        try:
            work = asyncio.get_running_loop().run_in_executor(self._pool, self._heard, turn, likely)
            return await work
        except Exception as problem:
            raise RecogniserFailed(f"Whisper failed on an utterance ({problem})") from problem

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _heard(self, turn: WholeTurn, likely: Likely) -> HeardSpeech:
        samples = turn.samples()
        nothing = HeardSpeech("", seconds=len(samples) / RATE, ear=self.model.name)
        if not samples.any():
            return nothing
        prompt = prompt_of(likely)
        parts = [self._part(one, prompt) for one in in_parts(samples, _PART_S, _CUT_WITHIN_S)]
        if any(part.foreign for part in parts):
            return replace(nothing, unknown_share=1.0)
        return _joined([part for part in parts if part.readings], nothing)

    def _part(self, samples: Sound, prompt: str) -> _Part:
        from faster_whisper.transcribe import get_compression_ratio, get_suppressed_tokens

        spoken_s = speech_seconds(samples, RATE)
        if not spoken_s:
            return _Part()
        whisper, tokens = self._whisper.model, self._whisper.tokens
        encoded = whisper.encode(_half_a_minute(whisper, samples))
        if spoken_s >= _LONG_ENOUGH_S and _is_foreign(whisper.model.detect_language(encoded)[0]):
            return _Part(foreign=True)
        before = whisper.get_prompt(tokens, tokens.encode(" " + prompt), without_timestamps=True)
        most = _FEWEST_TOKENS + int(_TOKENS_A_SECOND * spoken_s)
        result = whisper.model.generate(
            encoded,
            [before],
            beam_size=_BEAM,
            num_hypotheses=self._alternatives,
            max_length=min(whisper.max_length, len(before) + most),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokens, [-1]),
        )[0]
        # A score is a mean over the tokens.
        found = [
            (tokens.decode(ids).strip(), score * len(ids), score * len(ids) / (len(ids) + 1))
            for ids, score in zip(result.sequences_ids, result.scores, strict=True)
            if ids
        ]
        good = [
            (text, total, mean)
            for text, total, mean in found
            if not doubtful(Said(text, spoken_s, mean, result.no_speech_prob, get_compression_ratio(text)), prompt)
        ]
        if not good or good[0] != found[0]:
            # What is worse than an invention is none of the readings.
            return _Part()
        return _Part(tuple((text, total) for text, total, _ in good), good[0][2])


class WhisperSession:
    """One utterance: kept until it is over."""

    def __init__(self, owner: WhisperRecogniser, sample_rate: int, likely: Likely) -> None:
        self._owner, self._likely = owner, likely
        self._turn = WholeTurn(sample_rate)

    async def feed(self, pcm: bytes) -> str:
        self._turn.feed(pcm)
        return ""

    async def finish(self) -> HeardSpeech:
        return replace(await self._owner.decode(self._turn, self._likely), seconds=self._turn.seconds)


@dataclass(frozen=True)
class _Loaded:
    model: Any
    tokens: Any


def _load(folder: Path, threads_a_turn: int, workers: int) -> _Loaded:
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

    model = WhisperModel(
        str(folder),
        device="cpu",
        compute_type="int8",
        cpu_threads=threads_a_turn,
        num_workers=workers,
        local_files_only=True,
    )
    if not model.model.is_multilingual:
        raise ValueError("it knows English alone")
    return _Loaded(model, Tokenizer(model.hf_tokenizer, True, task="transcribe", language="zh"))


def _half_a_minute(whisper: Any, samples: Sound) -> NDArray[np.float32]:
    from faster_whisper.audio import pad_or_trim

    found = pad_or_trim(whisper.feature_extractor(samples), whisper.feature_extractor.nb_max_frames)
    return np.asarray(found, np.float32)


def _is_foreign(languages: list[tuple[str, float]]) -> bool:
    shares = dict(languages)
    chinese = shares.get("<|zh|>", 0.0) + shares.get("<|yue|>", 0.0)
    return chinese < _CHINESE and max(shares.values()) > _FOREIGN


def _joined(parts: list[_Part], nothing: HeardSpeech) -> HeardSpeech:
    """The parts of a turn as one: readings of the whole where it has one part alone, else the first of each."""
    if not parts:
        return nothing
    text = "".join(part.readings[0][0] for part in parts)
    others = tuple(text for text, _ in parts[0].readings[1:]) if len(parts) == 1 else ()
    sure = min(_share(part) * math.exp(min(0.0, part.mean)) for part in parts)
    return heard_in_order(replace(nothing, text=text, alternatives=others, confidence=sure))


def _share(part: _Part) -> float:
    """Of the first reading among all, those that say the same together; log probabilities in."""
    best, first = part.readings[0][1], in_order(part.readings[0][0])
    weights = [(in_order(text) == first, math.exp(score - best)) for text, score in part.readings]
    return sum(weight for same, weight in weights if same) / sum(weight for _, weight in weights)
