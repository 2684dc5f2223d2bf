"""Asterisk's manager interface (AMI): one signed-in connection, and in the operator's words what is wrong with it.

AMI is TCP: a banner line, then messages of `Key: value` lines that end with an empty one. Every order gets one message with
`Response`, under the ActionID that it came with; what happens meanwhile comes as messages with `Event`, to every
connection whose account has `read=call`."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from bot.foundation.errors import Unavailable

#: a connection, a sign-in, an answer to an order (s)
_ANSWER_S = 5.0
#: an order that rings nobody ends within (s)
_HEARD_S = 2.0
_MOST_LINES = 500
_BANNER = "Asterisk Call Manager/"
#: a technology that no Asterisk has: an order to dial it rings nobody, and ends with an event at once
_NOBODY = "Gege/check"


class AmiFailed(Unavailable):
    """The manager interface cannot be used; the message says where, why and what to do."""


@dataclass(frozen=True)
class AmiAccount:
    """An exchange's manager interface, and who we are there."""

    host: str
    port: int
    user: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"Asterisk's manager interface at {self.host}:{self.port}"


class Ami:
    """One connection, made by `signed_in`."""

    def __init__(self, account: AmiAccount, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._account, self._reader, self._writer = account, reader, writer
        self._events: deque[dict[str, str]] = deque()

    async def sign_in(self) -> None:
        """Raises AmiFailed."""
        async with self._in_time():
            banner = (await self._line()).strip()
        if not banner.startswith(_BANNER):
            raise self._failed("something else answers there; see [asterisk.ami] address")
        await self.ask("Login", Username=self._account.user, Secret=self._account.secret)

    async def ask(self, action: str, **values: str) -> dict[str, str]:
        """Give an order and take its answer. Raises AmiFailed when it is refused or does not come."""
        name = secrets.token_hex(8)
        order = {"Action": action, "ActionID": name, **values}
        if any("\r" in value or "\n" in value for value in order.values()):
            raise self._failed(f"{action}: a line break in a value")
        async with self._in_time():
            self._writer.write("".join(f"{key}: {value}\r\n" for key, value in order.items()).encode() + b"\r\n")
            await self._writer.drain()
            while "Response" not in (answer := await self._message()) or answer.get("ActionID", name) != name:
                if "Event" in answer:
                    self._events.append(answer)
        if answer["Response"] != "Success":
            raise self._failed(_refused(action, answer.get("Message", ""), self._account.user))
        return answer

    async def event(self) -> dict[str, str]:
        """The next thing that happens on the exchange, however long that takes. Raises AmiFailed when it cannot be heard any
        more."""
        if self._events:
            return self._events.popleft()
        with self._told():
            while "Event" not in (message := await self._message()):
                pass
            return message

    async def _message(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(_MOST_LINES):
            line = (await self._line()).rstrip("\r\n")
            if not line and found:
                return found
            key, colon, value = line.partition(":")
            if colon:
                found.setdefault(key.strip(), value.strip())
        raise self._failed("a message without an end came; see [asterisk.ami] address")

    async def _line(self) -> str:
        return (await self._reader.readuntil(b"\n")).decode("utf-8", "replace")

    def _failed(self, why: str) -> AmiFailed:
        return AmiFailed(f"{self._account}: {why}")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What breaks a connection, as AmiFailed."""
        try:
            yield
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as problem:
            raise self._failed(f"the connection was lost ({type(problem).__name__}); is Asterisk running?") from problem

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_ANSWER_S):
                with self._told():
                    yield
        except TimeoutError:
            raise self._failed(
                f"no answer within {_ANSWER_S:g} s; see `asterisk -rx 'manager show connected'`"
            ) from None


@contextlib.asynccontextmanager
async def signed_in(account: AmiAccount) -> AsyncIterator[Ami]:
    """A connection that is signed in, closed at the end. Raises AmiFailed."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection(account.host, account.port)
    except (OSError, TimeoutError) as problem:
        advice = "is Asterisk running, and does manager.conf have enabled=yes, this port and a bindaddr that we reach?"
        raise AmiFailed(f"{account} is not reached ({type(problem).__name__}): {advice}") from problem
    try:
        ami = Ami(account, reader, writer)
        await ami.sign_in()
        yield ami
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def check(account: AmiAccount, *, listening: bool = True) -> str:
    """What an account lacks, "" for nothing; nobody is rung. Raises AmiFailed where calls cannot go out at all.

    `listening`: also whether it hears how ringing ends, which leaves a warning in Asterisk's log."""
    rights = f"give {account.user} read=call and write=originate,call in manager.conf"
    async with signed_in(account) as ami:
        may = await ami.ask("ListCommands")
        if "Originate" not in may:
            raise AmiFailed(f"{account}: nobody can be rung; {rights}")
        if listening and not await _hears(ami):
            return f"{account} does not tell how ringing ends, so that nobody is ever busy; {rights}"
        return "" if "Hangup" in may else f"{account}: a telephone cannot be stopped from ringing; {rights}"


async def _hears(ami: Ami) -> bool:
    await ami.ask("Originate", Channel=_NOBODY, Application="Wait", Data="1", Timeout="1000", Async="true")
    try:
        async with asyncio.timeout(_HEARD_S):
            while (await ami.event())["Event"] != "OriginateResponse":
                pass
    except TimeoutError:
        return False
    return True


def _refused(action: str, said: str, user: str) -> str:
    """What to do about an order that was refused."""
    if action == "Login":
        return f"{said or 'refused'}: compare [asterisk.ami] user and secret with manager.conf, and its permit lines"
    if "ermission" in said:
        return f"{action}: {said}; give {user} read=call and write=originate,call in manager.conf"
    return f"{action}: {said or 'refused'}"


def accounts(addresses: list[str], user: str, secret: str) -> list[AmiAccount]:
    """The exchanges of a setting, host:port each. Raises ValueError for one that is none."""
    found = []
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"[asterisk.ami] address is {address!r}; write it as host:port")
        found.append(AmiAccount(host.strip("[]"), int(port), user, secret))
    return found
