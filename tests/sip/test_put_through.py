"""A SIP caller who asks for a person: put through, told when nobody takes it, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bot.bench.exchange.sip import Call, Exchange, exchange
from bot.database import Database
from bot.grid.registry import Registry
from bot.settings import CapacitySettings, Settings
from bot.telephone.sip_front_end import sip_front_end
from bot.telephone.telephone import Telephone
from bot.tickets.desk import TicketDesk
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.voice.doubles import ScriptedDialogue, ScriptedRecogniser, ToneVoice, reply
from tests.waiting import until

county = small_county
pytestmark = [on_sqlite, pytest.mark.slow]  # Calls in real time.
NOT_REACHED, NOBODY = "他没接到", "值班的人也没接到"


class Site:
    """A telephone with its SIP front end, and the exchange that it hangs on."""

    def __init__(self, home: Path, database: Database, far: Exchange, trunk: dict) -> None:
        voice = {"audiosocket": "127.0.0.1:0", "fastagi": "127.0.0.1:0", "trunk": trunk}
        self.settings = Settings(home=home, capacity=CapacitySettings(stop_s=0.2), voice=voice)  # type: ignore[arg-type]
        self.desk, self.far = TicketDesk(database), far
        self.voice = ToneVoice(0.2)
        self.dialogue = ScriptedDialogue([reply("好,给您转过去。", hand_over=True)])
        self.telephone = Telephone(
            database, self.desk, Registry.load(database), self.dialogue, ScriptedRecogniser([]), self.voice,
            self.settings, audiosocket=("127.0.0.1", 0), fastagi=("127.0.0.1", 0),
        )  # fmt: skip

    async def asks_for_a_person(self) -> Call:
        """A caller who presses 0 as soon as he is connected."""
        call = await self.far.call()
        await asyncio.sleep(0.5)
        call.send("INFO", body=b"Signal=0\r\nDuration=160\r\n", content_type="application/dtmf-relay")
        return call

    def owed(self) -> list:
        return [each for each in self.desk.tickets() if each.kind == "callback"]

    def outcome(self, call_id: str) -> str:
        return next(iter(self.telephone.hand_overs.plans.values())).outcome


@pytest.fixture
def site(tmp_path: Path, county: Database) -> Callable:
    @asynccontextmanager
    async def opened(**trunk) -> AsyncIterator[Site]:  # type: ignore[no-untyped-def]
        async with exchange() as far:
            if trunk:
                trunk["registrar"] = far.host
            made = Site(tmp_path, county, far, trunk)
            await made.telephone.start()
            try:
                async with sip_front_end(made.telephone, ("127.0.0.1", 0), made.settings) as (server, _):
                    far.gege = ("127.0.0.1", server.port)
                    yield made
            finally:
                await made.telephone.close()

    return opened


def _numbers(far: Exchange) -> list[str]:
    return [each.get("refer-to").partition("sip:")[2].partition("@")[0] for each in far.named("REFER")]


async def test_the_exchange_is_asked_to_ring_the_manager(site: Callable) -> None:
    async with site() as here:
        far = here.far
        far.behave["REFER"] = lambda refer: far.answer(refer, 202)
        call = await here.asks_for_a_person()
        await until(lambda: far.named("REFER"))
        call.notify("100 Trying")
        call.notify("200 OK")
        await until(lambda: far.named("BYE"))  # he talks to the manager; we are not needed any more
        assert _numbers(far) == ["13900000001"]
        await until(lambda: not here.telephone.calls)
        assert not here.owed()


async def test_the_next_one_is_rung_and_the_caller_is_told(site: Callable) -> None:
    async with site() as here:
        far = here.far
        far.behave["REFER"] = lambda refer: far.answer(refer, 202)
        call = await here.asks_for_a_person()
        for count, status in enumerate(("486 Busy Here", "480 Nobody", "404 Not Found", "486 Busy", "486 Busy"), 1):
            await until(lambda count=count: len(far.named("REFER")) >= count or far.named("BYE"))
            if far.named("BYE"):
                break
            call.notify(status)
        await until(lambda: far.named("BYE"))
        assert len(set(_numbers(far))) == len(_numbers(far)) >= 3
        said = "".join(here.voice.said)
        assert NOT_REACHED in said and NOBODY in said
        await until(lambda: here.owed())
        assert here.owed()[0].reporter == "13971800123"


async def test_a_manager_who_declines_is_not_rung_a_second_time(site: Callable) -> None:
    async with site() as here:
        far = here.far
        far.behave["REFER"] = lambda refer: far.answer(refer, 202)
        call = await here.asks_for_a_person()
        await until(lambda: far.named("REFER"))
        call.notify("603 Decline")
        await until(lambda: len(far.named("REFER")) >= 2)
        assert not far.named("INVITE") and len(set(_numbers(far))) == 2


async def test_a_peer_that_leaves_without_a_word_is_no_success(site: Callable) -> None:
    async with site() as here:
        far = here.far
        far.behave["REFER"] = lambda refer: far.answer(refer, 202)
        call = await here.asks_for_a_person()
        await until(lambda: far.named("REFER"))
        assert (await call.ask("BYE")).code == 200
        # put through, or hung up while it rang: nobody can know, so somebody calls back
        await until(lambda: here.owed())
        assert len(far.named("REFER")) == 1


@pytest.mark.parametrize("trunk", [{}, {"user": "gege", "password": "x", "registers": False}])
async def test_gege_rings_by_herself_and_joins_the_two(site: Callable, trunk: dict) -> None:
    async with site(**trunk) as here:
        far = here.far
        far.behave["REFER"] = lambda refer: far.answer(refer, 603)
        manager = Exchange(far.gege)
        await manager.open()
        far.behave["INVITE"] = lambda invite: (
            far.answer(invite, 180),
            # the manager's telephone has its own sound
            setattr(far, "sound", manager.sound), far.answer(invite, 200, sound=True, tag="manager"),
        )  # fmt: skip
        callers = far.sound
        call = await here.asks_for_a_person()
        await until(lambda: far.named("ACK"))
        assert bool(far.named("REFER")) is not bool(trunk)
        assert far.named("INVITE")[0].uri.startswith("sip:13900000001@")
        await until(lambda: any("格格转来一个电话" in each for each in here.voice.said))
        await until(lambda: len(manager.sound.heard) > 16000)
        word = (np.sin(np.arange(8000) / 3) * 9000).astype("<i2").tobytes()
        line = next(each.line for each in _server(here).calls.values() if each.line.port != call.media.port)
        for start in range(0, len(word), 320):
            callers.send(word[start : start + 320], (call.media.host, call.media.port))
            await asyncio.sleep(0.02)
        await until(lambda: _loudest(manager.sound.heard[-20000:]) > 8000)
        before = len(callers.heard)
        for start in range(0, len(word), 320):
            manager.sound.send(word[start : start + 320], ("127.0.0.1", line.port))
            await asyncio.sleep(0.02)
        await until(lambda: _loudest(callers.heard[before:]) > 8000)
        await call.ask("BYE")
        await until(lambda: far.named("BYE"))  # the manager's side ends with the caller's
        await until(lambda: not _server(here).calls)
        assert not here.owed()
        manager.close()
        callers.transport.close()


async def test_a_caller_who_hangs_up_while_it_rings_is_called_back_and_the_ringing_ends(site: Callable) -> None:
    async with site(user="gege", password="x", registers=False) as here:
        far = here.far
        far.behave["INVITE"] = lambda invite: far.answer(invite, 180)
        far.behave["CANCEL"] = lambda cancel: (far.answer(cancel, 200), far.answer(far.named("INVITE")[0], 487))
        call = await here.asks_for_a_person()
        await until(lambda: far.named("INVITE"))
        await call.ask("BYE")
        await until(lambda: far.named("CANCEL"))
        await until(lambda: here.owed())
        assert len(far.named("INVITE")) == 1


async def test_a_telephone_that_forwards_our_own_ringing_to_us_gets_the_busy_tone(site: Callable) -> None:
    async with site(user="gege", password="x", registers=False) as here:
        far = here.far
        far.behave["INVITE"] = lambda invite: far.answer(invite, 180)
        await here.asks_for_a_person()
        await until(lambda: far.named("INVITE"))
        again = Call(far, "07153391024", "13971800123", "forwarded")
        offer = again.send("INVITE", body=b"", diversion="<sip:13900000001@them>")
        queue = far._responses.setdefault(offer.branch, asyncio.Queue())
        assert (await asyncio.wait_for(queue.get(), 5)).code == 486


def _server(here: Site):
    return here.telephone.on_stopping.__self__


def _loudest(pcm: bytes | bytearray) -> int:
    data = bytes(pcm[: len(pcm) // 2 * 2])
    return int(np.abs(np.frombuffer(data, "<i2").astype(int)).max()) if data else 0
