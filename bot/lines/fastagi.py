"""FastAGI: Asterisk asks over TCP, a script's name and the channel's facts first, then answers our commands.

Asterisk connects, sends `agi_…: value` lines and an empty one; each command gets one line back
(`200 result=1 (value)`), in several lines where it complains of the syntax (520); `HANGUP` may come between.

A person is rung whatever happens: who comes when all places are taken is answered from memory, not refused."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from bot.foundation.errors import Unavailable
from bot.lines.door import SAID_WITHIN_S, Door

log = logging.getLogger(__name__)

#: facts of a channel: Asterisk sends about 25 and the arguments
_MOST_FACTS = 300
_LONGEST_LINE = 8192
#: lines that may come between a command and its answer
_MOST_LINES = 200
_ANSWER = re.compile(r"(\d{3})[ -](?:result=(-?\d*))?\s*(?:\((.*)\))?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class AgiFailed(Unavailable):
    """The other end spoke no AGI, was too slow, or went away."""


@dataclass(frozen=True)
class AgiAnswer:
    """What came back: 200 and a result for a command that was done."""

    code: int
    result: str
    value: str


class AgiSession:
    """One script that Asterisk runs on a channel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout_s: float = 5.0) -> None:
        self._reader, self._writer, self._timeout_s = reader, writer, timeout_s
        #: `agi_…` facts without the prefix
        self.facts: dict[str, str] = {}
        #: path without the leading slash, and what stood behind the question mark
        self.script = ""
        self.query: dict[str, str] = {}
        #: the channel was hung up; commands may still be answered
        self.hung_up = False
        #: all places are taken: answer from memory, wait for nothing
        self.crowded = False

    async def begin(self) -> AgiSession:
        """Read the facts; → itself. Raises AgiFailed."""
        for _ in range(_MOST_FACTS):
            line = await self._line()
            if not line:
                break
            name, colon, value = line.partition(":")
            if not colon or not name.startswith("agi_"):
                raise AgiFailed("this is no AGI")
            self.facts[name.removeprefix("agi_")] = value.strip()
        else:
            raise AgiFailed("too many facts")
        # `network_script` is the path of the request; older ones send the request alone.
        wanted = (
            self.facts.get("network_script")
            or urlsplit(self.facts.get("request", ""))._replace(scheme="", netloc="").geturl()
        )
        path, _, query = wanted.partition("?")
        self.script = path.strip("/")
        self.query = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=50)) if query else {}
        return self

    async def variable(self, name: str) -> str:
        """A channel variable; empty when it is not set."""
        answer = await self.command(f"GET VARIABLE {name}")
        return answer.value if answer.code == 200 and answer.result == "1" else ""

    async def set_variable(self, name: str, value: str) -> None:
        """Raises AgiFailed when Asterisk did not take it."""
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name!r} is no variable's name")
        clean = value.replace("\\", "").replace('"', "").replace("\r", "").replace("\n", " ")
        answer = await self.command(f'SET VARIABLE {name} "{clean}"')
        if answer.code != 200:
            raise AgiFailed(f"Asterisk did not set {name} ({answer.code})")

    async def command(self, line: str) -> AgiAnswer:
        """Send one command and take its answer. Raises AgiFailed."""
        try:
            self._writer.write(line.encode("utf-8") + b"\n")
            async with asyncio.timeout(self._timeout_s):
                await self._writer.drain()
        except (ConnectionError, TimeoutError) as problem:
            raise AgiFailed("Asterisk went away") from problem
        for _ in range(_MOST_LINES):
            text = await self._line()
            if text.startswith("HANGUP"):
                self.hung_up = True
                continue
            found = _ANSWER.match(text)
            if found is None or text.startswith("520-") or found[1].startswith("1"):
                continue  # the usage that follows a 520, or 100 Trying
            return AgiAnswer(int(found[1]), found[2] or "", found[3] or "")
        raise AgiFailed("Asterisk talks without answering")

    async def _line(self) -> str:
        # Not wait_for: it begins a task for each line, and the facts of a call are 25 lines. In a storm that was 50 turns of a
        # late loop, and calls were shut out as silent.
        try:
            async with asyncio.timeout(self._timeout_s):
                raw = await self._reader.readuntil(b"\n")
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError) as problem:
            raise AgiFailed(f"no line came ({type(problem).__name__})") from problem
        return raw.decode("utf-8", "replace").rstrip("\r\n")


Script = Callable[[AgiSession], Awaitable[None]]


async def alive(session: AgiSession) -> None:
    """`/alive`: the event loop turns. Asked by `gege doctor`, and by the exchange every two seconds beside a conversation; it
    waits for nobody else."""
    await session.set_variable("GEGE_ALIVE", "1")


class FastAgiServer:
    """Listens for Asterisk's questions; scripts by their path, beside `/alive`."""

    def __init__(
        self,
        host: str,
        port: int,
        scripts: Mapping[str, Script],
        *,
        allowed: Sequence[str] = ("127.0.0.0/8", "::1/128"),
        most: int = 500,
        timeout_s: float = 5.0,
        facts_s: float = SAID_WITHIN_S,
    ) -> None:
        """`allowed` networks may ask, `most` at the same time, as many again as crowded; facts come within `facts_s`,
        each line after them is waited for `timeout_s`."""
        self._host, self._wanted_port = host, port
        self._scripts: dict[str, Script] = {"alive": alive, **scripts}
        self._most, self._timeout_s = most, timeout_s
        self._door = Door("FastAGI", allowed, most, facts_s)
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self._asking = 0
        #: sessions by script
        self.asked: Counter[str] = Counter()

    @property
    def failed(self) -> Counter[str]:
        """Sessions that were refused or broke off, by reason."""
        return self._door.refused

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def open(self) -> int:
        """Sessions at this moment, the silent ones with them."""
        return self._asking + self._door.silent

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._connected, self._host, self._wanted_port, limit=_LONGEST_LINE, backlog=self._most
        )

    async def close(self) -> None:
        """Stop listening; what is being asked is not answered any more."""
        if self._server is not None:
            self._server.close()
        for task in list(self._sessions):
            task.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            session = await self._door.first(writer, AgiSession(reader, writer, self._timeout_s).begin())
            if session is not None:
                # Whoever trickles lines does not hold a place for ever.
                await asyncio.wait_for(self._run(session), self._timeout_s * 4)
        except (AgiFailed, TimeoutError):
            self._door.refuse("broke off")
        except asyncio.CancelledError:
            pass
        except Exception:
            log.exception("a FastAGI script failed")
            self.failed["fault"] += 1
        finally:
            self._sessions.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _run(self, session: AgiSession) -> None:
        script = self._scripts.get(session.script)
        if script is None:
            return self._door.refuse("unknown script")
        if self._asking >= 2 * self._most:
            return self._door.refuse("flood")
        session.crowded = self._asking >= self._most
        self.asked[session.script] += 1
        self._asking += 1
        try:
            await script(session)
        finally:
            self._asking -= 1
