"""Calls that Gege makes by SIP: taken, refused, given up, crossed; and being registered at a trunk."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.bench.exchange.sip import Exchange, exchange
from bot.foundation.backoff import Backoff
from bot.lines.line import CallFacts, Sounded
from bot.lines.sip import digest, sdp
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.media import SipLine
from bot.lines.sip.message import Message, uri_of
from bot.lines.sip.server import SipServer
from bot.lines.sip.trunk import Registration
from tests.waiting import until

# Calls in real time.
pytestmark = pytest.mark.slow

MANAGER = "13900000001"
CHALLENGE = 'Digest realm="them", nonce="{}", algorithm=MD5, qop="auth"'


async def nobody(line: SipLine, facts: CallFacts) -> None:
    """Nobody calls us here."""


@asynccontextmanager
async def both() -> AsyncIterator[tuple[SipServer, Exchange, Gateway]]:
    async with exchange() as far:
        server = SipServer("127.0.0.1", 0, nobody)
        await server.start()
        far.gege = ("127.0.0.1", server.port)
        try:
            yield server, far, Gateway(far.address, far.host, "gege", "a secret")
        finally:
            await server.close()


async def test_who_takes_the_call_is_heard_and_hears() -> None:
    async with both() as (server, far, gateway):
        far.behave["INVITE"] = lambda invite: (far.answer(invite, 180), far.answer(invite, 200, sound=True))
        rung = await server.ring(MANAGER, 5, gateway)
        assert rung.outcome == "answered" and rung.call is not None
        assert far.named("INVITE")[0].uri == f"sip:{MANAGER}@{far.host}"
        await until(lambda: far.named("ACK"))
        line = rung.call.line
        line.play(b"\x00\x10" * 800)
        await until(lambda: any(far.sound.heard))
        far.sound.send(b"\x00\x20" * 160, ("127.0.0.1", line.port))
        async with asyncio.timeout(5):
            async for event in line.events():
                if isinstance(event, Sounded) and any(event.pcm):
                    break
        await rung.call.hang_up()
        await until(lambda: far.named("BYE"))
        assert not server.calls


async def test_a_request_on_the_heels_of_the_answer_finds_the_call() -> None:
    async with both() as (server, far, gateway):

        def answer(invite: Message) -> None:
            far.answer(invite, 200, sound=True)
            headers = [
                ("via", f"SIP/2.0/UDP {far.host};branch=z9hG4bKheels;rport"), ("from", f"{invite.get('to')};tag=them"),
                ("to", invite.get("from")), ("call-id", invite.call_id), ("cseq", "1 UPDATE"),
                ("contact", f"<sip:them@{far.host}>"),
            ]  # fmt: skip
            update = Message(method="UPDATE", uri=uri_of(invite.get("contact")), headers=headers)
            far.transport.sendto(update.encode(), far.gege)

        far.behave["INVITE"] = answer
        assert (await server.ring(MANAGER, 5, gateway)).outcome == "answered"
        # Asterisk tells in this way who has answered, and ends the call at a 481.
        assert (await asyncio.wait_for(far._responses["z9hG4bKheels"].get(), 5)).code == 200


async def test_an_answer_that_comes_again_is_acknowledged_again() -> None:
    async with both() as (server, far, gateway):
        far.behave["INVITE"] = lambda invite: far.answer(invite, 200, sound=True)
        assert (await server.ring(MANAGER, 5, gateway)).outcome == "answered"
        await until(lambda: far.named("ACK"))
        far.answer(far.named("INVITE")[0], 200, sound=True)  # the first ACK was lost
        await until(lambda: sum(each.method == "ACK" for each in far.asked) >= 2)
        assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(486, "busy"), (600, "busy"), (480, "no_answer"), (404, "unreachable"), (603, "declined"), (503, "refused")],
)
async def test_who_does_not_take_it_is_told_apart_and_acknowledged(code: int, outcome: str) -> None:
    async with both() as (server, far, gateway):
        far.behave["INVITE"] = lambda invite: far.answer(invite, code)
        assert (await server.ring(MANAGER, 5, gateway)).outcome == outcome
        await until(lambda: far.named("ACK"))
        ack, invite = far.named("ACK")[0], far.named("INVITE")[0]
        assert ack.branch == invite.branch and ack.cseq == (1, "ACK")
        assert not server.calls


async def test_who_is_rung_in_vain_is_given_up_with_a_cancel() -> None:
    async with both() as (server, far, gateway):
        far.behave["INVITE"] = lambda invite: far.answer(invite, 180)

        def cancelled(cancel: Message) -> None:
            far.answer(cancel, 200)
            far.answer(far.named("INVITE")[0], 487)

        far.behave["CANCEL"] = cancelled
        assert (await server.ring(MANAGER, 0.3, gateway)).outcome == "no_answer"
        await until(lambda: far.named("ACK"))
        assert far.named("CANCEL")[0].branch == far.named("INVITE")[0].branch


async def test_who_takes_the_call_in_the_moment_it_is_given_up_is_hung_up_on() -> None:
    async with both() as (server, far, gateway):
        far.behave["INVITE"] = lambda invite: far.answer(invite, 180)
        far.behave["CANCEL"] = lambda cancel: (
            far.answer(cancel, 200), far.answer(far.named("INVITE")[0], 200, sound=True),
        )  # fmt: skip
        assert (await server.ring(MANAGER, 0.3, gateway)).outcome == "no_answer"
        await until(lambda: far.named("BYE"))
        assert far.named("ACK") and not server.calls


async def test_who_takes_it_long_after_nobody_waits_is_hung_up_on_too() -> None:
    async with both() as (server, far, gateway):
        far.behave["INVITE"] = lambda invite: None
        assert (await server.ring(MANAGER, 0.2, gateway)).outcome == "no_answer"
        far.answer(far.named("INVITE")[0], 200, sound=True)
        await until(lambda: far.named("BYE"))
        assert not server.calls


async def test_a_challenge_is_answered_and_a_wrong_password_is_no_endless_game() -> None:
    async with both() as (server, far, gateway):

        def asks(invite: Message) -> None:
            shown = invite.get("proxy-authorization")
            if 'nonce="n1"' in shown:
                wanted = digest.answer(
                    digest.Challenge("proxy-authorization", "them", "n1", qop=True), "INVITE", invite.uri, "gege", "a secret",
                    cnonce=shown.partition('cnonce="')[2].partition('"')[0],
                )[1]  # fmt: skip
                far.answer(invite, 200 if shown == wanted else 407, sound=shown == wanted)
            else:
                far.answer(invite, 407, proxy_authenticate=CHALLENGE.format("n1"))

        far.behave["INVITE"] = asks
        assert (await server.ring(MANAGER, 5, gateway)).outcome == "answered"
        assert [each.cseq[0] for each in far.named("INVITE")] == [1, 2]
        wrong = Gateway(far.address, far.host, "gege", "another")
        far.behave["INVITE"] = lambda invite: far.answer(invite, 407, proxy_authenticate=CHALLENGE.format("n1"))
        rung = await server.ring(MANAGER, 5, wrong)
        assert rung.outcome == "refused" and "password" in rung.detail
        assert len(far.named("INVITE")) == 4


async def test_what_is_no_number_is_never_rung() -> None:
    async with both() as (server, far, gateway):
        for wrong in ("", "1390@elsewhere", "139\r\nX: y", "sip:1390"):
            assert (await server.ring(wrong, 1, gateway)).outcome == "refused"
        assert not far.asked


@pytest.mark.skipif(shutil.which("sipp") is None, reason="NOT TESTED: sipp is missing (apt-get install sip-tester)")
async def test_another_vendors_telephone_takes_our_call(tmp_path) -> None:
    server = SipServer("127.0.0.1", 0, nobody)
    await server.start()
    sipp = await asyncio.create_subprocess_exec(
        "sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", "0", "-m", "1", "-timeout", "30", "-nostdin", cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        port = await _port_of(sipp)
        rung = await server.ring(MANAGER, 10, Gateway(("127.0.0.1", port), f"127.0.0.1:{port}"))
        # sipp's own telephone names no codec of ours twice; taken is what counts
        assert rung.outcome == "answered" and rung.call is not None, rung
        await rung.call.hang_up()
        await asyncio.wait_for(sipp.communicate(), 20)
        assert sipp.returncode == 0
    finally:
        if sipp.returncode is None:
            sipp.kill()
        await server.close()


async def _port_of(process: asyncio.subprocess.Process) -> int:
    """The UDP port that a child listens on, from /proc."""
    import os

    for _ in range(200):
        await asyncio.sleep(0.05)
        inodes = set()
        with open("/proc/net/udp") as table:
            rows = [line.split() for line in table][1:]
        for descriptor in os.listdir(f"/proc/{process.pid}/fd"):
            link = os.readlink(f"/proc/{process.pid}/fd/{descriptor}")
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
        ports = [int(row[1].split(":")[1], 16) for row in rows if row[9] in inodes]
        if ports:
            return min(ports)
    raise AssertionError("sipp does not listen")


async def test_we_are_registered_again_before_it_is_forgotten_and_gone_at_the_end() -> None:
    async with both() as (server, far, gateway):
        nonces = iter(("n1", "n2", "n3"))
        nonce = next(nonces)

        def registrar(request: Message) -> None:
            nonlocal nonce
            shown = request.get("authorization")
            if f'nonce="{nonce}"' in shown:
                far.answer(request, 200, contact=f"{request.get('contact')};expires=2")
                nonce = next(nonces, nonce)
            else:
                stale = ", stale=true" if shown else ""
                far.answer(request, 401, www_authenticate=CHALLENGE.format(nonce) + stale)

        far.behave["REGISTER"] = registrar
        registration = Registration(server.endpoint, gateway, 60)
        registration.start()
        await until(lambda: registration.registered)
        assert registration.trouble == ""
        first = len(far.named("REGISTER"))
        await until(lambda: len(far.named("REGISTER")) >= first + 2)  # a new nonce in between, and it still works
        assert registration.registered
        await registration.close()
        assert far.named("REGISTER")[-1].get("expires") == "0"
        numbers = [each.cseq[0] for each in far.named("REGISTER")]
        assert numbers == sorted(set(numbers)) and len({each.call_id for each in far.named("REGISTER")}) == 1


async def test_a_trunk_that_wants_longer_terms_gets_them() -> None:
    async with both() as (server, far, gateway):
        far.behave["REGISTER"] = lambda request: (
            far.answer(request, 423, min_expires="1800") if int(request.get("expires")) < 1800
            else far.answer(request, 200, expires=request.get("expires"))
        )  # fmt: skip
        registration = Registration(server.endpoint, gateway, 60)
        assert await registration.register(60) == 1800


async def test_a_trunk_that_has_forgotten_us_is_told_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.sip.trunk._FORGOTTEN_AGAIN_S", 0.1)
    async with both() as (server, far, gateway):
        far.behave["REGISTER"] = lambda request: far.answer(request, 200, expires="3600")
        registration = Registration(server.endpoint, gateway, 3600)
        server.on_unknown = registration.forgotten
        registration.start()
        await until(lambda: registration.registered)
        await asyncio.sleep(0.2)
        far.behave["INVITE"] = lambda invite: far.answer(invite, 403)  # it was restarted
        assert (await server.ring(MANAGER, 5, gateway)).code == 403
        await until(lambda: len(far.named("REGISTER")) == 2)
        assert (await server.ring(MANAGER, 5, gateway)).code == 403
        await asyncio.sleep(0.1)
        assert len(far.named("REGISTER")) == 2  # a number that it does not have is no reason to ask all the time
        await registration.close()


async def test_a_trunk_rings_us_by_its_own_number_for_us() -> None:
    async with both() as (server, far, gateway):
        numbered = Gateway(far.address, far.host, "account@ims", "a secret", number="+867153390000")
        far.behave["REGISTER"] = lambda request: far.answer(request, 200, expires="60")
        registration = Registration(server.endpoint, numbered, 60)
        assert await registration.register(60) == 60
        request = far.named("REGISTER")[0]
        assert uri_of(request.get("contact")).startswith("sip:+867153390000@127.0.0.1")
        assert uri_of(request.get("to")) == f"sip:+867153390000@{far.host}"


async def test_a_trunk_that_refuses_is_said_and_asked_again(monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setattr("bot.lines.sip.trunk._AGAIN", Backoff(first_s=0.1, most_s=0.1))
    async with both() as (server, far, gateway):
        far.behave["REGISTER"] = lambda request: far.answer(request, 403)
        registration = Registration(server.endpoint, gateway, 60)
        registration.start()
        await until(lambda: len(far.named("REGISTER")) >= 2)
        assert not registration.registered and "password" in registration.trouble
        assert caplog.text.count("NOT REGISTERED") == 1 and "[voice.trunk]" in caplog.text
        far.behave["REGISTER"] = lambda request: far.answer(request, 200, expires="60")
        await until(lambda: registration.registered)
        await registration.close()


async def test_of_a_call_that_forked_the_second_answer_is_told_that_it_came_too_late() -> None:
    async with both() as (server, far, gateway):
        far.behave["INVITE"] = lambda invite: (
            far.answer(invite, 200, tag="one", sound=True), far.answer(invite, 200, tag="two", sound=True)
        )  # fmt: skip
        rung = await server.ring(MANAGER, 5, gateway)
        assert rung.outcome == "answered" and rung.call is not None
        await until(lambda: far.named("BYE"))
        (bye,) = far.named("BYE")
        assert bye.get("to").endswith("tag=two") and {ack.get("to") for ack in far.named("ACK")} == {
            rung.call.dialog.remote, bye.get("to"),
        }  # fmt: skip
        for _ in range(2):  # the first answer, once more: its ACK was lost
            far.answer(far.named("INVITE")[0], 200, tag="one", sound=True)
        await asyncio.sleep(0.2)
        assert len(far.named("BYE")) == 1 and server.calls


async def test_what_sounds_while_it_rings_is_no_answer() -> None:
    async with both() as (server, far, gateway), exchange() as other:

        def rings(invite: Message) -> None:
            media = sdp.read(invite.body)
            far.answer(invite, 183, sound=other.sound)
            for _ in range(50):
                other.sound.send(b"\x00\x20" * 160, (media.host, media.port))
            asyncio.get_running_loop().call_later(0.3, lambda: far.answer(invite, 200, sound=True))

        far.behave["INVITE"] = rings
        rung = await server.ring(MANAGER, 5, gateway)
        assert rung.outcome == "answered" and rung.call is not None
        line = rung.call.line
        assert line.media.port == far.sound.port and not line.heard
        await asyncio.sleep(0.2)
        assert not other.sound.heard, "what is said goes to who has taken it"
        far.sound.send(b"\x00\x10" * 160, ("127.0.0.1", line.port))
        heard: list[int] = []
        async with asyncio.timeout(5):
            async for event in line.events():
                if isinstance(event, Sounded):
                    heard += set(event.pcm)
                    if any(event.pcm):
                        break
        assert 0x20 not in heard and 0x1E not in heard and line.heard


async def test_a_description_that_came_while_it_rang_holds_when_the_answer_has_none() -> None:
    async with both() as (server, far, gateway):
        far.behave["INVITE"] = lambda invite: (far.answer(invite, 183, sound=True), far.answer(invite, 200))
        rung = await server.ring(MANAGER, 5, gateway)
        assert rung.outcome == "answered" and rung.call is not None
        rung.call.line.play(b"\x00\x10" * 800)
        await until(lambda: any(far.sound.heard))
