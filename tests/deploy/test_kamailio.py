"""Kamailio before voice nodes: calls go to those that take calls, and no call waits for one that does not."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.bench.exchange.sip import Call, Exchange, exchange, goes_on
from bot.bench.loopback import free_port
from bot.lines.sip.message import Message, parse
from bot.lines.sip.server import SipServer
from bot.settings import PROJECT
from tests.deploy.programs import program, running
from tests.sip.calls import Listener
from tests.waiting import until

FILES = PROJECT / "deploy" / "kamailio"


def configured(folder: Path, nodes: list[str]) -> tuple[Path, int]:
    """The file as a site sets it; → it, and the port that it takes calls on."""
    port = free_port(socket.SOCK_DGRAM)
    (folder / "dispatcher.list").write_text("".join(f"{node}\n" for node in nodes))
    text = (FILES / "kamailio.cfg").read_text()
    text = text.replace("udp:127.0.0.1:5060", f"udp:127.0.0.1:{port}")
    text = text.replace("/etc/kamailio/dispatcher.list", str(folder / "dispatcher.list"))
    file = folder / "kamailio.cfg"
    file.write_text(text)
    return file, port


def test_kamailio_finds_nothing_wrong_with_its_file(tmp_path: Path) -> None:
    file, _ = configured(tmp_path, ["1 sip:127.0.0.1:5090"])
    done = subprocess.run(
        [program("kamailio"), "-c", "-f", file, "-Y", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "config file ok" in done.stderr, done.stderr[-2000:]


class Routed(Call):
    """A call of a carrier's that keeps to the way that the answer names, as RFC 3261 has it."""

    def _message(self, method: str, number: int, body: bytes, more: dict[str, str]) -> Message:
        message = super()._message(method, number, body, more)
        if self.final is None or self.final.code != 200:
            return message
        ways = [("route", value) for name, value in self.final.headers if name == "record-route"]
        contact = self.final.get("contact").partition("<")[2].partition(">")[0]
        return dataclasses.replace(message, uri=contact, headers=[*message.headers, *reversed(ways)])


async def call(far: Exchange, caller: str) -> Routed:
    made = Routed(far, "07153391024", caller, f"call-{caller}")
    await made.invite()
    return made


class Silent(asyncio.DatagramProtocol):
    """A node that is away: it takes everything and says nothing. `invited`: the calls that it was given."""

    def __init__(self) -> None:
        self.invited: set[str] = set()
        self.port = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (message := parse(data)).method == "INVITE":
            self.invited.add(message.call_id)


@contextlib.asynccontextmanager
async def silent() -> AsyncIterator[Silent]:
    made = Silent()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, local_addr=("127.0.0.1", 0))
    made.port = int(transport.get_extra_info("sockname")[1])
    try:
        yield made
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def nodes(count: int) -> AsyncIterator[list[tuple[SipServer, Listener]]]:
    made = []
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(count):
            listener = Listener()
            server = SipServer("127.0.0.1", 0, listener)
            await server.start()
            stack.push_async_callback(server.close)
            made.append((server, listener))
        yield made


@pytest.mark.slow
async def test_calls_go_to_nodes_that_take_them_and_at_last_to_the_station(tmp_path: Path) -> None:
    async with nodes(3) as made, exchange() as far, silent() as away:
        (one, at_one), (two, at_two), (station, at_station) = made
        lines = [f"1 sip:127.0.0.1:{port}" for port in (one.port, two.port, away.port)]
        file, port = configured(tmp_path, [*lines, f"2 sip:127.0.0.1:{station.port}"])
        command = (program("kamailio"), "-f", str(file), "-DD", "-E", "-Y", str(tmp_path), "-m", "32", "-M", "4")
        async with running(tmp_path / "log", *command) as process:
            far.gege, far.patience_s = ("127.0.0.1", port), 20.0
            # Both take calls in turn; the one that says nothing is asked once, and holds up nobody after that.
            for number in range(7):
                made_call = await call(far, f"139000{number}")
                assert process.returncode is None, (tmp_path / "log").read_text()[-2000:]
                assert made_call.final is not None and made_call.final.code == 200
            await until(lambda: len(at_one.heard) + len(at_two.heard) == 7)
            assert min(len(at_one.heard), len(at_two.heard)) >= 2 and not at_station.heard
            assert len(away.invited) <= 1
            # The sound goes past Kamailio.
            await goes_on(made_call, {**at_one.heard, **at_two.heard}["1390006"])
            # A node that stops says 503 at once; what it has goes on, in-dialog requests reach it.
            one.stop_listening()
            before, after = len(at_one.heard), len(at_two.heard)
            for number in range(7, 10):
                made_call = await call(far, f"139000{number}")
                assert made_call.final is not None and made_call.final.code == 200
            await until(lambda: len(at_two.heard) == after + 3)
            assert len(at_one.heard) == before
            assert (await made_call.ask("BYE")).code == 200
            # None is left: the station's line rings, where a person is.
            two.stop_listening()
            made_call = await call(far, "1390010")
            assert made_call.final is not None and made_call.final.code == 200
            await until(lambda: "1390010" in at_station.heard)
            station.stop_listening()
            made_call = await call(far, "1390011")
            assert made_call.final is not None
            assert (made_call.final.code, made_call.final.get("retry-after")) == (503, "5")
