"""Gege's telephone in a process of its own, so that it can be frozen and killed: both servers, a tone for a voice.

`python -m tests.exchange.gege AGI AUDIO FOLDER [full]` prints `ready`, then what the desk was told, a line each."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from bot.lines.audiosocket import AudioSocketServer
from bot.lines.fastagi import FastAgiServer
from bot.lines.line import CallFacts, Line
from bot.settings import Settings
from bot.telephone.dial_plan import DialPlan
from bot.telephone.handover import HandOvers
from bot.voice.call import PhoneCall
from bot.voice.events import CallEvent
from tests.voice.doubles import HandingDesk, NotingIntake, ScriptedDialogue, ScriptedRecogniser, ToneVoice, reply
from tests.voice.town import Town

#: the whisper's and the greeting's length (s)
SENTENCE_S = 1.5


class SayingDesk(HandingDesk):
    """Prints what it is told."""

    def __getattribute__(self, name: str) -> Any:
        told = super().__getattribute__(name)
        if name not in ("begin_call", "end_call", "call_back", "add", "report"):
            return told

        def say(*values: Any, **named: Any) -> Any:
            print(name, *values, *named.values(), flush=True)
            return told(*values, **named)

        return say


async def sweep(hand_overs: HandOvers) -> None:
    while True:
        await asyncio.sleep(0.5)
        await hand_overs.sweep()


async def serve(agi_port: int, audio_port: int, folder: Path, room: bool) -> None:
    settings, desk, voice = Settings(home=folder), SayingDesk(), ToneVoice(SENTENCE_S)
    settings = settings.model_copy(update={"site": settings.site.model_copy(update={"station_phone": "07153390000"})})
    dialogue = ScriptedDialogue([reply("我给您的网格员打电话。", hand_over=True)])

    def seen(event: CallEvent) -> None:
        print(type(event).__name__, *vars(event).values(), flush=True)

    async def answer(line: Line, facts: CallFacts) -> None:
        await PhoneCall(
            line, facts, dialogue=dialogue, recogniser=ScriptedRecogniser([]), voice=voice, desk=desk,
            intake=NotingIntake(), settings=settings, steering=hand_overs,
        ).run()  # fmt: skip

    audio = AudioSocketServer("127.0.0.1", audio_port, answer)
    hand_overs = HandOvers(Town(), desk, settings, voice, watcher=seen)
    dial_plan = DialPlan(hand_overs, audio, voice, room=lambda: room)
    agi = FastAgiServer("127.0.0.1", agi_port, dial_plan.scripts)
    sweeping = asyncio.create_task(sweep(hand_overs))
    await audio.start()
    await agi.start()
    print("ready", flush=True)
    await sweeping


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), "full" not in sys.argv[4:]))
