"""Calling out through Asterisk, against a double of its manager interface that rings and connects as Asterisk does."""

from __future__ import annotations

import asyncio
import contextlib
import uuid as uuids
from collections.abc import AsyncIterator

import pytest

from bot.lines.ami import AmiDialler
from bot.lines.audiosocket import AudioSocketLine, AudioSocketServer
from bot.lines.line import CallFacts, Pressed

NUMBER = "13900000001"


class Asterisk:
    """One manager account; what happens to an Originate is in `fate`."""

    def __init__(self, audio: AudioSocketServer) -> None:
        self._audio = audio
        self.fate = "ANSWER"
        self.orders: list[dict[str, str]] = []
        self.legs: list[asyncio.Task[None]] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        try:
            while True:
                order = dict(
                    line.split(": ", 1) for line in (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
                )
                self.orders.append(order)
                if order["Action"] == "Login":
                    good = order["Secret"] == "a secret"
                    writer.write(b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n" if good else
                                 b"Response: Error\r\nMessage: Authentication failed\r\n\r\n")  # fmt: skip
                    writer.write(b"Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n")
                else:
                    writer.write(b"Response: Success\r\nMessage: Originate successfully queued\r\n\r\n")
                    await self._originate(order, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _originate(self, order: dict[str, str], writer: asyncio.StreamWriter) -> None:
        event = f"Event: OriginateResponse\r\nActionID: {order['ActionID']}\r\n"
        writer.write(b"Event: Newchannel\r\nChannel: PJSIP/x\r\n\r\n")
        if self.fate == "SILENCE":
            return
        if self.fate != "ANSWER":
            writer.write(f"{event}Response: Failure\r\nReason: {self.fate}\r\n\r\n".encode())
            return
        writer.write(f"{event}Response: Success\r\nReason: 4\r\n\r\n".encode())
        leg, _, where = order["Data"].partition(",")
        self.legs.append(asyncio.create_task(self._leg(leg, where)))

    async def _leg(self, leg: str, where: str) -> None:
        host, _, port = where.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x01\x00\x10" + uuids.UUID(leg).bytes)
        writer.write(b"\x03\x00\x01" + b"1")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.read(1000):
                writer.write(b"\x10\x01\x40" + bytes(320))
        writer.close()


@contextlib.asynccontextmanager
async def asterisk() -> AsyncIterator[tuple[Asterisk, AmiDialler, AudioSocketServer]]:
    async def nobody(line: AudioSocketLine, facts: CallFacts) -> None:
        raise AssertionError("a call that was not ours")

    audio = AudioSocketServer("127.0.0.1", 0, nobody)
    await audio.start()
    double = Asterisk(audio)
    server = await asyncio.start_server(double.talk, "127.0.0.1", 0)
    address = ("127.0.0.1", server.sockets[0].getsockname()[1])
    where = f"127.0.0.1:{audio.port}"
    try:
        yield double, AmiDialler(address, "gege", "a secret", audio, audiosocket=where), audio
    finally:
        server.close()
        await audio.close()
        await asyncio.gather(*double.legs, return_exceptions=True)


async def test_who_answers_comes_to_our_audiosocket_and_goes_when_we_hang_up() -> None:
    async with asterisk() as (double, dialler, audio):
        rung = await dialler.ring(NUMBER, 5)
        assert rung.outcome == "answered" and rung.call is not None
        assert double.orders[1]["Channel"] == f"PJSIP/{NUMBER}@trunk" and double.orders[1]["Timeout"] == "5000"
        async with asyncio.timeout(5):
            async for event in rung.call.line.events():
                if isinstance(event, Pressed):
                    break
        assert event.digit == "1"
        await rung.call.hang_up()
        async with asyncio.timeout(5):
            while audio.open:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("reason", "outcome"), [("3", "no_answer"), ("1", "no_answer"), ("5", "busy"), ("8", "refused"), ("0", "refused")]
)
async def test_how_ringing_ended_is_told_apart(reason: str, outcome: str) -> None:
    async with asterisk() as (double, dialler, _):
        double.fate = reason
        assert (await dialler.ring(NUMBER, 5)).outcome == outcome


async def test_an_asterisk_that_says_nothing_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.ami._LOGIN_S", 0.5)
    async with asterisk() as (double, dialler, _):
        double.fate = "SILENCE"
        assert (await dialler.ring(NUMBER, 0.2)).outcome == "no_answer"


async def test_a_wrong_secret_and_a_closed_port_are_said_to_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    async with asterisk() as (_, good, audio):
        wrong = AmiDialler(good._address, "gege", "another", audio, audiosocket="127.0.0.1:1")
        assert (await wrong.ring(NUMBER, 1)).outcome == "failed"
        assert "Authentication failed" in caplog.text and "[asterisk.ami]" in caplog.text and NUMBER not in caplog.text
    assert (await good.ring(NUMBER, 1)).outcome == "failed"


async def test_what_is_no_number_is_never_rung() -> None:
    async with asterisk() as (double, dialler, _):
        for wrong in ("", "1\r\nAction: Command", "139@elsewhere"):
            assert (await dialler.ring(wrong, 1)).outcome == "refused"
        assert not double.orders
