"""Whose sound a call takes, and when its own may leave: the peer's, from whatever port; nobody's before he is known."""

from __future__ import annotations

import asyncio

import pytest

from bot.bench.exchange.sip import TONE, Call, Exchange, exchange, goes_on
from bot.lines.sip import g711, rtp, sdp
from tests.sip.calls import Listener, Port, both, offer, port, response, up
from tests.waiting import until

# Calls in real time.
pytestmark = pytest.mark.slow


def sound_of(call: Call) -> tuple[str, int]:
    assert call.media is not None
    return call.media.host, call.media.port


def says(far: Port, where: tuple[str, int], stream: rtp.Sender, times: int = 25) -> None:
    for at in range(times):
        far.transport.sendto(stream.packet(TONE[at * 320 % 3200 :][:320], g711.PCMA), where)


async def is_heard(listener: Listener, caller: str = "1391") -> bool:
    """Whether words came in the last moments; what came is forgotten."""
    await asyncio.sleep(0.3)
    heard = bytes(listener.heard[caller])
    listener.heard[caller].clear()
    return any(heard)


async def test_a_port_that_changes_in_the_middle_of_a_call_is_heard_on() -> None:
    async with both() as (server, far, listener), port() as one, port() as other, port() as third:
        call, _ = await up(far, listener)
        await asyncio.sleep(0.3)
        stream = rtp.Sender(1, 2, 99)
        for each in (one, other):  # the same stream: at once
            says(each, sound_of(call), stream)
            assert await is_heard(listener)
            listener.lines["1391"].play(TONE)
            await until(lambda each=each: len(each.packets) > 5)  # type: ignore[misc]
        says(third, sound_of(call), rtp.Sender(500, 600, 7))  # another one: the old one is quiet by now
        assert await is_heard(listener)
        assert (await call.invite(offer(far))).code == 200
        says(third, sound_of(call), rtp.Sender(900, 600, 7))
        assert await is_heard(listener)


async def test_two_streams_of_one_host_are_not_mixed() -> None:
    async with both() as (server, far, listener), port() as other:
        call, heard = await up(far, listener)
        heard.clear()
        for _ in range(15):
            call.speak(TONE[:320])
            says(other, sound_of(call), rtp.Sender(5, 6, 99), times=1)
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        assert sum(map(bool, heard)) < 1.3 * 15 * 320


@pytest.mark.parametrize("begun", [False, True])
async def test_a_stranger_is_never_heard_though_he_may_speak_sip(begun: bool) -> None:
    async with both() as (server, far, listener), port("127.0.0.9") as stranger:
        if begun:
            call, _ = await up(far, listener)
            await asyncio.sleep(1.2)
            listener.heard["1391"].clear()
        else:
            call = await far.call(caller="1391")
            await until(lambda: "1391" in listener.heard)
        says(stranger, sound_of(call), rtp.Sender(5, 6, 99))
        assert not await is_heard(listener)
        await goes_on(call, listener.heard["1391"])
        listener.lines["1391"].play(TONE)
        await until(lambda: any(far.sound.heard))
        assert not stranger.packets


async def test_who_speaks_for_a_silent_peer_is_heard_as_long_as_that_is_silent() -> None:
    async with both() as (server, far, listener), port("127.0.0.9") as gateway:
        call = await far.call(caller="1391")
        await until(lambda: "1391" in listener.heard)
        await asyncio.sleep(1.1)
        says(gateway, sound_of(call), rtp.Sender(5, 6, 99))
        assert await is_heard(listener)
        await goes_on(call, listener.heard["1391"])
        says(gateway, sound_of(call), rtp.Sender(55, 6000, 99))
        listener.heard["1391"].clear()
        await asyncio.sleep(0.3)
        says(gateway, sound_of(call), rtp.Sender(95, 9000, 99))
        assert not await is_heard(listener)


