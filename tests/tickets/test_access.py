"""One rule says who may see a case and who may handle it; the desk asks it, so that no front end can forget."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.database import Database
from bot.tickets.desk import NotYours, TicketDesk, TicketRefused
from tests.tickets import who_may
from tests.tickets.county import AT, on_sqlite


@on_sqlite
@pytest.mark.parametrize("name", who_may.SEES)
def test_a_case_is_seen_and_handled_by_those_whose_it_is(county: Database, name: str) -> None:
    who_may.people(county)
    desk = TicketDesk(county)
    number = who_may.case(desk, name)
    who_may.leave(county)
    assert {who for who in who_may.EVERYBODY if _sees(desk, number, who)} == who_may.SEES[name]
    assert {who for who in who_may.EVERYBODY if number in desk.access.seen_by(who, [number], AT)} == who_may.SEES[name]
    assert {who for who in who_may.EVERYBODY if _handles(desk, number, who)} == who_may.HANDLES[name]


@on_sqlite
def test_who_stood_in_has_the_place_no_longer_than_the_leave(county: Database) -> None:
    who_may.people(county)
    desk = TicketDesk(county)
    number = who_may.case(desk, "of grid 24")
    who_may.leave(county)
    after = AT + dt.timedelta(days=2)
    assert number in desk.access.seen_by("M3", [number], AT) and number not in desk.access.seen_by(
        "M3", [number], after
    )
    with pytest.raises(NotYours):
        desk.press(number, "acknowledge", "M3", at=after)


@on_sqlite
def test_a_stranger_on_the_list_changes_nothing_whichever_button(county: Database) -> None:
    desk = TicketDesk(county)
    number = who_may.case(desk, "of no grid")
    for button in ("acknowledge", "on_site", "resolve", "call_crew", "comment"):
        with pytest.raises(NotYours):
            desk.press(number, button, "M1", note="看看", at=AT)
    with pytest.raises(TicketRefused, match="nobody on the staff list"):
        desk.press(number, "comment", "M9", note="看看", at=AT)
    assert [one.kind for one in desk.activities(number)] == ["reported"]


def _sees(desk: TicketDesk, number: str, who: str) -> bool:
    try:
        return desk.access.look(number, who, AT) is not None
    except NotYours:
        return False


def _handles(desk: TicketDesk, number: str, who: str) -> bool:
    """Looking at the number is written down, and changes nothing that the rule goes by."""
    try:
        desk.rang(number, who, AT, note=who)
    except NotYours:
        return False
    return True
