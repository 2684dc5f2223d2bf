"""A SIP caller who asks for a person: people are rung, told the case and joined with him, and he is never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from bot.bench.exchange.sip import Call, Exchange
from tests.sip.site import site as a_site
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.waiting import until

county, site = small_county, a_site
pytestmark = [on_sqlite, pytest.mark.slow]  # Calls in real time.
MANAGER, ASSISTANT = "13900000001", "13900000002"
TRUNK = {"user": "gege", "password": "x", "registers": False}
NOT_REACHED = "他没接到"


@pytest.mark.parametrize("trunk", [{}, TRUNK])
async def test_gege_rings_by_herself_and_joins_the_two(site: Callable, trunk: dict) -> None:
    async with site(trunk=trunk) as here:
        far = here.far
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
        assert far.named("INVITE")[0].uri.startswith("sip:13900000001@")
        await until(lambda: any("格格转来一个电话" in each for each in here.voice.said))
        await until(lambda: len(manager.sound.heard) > 16000)
        word = (np.sin(np.arange(8000) / 3) * 9000).astype("<i2").tobytes()
        line = here.line_of(call)
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
        await until(lambda: not here.server.calls)
        assert not here.owed()
        manager.close()
        callers.transport.close()


async def test_a_caller_who_hangs_up_while_it_rings_is_called_back_and_the_ringing_ends(site: Callable) -> None:
    async with site(trunk=TRUNK) as here:
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
    async with site(trunk=TRUNK) as here:
        far = here.far
        far.behave["INVITE"] = lambda invite: far.answer(invite, 180)
        await here.asks_for_a_person()
        await until(lambda: far.named("INVITE"))
        again = Call(far, "07153391024", "13971800123", "forwarded")
        offer = again.send("INVITE", body=b"", diversion="<sip:13900000001@them>")
        queue = far._responses.setdefault(offer.branch, asyncio.Queue())
        assert (await asyncio.wait_for(queue.get(), 5)).code == 486


def _loudest(pcm: bytes | bytearray) -> int:
    data = bytes(pcm[: len(pcm) // 2 * 2])
    return int(np.abs(np.frombuffer(data, "<i2").astype(int)).max()) if data else 0
