"""Calling out through Asterisk: its manager interface (AMI) rings, and who answers comes to our AudioSocket.

AMI is TCP: a banner line, then messages of `Key: value` lines that end with an empty one. Originate with Async: true is
answered at once; how ringing ended comes as an event OriginateResponse with the same ActionID."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import uuid as uuids
from dataclasses import dataclass
from typing import Any

from bot.foundation.errors import Unavailable
from bot.lines.audiosocket import AudioSocketLine, AudioSocketServer
from bot.lines.dialling import Connected, Rung
from bot.lines.line import CallFacts

log = logging.getLogger(__name__)

#: OriginateResponse's Reason: the channel's last control frame (Asterisk: include/asterisk/frame.h)
_REASONS = {"0": "refused", "1": "no_answer", "3": "no_answer", "5": "busy", "8": "refused"}
_LOGIN_S = 5.0
#: a channel that was answered connects to our AudioSocket within (s)
_CONNECT_S = 5.0
_MOST_LINES = 500


class AmiFailed(Unavailable):
    """The manager interface cannot be used; for the operator."""


@dataclass
class AnsweredCall:
    """A call that somebody took, on an AudioSocket."""

    line: AudioSocketLine
    done: asyncio.Event

    async def hang_up(self) -> None:
        self.done.set()
        await self.line.hang_up()


class AmiDialler:
    """Rings by Originate; one connection for each call, so that no call waits for another."""

    def __init__(
        self, address: tuple[str, int], user: str, secret: str, server: AudioSocketServer, *,
        channel: str = "PJSIP/{number}@trunk", audiosocket: str = "127.0.0.1:9092",
    ) -> None:  # fmt: skip
        """`channel`: what Asterisk dials; `audiosocket`: where it reaches ours."""
        self._address, self._user, self._secret = address, user, secret
        self._server, self._channel, self._audiosocket = server, channel, audiosocket

    async def ring(self, number: str, within_s: float) -> Rung[Connected]:
        """Ring a number; see Dialler."""
        if not number.isdecimal():
            return Rung("refused", detail="no number")
        leg, taken = str(uuids.uuid4()), asyncio.get_running_loop().create_future()

        async def answer(line: AudioSocketLine, facts: CallFacts) -> None:
            call = AnsweredCall(line, asyncio.Event())
            if taken.done():
                return  # too late: nobody waits any more
            taken.set_result(call)
            await call.done.wait()

        self._server.announce(leg, answer=answer, later_s=within_s)
        try:
            reason = await asyncio.wait_for(self._originate(number, leg, within_s, taken), within_s + _LOGIN_S)
        except TimeoutError:
            reason = "no_answer"
        except (AmiFailed, OSError, asyncio.IncompleteReadError, ValueError) as problem:
            log.error("Asterisk's manager interface at %s:%s: %s; see [asterisk.ami]", *self._address, problem)
            return Rung("failed", detail=str(problem))
        if reason == "answered":
            with contextlib.suppress(TimeoutError):
                return Rung("answered", await asyncio.wait_for(asyncio.shield(taken), _CONNECT_S))
            log.error("a call was answered, but Asterisk did not connect it to %s", self._audiosocket)
            reason = "failed"
        taken.cancel()
        return Rung(reason)

    async def _originate(self, number: str, leg: str, within_s: float, taken: asyncio.Future[AnsweredCall]) -> str:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(*self._address), _LOGIN_S)
        try:
            await asyncio.wait_for(reader.readline(), _LOGIN_S)
            await self._ask(reader, writer, {"Action": "Login", "Username": self._user, "Secret": self._secret})
            action = secrets.token_hex(8)
            order = {
                "Action": "Originate", "ActionID": action, "Channel": self._channel.format(number=number),
                "Application": "AudioSocket", "Data": f"{leg},{self._audiosocket}", "Timeout": str(int(within_s * 1000)),
                "Async": "true",
            }  # fmt: skip
            await self._ask(reader, writer, order)
            ended = asyncio.ensure_future(self._ended(reader, action))
            waiting: set[asyncio.Future[Any]] = {ended, taken}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                return "answered" if taken.done() else ended.result()
            finally:
                ended.cancel()
                await asyncio.gather(ended, return_exceptions=True)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: dict[str, str]) -> None:
        for value in order.values():
            if "\r" in value or "\n" in value:
                raise AmiFailed("a line break in a value")
        writer.write("".join(f"{key}: {value}\r\n" for key, value in order.items()).encode() + b"\r\n")
        await writer.drain()
        while True:
            answer = await asyncio.wait_for(_message(reader), _LOGIN_S)
            if "Response" in answer:
                if answer["Response"] != "Success":
                    raise AmiFailed(f"{order['Action']}: {answer.get('Message', 'refused')}")
                return

    async def _ended(self, reader: asyncio.StreamReader, action: str) -> str:
        while True:
            event = await _message(reader)
            if event.get("Event") == "OriginateResponse" and event.get("ActionID") == action:
                if event.get("Response") == "Success":
                    return "answered"
                return _REASONS.get(event.get("Reason", ""), "refused")


async def _message(reader: asyncio.StreamReader) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(_MOST_LINES):
        line = (await reader.readuntil(b"\n")).decode("utf-8", "replace").rstrip("\r\n")
        if not line and found:
            return found
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    raise AmiFailed("a message without an end")
