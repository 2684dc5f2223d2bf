"""Residents are asked by telephone: answered by key or word, twice at most, at decent hours, never against their wish."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.app.calling import SipDialler
from bot.bench.exchange.sip import exchange
from bot.calling.ledger import CallRefused, Ledger
from bot.calling.models import PlacedCall
from bot.calling.questions import AskingDialogue, Questions
from bot.database import Database, now
from bot.dialogue.port import Reply, Understanding
from bot.lines.dialling import Connected, Rung
from bot.settings import CallingSettings
from bot.telephone.sip_front_end import sip_front_end
from bot.tickets.desk import Report
from bot.tickets.due.hours import Hours
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.models import OwedCall
from bot.tickets.reporter import Reporter
from bot.tickets.rules import usual_rules
from bot.voice.calling_prompts import words
from tests.sip.site import Site
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.waiting import until

county = small_county
pytestmark = on_sqlite
NUMBER = "07153300001"


class Answering:
    """A dialogue that takes the words of the keys, as the real one does for a caller who was asked."""

    def __init__(self, desk, ticket_no: str) -> None:
        self._desk, self._ticket_no = desk, ticket_no
        self.heard: list[str] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        return Understanding(text, "rate_service", 0.9, text not in ("满意", "不满意"))

    async def turn(self, heard: Heard) -> Reply:
        self.heard.append(heard.text)
        await asyncio.to_thread(
            self._desk.answers.answer, self._ticket_no, "good", Reporter(heard.caller, heard.session)
        )
        return Reply(("好,多谢。",), Understanding(heard.text, "rate_service", 0.9, False), ended=True)


def a_decent_hour() -> dt.datetime:
    """The last ten in the morning or seven in the evening that is an hour ago: who is asked then is asked at once, and not
    tomorrow, whatever hour it is where the tests run."""
    before = now().astimezone(ZoneInfo("Asia/Shanghai")) - dt.timedelta(hours=1)
    at = [before.replace(hour=hour, minute=0) for hour in (10, 19)] + [
        (before - dt.timedelta(days=1)).replace(hour=19, minute=0)
    ]
    return max(one for one in at if one <= before).astimezone(dt.UTC)


def resolved(desk, at: dt.datetime):
    ticket = desk.report(Report("outage", "停电了", "s", Caller.by("phone", NUMBER), grid_no="24"), at)
    desk.acknowledge(ticket.ticket_no, "M1", at)
    desk.resolve(ticket.ticket_no, "M1", at=at)
    return ticket.ticket_no


def rows(database: Database) -> list[OwedCall]:
    with database.reading() as session:
        return list(session.scalars(select(OwedCall)))


class Awake(Hours):
    """It is always a decent hour."""

    def disturbs(self, at: dt.datetime) -> bool:
        return False

    def wakes(self, at: dt.datetime) -> dt.datetime:
        return at


async def test_a_landline_is_rung_hears_the_question_and_answers_by_a_key(tmp_path: Path, county: Database) -> None:
    async with exchange() as far:
        here = Site(tmp_path, county, far, {"trunk": {"registrar": far.host, "registers": False}})
        ticket_no = resolved(here.desk, a_decent_hour())
        dialogue = Answering(here.desk, ticket_no)
        here.telephone._dialogue = dialogue  # type: ignore[assignment]
        await here.telephone.start()
        far.behave["INVITE"] = lambda invite: far.answer(invite, 200, sound=True)
        try:
            async with sip_front_end(here.telephone, ("127.0.0.1", 0), here.settings) as (server, trunk):
                far.gege = ("127.0.0.1", server.port)
                assert trunk is not None
                questions = _questions(here, county, SipDialler(server, trunk))
                assert await questions.tick() == 1 and await questions.tick() == 1
                await until(lambda: any("满意" in each for each in here.voice.said))
                assert "自动语音" in "".join(here.voice.said)
                line = next(iter(server.calls.values())).line
                from bot.lines.line import Pressed

                line.pressed(Pressed("1"))
                await until(lambda: dialogue.heard == ["满意"])
                await until(lambda: far.named("BYE"))
                await questions.close()
        finally:
            await here.telephone.close()
        assert far.named("INVITE")[0].uri == f"sip:{NUMBER}@{far.host}"
        assert [row.state for row in rows(county)] == ["answered"]
        assert [each.kind for each in here.desk.tickets()] == ["outage"], "no call-back for a call that we made"


def _questions(here: Site, county: Database, dialler: object, **more) -> Questions:
    ledger = Ledger(county, CallingSettings(**more))
    return Questions(county, here.telephone, dialler, ledger, Awake.__new__(Awake), again_after=dt.timedelta(seconds=0))  # type: ignore[arg-type]


class Nobody:
    """Nobody answers."""

    def __init__(self, outcome: str = "no_answer") -> None:
        self.rung: list[str] = []
        self._outcome = outcome

    async def ring(self, number: str, within_s: float) -> Rung[Connected]:
        self.rung.append(number)
        return Rung(self._outcome, detail="Asterisk is not reached")


async def test_nobody_is_rung_a_third_time(tmp_path: Path, county: Database) -> None:
    async with exchange() as far:
        here = Site(tmp_path, county, far, {})
        resolved(here.desk, a_decent_hour())
        nobody = Nobody()
        questions = _questions(here, county, nobody)
        for _ in range(6):
            await questions.tick()
            await asyncio.sleep(0.1)
        assert nobody.rung == [NUMBER, NUMBER]
        assert [row.state for row in rows(county)] == ["given_up"]


async def test_what_an_exchange_cannot_do_uses_up_no_try_of_the_resident(tmp_path: Path, county: Database) -> None:
    async with exchange() as far:
        here = Site(tmp_path, county, far, {})
        resolved(here.desk, a_decent_hour())
        broken = Nobody("failed")
        questions = _questions(here, county, broken)
        await questions.tick()
        await until(lambda: rows(county)[0].due_at > now() + dt.timedelta(minutes=9))
        row = rows(county)[0]
        assert broken.rung == [NUMBER] and (row.state, row.attempts) == ("waiting", 0)


async def test_at_night_nobody_is_asked(tmp_path: Path, county: Database) -> None:
    async with exchange() as far:
        here = Site(tmp_path, county, far, {})
        resolved(here.desk, a_decent_hour())
        nobody = Nobody()
        questions = _questions(here, county, nobody)
        questions._hours = usual_rules().hours
        midnight = dt.datetime(2026, 11, 24, 16, 30, tzinfo=dt.UTC)  # half past twelve in Chongyang
        assert await questions.tick(midnight) == 0 and not nobody.rung


@pytest.mark.parametrize(("setting", "state"), [({"prefixes": ["1"]}, "given_up"), ({"per_hour": 0}, "waiting")])
async def test_what_is_not_allowed_or_over_the_limit_is_not_rung(
    tmp_path: Path, county: Database, setting: dict, state: str
) -> None:
    async with exchange() as far:
        here = Site(tmp_path, county, far, {})
        resolved(here.desk, a_decent_hour())
        nobody = Nobody()
        assert await _questions(here, county, nobody, **setting).tick() == 0
        assert not nobody.rung and [row.state for row in rows(county)] == [state]


def test_the_toll_limit_counts_an_hour_and_the_list_of_the_unwilling_holds(county: Database) -> None:
    ledger, at = Ledger(county, CallingSettings(per_hour=2)), now()
    for _ in range(2):
        ledger.end(ledger.begin("0715-3300001", "rating", "GD1", at=at), "answered", at)
    with pytest.raises(CallRefused, match="toll"):
        ledger.begin(NUMBER, "rating", "GD1", at=at + dt.timedelta(minutes=59))
    assert ledger.begin(NUMBER, "rating", "GD1", at=at + dt.timedelta(minutes=61))
    ledger.unwanted("0715 3300001")
    with pytest.raises(CallRefused, match="unwanted"):
        ledger.begin(NUMBER, "rating", "GD1", at=at + dt.timedelta(hours=5))
    assert ledger.wanted_again(NUMBER) and not ledger.wanted_again(NUMBER)
    with county.reading() as session:
        assert session.scalars(select(PlacedCall.number)).first() == NUMBER


async def test_who_wants_no_more_calls_is_believed_and_a_mailbox_is_let_be(county: Database) -> None:
    said = []
    usual = Answering(None, "GD1")
    for text in ("", "你们莫再打了啊", "往后不要打电话来"):
        asking = AskingDialogue(usual, "您满意不?", lambda: said.append(1))
        reply = await asking.turn(Heard("1", "s", text, caller=Caller.by("phone", NUMBER)))
        assert reply.ended and reply.sentences == (words().no_more,)
    assert len(said) == 3
    asking = AskingDialogue(usual, "您满意不?", lambda: said.append(1))
    mailbox = Heard("1", "s", "您好您拨打的电话暂时无人接听", caller=Caller.by("phone", NUMBER))
    first, second = await asking.turn(mailbox), await asking.turn(mailbox)
    assert not first.ended and "您满意不?" in first.sentences and second.ended
    assert usual.heard == [] and len(said) == 3
