"""A SIP caller who asks for a person: people are rung, told the case and joined with him, and he is never lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bot.bench.exchange.sip import Call, Exchange
from bot.lines.sip.message import uri_of
from tests.sip.calls import response
from tests.sip.site import bye, taker
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


async def test_the_caller_hears_ringing_until_the_case_is_told(site: Callable) -> None:
    async with site(whisper_s=6.0) as here:
        far, manager = here.far, await taker(here.far)
        await here.asks_for_a_person()
        await until(lambda: any(manager.heard))
        before = len(far.sound.heard)
        await asyncio.sleep(5.3)  # the whisper goes on: China's ring-back is a second of 450 Hz in five
        heard = np.frombuffer(bytes(far.sound.heard[before:]), "<i2").astype(float)
        assert len(heard) / 8000 > 5.0  # and the stream has no hole
        tone = np.abs(np.dot(heard, np.exp(-2j * np.pi * 450 / 8000 * np.arange(len(heard)))))
        assert tone > 0.5 * 8000 * 0.15 * 32767 / 2 and not here.joined()
        await until(lambda: here.joined())
        manager.transport.close()


async def test_the_person_who_hangs_up_in_the_whisper_is_followed_by_the_next(site: Callable) -> None:
    async with site(whisper_s=3.0) as here:
        far, manager = here.far, await taker(here.far, MANAGER)
        assistant = await taker(far, ASSISTANT)
        call = await here.asks_for_a_person()
        await until(lambda: any(manager.heard))
        bye(far, MANAGER)
        await until(lambda: any(assistant.heard))
        await until(lambda: any(NOT_REACHED in each for each in here.voice.said))
        assert not far.named("BYE") and (await call.ask("OPTIONS")).code == 200
        for each in (manager, assistant):
            each.transport.close()


async def test_a_caller_who_leaves_in_the_whisper_ends_both_and_is_called_back(site: Callable) -> None:
    async with site(whisper_s=1.5) as here:
        far, manager = here.far, await taker(here.far)
        call = await here.asks_for_a_person()
        await until(lambda: any(manager.heard))
        await call.ask("BYE")
        await until(lambda: far.named("BYE"))
        await until(lambda: here.owed())
        assert len(far.named("INVITE")) == 1 and not here.server.calls
        manager.transport.close()


async def test_two_who_talked_for_a_moment_have_not_reached_each_other(site: Callable) -> None:
    async with site() as here:
        far, manager = here.far, await taker(here.far, MANAGER)
        far.behave[f"INVITE {ASSISTANT}"] = lambda invite: far.answer(invite, 180)
        await here.asks_for_a_person()
        await until(lambda: here.joined())
        bye(far, MANAGER)
        await until(lambda: len(far.named("INVITE")) == 2)
        manager.transport.close()


async def test_an_exchange_that_never_says_a_word_holds_nobody_for_long(site: Callable, caplog: Any) -> None:
    async with site(trunk=TRUNK) as here:
        here.far.behave["INVITE"] = lambda invite: None
        began = time.monotonic()
        await here.asks_for_a_person()
        await until(lambda: len({each.uri for each in here.far.named("INVITE")}) == 2, 20)
        assert time.monotonic() - began < 14 and "not a word" in caplog.text


async def test_who_is_rung_sees_the_company_and_the_caller_only_where_that_is_set(site: Callable) -> None:
    for shown in (False, True):
        async with site(trunk={**TRUNK, "show_caller": shown}, number="07153390000") as here:
            here.far.behave["INVITE"] = lambda invite: here.far.answer(invite, 180)
            await here.asks_for_a_person()
            await until(lambda: here.far.named("INVITE"))
            invite = here.far.named("INVITE")[0]
            assert uri_of(invite.get("from")) == f"sip:07153390000@{here.far.host}"
            asserted = "13971800123" if shown else "07153390000"
            assert uri_of(invite.get("p-asserted-identity")) == f"sip:{asserted}@{here.far.host}"
            assert ("07153390000" in invite.get("diversion")) is shown


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
        assert (await response(far, offer)).code == 486


@pytest.mark.parametrize("diverted", [True, False])
async def test_so_does_one_whose_network_shows_the_company_as_the_caller(site: Callable, diverted: bool) -> None:
    async with site(trunk=TRUNK, number="+867153390000") as here:
        far = here.far
        far.behave["INVITE"] = lambda invite: far.answer(invite, 180)
        await here.asks_for_a_person()
        await until(lambda: far.named("INVITE"))
        again = Call(far, "07153391024", "07153390000", "forwarded")
        more = {"diversion": f"<tel:{MANAGER}>"} if diverted else {}
        offer = again.send("INVITE", body=b"", **more)
        assert (await response(far, offer)).code == 486
        # Somebody else who reaches us meanwhile is no circle.
        another = Call(far, "07153391024", "13877665544", "another")
        assert (await another.invite()).code == 200
        another.send("BYE")


def _loudest(pcm: bytes | bytearray) -> int:
    data = bytes(pcm[: len(pcm) // 2 * 2])
    return int(np.abs(np.frombuffer(data, "<i2").astype(int)).max()) if data else 0
