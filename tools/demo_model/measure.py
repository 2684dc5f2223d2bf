"""Measures the demo speech model: sentences and voices that training never had, clean and over a noisy 8
kHz line.

The voices are synthetic, like those of the training: the figures say whether the model and the service
around it work, not how well a resident is understood (`gege bench hear` with recordings of people tells more).
"""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from bot.speech.kokoro import installed
from tools.demo_model.features import SAMPLE_RATE
from tools.demo_model.judging import aloud as neural_aloud
from tools.demo_model.line import Line
from tools.demo_model.speaker import Job, speak_jobs, syllables_of
from tools.demo_model.synthesis import HELD_OUT_VOICES, Voice
from tools.demo_model.texts import SITUATIONS_FILE, STORY_FILE, plain

Parse = Callable[[str], Mapping[str, Any]]
"""Text -> {"intent": …, "entities": {name: value}}."""
PLACE, NAME = "place", "householder"
_CHUNK_SECONDS = 0.2
_UTTERANCES = 134
"""Of each set of sentences."""


@dataclass
class Score:
    """What came out of one set of recordings."""

    sentences: int = 0
    characters: int = 0
    errors: int = 0
    exact: int = 0
    seconds: float = 0.0
    """Of speech."""
    spent: float = 0.0
    """Seconds of computing, other processes left out."""
    asked: dict[str, int] = field(default_factory=dict)
    """Utterances whose clean text has an intent, a place, a name."""
    right: dict[str, int] = field(default_factory=dict)

    def summary(self) -> dict[str, float]:
        """Shares of 1, the real-time factor, and the number of sentences."""
        facts = {
            "cer": self.errors / max(self.characters, 1),
            "exact": self.exact / max(self.sentences, 1),
            "rtf": self.spent / max(self.seconds, 1e-9),
            "sentences": self.sentences,
        }
        facts.update({f"{name}_right": self.right.get(name, 0) / n for name, n in self.asked.items() if n})
        return facts


def test_sentences() -> dict[str, list[str]]:
    """The two sets: `story`, what is said in the demo story; `domain`, situations written apart from the
    training."""
    lines = STORY_FILE.read_text(encoding="utf-8").splitlines()
    sets = {"story": [plain(line) for line in lines if line and not line.startswith("#")]}
    if SITUATIONS_FILE.exists():
        rows = [json.loads(line) for line in SITUATIONS_FILE.read_text(encoding="utf-8").splitlines() if line.strip()]
        sets["domain"] = [text for text in (plain(str(row["text"])) for row in rows) if text]
    return sets


