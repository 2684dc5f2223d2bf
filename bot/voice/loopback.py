"""A call from end to end in one process: server and client on loopback, real sockets, told as one story."""

from __future__ import annotations

import asyncio
import uuid as uuids
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from bot.dialogue.port import Dialogue
from bot.lines.audiosocket import AudioSocketServer
from bot.lines.client import Key, place_call
from bot.lines.incoming import FRAME_S
from bot.lines.line import CallFacts, Line
from bot.settings import Settings
from bot.speech.port import Recogniser
from bot.speech.speak import Voice
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.unclear import Intake, intake_of
from bot.voice.call import PhoneCall
from bot.voice.call_log import CallLog
from bot.voice.events import CallEvent, Watcher, nobody_watches
from bot.voice.record import CallStory

#: turns are waited for at most this long (s of audio time)
_PATIENCE_S = 120.0


async def run_call(
    files: Sequence[Path | Key],
    caller: str,
    dialogue: Dialogue,
    recogniser: Recogniser | None,
    voice: Voice,
    desk: TicketDesk,
    settings: Settings,
    watcher: Watcher = nobody_watches,
    *,
    intake: Intake | None = None,
    dialled: str = "",
    diverting: str = "",
    rate: int = 8000,
    pace: float = 1.0,
    calls: list[PhoneCall] | None = None,
    parts: dict[str, Any] | None = None,
    log: CallLog | None = None,
    wait: Callable[[], Awaitable[None]] | None = None,
    before_hanging_up: Callable[[], Awaitable[None]] | None = None,
) -> CallStory:
    """Speak each file in turn into a real call and return what happened.

    `log` writes the call down and is closed; `calls` is told of the call that comes into being, `parts` are further
    parts of it; `wait` replaces waiting for the caller's turn, `before_hanging_up` comes after the last file.
    `pace` runs the telephone faster than real time at both ends; turn taking counts audio time.
    Raises AudioRefused for a file that is no sound."""
    stories: asyncio.Future[CallStory] = asyncio.get_running_loop().create_future()
    calls = [] if calls is None else calls

    def tell(event: CallEvent) -> None:
        for one in (log, watcher):
            if one is not None:
                one(event)

    async def answer(line: Line, facts: CallFacts) -> None:
        every: dict[str, Any] = {
            "dialogue": dialogue,
            "recogniser": recogniser,
            "voice": voice,
            "desk": desk,
            "intake": intake or intake_of(desk),
            "settings": settings,
            "watcher": tell,
            **(parts or {}),
        }
        call = PhoneCall(line, facts, **every)
        calls.append(call)
        try:
            story = await call.run()
        except BaseException as problem:
            if not stories.done():
                stories.set_exception(problem)
            raise
        stories.set_result(story)

    async def my_turn() -> None:
        # The end of speech has to pass before `listening` tells something about the file just spoken.
        wait = settings.voice.end_of_speech + 0.5
        await asyncio.sleep(wait / pace)
        waited = wait
        while waited < _PATIENCE_S and not stories.done():
            if calls and calls[0].listening:
                return
            await asyncio.sleep(FRAME_S / pace)
            waited += FRAME_S

    server = AudioSocketServer("127.0.0.1", 0, answer, pace=pace)
    await voice.start()
    await server.start()
    try:
        call_id = str(uuids.uuid4())
        server.announce(call_id, caller, dialled, diverting)
        await place_call("127.0.0.1", server.port, call_id, files, rate=rate, pace=pace,
                         my_turn=wait or my_turn, before_hanging_up=before_hanging_up)  # fmt: skip
        return await asyncio.wait_for(stories, 60.0)
    finally:
        await server.close()
        if log is not None:
            await asyncio.to_thread(log.close)
