"""Calling out through Asterisk, against a double of its manager interface that tells what a real one told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.lines.ami import AmiFailed, accounts, check
from bot.lines.ami_dialler import AmiDialler
from bot.lines.audiosocket import AudioSocketServer
from bot.lines.line import Pressed
from tests.calling.ami_double import CALL, ORIGINATE, READ, ManagerInterface, listening
from tests.waiting import until

NUMBER, COMPANY = "13900000001", "07153390000"


@contextlib.asynccontextmanager
async def exchange(**how: object) -> AsyncIterator[tuple[ManagerInterface, AmiDialler, AudioSocketServer]]:
    double = ManagerInterface(**how)  # type: ignore[arg-type]
    async with listening() as audio:
        account = await double.start()
        try:
            yield double, AmiDialler([account], audio, shown=COMPANY, audiosocket=f"127.0.0.1:{audio.port}"), audio
        finally:
            await double.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.ami._ANSWER_S", 0.6)
    monkeypatch.setattr("bot.lines.ami._HEARD_S", 0.3)
    monkeypatch.setattr("bot.lines.ami_dialler._GRACE_S", 0.3)
    monkeypatch.setattr("bot.lines.ami_dialler._APART_S", 0.3)
    monkeypatch.setattr("bot.lines.ami_dialler._CONNECT_S", 0.5)


async def test_who_answers_comes_to_our_audiosocket_and_goes_when_we_hang_up() -> None:
    async with exchange() as (double, dialler, audio):
        rung = await dialler.ring(NUMBER, 5)
        assert rung.outcome == "answered" and rung.call is not None
        order = double.asked("Originate")[0]
        assert order["Channel"] == f"PJSIP/{NUMBER}@trunk" and 4000 < int(order["Timeout"]) <= 5000
        async with asyncio.timeout(5):
            async for event in rung.call.line.events():
                if isinstance(event, Pressed):
                    break
        assert event.digit == "1"
        await rung.call.hang_up()
        await until(lambda: not audio.open, 5)


async def test_whoever_is_rung_sees_the_companys_number() -> None:
    async with exchange() as (double, dialler, _):
        rung = await dialler.ring(NUMBER, 5)
        await rung.call.hang_up()  # type: ignore[union-attr]
        assert [order["CallerID"] for order in double.asked("Originate")] == [COMPANY]


@pytest.mark.parametrize(
    ("fate", "outcome", "said"),
    [
        ("busy", "busy", "486"), ("busy_everywhere", "busy", "600"), ("declined", "declined", "603"),
        ("not_taken", "no_answer", ""), ("unavailable", "no_answer", "480"), ("no_such_number", "unreachable", "404"),
        ("forbidden", "refused", "403"), ("congested", "refused", "Circuit/channel congestion"),
        ("no_such_trunk", "failed", "[asterisk.ami] channel"),
    ],
)  # fmt: skip
async def test_how_ringing_ended_is_told_apart_though_asterisk_gives_one_reason(
    fate: str, outcome: str, said: str
) -> None:
    async with exchange(fate=fate) as (_, dialler, _audio):
        rung = await dialler.ring(NUMBER, 5)
        assert rung.outcome == outcome and said in rung.detail and NUMBER not in rung.detail


async def test_where_the_channel_knows_no_sip_the_cause_tells_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    for cause, outcome in (
        ("17", "busy"),
        ("21", "declined"),
        ("1", "unreachable"),
        ("34", "refused"),
        ("0", "refused"),
    ):
        told = [
            {"Event": "Newchannel", "Uniqueid": "LEG"},
            {"Event": "OriginateResponse", "Response": "Failure", "Reason": "0", "Uniqueid": "LEG"},
            {"Event": "Hangup", "Uniqueid": "LEG", "Cause": cause, "Cause-txt": "in words"},
        ]
        monkeypatch.setattr("tests.calling.ami_double.streams", lambda told=told: {"dahdi": told})
        async with exchange(fate="dahdi") as (_, dialler, _audio):
            assert (await dialler.ring(NUMBER, 5)).outcome == outcome


async def test_an_asterisk_that_says_nothing_more_is_not_waited_for() -> None:
    async with exchange(fate="lost") as (double, dialler, _):
        assert (await dialler.ring(NUMBER, 0.2)).outcome == "no_answer"
        assert [order["Channel"] for order in double.asked("Hangup")] == [double.asked("Originate")[0]["ChannelId"]]


async def test_who_is_not_wanted_any_more_stops_ringing() -> None:
    async with exchange(fate="lost") as (double, dialler, _):
        ringing = asyncio.create_task(dialler.ring(NUMBER, 20))
        await until(lambda: double.asked("Originate"))
        await asyncio.sleep(0.05)
        ringing.cancel()
        await asyncio.gather(ringing, return_exceptions=True)
        assert [order["Channel"] for order in double.asked("Hangup")] == [double.asked("Originate")[0]["ChannelId"]]


async def test_who_answers_and_is_not_connected_is_nobody_and_the_operator_hears_where(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with exchange(connects=False) as (_, dialler, _audio):
        assert (await dialler.ring(NUMBER, 1)).outcome == "no_answer"
        assert "[asterisk.ami] audiosocket" in caplog.text


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"rights": {READ}}, "write=originate,call in manager.conf"),
        ({"banner": b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"}, "something else answers"),
        ({"banner": b"HTTP/1.1 400 Bad Request\r\n"}, "something else answers"),
        ({"banner": b"Asterisk Call Manager/11.0.0"}, "no answer within"),
        ({"banner": b"x" * 200_000}, "the connection was lost"),
        ({"silent_at": "banner"}, "no answer within"),
        ({"silent_at": "Login"}, "no answer within"),
        ({"silent_at": "Originate"}, "no answer within"),
        ({"half_at": "Login"}, "the connection was lost"),
        ({"half_at": "Originate"}, "the connection was lost"),
        ({"gone": True}, "the connection was lost"),
    ],
)
async def test_an_exchange_that_cannot_be_used_is_told_to_the_operator(how: dict[str, object], said: str) -> None:
    async with exchange(**how) as (_, dialler, _audio):
        rung = await dialler.ring(NUMBER, 1)
        assert rung.outcome == "failed" and said in rung.detail and "127.0.0.1:" in rung.detail


async def test_a_wrong_secret_and_a_closed_port_are_told_to_the_operator_without_the_secret() -> None:
    async with exchange() as (double, good, audio):
        wrong = AmiDialler([replace(double.account, secret="another one")], audio)
        rung = await wrong.ring(NUMBER, 1)
        assert rung.outcome == "failed" and "Authentication failed" in rung.detail and "secret with" in rung.detail
        assert "another one" not in rung.detail + repr(wrong) + repr(double.account)
    rung = await good.ring(NUMBER, 1)
    assert rung.outcome == "failed" and "not reached" in rung.detail and "manager.conf" in rung.detail


@pytest.mark.parametrize(("fate", "outcome"), [("busy", "busy"), ("not_taken", "no_answer"), ("answered", "answered")])
async def test_a_connection_that_is_lost_while_it_rings_is_made_again_and_nobody_is_rung_twice(
    fate: str, outcome: str
) -> None:
    async with exchange(fate=fate, cuts=1) as (double, dialler, _):
        rung = await dialler.ring(NUMBER, 2)
        assert rung.outcome == outcome
        if rung.call is not None:
            await rung.call.hang_up()
        assert len(double.asked("Originate")) == 1 and len(double.asked("Login")) == 2


async def test_an_exchange_that_dies_while_it_rings_is_no_answer_of_whoever_was_rung() -> None:
    async with exchange(fate="lost", cuts=1, dies=True) as (_, dialler, _audio):
        rung = await asyncio.wait_for(dialler.ring(NUMBER, 30), 5)
        assert rung.outcome == "failed" and "the connection was lost" in rung.detail


async def test_without_the_right_to_listen_people_are_rung_all_the_same_and_the_operator_hears_it_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with exchange(rights={ORIGINATE, CALL}) as (double, dialler, _):
        rung = await dialler.ring(NUMBER, 1)
        assert rung.outcome == "answered"
        await rung.call.hang_up()  # type: ignore[union-attr]
        double.fate = "busy"
        for _ in range(2):
            assert (await dialler.ring(NUMBER, 0.1)).outcome == "no_answer"
        assert caplog.text.count("read=call in manager.conf") == 1


async def test_the_second_exchange_rings_when_the_first_cannot_and_the_first_is_asked_again_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with exchange(gone=True) as (first, _, audio), exchange(fate="busy") as (second, _, _other):
        dialler = AmiDialler([first.account, second.account], audio, audiosocket=f"127.0.0.1:{audio.port}")
        for _ in range(2):
            assert (await dialler.ring(NUMBER, 1)).outcome == "busy"
        assert caplog.text.count("the other exchange is asked") == 1, "once, not at every call"
        first.gone, first.fate = False, "declined"
        assert (await dialler.ring(NUMBER, 1)).outcome == "busy", "who failed is asked after the other for a while"
        monkeypatch.setattr("bot.lines.ami_dialler._LATER_S", 0.0)
        assert (await dialler.ring(NUMBER, 1)).outcome == "declined"


async def test_an_exchange_that_refuses_somebody_is_the_last_word_on_him() -> None:
    async with exchange(fate="busy") as (first, _, audio), exchange() as (second, _, _other):
        dialler = AmiDialler([first.account, second.account], audio, audiosocket=f"127.0.0.1:{audio.port}")
        assert (await dialler.ring(NUMBER, 1)).outcome == "busy"
        assert not second.orders


async def test_what_is_no_number_is_never_rung() -> None:
    async with exchange() as (double, dialler, _):
        for wrong in ("", "1\r\nAction: Command", "139@elsewhere"):
            assert (await dialler.ring(wrong, 1)).outcome == "refused"
        assert not double.orders


@pytest.mark.parametrize(
    ("rights", "said"),
    [
        ({READ, ORIGINATE, CALL}, ""),
        ({READ, CALL}, "write=originate,call"),
        ({ORIGINATE, CALL}, "nobody is ever busy"),
        ({READ, ORIGINATE}, "cannot be stopped"),
    ],
)
async def test_an_accounts_rights_are_known_before_the_first_danger_and_nobody_is_rung(
    rights: set[str], said: str
) -> None:
    async with exchange(rights=rights) as (double, _, _audio):
        try:
            told = await check(double.account)
        except AmiFailed as problem:
            told = str(problem)
            assert ORIGINATE not in rights
        assert bool(told) == bool(said) and said in told
        assert all(order["Channel"].startswith("Gege/") for order in double.asked("Originate"))


def test_an_address_that_is_none_is_refused_with_the_settings_name() -> None:
    assert [one.port for one in accounts(["10.0.0.1:5038", "[::1]:5039"], "u", "s")] == [5038, 5039]
    for wrong in ("10.0.0.1", ":5038", "host:port"):
        with pytest.raises(ValueError, match=r"\[asterisk.ami\] address"):
            accounts([wrong], "u", "s")
