"""Gege at a real Asterisk that keeps its own trunk, with the files of deploy/asterisk/sip as a technician copies them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.bench.exchange.sip import Call, Exchange, Sound, exchange
from bot.database import Database
from bot.lines.sip import sdp
from bot.lines.sip.message import Message, parameter
from bot.voice.call_life import REACHED
from tests.exchange.needed import needs_asterisk
from tests.sip.real_asterisk import DEPLOY, RealAsterisk, asterisk, free_port
from tests.sip.site import Site, bye, opened
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.waiting import until

county = small_county
pytestmark = [on_sqlite, pytest.mark.slow, needs_asterisk]

MANAGER, ASSISTANT, DUTY = "13900000001", "13900000002", "13900000006"
COMPANY, STATION = "07153390000", "07153390001"
CARRIER = """
[trunk]
type=endpoint
context=from-trunk
disallow=all
allow=alaw
aors=trunk
from_user=07153390000
trust_id_inbound=yes
send_pai=yes
direct_media=no
[trunk]
type=aor
contact=sip:{carrier}
[trunk]
type=identify
endpoint=trunk
match=127.0.0.1
"""


class AtAsterisk:
    """`carrier` calls Asterisk, and is where Asterisk rings people; Gege hangs on Asterisk without a trunk."""

    def __init__(self, site: Site, carrier: Exchange, real: RealAsterisk) -> None:
        self.site, self.carrier, self.real = site, carrier, real
        self.people: list[Person] = []

    async def caller(self) -> Call:
        """Somebody who asks for a person."""
        return await self.site.asks_for_a_person(self.carrier)

    async def person(self, number: str) -> Person:
        """Somebody who takes the call."""
        one = Person(self, number)
        await one.sound.open()
        self.people.append(one)
        return one

    def refuses(self, number: str, code: int = 486) -> None:
        self.carrier.behave[f"INVITE {number}"] = lambda invite: self.carrier.answer(invite, code)

    def rung(self) -> list[str]:
        rung = [each for each in self.carrier.named("INVITE") if not parameter(each.get("to"), "tag")]
        return [each.uri.removeprefix("sip:").partition("@")[0] for each in rung]


@pytest.fixture
def at_asterisk(tmp_path: Path, county: Database) -> Callable[..., Any]:
    @asynccontextmanager
    async def started(
        change: Callable[[str, str], str] = lambda name, text: text, **voice: Any
    ) -> AsyncIterator[AtAsterisk]:
        port = free_port()
        async with exchange() as carrier:
            plan = (
                (DEPLOY / "extensions_gege.conf")
                .read_text()
                .replace("STATION.NUMBER", STATION)
                .replace("=NUMBER ", f"={COMPANY} ")
            )
            peer = (DEPLOY / "pjsip_gege.conf").read_text()
            # One machine plays everybody: Gege proves who she is, the carrier is known by its address.
            peer = peer.replace("127.0.0.1:5090", f"127.0.0.1:{port}").replace("GEGE.SECRET", "secret")
            peer = peer.replace("qualify_frequency=5", "qualify_frequency=1")
            peer = peer.replace("match=127.0.0.1 ", "match_header=User-Agent: Gege ; ")
            files = {
                "pjsip.conf": "[transport]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{port}\n[global]\ntype=global\n"
                "endpoint_identifier_order=header,ip,username\n" + CARRIER.replace("{carrier}", carrier.host) + peer,
                "extensions.conf": "[globals]\nOTHER=1\n[from-trunk]\nexten => _[+0-9].,1,Goto(gege-sip,${EXTEN},1)\n"
                + plan.replace("[globals]\n", "[globals](+)\n"),
            }  # fmt: skip
            files = {name: change(name, text) for name, text in files.items()}
            async with asterisk(tmp_path / "asterisk", files) as real:
                voice.setdefault("exchange", {"user": "gege", "password": "secret"})
                async with opened(tmp_path / "gege", county, at=port, number=COMPANY, **voice) as site:
                    carrier.gege = ("127.0.0.1", real.port)
                    await real.until_says("pjsip show aor gege", "Avail", 40)
                    made = AtAsterisk(site, carrier, real)
                    yield made
                    for person in made.people:
                        person.sound.transport.close()

    return started


async def heard(source: Sound, target: Sound, where: tuple[str, int], pitch: float) -> bool:
    """Whether a tone goes from one telephone to the other."""
    tone = (np.sin(np.arange(4800) * pitch) * 9000).astype("<i2").tobytes()
    before = len(target.heard)
    for start in range(0, len(tone), 320):
        source.send(tone[start : start + 320], where)
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    data = np.frombuffer(bytes(target.heard[before:]), "<i2").astype(float)
    at = np.abs(np.dot(data, np.exp(-1j * pitch * np.arange(len(data)))))
    return bool(at > 0.3 * 9000 / 2 * 4800)


class Person:
    """Somebody with a telephone, rung by the carrier."""

    def __init__(self, here: AtAsterisk, number: str) -> None:
        self._here, self.number, self.sound = here, number, Sound()
        self.invite: Message | None = None
        here.carrier.behave[f"INVITE {number}"] = self._rung

    def _rung(self, invite: Message) -> None:
        again, self.invite = self.invite, invite
        if again is None:
            self._here.carrier.answer(invite, 180, tag=self.number)
        self._here.carrier.answer(invite, 200, tag=self.number, sound=self.sound)

    @property
    def hears_at(self) -> tuple[str, int]:
        """Where its sound goes."""
        assert self.invite is not None
        media = sdp.read(self.invite.body)
        return media.host, media.port


async def until_talk(here: AtAsterisk, call: Call, person: Person) -> None:
    """Until caller and person hear each other."""
    async with asyncio.timeout(30):
        while not await heard(here.carrier.sound, person.sound, call_at(call), 0.35):
            pass
        # The exchange may move the two in this very moment.
        while not await heard(person.sound, here.carrier.sound, person.hears_at, 0.2):
            pass


def call_at(call: Call) -> tuple[str, int]:
    assert call.media is not None
    return call.media.host, call.media.port


async def test_the_person_is_rung_told_and_then_left_with_the_caller(at_asterisk: Callable) -> None:
    async with at_asterisk() as here:
        manager = await here.person(MANAGER)
        call = await here.caller()
        await until(lambda: any(manager.sound.heard), 20)
        assert manager.invite is not None
        assert COMPANY in manager.invite.get("from")
        await until(lambda: not here.site.server.calls, 20)  # Asterisk has both, Gege is free
        await until_talk(here, call, manager)
        assert here.rung() == [MANAGER] and not here.carrier.named("BYE") and not here.site.owed()
        await call.ask("BYE")
        await here.real.until_quiet()


async def test_busy_and_a_refusal_in_the_whisper_lose_no_caller(at_asterisk: Callable) -> None:
    async with at_asterisk(whisper_s=3.0) as here:
        here.refuses(MANAGER)
        assistant, duty = await here.person(ASSISTANT), await here.person(DUTY)
        call = await here.caller()
        await until(lambda: any(assistant.sound.heard), 30)
        bye(here.carrier, ASSISTANT)
        await until(lambda: duty.invite is not None, 20)
        await until_talk(here, call, duty)
        assert here.rung() == [MANAGER, ASSISTANT, DUTY]
        await call.ask("BYE")
        await here.real.until_quiet()
        assert not here.site.owed()


async def test_a_caller_who_leaves_while_it_rings_ends_it_and_is_called_back(at_asterisk: Callable) -> None:
    async with at_asterisk() as here:
        here.carrier.behave[f"INVITE {MANAGER}"] = lambda invite: here.carrier.answer(invite, 180, tag="m")
        call = await here.caller()
        await until(lambda: here.rung(), 20)
        await call.ask("BYE")
        await until(lambda: here.carrier.named("CANCEL"))
        await until(lambda: here.site.owed())
        assert here.rung() == [MANAGER]


async def test_gege_stays_between_the_two_where_no_transfer_is_allowed(at_asterisk: Callable, caplog: Any) -> None:
    refused = ("allow_transfer=yes", "allow_transfer=no ")
    async with at_asterisk(lambda name, text: text.replace(*refused)) as here:
        manager = await here.person(MANAGER)
        call = await here.caller()
        await until(lambda: "REFER with Replaces" in caplog.text, 30)
        await until_talk(here, call, manager)
        assert len(here.site.server.calls) == 2
        await call.ask("BYE")
        await here.real.until_quiet()
        assert not here.site.owed() and not here.site.server.calls


async def test_where_gege_may_not_call_a_busy_transfer_ends_at_the_station(at_asterisk: Callable, caplog: Any) -> None:
    async with at_asterisk(exchange={"user": "gege", "password": "wrong"}) as here:
        here.refuses(MANAGER)
        station = await here.person(STATION)
        call = await here.caller()
        await until(lambda: station.invite is not None, 30)
        assert "[voice.exchange] user and password" in caplog.text
        await until_talk(here, call, station)
        assert here.rung() == [MANAGER, STATION]
        plan = next(iter(here.site.telephone.hand_overs.plans.values()))
        await until(lambda: plan.life.verdict is not None, 30)
        assert plan.life.verdict == REACHED  # Asterisk tells how its own plan ended
        await call.ask("BYE")


async def test_without_gege_the_station_is_rung(at_asterisk: Callable) -> None:
    async with at_asterisk() as here:
        station = await here.person(STATION)
        await here.site.server.close()
        call = Call(here.carrier, "07153391024", "13971800123", "nobody", "07153391024")
        call.patience = 10.0
        began = time.monotonic()
        await call.invite()
        assert call.final is not None and call.final.code == 200 and time.monotonic() - began < 8
        await until_talk(here, call, station)
        await call.ask("BYE")


async def test_a_gege_that_hangs_in_mid_call_gives_the_caller_to_the_station(at_asterisk: Callable) -> None:
    async with at_asterisk() as here:
        station = await here.person(STATION)
        call = await here.carrier.call(line="07153391024")
        await asyncio.sleep(1)
        here.site.server.endpoint.deaf = lambda: True
        for each in here.site.server.calls.values():
            each.line._task.cancel()
        await until(lambda: station.invite is not None, 14)
        await until_talk(here, call, station)


async def test_a_mobile_that_forwards_our_ringing_back_is_busy(at_asterisk: Callable) -> None:
    async with at_asterisk() as here:
        here.carrier.behave[f"INVITE {MANAGER}"] = lambda invite: here.carrier.answer(invite, 180, tag="m")
        await here.caller()
        await until(lambda: here.rung(), 20)
        # The network shows the number that rang the mobile: the company's.
        forwarded = Call(here.carrier, "07153391024", COMPANY, "forwarded", "07153391024")
        await forwarded.invite()
        assert forwarded.final is not None and forwarded.final.code == 486
