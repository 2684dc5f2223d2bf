"""What the pipeline made of a sentence: its acts, clause by clause, and what of it answers the open question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FALLBACK = "nlu_fallback"
#: an answer that was read less surely than this is none
_READ = 0.6
#: what is open turns out to be another matter when that is so sure
SURE_OF_CHANGE = 0.6


@dataclass(frozen=True)
class Act:
    """What somebody does with a sentence or a clause of it: `name` is an intent's or one of its finer acts."""

    name: str
    confidence: float
    text: str

    @property
    def intent(self) -> str:
        return self.name.split("/")[0]

    @property
    def understood(self) -> bool:
        return self.name != FALLBACK


@dataclass(frozen=True)
class Understood:
    """`whole` is the sentence, `clauses` its parts where it has several; `ranking` what else it may be."""

    whole: Act
    clauses: tuple[Act, ...]
    ranking: Mapping[str, float]
    #: probability of the answer that was read to the open question, None when none was
    answer: float | None
    #: beside the answer something else was said
    more: bool
    #: what the whole most likely is, also where nobody would act on it
    guess: Act

    @property
    def intent(self) -> str:
        return self.whole.intent

    @property
    def confidence(self) -> float:
        return self.whole.confidence


def understood(message: Mapping[str, Any]) -> Understood:
    """Of Rasa's parse of a sentence."""
    text = str(message.get("text") or "")
    clauses = tuple(_act(one, one) for one in message.get("clauses") or ())
    answer = message.get("answer") or {}
    if float(answer.get("probability") or 0.0) < _READ:
        answer = {}
    found = message.get("act")
    guess = found if isinstance(found, Mapping) else {}
    ranking = {one["name"]: float(one["confidence"]) for one in message.get("intent_ranking") or ()}
    return Understood(
        whole=_act(message, {"text": text}),
        clauses=clauses if len(clauses) > 1 or answer else (),
        ranking=ranking,
        answer=float(answer["probability"]) if answer else None,
        more=bool(answer.get("more", True)),
        guess=Act(str(guess.get("name") or FALLBACK), float(guess.get("confidence") or 0.0), text),
    )


def _act(found: Mapping[str, Any], said: Mapping[str, Any]) -> Act:
    intent = found.get("intent") or {}
    name = str(intent.get("name") or FALLBACK)
    finer = found.get("act") or name
    finer = str(finer.get("name") if isinstance(finer, Mapping) else finer)
    if finer.split("/")[0] == name:
        name = finer
    return Act(name, float(intent.get("confidence") or 0.0), str(said.get("text") or ""))
