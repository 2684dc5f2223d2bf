"""Extensions of SIP that peers ask for: known, or refused with what is unknown; and session timers (RFC 4028)."""

from __future__ import annotations

import asyncio

import pytest

from bot.bench.exchange.sip import Call, Exchange, goes_on
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.message import ALLOW, Message, parse
from bot.lines.sip.session_timer import SessionTimer
from tests.sip.calls import both, offer, response, up
from tests.waiting import until

SDP = "application/sdp"
slow = pytest.mark.slow


async def invited(far, call_id: str, **headers: str) -> Message:  # type: ignore[no-untyped-def]
    return await Call(far, "0715", "1391", call_id).ask("INVITE", body=offer(far), content_type=SDP, **headers)


@pytest.mark.parametrize(
    ("required", "code", "unsupported"),
    [
        ("100rel", 200, ""), ("timer", 200, ""), ("100rel, timer", 200, ""), ("replaces", 420, "replaces"),
        ("timer, precondition, x-new", 420, "precondition, x-new"),
    ],
)  # fmt: skip
async def test_what_is_required_is_known_or_named(required: str, code: int, unsupported: str) -> None:
    async with both() as (server, far, listener):
        answer = await invited(far, "r", require=required)
        assert (answer.code, answer.get("unsupported")) == (code, unsupported)
        assert len(server.calls) == (code == 200)
        assert "PRACK" not in answer.get("allow") and "100rel" not in answer.get("supported")


async def test_what_a_proxy_is_to_know_is_not_asked_of_us() -> None:
    async with both() as (server, far, listener):
        assert (await invited(far, "p", proxy_require="sec-agree")).code == 200


@slow
async def test_within_a_call_an_unknown_extension_is_refused_and_the_call_goes_on() -> None:
    async with both() as (server, far, listener):
        call, heard = await up(far, listener)
        refused = await call.ask("INVITE", body=offer(far), content_type=SDP, require="precondition")
        call.send("ACK", number=refused.cseq[0])
        assert refused.code == 420
        assert (await call.ask("PRACK", rack="1 1 INVITE")).code == 481
        await goes_on(call, heard)
        assert (await call.ask("BYE", require="x", reason='Q.850;cause=16;text="Normal"')).code == 200


async def test_nobody_takes_a_call_over_and_no_hop_too_many_is_taken() -> None:
    async with both() as (server, far, listener):
        assert (await invited(far, "a", replaces="nobody@x;to-tag=1;from-tag=2")).code == 481
        open_call = await far.call(caller="1392")
        assert (await invited(far, "b", replaces=f"{open_call.call_id};to-tag=1;from-tag=2")).code == 501
        assert (await invited(far, "c", max_forwards="0")).code == 483
        assert (await Call(far, "0715", "1", "d").ask("OPTIONS", max_forwards="0")).code == 483
        assert (await open_call.ask("OPTIONS", max_forwards="0")).code == 200, "it has arrived"
        assert len(server.calls) == 1


async def test_headers_may_be_written_short_and_a_contact_by_name() -> None:
    async with both() as (server, far, listener):
        call = Call(far, "0715", "1391", "short")
        written = call._message(
            "INVITE", 1, offer(far), {"content_type": SDP, "session_expires": "1800", "supported": "timer"}
        )
        data = written.encode()
        for long, short in ((b"Via", b"v"), (b"From", b"f"), (b"To", b"t"), (b"Call-Id", b"i"), (b"Call-ID", b"i"),
                            (b"Contact", b"m"), (b"Content-Type", b"c"), (b"Session-Expires", b"x"), (b"Supported", b"k"),
                            (b"Content-Length", b"l")):  # fmt: skip
            data = data.replace(b"\r\n" + long + b":", b"\r\n" + short + b":")
        data = data.replace(b"<sip:us@" + far.host.encode(), b"<sip:us@pbx.example")
        far.transport.sendto(data, far.gege)
        answer = await response(far, written)
        assert answer.code == 200 and answer.get("session-expires") == "1800;refresher=uac"
        call._to = answer.get("to")
        call.send("ACK", number=1)
        await until(lambda: "1391" in listener.lines)
        await listener.lines["1391"].hang_up()
        await until(lambda: far.named("BYE"))
        assert far.named("BYE")[0].uri == "sip:us@pbx.example"


# ---- session timers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("supported", "wanted", "code", "answered", "required"),
    [
        ("timer", "1800", 200, "1800;refresher=uac", "timer"),
        ("timer, replaces", "90;refresher=uas", 200, "90;refresher=uas", ""),
        ("timer", "60", 422, "", ""),
        ("replaces", "1800", 200, "1800;refresher=uas", ""),  # a proxy on the way wants it
        ("timer", "", 200, "", ""),
        ("timer", "soon", 200, "", ""),
    ],
)
async def test_who_refreshes_is_agreed(supported: str, wanted: str, code: int, answered: str, required: str) -> None:
    async with both() as (server, far, listener):
        more = {"session_expires": wanted} if wanted else {}
        answer = await invited(far, "t", supported=supported, **more)
        assert (answer.code, answer.get("session-expires"), answer.get("require")) == (code, answered, required)
        assert answer.get("min-se") == ("90" if code == 422 else "")


