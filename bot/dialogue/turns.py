"""A turn, whichever the adapter: kept, understood, answered in one transaction, and given to a person when that fails."""

from __future__ import annotations

import asyncio
import contextvars
import datetime as dt
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from bot.database import Database, Unit, database_away, now, patience
from bot.dialogue import metrics
from bot.dialogue.danger import HAZARD, Asked, answer_to, look, question_of, still_open
from bot.dialogue.events.told import TurnTold, turn_told
from bot.dialogue.port import Reply, Understanding
from bot.dialogue.reading import readable, says_something
from bot.dialogue.rehearsal import NotProved, rehearsed
from bot.dialogue.responses import sentence
from bot.foundation import logs
from bot.foundation.errors import Broken
from bot.foundation.lateness import Lateness
from bot.sound.answers.asked import read_answer
from bot.sound.answers.yes_no import spelled_signs
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.answered import FOR_A_PERSON, AnsweredAlready, answer, answered
from bot.tickets.intake.danger import danger_in
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.spool import Spool

if TYPE_CHECKING:
    from rasa.shared.core.trackers import DialogueStateTracker

log = logging.getLogger(__name__)

FALLBACK = "nlu_fallback"
#: what Rasa is told when a turn holds nothing to understand
_NOTHING = f"/{FALLBACK}"
#: readings of one utterance that are looked at when the first makes no sense
_READINGS = 4
#: of a session's last replies so many are looked at for the question that is open
_LAST = 4
#: who speaks of danger hears what to do after so long (s), whatever the turn waits for
SAFETY_WORDS_S = 0.2
#: and the file that keeps what was said, whatever happens to this process, is waited for so long (s)
_FILE_S = 0.08
#: a turn that takes so long (s) is given to a person
_TURN_S = 30.0
#: then the database is asked for so long (s), once more
_KEEPING_S = 2.0

T = TypeVar("T")


class NothingSaid(Broken):
    """A turn ended without a word: something is wrong with a rule or an action."""


