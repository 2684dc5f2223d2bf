"""Tidying takes what nobody needs any more, and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from bot.database import Database
from bot.notify.links import BadLink, Links, LinkUse, Purpose
from bot.notify.tidy import tidy
from bot.tickets.desk import TicketDesk
from bot.tickets.models import Notification, Ticket
from tests.tickets.county import AT, outage

DAYS = dt.timedelta(days=1)


def _left(database: Database) -> set[int]:
    with database.reading() as session:
        return set(session.scalars(select(Notification.id)))


def test_a_used_link_is_remembered_as_long_as_it_could_be_pressed_again(county: Database) -> None:
    links = Links(b"k" * 32, county)
    token = links.token(Purpose.done, "GD1", "M1", AT)
    links.redeem(token, AT)
    assert tidy(county, AT + 7 * DAYS, 180).links == 0
    with pytest.raises(BadLink, match="used"):
        links.redeem(token, AT + 6 * DAYS)
    assert tidy(county, AT + 9 * DAYS, 180).links == 1
    with county.reading() as session:
        assert session.scalars(select(LinkUse)).all() == []
    with pytest.raises(BadLink, match="expired"):
        links.redeem(token, AT + 9 * DAYS)


def test_old_messages_go_but_none_that_is_owed_and_none_of_an_open_case(county: Database) -> None:
    desk = TicketDesk(county)
    over, open_, owed = (desk.report(outage(session=name), AT).ticket_no for name in ("a", "b", "c"))
    with county.session() as session:
        session.execute(update(Ticket).where(Ticket.ticket_no.in_([over, owed])).values(state="closed"))
        rows = {
            ticket_no: session.scalar(
                select(Notification)
                .join(Ticket, Ticket.id == Notification.ticket_id)
                .where(Ticket.ticket_no == ticket_no)
            )
            for ticket_no in (over, open_, owed)
        }
        ids = {ticket_no: row.id for ticket_no, row in rows.items() if row is not None}
        for ticket_no in (over, open_):
            session.execute(update(Notification).where(Notification.id == ids[ticket_no]).values(state="sent"))
    assert set(ids) == {over, open_, owed}
    before = _left(county)
    assert tidy(county, AT + 29 * DAYS, 30).messages == 0
    assert tidy(county, AT + 31 * DAYS, 30).messages == 1
    assert before - _left(county) == {ids[over]}
