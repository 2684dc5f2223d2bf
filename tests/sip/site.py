"""A telephone with its SIP front end, and the exchange that it hangs on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.bench.exchange.sip import Call, Exchange, Sound, exchange
from bot.database import Database
from bot.grid.registry import Registry
from bot.lines.sip.message import Message
from bot.lines.sip.server import SipServer
from bot.settings import Settings
from bot.telephone.sip_front_end import sip_front_end
from bot.telephone.telephone import Telephone
from bot.tickets.desk import TicketDesk
from bot.voice.call_life import Stage
from tests.voice.doubles import ScriptedDialogue, ScriptedRecogniser, ToneVoice, reply


class Site:
    """`far` is the exchange; whoever is rung hears `voice` for `whisper_s`."""

    server: SipServer

    def __init__(
        self,
        home: Path,
        database: Database,
        far: Exchange,
        voice: dict[str, Any],
        whisper_s: float = 0.2,
        number: str = "",
    ) -> None:
        given = {"audiosocket": "127.0.0.1:0", "fastagi": "127.0.0.1:0", **voice}
        self.settings = Settings.model_validate(
            {"home": home, "capacity": {"stop_s": 0.2}, "voice": given, "calling": {"number": number}}
        )
        self.desk, self.far = TicketDesk(database), far
        self.voice = ToneVoice(whisper_s)
        self.dialogue = ScriptedDialogue([reply("好,给您转过去。", hand_over=True)])
        self.telephone = Telephone(
            database, self.desk, Registry.load(database), self.dialogue, ScriptedRecogniser([]), self.voice,
            self.settings, audiosocket=("127.0.0.1", 0), fastagi=("127.0.0.1", 0),
        )  # fmt: skip

    async def asks_for_a_person(self, carrier: Exchange | None = None) -> Call:
        """A caller who presses 0 as soon as he is connected; `carrier`: whom he calls by."""
        call = await (carrier.call(line="07153391024") if carrier else self.far.call())
        await asyncio.sleep(0.5)
        call.send("INFO", body=b"Signal=0\r\nDuration=160\r\n", content_type="application/dtmf-relay")
        return call

    def owed(self) -> list[Any]:
        return [each for each in self.desk.tickets() if each.kind == "callback"]

    def joined(self) -> bool:
        """Whether a caller and a person hear each other."""
        return any(each.life.stage is Stage.connected for each in self.telephone.hand_overs.plans.values())

    def line_of(self, other: Call) -> Any:
        """Gege's end of the call that is not this one."""
        assert other.media is not None
        return next(each.line for each in self.server.calls.values() if each.line.port != other.media.port)


@asynccontextmanager
async def opened(
    home: Path,
    database: Database,
    *,
    at: int = 0,
    number: str = "",
    whisper_s: float = 0.2,
    trunk: dict[str, Any] | None = None,
    **more: Any,
) -> AsyncIterator[Site]:
    """`at`: Gege's own port; `number`: [calling] number; `trunk`, `more`: [voice.trunk] and other settings of [voice]."""
    async with exchange() as far:
        if trunk:
            trunk = {"registrar": far.host, **trunk}
        made = Site(home, database, far, {"trunk": trunk or {}, **more}, whisper_s, number)
        await made.telephone.start()
        try:
            async with sip_front_end(made.telephone, ("127.0.0.1", at), made.settings) as (server, _):
                made.server = server
                far.gege = ("127.0.0.1", server.port)
                yield made
        finally:
            await made.telephone.close()


@pytest.fixture
def site(tmp_path: Path, county: Database) -> Callable[..., Any]:
    return lambda **more: opened(tmp_path, county, **more)


async def taker(far: Exchange, number: str = "") -> Sound:
    """Whoever is rung there takes it; his sound."""
    sound = Sound()
    await sound.open()

    def answer(invite: Message) -> None:
        far.answer(invite, 180, tag=number or "taker")
        far.answer(invite, 200, tag=number or "taker", sound=sound)

    far.behave[f"INVITE {number}".strip()] = answer
    return sound


def bye(far: Exchange, number: str) -> None:
    """Whoever took the call at this number hangs up."""
    invite = next(each for each in far.named("INVITE") if f"sip:{number}@" in each.uri)
    Call(far, "", "", invite.call_id).within(invite, number).send("BYE")