def spoken(sentences: Sequence[str], *, utterances: int, seed: int) -> list[tuple[str, np.ndarray]]:
    """(text, int16 samples) of `utterances` utterances, the voices that training never heard in turn: a
    sample of the sentences where they are more, else all of them in several voices."""
    draw = random.Random(seed)
    if len(sentences) > utterances:
        sentences = draw.sample(list(sentences), utterances)
    texts = list(sentences) * -(-utterances // len(sentences))
    sounds = aloud(texts, draw, len(sentences))
    return [(text, samples) for text, samples in zip(texts, sounds, strict=True) if samples is not None]


def aloud(texts: Sequence[str], draw: random.Random, a_round: int) -> list[np.ndarray | None]:
    """int16 samples at 8 kHz of each text, by the voices that training never heard in turn, another one for the same
    place in the next round of `a_round` texts; None where espeak failed."""
    jobs = []
    for index, text in enumerate(texts):
        voice = Voice.drawn(draw, (HELD_OUT_VOICES[(index + index // a_round) % len(HELD_OUT_VOICES)],))
        jobs.append(Job(syllables_of(text), voice.variant, voice.rate, voice.pitch, voice.pitch_range))
    return speak_jobs(jobs)


def over_a_line(recordings: Sequence[np.ndarray], seed: int) -> list[np.ndarray]:
    """Each over another noisy 8 kHz line; int16 samples in and out."""
    line = Line(seed, clean_share=0.0)
    return [line.degrade(samples.astype(np.float64)).astype(np.int16) for samples in recordings]


def recognise(model: Any, samples: np.ndarray, sample_rate: int = SAMPLE_RATE) -> str:
    """int16 samples -> text without spaces, fed in pieces as a call would."""
    import vosk

    recogniser = vosk.KaldiRecognizer(model, sample_rate)
    parts = []
    step = int(sample_rate * _CHUNK_SECONDS)
    for start in range(0, len(samples), step):
        if recogniser.AcceptWaveform(samples[start : start + step].tobytes()):
            parts.append(json.loads(recogniser.Result())["text"])
    parts.append(json.loads(recogniser.FinalResult())["text"])
    return "".join(parts).replace(" ", "")


def score(model: Any, items: Sequence[tuple[str, np.ndarray]], parse: Parse | None = None) -> tuple[Score, list[str]]:
    """The score, and the lines "said -> heard" of what went wrong."""
    result, wrong = Score(), []
    for said, samples in items:
        began = time.process_time()
        heard = recognise(model, samples)
        result.spent += time.process_time() - began
        result.seconds += len(samples) / SAMPLE_RATE
        errors = Levenshtein.distance(said, heard.replace("[unk]", "?"))
        result.sentences += 1
        result.characters += len(said)
        result.errors += errors
        result.exact += not errors
        if errors:
            wrong.append(f"{said} -> {heard}")
        if parse is not None:
            _compare(result, parse(said), parse(heard.replace("[unk]", "")))
    return result, wrong


def _compare(result: Score, wanted: Mapping[str, Any], got: Mapping[str, Any]) -> None:
    pairs = {"intent": (wanted.get("intent"), got.get("intent"))}
    for name, entity in (("place", PLACE), ("name", NAME)):
        pairs[name] = ((wanted.get("entities") or {}).get(entity), (got.get("entities") or {}).get(entity))
    for name, (right, heard) in pairs.items():
        result.asked[name] = result.asked.get(name, 0) + bool(right)
        result.right[name] = result.right.get(name, 0) + bool(right and right == heard)


def bench_speech(
    model_dir: Path,
    *,
    parse: Parse | None = None,
    progress: Callable[[str], object] = print,
    utterances: int = _UTTERANCES,
    seed: int = 5,
    show: int = 0,
) -> dict[str, dict[str, float]]:
    """Prints a table and returns `{"story clean": {"cer", "exact", "rtf", "sentences", …}, …}`, shares of 1. `neural` is
    the story by the neural voices that training leaves out.

    `parse` understands a text; with it come the shares of intents, places and names that come out as on the
    clean text. `show` prints so many wrong sentences of each set.
    """
    import vosk

    vosk.SetLogLevel(-1)
    model = vosk.Model(str(model_dir))
    figures: dict[str, dict[str, float]] = {}
    heading = f"{'set':<14}{'sentences':>10}{'CER':>8}{'exact':>8}{'RTF':>8}"
    progress(heading + (f"{'intents':>9}{'places':>9}{'names':>9}" if parse else ""))
    sets = test_sentences()
    items_of = {name: spoken(sentences, utterances=utterances, seed=seed) for name, sentences in sets.items()}
    if installed():
        texts = sets["story"][:utterances]
        items_of["neural"] = list(zip(texts, neural_aloud(texts, rate=SAMPLE_RATE), strict=True))
    else:
        progress("no neural voice to judge with: uv sync --extra voice")
    for name, items in items_of.items():
        noisy = over_a_line([samples for _, samples in items], seed)
        noisy_items = [(text, samples) for (text, _), samples in zip(items, noisy, strict=True)]
        for condition, recordings in (("clean", items), ("noisy", noisy_items)):
            result, wrong = score(model, recordings, parse)
            facts = result.summary()
            figures[f"{name} {condition}"] = facts
            row = f"{name + ' ' + condition:<14}{result.sentences:>10}"
            row += f"{facts['cer']:>8.1%}{facts['exact']:>8.0%}{facts['rtf']:>8.3f}"
            if parse:
                row += "".join(
                    f"{facts.get(key + '_right', float('nan')):>9.0%}" for key in ("intent", "place", "name")
                )
            progress(row)
            for text in wrong[:show]:
                progress(f"    {text}")
    return figures
