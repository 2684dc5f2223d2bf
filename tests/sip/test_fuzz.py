"""SIP messages and sound that no telephone would send: no fault, no hang, no other call ended. GEGE_FUZZ=100000 makes it long."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.bench.exchange.sip import Call, exchange, goes_on
from bot.lines.line import CallFacts, Pressed, Sounded
from bot.lines.sip import rtp, sdp
from bot.lines.sip.media import SipLine
from bot.lines.sip.message import Malformed, Message, parse
from bot.lines.sip.ordering import Order
from bot.lines.sip.server import SipServer
from tests.leaks import open_files
from tests.waiting import until

# Thousands of examples.
pytestmark = pytest.mark.slow

CASES = int(os.environ.get("GEGE_FUZZ", "1500"))
#: fuzzed calls that are up at the same time; then they are hung up
_ROUND = 200

_NASTY = (
    b"", b"\x00", b"\xff\xfe", b"<>", b"<sip:", b'"', b";tag=", b";branch=", b"-1", b"0", b"99999999999999999999", b"4294967296",
    b"sip:a@[::1", b"sip:@", b"sip:127.0.0.1:99999", b"sip:127.0.0.1:0;lr", b"tel:+86-715", b"SIP/2.0/UDP", b"SIP/2.0/TCP [::]:-1",
    b"%s%n%x", b"a" * 3000, "中文".encode(), b",,,,", b"*", b"\r\n \t", b"application/sdp", b"multipart/mixed;boundary=x", b"0.0.0.0",
    b"IN IP4 999.1.1.1", b"IN IP6 ::", b"m=audio 70000 RTP/AVP 8", b"m=audio 4000 RTP/SAVP 8", b"a=inactive", b"a=rtpmap:8 x/0",
)  # fmt: skip


def _corpus(innocent: str) -> list[bytes]:
    """Honest messages to begin from; some name the innocent call, with tags that are not its own."""
    offer = sdp.write("127.0.0.1", 4000, 1, 1)
    found = []
    for method in (
        "INVITE",
        "BYE",
        "CANCEL",
        "ACK",
        "OPTIONS",
        "INFO",
        "UPDATE",
        "NOTIFY",
        "REFER",
        "MESSAGE",
        "REGISTER",
    ):
        for call_id in ("fuzz", innocent):
            headers = [
                ("via", "SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bKfuzz;rport"), ("from", "<sip:139@127.0.0.1>;tag=f"),
                ("to", "<sip:0715@127.0.0.1>" + ("" if method == "INVITE" else ";tag=g")), ("call-id", call_id),
                ("cseq", f"1 {method}"), ("contact", "<sip:us@127.0.0.1:5099>"), ("record-route", "<sip:127.0.0.1;lr>"),
                ("content-type", "application/sdp"), ("diversion", '"x" <sip:138@127.0.0.1>;reason=no-answer'),
            ]  # fmt: skip
            found.append(Message(method=method, uri="sip:gege@127.0.0.1", headers=headers, body=offer).encode())
    for code in (100, 180, 200, 302, 401, 486, 603):
        for method in ("INVITE", "BYE", "REGISTER"):
            headers = [
                ("via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKours"), ("from", "<sip:gege@127.0.0.1>;tag=g"),
                ("to", "<sip:138@127.0.0.1>;tag=t"), ("call-id", innocent), ("cseq", f"1 {method}"),
                ("www-authenticate", 'Digest realm="a", nonce="b", qop="auth"'), ("content-type", "application/sdp"),
            ]  # fmt: skip
            found.append(Message(code=code, headers=headers, body=offer).encode())
    return found


def _spoiled(message: bytes, draw: random.Random) -> bytes:
    """The message with one to six accidents."""
    data = bytearray(message)
    for _ in range(draw.randint(1, 6)):
        accident = draw.randrange(7)
        at = draw.randrange(len(data) + 1)
        if accident == 0 and data:
            data[at % len(data)] = draw.randrange(256)
        elif accident == 1:
            del data[at : at + draw.randrange(1, 40)]
        elif accident == 2:
            data[at:at] = draw.choice(_NASTY)
        elif accident == 3:
            del data[at:]
        elif accident in (4, 5):
            lines = bytes(data).split(b"\r\n")
            one = draw.randrange(len(lines))
            if accident == 4:
                lines[one:one] = [lines[draw.randrange(len(lines))]] * draw.choice((1, 1, 2, 250))
            else:
                name, sign, _ = lines[one].partition(b":" if b":" in lines[one] else b"=")
                lines[one] = name + sign + draw.choice(_NASTY)
            data = bytearray(b"\r\n".join(lines))
        else:
            data += draw.randbytes(draw.randrange(60))
    return bytes(data)


@asynccontextmanager
async def an_innocent_call(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[SipServer, Call, bytearray]]:
    """A server with one call that talks; what the server heard of it."""
    for limit in ("_MOST_FROM_ONE", "_MOST"):
        monkeypatch.setattr(f"bot.lines.sip.endpoint.{limit}", 10**9)
    monkeypatch.setattr("bot.lines.sip.server._MOST_UNACKNOWLEDGED", 10**9)
    heard = bytearray()

    async def answer(line: SipLine, facts: CallFacts) -> None:
        async for event in line.events():
            if isinstance(event, Sounded) and facts.caller == "13971800123":
                heard.extend(event.pcm)

    server = SipServer("127.0.0.1", 0, answer)
    await server.start()
    try:
        async with exchange() as far:
            far.gege = ("127.0.0.1", server.port)
            yield server, await far.call(), heard
    finally:
        await server.close()


async def test_no_spoiled_message_is_a_fault_or_ends_another_call(monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    draw = random.Random(11)
    async with an_innocent_call(monkeypatch) as (server, innocent, heard):
        corpus, endpoint, kept = _corpus(innocent.call_id), server.endpoint, server.calls[innocent.call_id]
        for case in range(CASES):
            message = _spoiled(draw.choice(corpus), draw).replace(b"call-id: fuzz", b"call-id: f%d" % case)
            message = message.replace(b"Call-ID: fuzz", b"Call-ID: f%d" % case).replace(
                b"z9hG4bKfuzz", b"z9hG4bK%d" % case
            )
            endpoint.datagram_received(message, ("127.0.0.1", 5099))
            if case % _ROUND == 0:
                for _ in range(5):
                    await asyncio.sleep(0)
                for call in list(server.calls.values()):
                    if call is not kept:
                        call.close()
                assert len(server.calls) == 1 and not kept.over
                assert not endpoint.refused["fault"], [message, caplog.text]
        await goes_on(innocent, heard)
        assert endpoint.refused["malformed"] > CASES / 10, "many of them are no SIP at all"
        refusals = [each for each in endpoint._unacknowledged.values() if each.given_up is None]
        assert len(refusals) <= 1000 and len(endpoint._finals) <= 20_000
        assert not [record for record in caplog.records if record.exc_info], caplog.text


@hypothesis_settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    st.binary(max_size=300)
    | st.builds(lambda head, rest: head + rest, st.sampled_from(_corpus("c")), st.binary(max_size=40))
)
def test_whatever_is_read_can_be_written_and_read_again(data: bytes) -> None:
    try:
        message = parse(data)
    except Malformed:
        return
    again = parse(message.encode())
    assert (again.method, again.code, again.cseq, again.body) == (
        message.method,
        message.code,
        message.cseq,
        message.body,
    )


@hypothesis_settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.binary(max_size=400))
def test_a_description_is_understood_or_refused(body: bytes) -> None:
    try:
        media = sdp.read(b"v=0\r\nc=IN IP4 127.0.0.1\r\n" + body)
    except sdp.NotAcceptable:
        return
    assert 0 < media.port < 65536 and sdp.write("127.0.0.1", 4000, 1, 1, media)


packets = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda kind, sequence, stamp, ssrc, payload, head: head[:1] + rtp.Packet(kind, sequence, stamp, ssrc, payload).encode()[1:],
        st.integers(0, 127) | st.sampled_from([0, 8, 13, 101]), st.integers(0, 65535), st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1) | st.just(7), st.binary(max_size=500), st.binary(min_size=1, max_size=1) | st.just(b"\x80"),
    ),
)  # fmt: skip


@hypothesis_settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(packets, max_size=12))
def test_no_packet_is_a_fault_and_time_does_not_run_away(stream: list[bytes]) -> None:
    receiver, samples = rtp.Receiver(101, 0.0), 0
    for number, data in enumerate(stream):
        packet = rtp.parse(data)
        events = receiver.take(packet, number * 0.02) if packet is not None else []
        for event in [*events, *receiver.fill(number * 0.02)]:
            assert isinstance(event, Sounded | Pressed)
            samples += len(event.pcm) // 2 if isinstance(event, Sounded) else 0
    # Sound itself may come in a burst, but no packet invents minutes of silence.
    assert samples <= sum(map(len, stream)) + 16_000 + len(stream) * 160


@hypothesis_settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    st.lists(st.tuples(st.integers(0, 65_535) | st.integers(0, 60), st.integers(7, 8), st.floats(0, 0.2)), max_size=80)
)
def test_every_packet_is_given_on_once_at_most_and_in_its_order(arrivals: list[tuple[int, int, float]]) -> None:
    order, now, given = Order(), 0.0, []
    for put, (sequence, ssrc, later) in enumerate(arrivals):
        now += later
        given += order.put(rtp.Packet(8, sequence, put, ssrc, b"."), now) + order.due(now)
        assert len(order._waiting) <= 51
    given += order.due(now + 1.0)
    assert not order._waiting, "nobody waits for ever"
    assert len({packet.timestamp for packet in given}) == len(given)


async def test_packets_of_strangers_and_nonsense_from_the_caller_leave_the_call_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.lines.sip.media._MOST_PACKETS", 10**9)
    draw = random.Random(12)
    async with an_innocent_call(monkeypatch) as (server, innocent, heard):
        line = server.calls[innocent.call_id].line
        await goes_on(innocent, heard)
        ours = line.source.taken
        assert ours is not None
        for case in range(CASES):
            kind = draw.choice((0, 8, 13, 101, draw.randrange(128)))
            size = draw.choice((0, 1, 4, 160, 333))
            numbers = (draw.randrange(65536), draw.randrange(2**32), draw.choice((7, draw.randrange(2**32))))
            packet = rtp.Packet(kind, *numbers, draw.randbytes(size))
            data = packet.encode() if draw.random() < 0.7 else draw.randbytes(draw.randrange(300))
            before = line.backlog
            stranger = draw.random() < 0.5
            line.datagram_received(data, ("127.0.0.9", 9) if stranger else ours)
            assert not stranger or line.backlog == before, "a stranger's sound is not taken"
            if case % 100 == 0:
                await asyncio.sleep(0)
        assert not server.calls[innocent.call_id].over
        await goes_on(innocent, heard)


async def test_two_hundred_short_calls_leak_no_task_socket_or_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.sip.endpoint._MOST_FROM_ONE", 10**9)  # the exchange's messages are sent once
    answered = itertools.count()

    async def answer(line: SipLine, facts: CallFacts) -> None:
        line.play(bytes(3200))
        if next(answered) % 2:
            async for _ in line.events():
                pass

    async def calls(count: int) -> None:
        for _ in range(0, count, 10):
            made = await asyncio.gather(*(far.call() for _ in range(10)))
            for number, call in enumerate(made):
                call.speak(bytes(640))
                if number % 2:
                    call.send("BYE")
            await asyncio.sleep(0.05)
            for call in made:
                call.send("BYE")  # of those that Gege ended, too: it is refused in peace
            await until(lambda: not server.calls)

    server = SipServer("127.0.0.1", 0, answer)
    await server.start()
    try:
        async with exchange() as far:
            far.gege = ("127.0.0.1", server.port)
            await calls(20)
            await until(lambda: len(server._running) == 0)
            gc.collect()
            tasks, files = len(asyncio.all_tasks()), open_files()
            await calls(180)
            await until(lambda: len(server._running) == 0)
            gc.collect()
            assert next(answered) == 200
            assert len(asyncio.all_tasks()) == tasks and open_files() == files
            assert not server.endpoint._asked and not server.endpoint._unacknowledged
    finally:
        await server.close()