def _clocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes become seconds."""
    monkeypatch.setattr("bot.lines.sip.session_timer.LEAST_S", 1)
    monkeypatch.setattr("bot.lines.sip.watch._TICK_S", 0.05)
    monkeypatch.setattr("bot.lines.sip.watch._AGAIN_S", 0.2)


async def timed(far: Exchange, wanted: str, **headers: str) -> tuple[Call, Message]:
    """A call of theirs that wants this session timer, and our answer."""
    call = Call(far, "0715", "1391", "t")
    headers = {"supported": "timer", "session_expires": wanted, "content_type": SDP, **headers}
    answer = await call.ask("INVITE", body=offer(far), **headers)
    call._to = answer.get("to")
    call.send("ACK", number=1)
    return call, answer


@slow
async def test_a_peer_that_stops_refreshing_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    _clocked(monkeypatch)
    async with both() as (server, far, listener):
        call, _ = await timed(far, "2;refresher=uac")
        for _ in range(4):
            await asyncio.sleep(0.5)
            refreshed = await call.ask("UPDATE", supported="timer", session_expires="2;refresher=uac")
            assert refreshed.code == 200 and refreshed.get("session-expires") == "2;refresher=uac"
            assert not refreshed.body and not far.named("BYE")
        await until(lambda: far.named("BYE"), 5.0)
        assert not server.calls


@slow
@pytest.mark.parametrize(("allow", "method"), [(ALLOW, "UPDATE"), ("INVITE, ACK, BYE", "INVITE")])
async def test_we_refresh_when_that_is_ours(monkeypatch: pytest.MonkeyPatch, allow: str, method: str) -> None:
    _clocked(monkeypatch)
    async with both() as (server, far, listener):
        refused: list[int] = [491, 422, 500]

        def refreshed(request: Message) -> None:
            if refused:
                far.answer(request, refused.pop(0), min_se="5")
            elif method == "INVITE":
                far.answer(request, 200, sound=True, session_expires="4;refresher=uac")
            else:
                far.answer(request, 200, session_expires="4;refresher=uac")

        far.behave[method] = refreshed
        monkeypatch.setattr("random.uniform", lambda least, most: 0.05)
        call, answer = await timed(far, "4;refresher=uas", allow=allow)
        assert answer.get("session-expires") == "4;refresher=uas"
        await until(lambda: len(far.named(method)) >= 4, 10.0)
        assert server.calls and not far.named("BYE")
        assert far.named(method)[-1].get("session-expires").endswith(";refresher=uac")
        if method == "INVITE":
            numbers = {each.cseq[0] for each in far.named("INVITE")}
            await until(lambda: numbers <= {each.cseq[0] for each in far.named("ACK")})
            call.media = None
            await until(lambda: "1391" in listener.heard)
        far.behave[method] = lambda request: far.answer(request, 481)
        await until(lambda: not server.calls, 5.0)


@slow
async def test_two_who_ask_at_once_both_get_491_or_their_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    _clocked(monkeypatch)
    async with both() as (server, far, listener):
        far.behave["INVITE"] = lambda request: None  # we wait for an answer
        call, _ = await timed(far, "4;refresher=uas", allow="INVITE")
        await until(lambda: far.named("INVITE"), 5.0)
        glare = await call.ask("INVITE", body=offer(far), content_type=SDP)
        call.send("ACK", number=glare.cseq[0])
        assert glare.code == 491
        far.answer(far.named("INVITE")[-1], 200, sound=True)
        await until(lambda: server.calls["t"]._offering is None)
        assert (await call.invite(offer(far))).code == 200


@slow
async def test_an_offer_that_waits_for_its_answer_is_not_crossed() -> None:
    async with both() as (server, far, listener):
        call, heard = await up(far, listener)
        ours = await call.ask("INVITE")
        assert ours.code == 200 and b"PCMU" in ours.body and b"a=sendrecv" in ours.body
        assert (await call.ask("UPDATE", body=offer(far), content_type=SDP)).code == 491
        call.send("ACK", number=ours.cseq[0], body=offer(far), content_type=SDP)
        await until(lambda: server.calls[call.call_id]._offering is None)
        assert (await call.ask("UPDATE", body=offer(far), content_type=SDP)).code == 200
        await goes_on(call, heard)


async def test_an_ack_without_the_answer_that_was_due_ends_the_call() -> None:
    async with both() as (server, far, listener):
        call = Call(far, "0715", "1391", "t")
        answer = await call.ask("INVITE")
        call._to = answer.get("to")
        call.send("ACK", number=1)
        await until(lambda: far.named("BYE"))
        assert not server.calls and "1391" not in listener.lines


@slow
async def test_a_call_of_ours_takes_the_timer_that_its_peer_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    _clocked(monkeypatch)
    async with both() as (server, far, listener):
        far.behave["INVITE"] = lambda invite: far.answer(
            invite, 200, sound=True, session_expires="2;refresher=uac", allow=ALLOW
        )
        far.behave["UPDATE"] = lambda update: far.answer(update, 200, session_expires="2;refresher=uac")
        rung = await server.ring("13900000001", 5, Gateway(far.address, far.host))
        assert rung.outcome == "answered" and "timer" in far.named("INVITE")[0].get("supported")
        await until(lambda: len(far.named("UPDATE")) >= 2, 5.0)


def test_a_timer_without_a_word_of_it_is_off() -> None:
    timer = SessionTimer()
    head = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK1\r\nFrom: <sip:a>;tag=1\r\n"
    head += "To: <sip:b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
    timer.asked(parse((head + "Session-Expires: 1800\r\n\r\n").encode()), 0.0)
    assert timer.interval_s == 1800 and timer.ours and not timer.over(1700) and timer.over(1780) and timer.due(900)
    timer.asked(parse((head + "\r\n").encode()), 100.0)
    assert not timer.over(1e9) and not timer.due(1e9)
