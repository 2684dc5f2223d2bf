"""打电话 with one press: Gege rings whoever pressed, then the resident; both talk, and the case says how it went."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bot.app.calling import SipDialler
from bot.bench.exchange.sip import TONE, Sound, exchange
from bot.calling.call_backs import CallBacks, numbers_of
from bot.calling.ledger import Ledger
from bot.chat.awaited_word import Waiting
from bot.chat.staff import StaffChat
from bot.chat.store import ChatShelf
from bot.chat.takeover import Takeovers
from bot.database import Database
from bot.grid.registry import Registry
from bot.lines.ami_dialler import AmiDialler
from bot.lines.dialling import Rung
from bot.lines.sip import rtp, sdp
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.server import SipServer
from bot.replicas.place import Alone
from bot.settings import CallingSettings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from tests.calling.ami_double import ManagerInterface, listening
from tests.calling.phones import Network, Phone
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.voice.doubles import ToneVoice
from tests.waiting import until

county = small_county
pytestmark = on_sqlite
RESIDENT = "13971800123"


class House:
    """A county with one case of grid 24, and its manager, who presses."""

    def __init__(self, county: Database, network: object, voice: ToneVoice, **settings: object) -> None:
        self.registry = Registry.load(county)
        self.desk = TicketDesk(county)
        self.ledger = Ledger(county, CallingSettings(**{"prefixes": ["139"], **settings}))  # type: ignore[arg-type]
        self.voice, self.stopping = voice, False
        self.calls = CallBacks(
            self.desk, self.registry, network, voice, self.ledger, site="崇阳供电", ring_s=2,  # type: ignore[arg-type]
            not_now=lambda: self.stopping,
        )  # fmt: skip
        self.manager = self.registry.staff("24", "manager")[0]
        self.ticket = self.desk.report(Report("callback", "请回电", "s", Caller.by("phone", RESIDENT), grid_no="24"))

    async def press(self, number: str = "") -> str:
        ticket = self.desk.ticket(self.ticket.ticket_no)
        return await asyncio.to_thread(self.calls.begin, ticket, self.manager, number)

    def history(self) -> list[tuple[str, str, str]]:
        return [(act.kind, act.by, act.note) for act in self.desk.activities(self.ticket.ticket_no)][1:]

    def placed(self) -> list[tuple[str, str, str]]:
        return self.ledger.placed(self.ticket.ticket_no)


@asynccontextmanager
async def house(county: Database, network: object, **settings: object) -> AsyncIterator[House]:
    made = House(county, network, ToneVoice(0.02), **settings)
    try:
        yield made
    finally:
        await made.calls.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.calling.key._WAIT_S", 0.05)
    monkeypatch.setattr("bot.calling.key._LAST_S", 0.05)


MANAGER = "13900000001"


async def test_who_presses_is_put_through_and_has_the_case(county: Database) -> None:
    mine, theirs = Phone("1"), Phone(rate=16000)
    network = Network(**{"n" + MANAGER: Rung("answered", mine), "n" + RESIDENT: Rung("answered", theirs)})
    async with house(county, network) as here:
        assert await here.press() == "ringing"
        await until(lambda: "请稍等" in "".join(here.voice.said))
        await asyncio.sleep(0.05)
        mine.heard.clear()
        theirs.heard.clear()
        for _ in range(10):
            mine.speaks(TONE)
            theirs.speaks(TONE + TONE)
        # each hears the other at his own line's rate
        await until(lambda: len(mine.heard) > 9 * len(TONE) and len(theirs.heard) > 18 * len(TONE))
        assert np.abs(np.frombuffer(bytes(mine.heard[-2000:]), "<i2")).max() > 4000
        assert here.desk.ticket(here.ticket.ticket_no).state == "acknowledged"
        theirs.leaves()
        await until(lambda: here.calls.going == 0)
        assert mine.ended.is_set(), "who is left is hung up"
        assert network.rung == [MANAGER, RESIDENT]
        assert here.placed() == [("call_back", "M1", "answered"), ("call_back", "", "answered")]
        assert here.history() == [("acknowledged", "M1", ""), ("rang", "M1", "格格接通的，讲过话了")]
        spoken = "".join(here.voice.said)
        assert "崇阳供电" in spoken and RESIDENT not in spoken


async def test_they_have_talked_whoever_of_them_hangs_up_first(county: Database) -> None:
    mine, theirs = Phone("1"), Phone()
    network = Network(**{"n" + MANAGER: Rung("answered", mine), "n" + RESIDENT: Rung("answered", theirs)})
    async with house(county, network) as here:
        await here.press()
        await until(lambda: "请稍等" in "".join(here.voice.said))
        await asyncio.sleep(0.05)
        mine.heard.clear()
        theirs.speaks(TONE)
        await until(lambda: len(mine.heard) >= len(TONE))
        mine.leaves()
        await until(lambda: here.calls.going == 0)
        assert theirs.ended.is_set() and here.placed()[-1] == ("call_back", "", "answered")
        assert here.history()[-1] == ("rang", "M1", "格格接通的，讲过话了")


async def test_the_button_in_the_messenger_rings_at_once_and_says_what_to_do(county: Database, tmp_path: Path) -> None:
    network = Network(**{"n" + MANAGER: asyncio.Event()})
    async with house(county, network) as here:
        takeovers = Takeovers(county, dt.timedelta(minutes=30))
        chat = StaffChat(
            here.desk, here.registry, None, ZoneInfo("Asia/Shanghai"), Waiting(county), ChatShelf(county, tmp_path),
            takeovers, call_backs=here.calls,
        )  # fmt: skip
        for told in ("接了按 1", "等一下再按"):
            shown = await asyncio.to_thread(chat.press, "M1", f"ring:{here.ticket.ticket_no}")
            assert told in shown.text and RESIDENT not in shown.text
        await until(lambda: network.rung)
        assert network.rung == [MANAGER]
        shown = await asyncio.to_thread(chat.press, "S1", f"ring:{here.ticket.ticket_no}")
        assert "接了按 1" not in shown.text


async def test_a_mailbox_or_a_2_rings_no_resident(county: Database) -> None:
    for phone in (Phone(), Phone("2")):
        network = Network(**{"n" + MANAGER: Rung("answered", phone)})
        async with house(county, network) as here:
            await here.press()
            await until(lambda here=here: here.calls.going == 0)
            assert network.rung == [MANAGER] and phone.ended.is_set()
            assert here.desk.ticket(here.ticket.ticket_no).state == "reported" and here.history() == []


async def test_who_is_not_reached_stays_owed_and_the_manager_is_told(county: Database) -> None:
    notes = {"busy": "对方占线", "no_answer": "对方没接", "declined": "对方按掉了", "refused": "没打通"}
    for outcome, note in [*notes.items(), ("unreachable", "号码打不通，怕是关机或者空号")]:
        mine = Phone("1")
        network = Network(**{"n" + MANAGER: Rung("answered", mine), "n" + RESIDENT: Rung(outcome)})
        async with house(county, network) as here:
            await here.press()
            await until(lambda here=here: here.calls.going == 0)
            assert here.history()[-1] == ("rang", "M1", note)
            assert "单子在您这里" in here.voice.said[-1]
            assert here.placed()[-1] == ("call_back", "", outcome)


async def test_a_busy_resident_is_busy_through_asterisk_too_and_nothing_is_wrong(
    county: Database, caplog: pytest.LogCaptureFixture
) -> None:
    double, mine = ManagerInterface(fate="busy"), Phone("1")

    class Way:
        """The manager is on another line; the resident is rung by Asterisk."""

        def __init__(self, asterisk: AmiDialler) -> None:
            self.asterisk = asterisk

        async def ring(self, number: str, within_s: float) -> Rung:
            return Rung("answered", mine) if number == MANAGER else await self.asterisk.ring(number, within_s)

    async with listening() as audio:
        way = Way(AmiDialler([await double.start()], audio, shown="07153390000"))
        async with house(county, way) as here:
            await here.press()
            await until(lambda: here.calls.going == 0)
            assert here.history()[-1] == ("rang", "M1", "对方占线") and "正在打电话" in here.voice.said[-1]
            assert here.placed()[-1] == ("call_back", "", "busy")
        await double.close()
    assert double.asked("Originate")[0]["CallerID"] == "07153390000"
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_the_resident_stops_ringing_when_the_manager_hangs_up(county: Database) -> None:
    mine = Phone("1")
    network = Network(**{"n" + MANAGER: Rung("answered", mine), "n" + RESIDENT: asyncio.Event()})
    async with house(county, network) as here:
        await here.press()
        await until(lambda: network.rung == [MANAGER, RESIDENT])
        mine.leaves()
        await until(lambda: here.calls.going == 0)
        assert network.given_up == [RESIDENT] and here.placed()[-1] == ("call_back", "", "given_up")
        assert here.history()[-1] == ("rang", "M1", "还没接通就挂了")


async def test_a_second_press_a_stop_and_numbers_that_are_not_the_cases_ring_nobody(county: Database) -> None:
    waits = asyncio.Event()
    network = Network(**{"n" + MANAGER: waits})
    async with house(county, network) as here:
        assert await here.press("13999999999") == "no_number"
        assert await here.press() == "ringing"
        assert await here.press() == "already"
        waits.set()
        await until(lambda: here.calls.going == 0)
        here.stopping = True
        assert await here.press() == "stopping"
        assert network.rung == [MANAGER]


async def test_tolls_are_limited_but_a_person_may_ring_who_wants_no_machine(county: Database) -> None:
    network = Network()
    async with house(county, network, prefixes=["0715"]) as here:
        assert await here.press() == "prefix"
    async with house(county, network, per_hour=0) as here:
        assert await here.press() == "toll"
    assert network.rung == []
    async with house(county, network) as here:
        here.ledger.unwanted(RESIDENT)
        assert await here.press() == "ringing"


async def test_a_chats_number_is_no_telephone_number(county: Database) -> None:
    async with house(county, Network()) as here:
        chat = here.desk.report(Report("outage", "停电了", "t", Caller.by("telegram", "13971800123"), grid_no="24"))
        assert numbers_of(here.desk.ticket(chat.ticket_no), here.registry) == []
        assert await asyncio.to_thread(here.calls.begin, here.desk.ticket(chat.ticket_no), here.manager) == "no_number"


async def test_by_sip_both_hear_each_other_and_nobody_else(county: Database) -> None:
    async with exchange() as far, contextlib.AsyncExitStack() as stack:

        async def nobody(line: object, facts: object) -> None:
            raise AssertionError("nobody calls us")

        trunk = Gateway(far.address, far.host)
        server = SipServer("127.0.0.1", 0, nobody, gateway=trunk)  # type: ignore[arg-type]
        await server.start()
        stack.push_async_callback(server.close)
        far.gege = ("127.0.0.1", server.port)
        mine, theirs = Sound(), Sound()
        ours: dict[str, tuple[str, int]] = {}
        for number, sound in ((MANAGER, mine), (RESIDENT, theirs)):
            await sound.open()
            stack.callback(sound.transport.close)

            def taken(invite, number=number, sound=sound):  # type: ignore[no-untyped-def]
                media = sdp.read(invite.body)
                ours[number] = (media.host, media.port)
                far.answer(invite, 200, tag=number, sound=sound)

            far.behave[f"INVITE {number}"] = taken
        here = House(county, SipDialler(server, trunk), ToneVoice(0.2))
        stack.push_async_callback(here.calls.close)
        await here.press()
        await until(lambda: MANAGER in ours)
        await asyncio.sleep(0.1)
        key = rtp.Packet(101, 7, 1600, 1, b"\x01\x8a\x03\x20", marker=True).encode()  # 1, and its end (RFC 4733)
        mine.transport.sendto(key, ours[MANAGER])
        await until(lambda: RESIDENT in ours, 5)
        await until(lambda: "请稍等" in "".join(here.voice.said), 5)
        await asyncio.sleep(0.6)
        mine.heard.clear()
        theirs.heard.clear()
        for at in range(0, len(TONE), 320):
            mine.send(TONE[at : at + 320], ours[MANAGER])
        await until(lambda: max(theirs.heard, default=0) > 0 and _loud(theirs), 5)
        assert not _loud(mine), "nobody hears himself"
        for at in range(0, len(TONE), 320):
            theirs.send(TONE[at : at + 320], ours[RESIDENT])
        await until(lambda: _loud(mine), 5)
        await here.calls.close()
        await until(lambda: len(far.named("BYE")) == 2, 5)


def _loud(sound: Sound) -> bool:
    heard = bytes(sound.heard[: len(sound.heard) // 2 * 2])
    return bool(heard) and int(np.abs(np.frombuffer(heard, "<i2").astype(int)).max()) > 4000


async def test_of_two_leases_that_a_call_had_the_one_is_let_go_where_the_other_cannot_be(county: Database) -> None:
    class Away(Alone):
        def __init__(self) -> None:
            self.told: list[str] = []

        def let_go(self, what: str) -> None:
            self.told.append(what.rpartition(" ")[0])
            if len(self.told) == 1:
                raise OSError("the database is away")

    async with house(county, Network()) as here:
        here.calls._owner = owner = Away()
        assert await here.press() == "ringing"
        await until(lambda: not here.calls.going)
    assert sorted(owner.told) == ["call-back", "call-back by"]