async def _unacknowledged(far: Exchange, call_id: str, to: str = "127.0.0.3", media_port: int = 4000) -> Call:
    call = Call(far, "0715", "1391", call_id)
    body = sdp.write(to, media_port, 1, 1)
    answer = await call.ask("INVITE", body=body, content_type="application/sdp")
    if answer.code == 200:
        call.media = sdp.read(answer.body)
    call.final = answer
    return call


async def test_no_sound_leaves_before_the_ack_or_the_peers_first_packet() -> None:
    async with (
        both() as (server, far, listener),
        port("127.0.0.3") as victim,
        port() as peer,
        port("127.0.0.9") as third,
    ):
        call = await _unacknowledged(far, "victim", media_port=victim.port)
        says(third, sound_of(call), rtp.Sender(5, 6, 99))
        await asyncio.sleep(0.5)
        assert not victim.packets and "1391" not in listener.heard
        own = await _unacknowledged(far, "own", to="127.0.0.1", media_port=peer.port)
        says(peer, sound_of(own), rtp.Sender(5, 6, 98), times=1)
        await until(lambda: len(peer.packets) > 10)
        assert not victim.packets


async def test_an_address_that_never_spoke_gets_no_sound_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.sip.source._MOST_UNHEARD", 20)
    async with both(allowed=("127.0.0.1/32",)) as (server, far, listener), port("127.0.0.3") as elsewhere:
        call = Call(far, "0715", "1391", "elsewhere")
        assert (await call.invite(sdp.write("127.0.0.3", elsewhere.port, 1, 1))).code == 200
        await asyncio.sleep(1.0)
        assert len(elsewhere.packets) == 20
        says(elsewhere, sound_of(call), rtp.Sender(5, 6, 99))
        assert await is_heard(listener)
        await until(lambda: len(elsewhere.packets) > 30)


async def test_who_acknowledges_nothing_gets_three_calls_and_the_others_have_theirs() -> None:
    async with both(most=30) as (server, far, listener):
        calls = await asyncio.gather(*(_unacknowledged(far, f"n{at}") for at in range(20)))
        codes = sorted(call.final.code for call in calls if call.final)
        assert codes == [200] * 3 + [503] * 17
        assert all(call.final.get("retry-after") for call in calls if call.final and call.final.code == 503)
        assert len(server.calls) == 3
        async with exchange("127.0.0.2") as other:
            other.gege = far.gege
            call, heard = await up(other, listener, "1392")
            await goes_on(call, heard)


async def test_many_callers_of_one_exchange_in_one_moment_are_all_answered() -> None:
    async with both(most=30) as (server, far, listener):
        calls = await asyncio.gather(*(far.call(caller=f"139{at}") for at in range(30)))
        assert [call.final.code for call in calls if call.final] == [200] * 30


async def test_a_caller_who_waits_and_leaves_is_let_go() -> None:
    async with both() as (server, far, listener):
        first = [await _unacknowledged(far, f"n{at}") for at in range(3)]
        waiting = Call(far, "0715", "1395", "waiting")
        invite = waiting.send("INVITE", body=offer(far), content_type="application/sdp")
        assert (await response(far, invite)).code == 100
        far.transport.sendto(invite.encode(), far.gege)
        assert (await response(far, invite)).code == 100, "a repeated one is the same"
        waiting.send("CANCEL", number=1)
        assert (await response(far, invite)).code == 487
        waiting.send("ACK", number=1)
        assert len(server.calls) == len(first)


async def test_refusals_that_nobody_acknowledges_are_not_sent_for_ever() -> None:
    async with both() as (server, far, listener):
        for at in range(200):
            Call(far, "0715", "1", f"x{at}").send("INVITE", body=b"v=0\r\n", content_type="application/sdp")
            await asyncio.sleep(0)
        await until(lambda: server.endpoint.refused["codec"] >= 200)
        assert len(server.endpoint._unacknowledged) <= 50
