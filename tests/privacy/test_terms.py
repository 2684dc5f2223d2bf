"""Nothing of a person stays for ever."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from bot.database import Database
from bot.privacy.tables import tables
from bot.privacy.terms import sweep
from bot.settings import Settings
from tests.privacy.somebody import BORN, Somebody, traces
from tests.tickets.county import on_sqlite

#: what waits to be handled goes when it is handled
WAITS = ("kept_update", "owed_answer", "waiting_turn")
YEARS = dt.timedelta(days=3653)


def everything(database: Database, site: Settings, at: dt.datetime) -> None:
    """All that forgets, as the service runs it once a day."""
    from functools import partial

    from bot.chat.store import ChatShelf
    from bot.dialogue.old import forget_dialogues
    from bot.notify.tidy import tidy
    from bot.recordings.room import delete_expired
    from bot.tickets.desk import TicketDesk
    from bot.tickets.life import flooding

    for one in (
        partial(sweep, site, database), ChatShelf(database, site.home).tidy, TicketDesk(database).following.forget,
        partial(forget_dialogues, database, site.dialogue.keep_days),
        partial(flooding.forget, database, dt.timedelta(minutes=site.service.floods.window_min)),
    ):  # fmt: skip
        one(at)
    tidy(database, at, site.notify.keep_days)
    delete_expired(site, database, at)


def test_ten_years_on_nothing_of_a_person_is_left(database: Database, site: Settings, somebody: Somebody) -> None:
    everything(database, site, BORN + YEARS)
    assert [one for one in traces(database, site, somebody) if not one.startswith(WAITS)] == []


@on_sqlite
def test_within_its_term_everything_stays(database: Database, site: Settings, somebody: Somebody) -> None:
    before = traces(database, site, somebody)
    assert not sweep(site, database, BORN + dt.timedelta(days=6))
    assert traces(database, site, somebody) == before


@on_sqlite
def test_words_go_before_their_case_and_the_case_before_its_figures(
    database: Database, site: Settings, somebody: Somebody
) -> None:
    sweep(site, database, BORN + dt.timedelta(days=site.privacy.words_days + 1))
    with database.reading() as session:
        ticket = session.execute(select(tables()["ticket"])).mappings().one()
        assert session.scalars(select(tables()["utterance"].c.id)).all() == []
    assert ticket["said"] == somebody.word and ticket["utterance_id"] is None


@on_sqlite
def test_a_case_that_is_not_settled_is_never_touched(database: Database, site: Settings, somebody: Somebody) -> None:
    with database.session() as session:
        session.execute(tables()["ticket"].update().values(state="reported"))
    sweep(site, database, BORN + YEARS)
    with database.reading() as session:
        assert session.scalars(select(tables()["ticket"].c.said)).all() == [somebody.word]


@on_sqlite
def test_what_was_forgotten_is_not_forgotten_again(database: Database, site: Settings, somebody: Somebody) -> None:
    assert sweep(site, database, BORN + YEARS)
    assert not sweep(site, database, BORN + YEARS)