class RasaDialogue(ABC):
    """A `Dialogue` on Rasa; subclasses say how Rasa is reached.

    A turn is one transaction (`settle`); whatever raises in between ends with a person."""

    #: who speaks of danger is told at once what to do; False where nobody is in danger (a tool reads the answers)
    hurries = True

    def __init__(self, desk: TicketDesk, spool: Spool, write_s: float, session_minutes: int = 30) -> None:
        """`spool`: where what failed goes; `write_s`: how long a turn waits for others that write; `session_minutes`: a
        question is open as long as a dialogue may rest."""
        self._desk, self._spool, self._write_s = desk, spool, write_s
        self._open_for = dt.timedelta(minutes=session_minutes)
        #: told of each turn that went another way, and which
        self.on_fate: Callable[[str], None] = metrics.count_fate
        #: told of each turn that is committed, for statistics; None: nobody wants to know. From any thread
        self.on_turn: Callable[[TurnTold], None] | None = None
        #: how long turns wait here; a site asks one for all that it serves
        self.lateness = Lateness()
        self._behind: set[asyncio.Future[Reply]] = set()
        # One thread: SQLite has one writer, and who waits for it must not stand in anybody's way.
        self._thread_of_writes = ThreadPoolExecutor(1, "turns")
        #: turns that others wait behind; bound to the loop that takes them
        self._one_at_a_time = asyncio.Lock()

    @abstractmethod
    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        """Understand one sentence (`Dialogue.parse`)."""

    @abstractmethod
    async def _rasa_parse(self, clean: str, question: str = "") -> dict[str, Any]:
        """Rasa's parse result of one clean sentence that answers a question."""

    @abstractmethod
    async def _answer(self, heard: Heard, clean: str, question: str) -> Reply:
        """Take the turn, which may answer a `question`, and keep what is answered, as one transaction. Raises what Rasa
        or an action raises."""

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Where turns are taken."""
        return await work

    # ---- understanding --------------------------------------------------------------------------

    async def _understand(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        readings = _readings(text, alternatives)
        if not readings:
            return Understanding(text=text, intent="out_of_scope", confidence=0.0, fallback=True)
        found = [understanding_of(text, await self._rasa_parse(readings[0], question))]
        for reading in readings[1:]:
            # A second reading of the sound is taken only where the first makes no sense.
            if not found[-1].fallback:
                break
            found.append(understanding_of(text, await self._rasa_parse(reading, question)))
        return found[-1] if not found[-1].fallback else found[0]

    async def _meaning(self, reading: str) -> Understanding:
        return understanding_of(reading, await self._rasa_parse(reading))

    async def _best_reading(self, heard: Heard, last: Sequence[Mapping[str, Any]], question: str) -> str | Asked:
        """What Rasa is to be told; or danger that has to be asked about first. `last`: the session's last replies;
        `question`: what is open in it beside danger."""
        waits = still_open(last)
        if heard.unclear:
            # Words by chance are no sentence; the conversation asks again, and looks in them for danger.
            return (waits and waits.once_more) or _NOTHING
        readings = _readings(heard.text, heard.alternatives)
        if not readings:
            return _NOTHING
        if waits and (answer := await answer_to(waits, readings[0], self._meaning)):
            return answer
        if (plain := _plain_answer(question, readings)) is not None:
            return plain
        if asked := await look(readings, self._meaning):
            return asked
        if len(readings) > 1:
            for reading in readings:
                if not (await self._meaning(reading)).fallback:
                    return reading
        return readings[0]

    # ---- a turn ---------------------------------------------------------------------------------

    async def turn(self, heard: Heard) -> Reply:
        """What is cancelled here goes on behind: it was heard."""
        with about_turn(heard), metrics.seconds.labels(str(heard.channel)).time():
            turn = asyncio.ensure_future(self._in_turn(heard))
            self._behind.add(turn)
            turn.add_done_callback(self._behind.discard)
            danger = None if heard.unclear else danger_in(heard.text)
            patient = SAFETY_WORDS_S if danger is not None and self.hurries else _TURN_S
            await asyncio.wait({turn}, timeout=patient)
            if turn.done():
                problem = turn.exception()
                if isinstance(problem, Exception):
                    return await self._apology(heard, problem)
                with logs.about(ticket=turn.result().ticket_no):
                    log.info("answered")
                return turn.result()
            if danger is not None:
                log.warning("the words of safety are said before the turn is over")
                self.on_fate("safety_first")
                # Where nothing can be written down, nobody may rely on us.
                yourself = "utter_danger_call_yourself" if await self._on_file(heard) else "utter_could_not_log"
                words = (sentence(f"utter_safety_{danger}"), sentence(yourself))
                return Reply(words, Understanding(heard.text, HAZARD, 0.0, False), hand_over=True)
            return await self._apology(heard, TimeoutError())

    async def _in_turn(self, heard: Heard) -> Reply:
        with self.lateness.turn():
            return await self._run(self._take_turn(heard))

    async def _take_turn(self, heard: Heard) -> Reply:
        try:
            with patience(self._write_s):
                if earlier := await self._in_thread(lambda: self._kept(heard)):
                    return earlier
                async with self._one_at_a_time:
                    return await self._answered(heard)
        except AnsweredAlready:
            return await self._in_thread(lambda: self._earlier(heard)) or self._lost(heard)
        except Exception as problem:
            # What is only away is told in a line; where anything else broke is worth a traceback.
            log.error("a turn failed (%s)", logs.described(problem), exc_info=not database_away(problem))
            return await self._apology(heard, problem)

    async def _answered(self, heard: Heard) -> Reply:
        last = await self._in_thread(lambda: self._desk.last_answers(heard.session, now() - self._open_for, _LAST))
        question = question_of(last)
        reading = await self._best_reading(heard, last, question)
        if isinstance(reading, Asked):
            reply = reading.reply(await self._meaning(reading.danger))
            await self._in_thread(lambda: self._desk.answer(heard.id, reply.as_json()))
            tell_turn(self.on_turn, heard, reply)
            return reply
        return await self._answer(heard, reading, question)

    def _kept(self, heard: Heard) -> Reply | None:
        """Keep what was heard; what was answered to it before."""
        return None if self._desk.keep(heard) else self._earlier(heard)

    def _earlier(self, heard: Heard) -> Reply | None:
        found = self._desk.answered(heard.id)
        return reply_again(heard, found) if found else None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Off the loop: whoever waits for the database must not keep others from being heard."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._thread_of_writes, context.run, work)

    # ---- proof ----------------------------------------------------------------------------------

    async def rehearse(self) -> None:
        """Prove that who reports danger now would be taken care of, and touch nobody. Raises whatever would fail.

        Where the dialogue is elsewhere, nothing can be taken back there: that it understands is all that is proved."""
        found = await self.parse(rehearsed().text)
        if found.intent != HAZARD:
            raise NotProved("a rehearsed report of danger was not understood")

    # ---- when it fails --------------------------------------------------------------------------

    async def _on_file(self, heard: Heard) -> bool:
        """Help is promised before anything is committed: a death of this process must not break that promise. What
        the turn has written down by then, the spool finds written down. → False where no file takes it."""
        putting = asyncio.ensure_future(self._spool.put(heard, "dialogue_failed"))
        await asyncio.wait({putting}, timeout=_FILE_S)
        if putting.done() and (problem := putting.exception()):
            log.error("what was said of danger is in no file (%s)", type(problem).__name__)
            return False
        return True

    async def _apology(self, heard: Heard, problem: BaseException) -> Reply:
        """The machine failed: what was said goes to a person, now or as soon as the database takes it."""
        if not database_away(problem):
            try:
                with patience(_KEEPING_S):
                    ticket_no = await self._spool.intake(heard, "dialogue_failed")
                    found = None if ticket_no else await asyncio.to_thread(self._earlier, heard)
                self.on_fate("for_a_person")
                return found or given_to_a_person(heard, ticket_no)
            except Exception:
                log.exception("what was said could not be written down")
        try:
            await self._spool.put(heard, "dialogue_failed")
        except Exception:
            log.exception("what was said could not be kept either")
            return self._lost(heard)
        self.on_fate("waits")
        return _apologise(heard, sentence("utter_written_later"))

    def _lost(self, heard: Heard) -> Reply:
        self.on_fate("lost")
        return _apologise(heard, sentence("utter_could_not_log"))


async def settle(
    database: Database,
    heard: Heard,
    say: Callable[[], Awaitable[Reply]],
    in_thread: Callable[[Callable[[], Unit]], Awaitable[Unit]],
    committed: Callable[[Reply], None] = lambda _: None,
) -> Reply:
    """One turn as one transaction: what `say` does to tickets and dialogue, and the reply, or nothing of it.

    The utterance must have been kept. When somebody else has answered it meanwhile, theirs counts. `committed` is told of
    ours when it stands. Raises what `say` raises."""
    try:
        with database.within(await in_thread(database.begin)) as unit:
            reply = await say()
            if not reply.sentences:
                raise NothingSaid("nothing was said to an utterance")
            answer(unit.connection, heard.id, reply.as_json())
    except AnsweredAlready:
        with database.reading() as session:
            if earlier := answered(session, heard.id):
                return reply_again(heard, earlier)
        raise
    committed(reply)
    return reply


def tell_turn(
    told: Callable[[TurnTold], None] | None, heard: Heard, reply: Reply, tracker: DialogueStateTracker | None = None
) -> None:
    """For statistics, which never fail a turn."""
    if told is None:
        return
    try:
        told(turn_told(heard, reply, tracker))
    except Exception as problem:
        log.error("a turn is not told for statistics (%s)", logs.described(problem), exc_info=True)


def reply_again(heard: Heard, found: dict[str, Any]) -> Reply:
    """What was answered before, from what is kept of it."""
    return given_to_a_person(heard, found["ticket_no"]) if found.get(FOR_A_PERSON) else Reply.from_json(found)


def given_to_a_person(heard: Heard, ticket_no: str | None) -> Reply:
    """A person has it, as that ticket."""
    return replace(_apologise(heard, sentence("utter_kept_for_a_person")), ticket_no=ticket_no)


def _apologise(heard: Heard, words: str) -> Reply:
    """Words for when the machine failed; who speaks of danger hears first what to do."""
    danger = danger_in(heard.text)
    safety = (sentence(f"utter_safety_{danger}"),) if danger else ()
    understanding = Understanding(heard.text, HAZARD if danger else "out_of_scope", 0.0, True)
    return Reply((*safety, words), understanding, hand_over=True)


def _plain_answer(question: str, readings: list[str]) -> str | None:
    """The reading that is nothing but an answer to what was asked last; no other reading of it is looked for."""
    return next((one for one in readings if (found := read_answer(question, one)) and not found.more), None)


def about_turn(heard: Heard) -> AbstractContextManager[None]:
    """What is logged within is about this turn."""
    return logs.about(session=heard.session, turn=heard.id, call=heard.call_id)


def _readings(text: str, alternatives: tuple[str, ...]) -> list[str]:
    clean = [readable(spelled_signs(reading)) for reading in (text, *alternatives)]
    return [reading for reading in dict.fromkeys(clean) if says_something(reading)][:_READINGS]


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
        act=str((parsed.get("act") or {}).get("name") or best["name"]),
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
