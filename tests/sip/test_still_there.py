"""Whether the other end is still there, and a call that is held: it stands still, and goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from bot.bench.exchange.sip import TONE, goes_on
from tests.sip.calls import both, offer, up
from tests.sip.site import site as a_site
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.waiting import until

county, site = small_county, a_site
pytestmark = pytest.mark.slow  # Calls in real time.


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.sip.watch.SILENCE_S", 0.5)
    monkeypatch.setattr("bot.lines.sip.watch._TICK_S", 0.05)
    monkeypatch.setattr("bot.lines.sip.watch._AGAIN_S", 0.2)


async def test_an_exchange_that_answers_and_never_sends_is_no_call() -> None:
    async with both() as (server, far, listener):
        call = await far.call(caller="1391")
        assert call.final is not None and call.final.code == 200
        await until(lambda: far.named("BYE"), 5.0)
        assert not server.calls and not far.named("INVITE"), "whoever never sent anything is not asked"


async def test_a_peer_that_suppresses_silence_is_asked_and_kept() -> None:
    async with both() as (server, far, listener):
        call, heard = await up(far, listener)
        await until(lambda: len(far.named("INVITE")) >= 3, 5.0)
        assert not far.named("BYE")
        before = len(heard)
        await until(lambda: len(heard) > before + 1600)  # time goes on for the ear
        await goes_on(call, heard)


@pytest.mark.parametrize("code", [481, 408])
async def test_a_peer_that_knows_nothing_of_the_call_has_gone(code: int) -> None:
    async with both() as (server, far, listener):
        far.behave["INVITE"] = lambda asked: far.answer(asked, code)
        await up(far, listener)
        await until(lambda: far.named("BYE"), 5.0)
        assert not server.calls


@pytest.mark.parametrize("code", [200, 488, 500])
async def test_a_peer_that_refuses_the_question_is_there_all_the_same(code: int) -> None:
    async with both() as (server, far, listener):
        far.behave["INVITE"] = lambda asked: far.answer(asked, code, sound=code == 200)
        await up(far, listener)
        await until(lambda: len(far.named("INVITE")) >= 2, 5.0)
        assert server.calls


async def test_a_peer_that_answers_nothing_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.sip.transaction.LASTS", 0.5)
    async with both() as (server, far, listener):
        far.behave["INVITE"] = lambda asked: None
        await up(far, listener)
        await until(lambda: not server.calls, 5.0)


@pytest.mark.parametrize("how", ["sendonly", "inactive", "0.0.0.0"])
async def test_a_held_call_stands_still_and_goes_on_where_it_was(how: str) -> None:
    async with both() as (server, far, listener):
        call, heard = await up(far, listener)
        line = listener.lines["1391"]
        sentence = (np.arange(16_000) % 4000 + 1000).astype("<i2").tobytes()  # 2 s
        playing = line.play(sentence)
        await asyncio.sleep(0.3)
        hold = offer(far, how) if how != "0.0.0.0" else offer(far).replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 0.0.0.0")
        assert (await call.invite(hold)).code == 200
        await asyncio.sleep(0.1)
        sent, before = playing.sent, len(heard)
        assert 0 < sent < len(sentence)
        call.media = server.calls[call.call_id].line.media.__class__(host="127.0.0.1", port=line.port, codec=8)
        call.speak(TONE)  # music on hold
        await asyncio.sleep(1.2)
        assert playing.sent == sent and len(heard) == before, "nothing is said, and no time passes"
        assert far.named("INVITE"), "but the peer is asked whether it is there"
        assert (await call.invite(offer(far))).code == 200
        await until(lambda: playing.complete, 5.0)
        await goes_on(call, heard)


async def test_who_holds_for_too_long_is_called_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.sip.watch.MOST_HELD_S", 1.0)
    async with both() as (server, far, listener):
        call, _ = await up(far, listener)
        await call.invite(offer(far, "sendonly"))
        await until(lambda: far.named("BYE"), 5.0)
        assert not server.calls


async def test_a_key_that_comes_by_both_ways_is_one() -> None:
    async with both() as (server, far, listener):
        call, _ = await up(far, listener)
        where = (call.media.host, call.media.port) if call.media else ("", 0)
        for at in range(2):
            for number in range(3):
                event = bytes([5, 0x8A if number == 2 else 0x0A, 0, 160])
                packet = bytes([0x80, 101 | (0x80 if number == 0 else 0)]) + (700 + 3 * at + number).to_bytes(2, "big")
                far.sound.transport.sendto(
                    packet + (9000 + 800 * at).to_bytes(4, "big") + (3).to_bytes(4, "big") + event, where
                )
            await call.ask("INFO", body=b"Signal=5\r\n", content_type="application/dtmf-relay")
        await asyncio.sleep(0.1)
        await call.ask("INFO", body=b"Signal=6\r\n", content_type="application/dtmf-relay")
        await until(lambda: listener.keys["1391"] == "556")


@on_sqlite
@pytest.mark.parametrize("spoke", [False, True])
async def test_whoever_went_silent_for_good_is_called_back_by_his_number(site: Callable, spoke: bool) -> None:
    async with site() as here:
        here.far.behave["INVITE"] = lambda asked: here.far.answer(asked, 481)
        call = await here.far.call(caller="13971800123")
        if spoke:
            call.speak(TONE)
        await until(lambda: here.far.named("BYE"), 10.0)
        await until(here.owed, 10.0)
        (owed,) = here.owed()
        assert owed.reporter == "13971800123"
        await until(lambda: not here.server.calls)
