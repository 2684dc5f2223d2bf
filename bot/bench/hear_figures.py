"""What is counted of recordings that an ear heard: words, sounds, meaning, rejections, time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.bench.as_said import Errors, compared, sound
from bot.bench.percentile import percentile
from bot.bench.spoken_set import Said
from bot.dialogue.frozen import HAZARD
from bot.dialogue.port import Understanding
from bot.speech.port import HeardSpeech


@dataclass(frozen=True)
class Judged:
    """One recording, what an ear made of it, and what the dialogue would make of that."""

    said: Said
    heard: HeardSpeech
    meaning: Understanding
    #: the whole household of the county that the look-up is certain of; "" for none
    household: str = ""
    #: from the last sound to the words, and of computing in this process
    late_s: float = 0.0
    cpu_s: float = 0.0
    #: the ear broke on it
    failed: bool = False

    @property
    def empty(self) -> bool:
        return not self.heard.text

    @property
    def rejected(self) -> bool:
        """Nobody would act on it unasked."""
        return self.empty or self.heard.unclear or self.meaning.fallback

    @property
    def intent(self) -> str:
        """What would be acted on; "" for nothing."""
        return "" if self.rejected else self.meaning.intent

    def row(self) -> dict[str, Any]:
        """All of it, for a file."""
        return {
            "name": self.said.name, "said": self.said.text, "heard": self.heard.text,
            "alternatives": list(self.heard.alternatives), "unknown": round(self.heard.unknown_share, 3),
            "confidence": round(self.heard.confidence, 3), "unclear": self.heard.unclear, "intent": self.meaning.intent,
            "sure": self.meaning.confidence, "fallback": self.meaning.fallback, "wanted": self.said.intent,
            "late_s": round(self.late_s, 4), "cpu_s": round(self.cpu_s, 4), "failed": self.failed,
        }  # fmt: skip


@dataclass
class Tally:
    """Recordings of one group; shares are of 1."""

    judged: list[Judged] = field(default_factory=list)
    errors: list[Errors] = field(default_factory=list)

    def add(self, one: Judged) -> None:
        self.judged.append(one)
        self.errors.append(compared(one.said.text, one.heard.text))

    def figures(self) -> dict[str, Any]:
        """Those without a count are left out where the table says nothing of them."""
        judged, errors = self.judged, self.errors
        seconds = sum(one.heard.seconds for one in judged)
        found: dict[str, Any] = {
            "utterances": len(judged),
            "seconds": round(seconds, 1),
            "cer": _share(sum(one.wrong_characters for one in errors), sum(one.characters for one in errors)),
            "syllable_errors": _share(sum(one.wrong_syllables for one in errors), sum(one.syllables for one in errors)),
            "exact": _of(errors, [one.exact for one in errors]),
            "same_sound": _of(errors, [one.same_sound for one in errors]),
            "rejected": _of(judged, [one.rejected for one in judged]),
            "rejected_unclear": _of(judged, [one.heard.unclear for one in judged]),
            "rejected_empty": _of(judged, [one.empty for one in judged]),
            "rejected_fallback": _of(judged, [one.meaning.fallback for one in judged]),
            "taken_for_danger": _of(judged, [one.intent == HAZARD for one in judged]),
            "failed": sum(one.failed for one in judged),
            "late_p50_ms": _at(0.5, [one.late_s for one in judged]),
            "late_p95_ms": _at(0.95, [one.late_s for one in judged]),
            "cpu_s_per_s": round(sum(one.cpu_s for one in judged) / max(seconds, 1e-9), 4),
        }
        return {**found, **self._meanings(), **self._places()}

    def _meanings(self) -> dict[str, Any]:
        told = [one for one in self.judged if one.said.intent]
        if not told:
            return {}
        danger = [one for one in told if one.said.intent == HAZARD]
        return {
            "intents": len(told),
            "intent_right": _of(told, [one.intent == one.said.intent for one in told]),
            "intent_wrong": _of(told, [one.intent not in ("", one.said.intent) for one in told]),
            "danger_said": len(danger),
            "danger_heard": sum(one.intent == HAZARD for one in danger),
            "false_danger": sum(one.intent == HAZARD for one in told) - sum(one.intent == HAZARD for one in danger),
        }

    def _places(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if placed := [one for one in self.judged if one.said.place]:
            found |= {"places": len(placed), "place_right": _of(placed, [_hears_place(one) for one in placed])}
        if homes := [one for one in self.judged if one.said.household]:
            right = [one.household == one.said.household for one in homes]
            wrong = sum(one.household not in ("", one.said.household) for one in homes)
            found |= {"households": len(homes), "household_right": _of(homes, right), "household_wrong": wrong}
        return found


def _hears_place(one: Judged) -> bool:
    """Whether the place that was understood sounds as the one that was said."""
    return compared(one.said.place, one.meaning.entities.get("place", "")).same_sound and bool(sound(one.said.place))


def by_group(judged: Iterable[Judged]) -> dict[str, Tally]:
    """In all, by kind where there are several, by source, and by speaker."""
    groups: dict[str, Tally] = {}
    for one in judged:
        said = one.said
        names = ["all", said.kind and f"kind {said.kind}", said.source and f"source {said.source}"]
        names.append(said.speaker and f"speaker {said.speaker}")
        for name in dict.fromkeys(each for each in names if each):
            groups.setdefault(name, Tally()).add(one)
    order = {"all": 0, "kind": 1, "source": 2, "speaker": 3}
    return dict(sorted(groups.items(), key=lambda group: (order[group[0].split()[0]], group[0])))


_COLUMNS = (
    ("n", "utterances", "{:d}"), ("CER", "cer", "{:.1%}"), ("syll.", "syllable_errors", "{:.1%}"),
    ("exact", "exact", "{:.1%}"), ("sound", "same_sound", "{:.1%}"), ("reject", "rejected", "{:.1%}"),
    ("unclear", "rejected_unclear", "{:.1%}"), ("empty", "rejected_empty", "{:.1%}"),
    ("danger", "taken_for_danger", "{:.1%}"), ("intent", "intent_right", "{:.1%}"), ("wrong", "intent_wrong", "{:.1%}"),
    ("d.heard", "danger_heard", "{:d}"), ("of", "danger_said", "{:d}"), ("d.false", "false_danger", "{:d}"),
    ("place", "place_right", "{:.1%}"), ("house", "household_right", "{:.1%}"), ("p50 ms", "late_p50_ms", "{:.0f}"),
    ("p95 ms", "late_p95_ms", "{:.0f}"), ("CPU s/s", "cpu_s_per_s", "{:.3f}"),
)  # fmt: skip


def table(figures: dict[str, dict[str, Any]]) -> str:
    """The figures of groups as lines for a terminal; columns that no group has are left out."""
    columns = [one for one in _COLUMNS if any(one[1] in found for found in figures.values())]
    width = max((len(name) for name in figures), default=0)
    lines = [" " * width + "".join(f"{head:>9}" for head, _, _ in columns)]
    for name, found in figures.items():
        cells = (shape.format(found[key]) if found.get(key) is not None else "-" for _, key, shape in columns)
        lines.append(f"{name:<{width}}" + "".join(f"{cell:>9}" for cell in cells))
    return "\n".join(lines)


def _of(those: Sequence[object], true: Sequence[bool]) -> float:
    return _share(sum(true), len(those))


def _share(some: float, whole: float) -> float:
    return round(some / whole, 4) if whole else 0.0


def _at(share: float, seconds: list[float]) -> float | None:
    """Milliseconds below which that share lies."""
    return round(percentile(seconds, share) * 1000, 1) if seconds else None
