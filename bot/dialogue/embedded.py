"""The default adapter: Rasa's agent in this process, on a thread and event loop of its own.

In the service's own loop the agent delayed 20 ms audio ticks by 6.5 ms (p99), in its own thread by 2.8
(docs/decisions/0003-rasa-in-a-thread.md)."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bot.database import Database, at_once, database_away, patience
from bot.dialogue import rasa_lite, rehearsal
from bot.dialogue.danger import UNCLEAR
from bot.dialogue.port import Reply, Understanding
from bot.dialogue.reading import readable
from bot.dialogue.responses import say_what_the_file_says, sentence
from bot.dialogue.training import source_fingerprint
from bot.dialogue.turns import RasaDialogue, about_turn, reply_from, settle, tell_turn, understanding_of
from bot.foundation.errors import Broken
from bot.foundation.recent import Recent
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.danger import danger_in
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.spool import Spool
from nlu.lexicon import lexicon

rasa_lite.install()

from rasa.core.agent import Agent  # noqa: E402
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage  # noqa: E402
from rasa.core.processor import MessageProcessor  # noqa: E402
from rasa.shared.core.slots import TextSlot  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402

from bot.dialogue.graph_runner import SequentialGraphRunner  # noqa: E402
from bot.dialogue.in_process import InProcessActions  # noqa: E402
from bot.dialogue.quiet_logs import quiet_rasa  # noqa: E402
from bot.dialogue.rasa_patches import pay_once  # noqa: E402
from bot.dialogue.state import DialogueStore  # noqa: E402
from bot.dialogue.unswallowed import swallow_nothing  # noqa: E402

if TYPE_CHECKING:
    from rasa_sdk import Action

T = TypeVar("T")

#: sentences that were understood just now
_UNDERSTOOD = 16


async def handle(agent: Agent, store: DialogueStore, heard: Heard, clean: str) -> Reply:
    """One turn through an agent. Raises what Rasa or an action raises; the dialogue is then as it was before."""
    try:
        messages, parsed = await _handled(agent, store, heard, clean)
    except BaseException:
        # What goes on in memory has been changed half-way.
        store.forget(heard.session)
        raise
    if heard.unclear:
        messages.append({"custom": {UNCLEAR: True}})
    return reply_from(messages, understanding_of(heard.text, parsed))


class _Words(CollectingOutputChannel):
    """Collects what is said; its name is the utterance's channel, by which domain.yml varies its sentences."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self._channel = channel

    def name(self) -> str:
        return self._channel


