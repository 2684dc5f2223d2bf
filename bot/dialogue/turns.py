"""What both adapters share: reading an utterance, keeping it, folding Rasa's answer, surviving failure."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import OrderedDict
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import yaml

from bot.dialogue.danger import Asked, DangerQuestions
from bot.dialogue.port import Reply, Understanding
from bot.dialogue.reading import readable, says_something
from bot.foundation import logs
from bot.settings import PROJECT
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.heard import Heard

log = logging.getLogger(__name__)

FALLBACK = "nlu_fallback"
#: what Rasa is told when a turn holds nothing to understand
_NOTHING = f"/{FALLBACK}"
#: readings of one utterance that are looked at when the first makes no sense
_READINGS = 4
#: replies kept for a turn that is delivered twice
_REMEMBERED = 2_000


class RasaDialogue(ABC):
    """A `Dialogue` on Rasa; subclasses say how Rasa is reached."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk
        self._answered: OrderedDict[str, Reply] = OrderedDict()
        self._danger = DangerQuestions()

    @abstractmethod
    async def _rasa_parse(self, clean: str) -> dict[str, Any]:
        """Rasa's parse result of one clean sentence."""

    @abstractmethod
    async def _rasa_turn(self, heard: Heard, clean: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """(Rasa's messages, its parse result) of one turn."""

    def _rasa_forget(self, session: str) -> None:
        """A turn of this session failed half-way; begin the next one from what was stored."""
        del session

    async def _understand(self, text: str, alternatives: tuple[str, ...] = ()) -> Understanding:
        readings = _readings(text, alternatives)
        if not readings:
            return Understanding(text=text, intent="out_of_scope", confidence=0.0, fallback=True)
        found = [understanding_of(text, await self._rasa_parse(readings[0]))]
        for reading in readings[1:]:
            # A second reading of the sound is taken only where the first makes no sense.
            if not found[-1].fallback:
                break
            found.append(understanding_of(text, await self._rasa_parse(reading)))
        return found[-1] if not found[-1].fallback else found[0]

    async def _meaning(self, reading: str) -> Understanding:
        return understanding_of(reading, await self._rasa_parse(reading))

    async def _best_reading(self, heard: Heard) -> str | Asked:
        """What Rasa is to be told; or danger that has to be asked about first."""
        readings = _readings(heard.text, heard.alternatives)
        if not readings:
            return _NOTHING
        if answer := await self._danger.answered(heard, readings[0], self._meaning):
            return answer
        if asked := await self._danger.look(heard.session, readings, self._meaning):
            return asked
        if len(readings) > 1:
            for reading in readings:
                if not (await self._meaning(reading)).fallback:
                    return reading
        return readings[0]

    async def _take_turn(self, heard: Heard) -> Reply:
        if earlier := self._answered.get(heard.id):
            return earlier
        try:
            self._desk.keep(heard)
            reading = await self._best_reading(heard)
            if isinstance(reading, Asked):
                reply = Reply((sentence("utter_is_it_danger"),), await self._meaning(reading.danger), question="danger")
            else:
                messages, parsed = await self._rasa_turn(heard, reading)
                reply = reply_from(messages, understanding_of(heard.text, parsed))
        except Exception:
            log.exception("a turn failed")
            self._rasa_forget(heard.session)
            reply = self._apology(heard)
        self._answered[heard.id] = reply
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return reply

    def _apology(self, heard: Heard) -> Reply:
        """The machine failed: what was said becomes a ticket for a person, if the database still can."""
        understanding = Understanding(heard.text, "out_of_scope", 0.0, True)
        try:
            ticket = self._desk.report(Report.of(heard, "unclear"))
        except Exception:
            log.exception("what was said could not be kept either")
            return Reply((sentence("utter_could_not_log"),), understanding, hand_over=True)
        kept = sentence("utter_kept_for_a_person")
        return Reply((kept,), understanding, ticket_no=ticket.ticket_no, hand_over=True)


def about_turn(heard: Heard) -> AbstractContextManager[None]:
    """What is logged within is about this turn."""
    return logs.about(session=heard.session, turn=heard.id, call=heard.call_id)


def _readings(text: str, alternatives: tuple[str, ...]) -> list[str]:
    clean = [readable(reading) for reading in (text, *alternatives)]
    return [reading for reading in dict.fromkeys(clean) if says_something(reading)][:_READINGS]


@lru_cache(maxsize=1)
def _responses() -> dict[str, Any]:
    domain: dict[str, Any] = yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8"))
    responses: dict[str, Any] = domain["responses"]
    return responses


def sentence(response: str) -> str:
    """The words of a response in domain.yml, for when Rasa itself cannot say them."""
    return str(_responses()[response][0]["text"])


def understanding_of(text: str, parsed: dict[str, Any]) -> Understanding:
    """Rasa's parse result in the port's words: the best real intent, even where the fallback won."""
    ranking = [entry for entry in parsed.get("intent_ranking", []) if entry["name"] != FALLBACK]
    top = parsed.get("intent") or {}
    best: dict[str, Any] = ranking[0] if ranking else {"name": "out_of_scope", "confidence": 0.0}
    entities: dict[str, str] = {}
    for entity in parsed.get("entities", []):
        value = str(entity["value"])
        if len(value) > len(entities.get(entity["entity"], "")):
            entities[entity["entity"]] = value
    return Understanding(
        text=text,
        intent=best["name"],
        confidence=round(float(best["confidence"]), 4),
        fallback=top.get("name") in (FALLBACK, None),
        entities=entities,
    )


def reply_from(messages: list[dict[str, Any]], understanding: Understanding) -> Reply:
    """Fold Rasa's messages (sentences and facts) into one reply."""
    facts: dict[str, Any] = {}
    for message in messages:
        facts.update(message.get("custom") or {})
    told = ("ticket_no", "hand_over", "hand_over_to", "ended", "question")
    return Reply(
        sentences=tuple(message["text"] for message in messages if message.get("text")),
        understanding=understanding,
        ticket_no=facts.get("ticket_no"),
        hand_over=bool(facts.get("hand_over")),
        hand_over_to=facts.get("hand_over_to", ""),
        ended=bool(facts.get("ended")),
        question=facts.get("question"),
        detail={key: value for key, value in facts.items() if key not in told},
    )
