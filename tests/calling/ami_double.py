"""Asterisk's manager interface as it behaves, from recorded streams (ami_streams.yml), and at its worst."""

from __future__ import annotations

import asyncio
import contextlib
import uuid as uuids
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from bot.lines.ami import AmiAccount
from bot.lines.audiosocket import AudioSocketServer

SECRET = "a secret"
#: classes of manager.conf
READ, ORIGINATE, CALL = "read=call", "write=originate", "write=call"


@cache
def streams() -> dict[str, list[dict[str, str]]]:
    """Events of one originated channel, by how it went."""
    return yaml.safe_load(Path(__file__).with_name("ami_streams.yml").read_text("utf-8"))


@dataclass
class ManagerInterface:
    """One exchange. `fate`: how a number goes (the name of a stream, or "lost": nothing more is ever told)."""

    fate: str = "answered"
    rights: set[str] = field(default_factory=lambda: {READ, ORIGINATE, CALL})
    banner: bytes = b"Asterisk Call Manager/11.0.0\r\n"
    #: says nothing at all from here on: "banner", "Login", "Originate"
    silent_at: str = ""
    #: breaks off in the middle of its answer to this order
    half_at: str = ""
    #: closes the connection after an order to ring was taken, so often; the telephone rings on
    cuts: int = 0
    #: and lets nobody in any more
    dies: bool = False
    gone: bool = False
    #: who answers comes to our AudioSocket
    connects: bool = True
    orders: list[dict[str, str]] = field(default_factory=list)
    _open: dict[asyncio.StreamWriter, set[str]] = field(default_factory=dict)
    _work: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, port: int = 0) -> AmiAccount:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        self.account = AmiAccount("127.0.0.1", self._server.sockets[0].getsockname()[1], "gege", SECRET)
        return self.account

    async def close(self) -> None:
        self._server.close()
        for each in self._work:
            each.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def asked(self, action: str) -> list[dict[str, str]]:
        return [order for order in self.orders if order["Action"] == action]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._work.add(task)
        try:
            if self.gone:
                return
            if self.silent_at == "banner":
                await asyncio.sleep(60)
            writer.write(self.banner)
            while True:
                raw = (await reader.readuntil(b"\r\n\r\n")).decode().strip()
                order = dict(line.split(": ", 1) for line in raw.split("\r\n"))
                self.orders.append(order)
                if self.silent_at == order["Action"]:
                    await asyncio.sleep(60)
                if self.half_at == order["Action"]:
                    writer.write(b"Response: Succ")
                    return
                self._answer(order, writer)
                if order["Action"] == "Originate" and self.cuts:
                    self.cuts, self.gone = self.cuts - 1, self.dies
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.pop(writer, None)
            self._work.discard(task)
            writer.close()

    def _answer(self, order: dict[str, str], writer: asyncio.StreamWriter) -> None:
        action = order["Action"]
        needs = {"Originate": ORIGINATE, "Hangup": CALL}.get(action)
        if action == "Login" and (order["Username"], order["Secret"]) != ("gege", SECRET):
            return self._say(writer, order, Response="Error", Message="Authentication failed")
        if needs and needs not in self.rights:
            return self._say(writer, order, Response="Error", Message="Permission denied")
        if action == "Login":
            self._open[writer] = self.rights
            self._say(writer, order, Response="Success", Message="Authentication accepted")
        elif action == "ListCommands":
            may = {name: "…" for name, need in (("Originate", ORIGINATE), ("Hangup", CALL)) if need in self.rights}
            self._say(writer, order, Response="Success", **may)
        elif action == "Originate":
            self._event({"Event": "Newchannel", "Uniqueid": "somebody else's"})
            self._say(writer, order, Response="Success", Message="Originate successfully queued")
            self._later(self._ring(order, 0.1 if self.cuts else 0.0))
        else:
            self._say(writer, order, Response="Success", Message="Channel Hungup")

    async def _ring(self, order: dict[str, str], after_s: float) -> None:
        if order["Channel"].startswith("Gege/"):
            return self._event(
                {"Event": "OriginateResponse", "Response": "Failure", "Reason": "0", "Uniqueid": "<unknown>"}
            )
        await asyncio.sleep(after_s)  # it rings while the connection is lost
        for event in [] if self.fate == "lost" else streams()[self.fate]:
            if event["Event"] == "Hangup" and self.fate == "answered":
                break
            self._event({key: {"LEG": order["ChannelId"]}.get(value, value) for key, value in event.items()})
            await asyncio.sleep(0)
        if self.fate == "answered" and self.connects:
            await self._connect(*order["Data"].split(","))

    async def _connect(self, leg: str, where: str) -> None:
        host, _, port = where.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x01\x00\x10" + uuids.UUID(leg).bytes)
        writer.write(b"\x03\x00\x01" + b"1")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await reader.read(1000):
                writer.write(b"\x10\x01\x40" + bytes(320))
        writer.close()

    def _say(self, writer: asyncio.StreamWriter, order: dict[str, str], **values: str) -> None:
        lines = {"Response": values.pop("Response"), "ActionID": order["ActionID"], **values}
        writer.write("".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\n")

    def _event(self, event: dict[str, str]) -> None:
        for writer, rights in list(self._open.items()):
            if READ in rights:
                writer.write("".join(f"{key}: {value}\r\n" for key, value in event.items()).encode() + b"\r\n")

    def _later(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._work.add(task)
        task.add_done_callback(self._work.discard)


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[AudioSocketServer]:
    """Our own AudioSocket; only announced calls come to it."""

    async def nobody(line: object, facts: object) -> None:
        raise AssertionError("a call that was not ours")

    audio = AudioSocketServer("127.0.0.1", 0, nobody)
    await audio.start()
    try:
        yield audio
    finally:
        await audio.close()
