"""Caller, dialled and diverting number of a call, in whatever form an exchange or a trunk writes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.bench.exchange.agi import Channel
from bot.database import Database
from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.lines.audiosocket import AudioSocketServer
from bot.lines.fastagi import FastAgiServer
from bot.lines.line import CallFacts
from bot.lines.sip.facts import facts_of
from bot.lines.sip.message import parse
from bot.settings import Settings
from bot.telephone.dial_plan import DialPlan
from bot.telephone.handover import CallPlan, HandOvers
from bot.tickets.desk import TicketDesk
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite

county = small_county
pytestmark = on_sqlite
MANAGER, BOARD = "13900000001", "07150000024"
FORMS = [
    "+867150000024",
    "867150000024",
    "00867150000024",
    "07150000024",
    "7150000024",
    "+860715-000-0024",
    "1795107150000024",
]


@pytest.fixture
def registry(county: Database) -> Registry:
    """The county as a site has it; grid 24 has a number of its own, which its board says without an area code."""
    from bot.grid.models import Grid

    with county.session() as session:
        session.get_one(Grid, "24").phone = "0715-0000024"
    return Registry.load(county, "0715")


@asynccontextmanager
async def asked(registry: Registry, county: Database, home: Path) -> AsyncIterator[tuple[HandOvers, int]]:
    async def nobody(line: object, facts: object) -> None:
        raise AssertionError("no call comes")

    audio = AudioSocketServer("127.0.0.1", 0, nobody)
    hand_overs = HandOvers(Present(registry), TicketDesk(county), Settings(home=home))
    agi = FastAgiServer("127.0.0.1", 0, DialPlan(hand_overs, audio, None).scripts)
    await agi.start()
    try:
        yield hand_overs, agi.port
    finally:
        await hand_overs.close()
        await agi.close()


def plan_of(hand_overs: HandOvers) -> CallPlan:
    return next(iter(hand_overs.plans.values()))


@pytest.mark.parametrize(
    "form", [*FORMS, "<tel:+867150000024>", "07150000024>", "sip:7150000024;phone-context=+86@ims"]
)
async def test_the_number_that_was_dialled_names_the_grid_in_every_form(
    form: str, registry: Registry, county: Database, tmp_path: Path
) -> None:
    async with asked(registry, county, tmp_path) as (hand_overs, port):
        for channel in (Channel(port, dialled=form), Channel(port, diverting=form)):
            await channel.agi("start")
            assert channel.variables["NEXT"] == MANAGER
        by_query = Channel(port)
        await by_query.agi(f"start?dialled={quote(form)}")
        assert by_query.variables["NEXT"] == MANAGER
        assert {plan.facts.dialled or plan.facts.diverting for plan in hand_overs.plans.values()} == {BOARD}


@pytest.mark.parametrize(
    ("written", "caller"),
    [
        ("+8613971800123", "13971800123"), ("013971800123", "13971800123"), ("1259313971800123", "13971800123"),
        ("3391234", "07153391234"), ("7153391234", "07153391234"), ("+867153391234", "07153391234"), ("anonymous", ""),
        ("unknown", ""), ("<unknown>", ""), ("95598", "95598"),
    ],
)  # fmt: skip
async def test_whoever_calls_is_called_back_with_his_area_code(
    written: str, caller: str, registry: Registry, county: Database, tmp_path: Path
) -> None:
    async with asked(registry, county, tmp_path) as (hand_overs, port):
        await Channel(port, caller=written or "unknown").agi("start")
        assert plan_of(hand_overs).facts.caller == caller


async def test_an_extension_of_the_dial_plan_is_nobodys_number(
    registry: Registry, county: Database, tmp_path: Path
) -> None:
    async with asked(registry, county, tmp_path) as (hand_overs, port):
        await Channel(port, dialled="s").agi("start?dialled=s")
        assert plan_of(hand_overs).facts.dialled == ""


@pytest.mark.parametrize("form", FORMS)
def test_by_sip_it_is_the_same(form: str, registry: Registry) -> None:
    invite = (
        f"INVITE sip:{form}@10.0.0.9 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:x@10.0.0.1>;tag=1\r\n"
        f"To: <sip:{form};user=phone@10.0.0.9>\r\nP-Asserted-Identity: <tel:3391234;phone-context=+86715>\r\n"
        f"Diversion: <tel:{form}>;reason=no-answer\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    facts = facts_of(parse(invite.encode())).in_full(registry.area_code)
    assert (facts.caller, facts.dialled, facts.diverting) == ("07153391234", BOARD, BOARD)
    assert registry.grid_of_number(facts.dialled) == "24"


async def test_who_forwards_to_us_is_known_in_every_form(registry: Registry, county: Database, tmp_path: Path) -> None:
    async with asked(registry, county, tmp_path) as (hand_overs, port):
        channel = Channel(port, dialled=BOARD)
        await channel.agi("start")
        await channel.agi("next")
        assert channel.variables["NEXT"] == MANAGER
        for form in ("+8613900000001", "13900000001", "013900000001", "008613900000001"):
            again = Channel(port, diverting=form)
            await again.agi("start")
            assert again.variables.get("GEGE") == "busy"
            assert hand_overs.circles(CallFacts("1", "13971800123", "", form).in_full("0715"))


def test_staff_and_households_are_rung_with_their_area_code(county: Database) -> None:
    from bot.grid.models import Staff

    with county.session() as session:
        session.get_one(Staff, "M1").phone = "3391234"
    assert Registry.load(county, "0715").staff("24", "manager")[0].phone == "07153391234"
