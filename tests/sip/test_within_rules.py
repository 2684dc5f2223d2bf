"""What RFC 3261 asks of a telephone besides calling and hanging up, over real sockets against the exchange."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from bot.bench.exchange.sip import TONE, Call, Exchange, exchange, goes_on
from bot.lines.sip import sdp
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.message import parameter
from tests.sip.calls import both, offer, response, up
from tests.waiting import until

# Calls in real time.
pytestmark = pytest.mark.slow


async def test_who_finds_every_place_taken_gets_the_busy_tone_and_the_others_talk_on() -> None:
    async with both(most=1) as (server, far, listener):
        first, heard = await up(far, listener)
        refused = await far.call(caller="1392")
        assert refused.final is not None and refused.final.code == 486 and "1392" not in listener.heard
        assert int(refused.final.get("retry-after")) > 0
        await goes_on(first, heard)
        assert (await first.ask("BYE")).code == 200
        await up(far, listener, "1393")


async def test_while_stopping_new_calls_are_sent_elsewhere_and_open_ones_go_on() -> None:
    async with both() as (server, far, listener):
        call, heard = await up(far, listener)
        server.stop_listening()
        refused = await far.call(caller="1392")
        assert refused.final is not None and refused.final.code == 503 and refused.final.get("retry-after")
        assert (await Call(far, "0715", "1393", "o").ask("OPTIONS")).code == 503
        await goes_on(call, heard)
        assert (await call.ask("BYE")).code == 200


@pytest.mark.parametrize("codec", ["9", "97 98", "0x8"])
async def test_a_telephone_that_speaks_nothing_of_ours_is_told_so(codec: str) -> None:
    async with both() as (server, far, listener):
        stranger = Call(far, "0715", "1392", "g722")
        assert (await stranger.invite(offer(far, codec=codec))).code == 488 and not server.calls
        call, heard = await up(far, listener)
        # Within a call such an offer is refused, and everything stays as it was.
        assert (await call.invite(offer(far, codec=codec))).code == 488
        await goes_on(call, heard)


async def test_a_cancel_that_crosses_the_answer_changes_nothing() -> None:
    async with both() as (server, far, listener):
        call, heard = await up(far, listener)
        answered, call._to = call._to, call._to.partition(";tag")[0]
        cancelled = call.send("CANCEL", number=1)  # sent before the answer, and its tag, had come
        call._to = answered
        assert (await response(far, cancelled)).code == 200
        await goes_on(call, heard)
        nobodys = Call(far, "0715", "1392", "nobody").send("CANCEL", number=1)
        assert (await response(far, nobodys)).code == 481


@pytest.mark.parametrize(
    ("method", "direction", "mirrored"), [("INVITE", "sendonly", "recvonly"), ("UPDATE", "inactive", "inactive")]
)
async def test_a_call_on_hold_is_not_spoken_to_until_it_is_back(method: str, direction: str, mirrored: str) -> None:
    async with both() as (server, far, listener):
        call, heard = await up(far, listener)
        line = listener.lines["1391"]

        async def offered(body: bytes) -> str:
            if method == "INVITE":
                answer = await call.invite(body)
            else:
                answer = await call.ask("UPDATE", body=body, content_type="application/sdp")
            assert answer.code == 200
            return answer.body.decode()

        assert f"a={mirrored}" in await offered(offer(far, direction))
        await asyncio.sleep(0.1)
        far.sound.heard.clear()
        line.play(TONE)
        await asyncio.sleep(0.3)
        assert not far.sound.heard, "nothing is sent to who holds the call"
        assert "a=sendrecv" in await offered(offer(far))
        line.play(TONE)
        await until(lambda: len(far.sound.heard) >= 3200 and max(far.sound.heard) > 0, 5.0)
        await goes_on(call, heard)


async def test_an_offer_may_come_with_the_ack_and_an_update_without_any() -> None:
    async with both() as (server, far, listener):
        call = Call(far, "0715", "1391", "late-offer")
        answer = await call.ask("INVITE")
        assert answer.code == 200 and answer.get("content-type") == "application/sdp"
        call._to, call.media = answer.get("to"), sdp.read(answer.body)
        call.send("ACK", number=1, body=offer(far), content_type="application/sdp")
        await until(lambda: "1391" in listener.heard)
        await goes_on(call, listener.heard["1391"])
        listener.lines["1391"].play(TONE)
        await until(lambda: max(far.sound.heard, default=0) > 0, 5.0)
        assert (await call.ask("UPDATE")).code == 200 and not (await call.ask("UPDATE")).body


async def test_our_requests_take_the_way_that_the_call_came(monkeypatch: pytest.MonkeyPatch) -> None:
    async with both() as (server, far, listener), exchange() as proxy:
        proxy.gege = far.gege
        call = Call(far, "0715", "1391", "routed")
        route = f"<sip:{proxy.host};lr;x=1>"
        answer = await call.ask("INVITE", body=offer(far), content_type="application/sdp", record_route=route)
        assert answer.get("record-route") == route
        call._to, call.media = answer.get("to"), sdp.read(answer.body)
        call.send("ACK", number=1)
        await until(lambda: "1391" in listener.lines)
        await listener.lines["1391"].hang_up()
        await until(lambda: proxy.named("BYE"), 5.0)
        (bye,) = proxy.named("BYE")
        assert bye.get("route") == route and bye.uri == f"sip:us@{far.host}" and not far.named("BYE")


async def test_what_nobody_may_ask_is_answered_in_the_words_of_the_rules() -> None:
    async with both() as (server, far, listener):
        options = await Call(far, "0715", "1392", "o").ask("OPTIONS")
        assert options.code == 200 and "INVITE" in options.get("allow") and options.get("accept") == "application/sdp"
        assert (await Call(far, "0715", "1392", "p").ask("PUBLISH")).code == 501
        assert (await Call(far, "0715", "1392", "q").ask("BYE")).code == 481
        call, heard = await up(far, listener)
        assert (await call.ask("REFER", refer_to="<sip:1@elsewhere>")).code == 603, "nobody transfers us"
        assert (await call.ask("MESSAGE", body=b"hello")).code == 200
        late = call.send("INFO", number=1, body=b"Signal=5")
        assert (await response(far, late)).code == 500
        await goes_on(call, heard)


async def test_an_answer_that_nobody_acknowledges_ends_in_a_bye(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.sip.transaction.LASTS", 0.4)
    async with both() as (server, far, listener):
        call = Call(far, "0715", "1391", "silent")
        answer = await call.ask("INVITE", body=offer(far), content_type="application/sdp")
        assert answer.code == 200
        await until(lambda: far.named("BYE"), 5.0)
        assert not server.calls and "1391" not in listener.heard, "who has not heard that we took it is not talked to"


async def test_a_stranger_gets_no_answer_at_all() -> None:
    async with both(allowed=("127.0.0.9/32",)) as (server, far, listener):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await far.call()
        assert server.endpoint.refused["stranger"] == 1 and not server.calls


async def test_a_flood_from_one_address_leaves_the_others_their_calls() -> None:
    async with both(most=5) as (server, far, listener):
        call, heard = await up(far, listener)
        with socket.socket(type=socket.SOCK_DGRAM) as flooder:
            flooder.bind(("127.0.0.2", 0))
            template = Call(far, "0715", "1399", "flood")._message(
                "INVITE", 1, offer(far), {"content_type": "application/sdp"}
            )
            for number in range(1500):
                data = template.encode().replace(b"Call-ID: flood", b"Call-ID: flood%d" % number)
                flooder.sendto(
                    data.replace(b"branch=z9hG4bK", b"branch=z9hG4bK%d" % number), ("127.0.0.1", server.port)
                )
                await asyncio.sleep(0)  # the port is read once in each round
            await until(lambda: server.endpoint.refused["flood"] > 500)
        assert server.endpoint.refused["flood"] > 500 and server.answered <= 5
        await goes_on(call, heard)
        assert (await call.ask("BYE")).code == 200


# ---- our trunk asks who we are within a call -------------------------------------------------------


def asks_first(far: Exchange, then: int) -> Callable:
    """A behaviour: 407 to what carries no password, afterwards `then`."""

    def behave(request) -> None:  # type: ignore[no-untyped-def]
        if request.get("proxy-authorization"):
            far.answer(request, then)
        else:
            far.answer(request, 407, proxy_authenticate='Digest realm="county", nonce="n1", qop="auth"')

    return behave


async def test_our_trunk_may_ask_who_we_are_within_a_call() -> None:
    async with both() as (server, far, listener):
        server.gateway = Gateway(far.address, far.host, "gege", "secret")
        far.behave = {"REFER": asks_first(far, 202), "BYE": asks_first(far, 200)}
        call, heard = await up(far, listener)
        referring = asyncio.ensure_future(server.calls[call.call_id].refer("13900000001", 5))
        await until(lambda: len(far.named("REFER")) == 2)
        first, second = far.named("REFER")
        assert second.cseq[0] == first.cseq[0] + 1 and 'username="gege"' in second.get("proxy-authorization")
        assert second.branch != first.branch and "secret" not in second.encode().decode()
        call.notify("200 OK")
        assert (await referring).status == 200
        await listener.lines["1391"].hang_up()
        await until(lambda: len(far.named("BYE")) == 2)
        numbers = [each.cseq[0] for each in (*far.named("REFER"), *far.named("BYE"))]
        assert numbers == sorted(set(numbers)), "every request has a number of its own"


@pytest.mark.parametrize("gateway", [None, Gateway(("127.0.0.9", 5060), "elsewhere", "gege", "secret")])
async def test_nobody_but_our_trunk_gets_our_password(gateway: Gateway | None) -> None:
    async with both() as (server, far, listener):
        server.gateway = gateway
        far.behave = {"REFER": asks_first(far, 202)}
        call, _ = await up(far, listener)
        referred = await server.calls[call.call_id].refer("13900000001", 5)
        assert not referred.known and referred.status == 407 and len(far.named("REFER")) == 1


@pytest.mark.parametrize(
    ("state", "ends"), [("terminated;reason=timeout", True), ("terminated;reason=noresource", False)]
)
async def test_a_peer_that_tells_no_more_is_not_waited_for_unless_it_keeps_no_account(state: str, ends: bool) -> None:
    async with both() as (server, far, listener):
        far.behave = {"REFER": lambda request: far.answer(request, 202)}
        call, _ = await up(far, listener)
        referring = asyncio.ensure_future(server.calls[call.call_id].refer("13900000001", 30))
        await until(lambda: far.named("REFER"))
        body = b"SIP/2.0 100 Trying\r\n"
        await call.ask("NOTIFY", body=body, event="refer", content_type="message/sipfrag", subscription_state=state)
        if not ends:
            assert not referring.done()
            assert (await call.ask("BYE")).code == 200
        referred = await asyncio.wait_for(referring, 5)
        assert referred.status == (408 if ends else 0)
        assert parameter(call._to, "tag")