async def _handled(
    agent: Agent, store: DialogueStore, heard: Heard, clean: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    channel = _Words(str(heard.channel))
    message = UserMessage(
        clean,
        output_channel=channel,
        sender_id=heard.session,
        input_channel=heard.channel,
        message_id=heard.id,
        metadata={
            "id": heard.id,
            "text": heard.text,
            "caller": heard.caller.as_json(),
            "dialled": heard.dialled,
            "diverting": heard.diverting,
            "alternatives": list(heard.alternatives),
            "unclear": heard.unclear,
        },
    )
    messages = await agent.handle_message(message) or []
    tracker = store.latest(heard.session)
    parsed = tracker.latest_message.parse_data if tracker and tracker.latest_message else {}
    if tracker and (question := tracker.get_slot("question")):
        messages.append({"custom": {"question": str(question)}})
    return messages, dict(parsed)


async def understood(agent: Agent, clean: str, question: str) -> dict[str, Any]:
    """Rasa's parse result of one sentence that answers `question`, outside of any dialogue."""
    assert agent.processor is not None
    asked = TextSlot("question", mappings=[{}], initial_value=question or None, influence_conversation=False)
    tracker = DialogueStateTracker("parse", slots=[asked])
    parsed: dict[str, Any] = await agent.processor.parse_message(UserMessage(clean), tracker)
    return parsed


def understand_once(processor: MessageProcessor) -> None:
    """A sentence is understood by its words and the question that it answers, and by nothing else: what was understood a
    moment ago, to choose a reading or before the turn's transaction, is not worked out again."""
    parse, known = processor.parse_message, Recent[tuple[str, str], dict[str, Any]](_UNDERSTOOD)

    async def parse_message(
        message: UserMessage, tracker: DialogueStateTracker | None = None, only_output_properties: bool = True
    ) -> dict[str, Any]:
        if tracker is None or not only_output_properties or not message.text:
            return dict(await parse(message, tracker, only_output_properties))
        key = (message.text, str(tracker.get_slot("question") or ""))
        if key not in known:
            known[key] = await parse(message, tracker)
        return {**copy.deepcopy(known[key]), "message_id": message.message_id, "metadata": message.metadata}

    processor.parse_message = parse_message


class ModelDamaged(Broken):
    """The dialogue model's file is not what training wrote."""

    def __init__(self, model: Path) -> None:
        super().__init__(f"the dialogue model {model} cannot be loaded: gege train --force makes it again (a minute)")


class EmbeddedDialogue(RasaDialogue):
    """Rasa in process, one turn at a time: it is one thread's worth of CPU anyway, and SQLite has one writer."""

    def __init__(
        self,
        model: Path,
        database: Database,
        desk: TicketDesk,
        spool: Spool,
        actions: Sequence[Action],
        session_minutes: int = 30,
        write_s: float = 5.0,
    ) -> None:
        super().__init__(desk, spool, write_s, session_minutes)
        self._database, self._actions = database, actions
        self._model = model
        self._sources = source_fingerprint()
        self._store = DialogueStore(database, session_minutes)
        self._agent: Agent | None = None
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        if self._thread:
            return
        self._thread = threading.Thread(target=self._loop.run_forever, name="dialogue", daemon=True)
        self._thread.start()
        await self._there(self._load())

    async def close(self) -> None:
        self._thread_of_writes.shutdown(wait=False)
        if self._thread:
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
            self._loop.close()

    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        return await self._there(self._understand(text, alternatives, question))

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return await self._there(work)

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the dialogue's own loop and wait for it here."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def take_up(self, model: Path | None) -> bool:
        """Go on with another model of the same sources, from the next turn on; False when there is nothing to do.

        A turn that has begun ends with the model that it began with. Raises what a broken model raises, and goes on
        with the present one."""
        if model is None or model == self._model or source_fingerprint() != self._sources:
            return False
        agent = await asyncio.to_thread(self._agent_of, model)
        # The site's words may have changed with the model.
        lexicon.cache_clear()
        await self._there(agent.parse_message("您好"))
        self._agent, self._model = agent, model
        return True

    async def _load(self) -> None:
        self._agent = self._agent_of(self._model)
        sentence("utter_could_not_log")  # the words for when all else fails are read before anything fails
        danger_in("")
        await self._understand("您好")

    def _agent_of(self, model: Path) -> Agent:
        quiet_rasa()
        try:
            agent = Agent.load(str(model), action_endpoint=InProcessActions(self._actions), tracker_store=self._store)
        except Exception as problem:  # a file that was cut off raises whatever its unpacking meets
            raise ModelDamaged(model) from problem
        if agent.processor is None:
            raise ModelDamaged(model)
        say_what_the_file_says(agent.processor.domain)
        pay_once(agent.processor.domain)
        swallow_nothing()
        agent.processor.graph_runner = SequentialGraphRunner(agent.processor.graph_runner)
        understand_once(agent.processor)
        return agent

    async def _rasa_parse(self, clean: str, question: str = "") -> dict[str, Any]:
        assert self._agent is not None
        return await understood(self._agent, clean, question)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if not self._database.one_writer:
            return await super()._in_thread(work)
        try:
            # Nearly always nobody else is writing: a thread would cost more than the statement.
            with at_once():
                return work()
        except Exception as problem:
            if not database_away(problem):
                raise
        return await super()._in_thread(work)

    async def _answer(self, heard: Heard, clean: str, question: str) -> Reply:
        agent = self._agent
        assert agent is not None
        # Before the transaction: on SQLite it keeps every other process from writing.
        await understood(agent, clean, question)
        return await settle(
            self._database,
            heard,
            lambda: handle(agent, self._store, heard, clean),
            self._in_thread,
            lambda reply: tell_turn(self.on_turn, heard, reply, self._store.latest(heard.session)),
        )

    async def rehearse(self) -> None:
        await self._there(self._rehearsed())

    async def _rehearsed(self) -> None:
        agent, heard = self._agent, rehearsal.rehearsed()
        assert agent is not None
        clean = readable(heard.text)

        def say() -> Coroutine[Any, Any, Reply]:
            return handle(agent, self._store, heard, clean)

        with about_turn(heard), patience(self._write_s):
            await understood(agent, clean, "")  # before the transaction, as in a turn
            async with self._one_at_a_time:
                try:
                    await rehearsal.rehearse(self._database, heard, self._desk.keep, say, self._in_thread)
                finally:
                    self._store.forget(heard.session)
