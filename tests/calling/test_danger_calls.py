"""Danger rings people in turn until somebody presses 1; a mailbox, silence and a refusal are no persons."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.calling.danger import DangerCalls
from bot.calling.ledger import Ledger
from bot.database import Database, now
from bot.foundation.backoff import Backoff
from bot.grid.leave import write_leave
from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.lines.ami_dialler import AmiDialler
from bot.lines.dialling import Rung
from bot.lines.incoming import Incoming
from bot.lines.line import Pressed, Sounded
from bot.lines.outgoing import Outgoing
from bot.settings import CallingSettings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from tests.calling.ami_double import ManagerInterface, listening
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.voice.doubles import ToneVoice
from tests.waiting import until

county = small_county
pytestmark = on_sqlite


class Phone:
    """A telephone that was taken: its line plays at once, and a key may be pressed after so many sentences."""

    rate = 8000
    backlog = 0
    on_sent = None

    def __init__(self, key: str = "", *, hangs_up: bool = False) -> None:
        self.line = self
        self._key, self._hangs_up = key, hangs_up
        self._incoming, self._outgoing = Incoming(100), Outgoing()
        self.hung_up = False

    def events(self):
        self._incoming.offer(Sounded(b"\x00\x10" * 8000))  # a mailbox talks
        if self._key:
            self._incoming.offer(Pressed("5"))
            self._incoming.offer(Pressed(self._key))
        if self._hangs_up:
            self._incoming.end()
        return self._incoming.events()

    def play(self, pcm: bytes):
        playing = self._outgoing.play(pcm)
        self._outgoing.take(len(pcm))
        return playing

    def drop(self) -> None:
        self._outgoing.drop()

    async def hang_up(self) -> None:
        self.hung_up = True


class Network:
    """Rings as it was told, by number; remembers whom."""

    def __init__(self, **answers: Rung | Callable[[], Rung]) -> None:
        self.answers = {number.removeprefix("n"): answer for number, answer in answers.items()}
        self.rung: list[str] = []
        self.waits: asyncio.Event | None = None
        self.given_up = False

    async def ring(self, number: str, within_s: float) -> Rung:
        self.rung.append(number)
        if self.waits is not None:
            try:
                await self.waits.wait()
            except asyncio.CancelledError:
                self.given_up = True
                raise
        answer = self.answers.get(number, Rung("no_answer"))
        return answer() if callable(answer) else answer


@asynccontextmanager
async def ringing(
    county: Database, network: Network, pause_s: float = 0.05
) -> AsyncIterator[tuple[DangerCalls, TicketDesk, Ledger]]:
    desk, ledger = TicketDesk(county), Ledger(county, CallingSettings(prefixes=[], per_hour=0))
    voice = ToneVoice(0.02)
    calls = DangerCalls(
        desk, Present(Registry.load(county)), network, voice, ledger, site="崇阳供电", ring_s=1, pause_s=pause_s
    )
    calls.voice = voice  # type: ignore[attr-defined]
    try:
        yield calls, desk, ledger
    finally:
        await calls.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.calling.key._WAIT_S", 0.05)
    monkeypatch.setattr("bot.calling.key._LAST_S", 0.05)
    monkeypatch.setattr("bot.calling.danger._LOOK_S", 0.02)


def fallen_line(desk: TicketDesk, **more):
    said = "电线掉在路上了,打13971800123,我叫王大勇"
    return desk.report(
        Report("hazard", said, "s", Caller.by("phone", "13971800123"), place="沿河路206号", **{"grid_no": "24", **more})
    )


def phones(county: Database) -> dict[str, str]:
    registry = Registry.load(county)
    found = {
        "manager": registry.staff("24", "manager")[0],
        "assistant": registry.staff("24", "assistant")[0],
        "duty": registry.duty()[0],
    }
    return {role: "".join(filter(str.isdecimal, person.phone)) for role, person in found.items()}


async def test_the_manager_presses_1_and_has_the_ticket(county: Database) -> None:
    of = phones(county)
    phone = Phone("1")
    network = Network(**{"n" + of["manager"]: Rung("answered", phone)})
    async with ringing(county, network) as (calls, desk, ledger):
        ticket = fallen_line(desk)
        await calls.tick()
        await until(lambda: desk.ticket(ticket.ticket_no).state == "acknowledged")
        await until(lambda: phone.hung_up)
        assert network.rung == [of["manager"]]
        await until(lambda: ledger.placed(ticket.ticket_no) == [("danger", "M1", "confirmed")])
        spoken = "".join(calls.voice.said)
        assert "有危险" in spoken and "13971800123" not in spoken and "王大勇" not in spoken
        await asyncio.sleep(0.05)
        assert await calls.tick() == 0


async def test_who_does_not_press_is_no_person_and_the_next_is_rung_round_after_round(county: Database) -> None:
    of = phones(county)
    rounds = iter([Rung("answered", Phone()), Rung("answered", Phone("1"))])
    network = Network(
        **{
            "n" + of["manager"]: lambda: Rung("answered", Phone()),  # a mailbox
            "n" + of["assistant"]: lambda: Rung("answered", Phone("2")),  # cannot
            "n" + of["duty"]: lambda: next(rounds),
        }
    )
    async with ringing(county, network) as (calls, desk, _):
        ticket = fallen_line(desk)
        await calls.tick()
        await until(lambda: desk.ticket(ticket.ticket_no).state == "acknowledged")
        assert network.rung == [of["manager"], of["assistant"], of["duty"]] * 2
        assert [each.by for each in desk.activities(ticket.ticket_no) if each.kind == "acknowledged"] == ["D1"]


async def test_who_takes_it_by_messenger_meanwhile_stops_the_ringing(county: Database) -> None:
    network = Network()
    network.waits = asyncio.Event()
    async with ringing(county, network) as (calls, desk, ledger):
        ticket = fallen_line(desk)
        await calls.tick()
        await until(lambda: network.rung)
        desk.acknowledge(ticket.ticket_no, "M1")
        await until(lambda: network.given_up)
        await until(lambda: ledger.placed(ticket.ticket_no) == [("danger", "M1", "given_up")])


async def test_danger_is_rung_whatever_the_limits_and_nothing_else_is_rung_for(county: Database) -> None:
    of = phones(county)
    network = Network(**{"n" + of["manager"]: Rung("answered", Phone("1"))})
    async with ringing(county, network) as (calls, desk, _):
        desk.report(Report("outage", "停电了", "s", Caller.by("phone", "13971800123"), grid_no="24"))
        assert await calls.tick() == 0
        fallen_line(desk, grid_no=None)  # nobody knows where: the duty desk
        await calls.tick()
        await until(lambda: network.rung)
        assert network.rung[0] == of["duty"]


async def test_who_is_on_leave_is_let_be_and_who_stands_in_is_rung(county: Database) -> None:
    day = dt.timedelta(days=1)
    write_leave(county, "M1", "M2", now() - day, now() + day)
    network = Network(n13900000004=Rung("answered", Phone("1")))
    async with ringing(county, network) as (calls, desk, _):
        ticket = fallen_line(desk)
        await calls.tick()
        await until(lambda: desk.ticket(ticket.ticket_no).state == "acknowledged")
        assert network.rung == ["13900000004"]
        assert [each.by for each in desk.activities(ticket.ticket_no) if each.kind == "acknowledged"] == ["M2"]


async def test_two_dangers_are_rung_for_side_by_side_and_a_restart_rings_again(county: Database) -> None:
    network = Network()
    network.waits = asyncio.Event()
    async with ringing(county, network) as (calls, desk, _):
        for number in range(2):
            fallen_line(desk, utterance_id=None, householder=f"{number}")
        assert await calls.tick() == 2
        await until(lambda: len(network.rung) == 2)
        assert await calls.tick() == 2 and len(network.rung) == 2
    async with ringing(county, network) as (calls, _, _):
        assert await calls.tick() == 2
        await until(lambda: len(network.rung) == 4)


async def test_a_round_in_which_nobody_could_be_rung_is_tried_again_soon_and_says_why(
    county: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.calling.danger._AGAIN", Backoff(0.02, 0.02))
    of = phones(county)
    lost = Rung("failed", detail="Asterisk's manager interface at 127.0.0.1:5038 is not reached")
    network = Network(**{f"n{number}": lost for number in of.values()})
    async with ringing(county, network, pause_s=60.0) as (calls, desk, _):
        ticket = fallen_line(desk)
        await calls.tick()
        await until(lambda: len(network.rung) >= 6)
        assert network.rung[:6] == [of["manager"], of["assistant"], of["duty"]] * 2
        network.answers[of["duty"]] = Rung("answered", Phone("1"))
        await until(lambda: desk.ticket(ticket.ticket_no).state == "acknowledged")
    told = [record.getMessage() for record in caplog.records if record.name == "bot.lines.dialling"]
    assert told and all("staff" in each and "127.0.0.1:5038 is not reached" in each for each in told)


async def test_an_exchange_that_goes_away_in_the_middle_of_a_round_rings_on_when_it_is_back(
    county: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.calling.danger._AGAIN", Backoff(0.05, 0.05))
    double = ManagerInterface(fate="lost", cuts=1, dies=True)
    async with listening() as audio:
        dialler = AmiDialler([await double.start()], audio, audiosocket=f"127.0.0.1:{audio.port}")
        async with ringing(county, dialler, pause_s=60.0) as (calls, desk, _):  # type: ignore[arg-type]
            ticket = fallen_line(desk)
            await calls.tick()
            await until(lambda: caplog.text.count("could not be rung") >= 3)
            double.gone, double.fate = False, "answered"
            await until(lambda: desk.ticket(ticket.ticket_no).state == "acknowledged", 10)
        await double.close()
    assert "is Asterisk running?" in caplog.text


async def test_what_people_do_with_a_telephone_is_no_error_of_the_network(
    county: Database, caplog: pytest.LogCaptureFixture
) -> None:
    of = phones(county)
    network = Network(
        **{"n" + of["manager"]: Rung("busy", detail="486"), "n" + of["assistant"]: Rung("declined", detail="603")},
        **{"n" + of["duty"]: Rung("answered", Phone("1"))},
    )
    async with ringing(county, network) as (calls, desk, ledger):
        ticket = fallen_line(desk)
        await calls.tick()
        await until(lambda: desk.ticket(ticket.ticket_no).state == "acknowledged")
        await until(lambda: [each[2] for each in ledger.placed(ticket.ticket_no)] == ["busy", "declined", "confirmed"])
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


async def test_who_is_complained_of_is_not_rung(county: Database) -> None:
    of, manager = phones(county), Registry.load(county).staff("24", "manager")[0]
    network = Network()
    async with ringing(county, network, pause_s=30) as (calls, desk, _):
        fallen_line(desk, facts={"complained_of": [manager.staff_no]})
        await calls.tick()
        await until(lambda: len(network.rung) == 2)
        assert network.rung == [of["assistant"], of["duty"]]
