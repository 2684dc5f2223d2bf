"""No column stands in a table without a word on whose it is, why, and when it goes."""

from __future__ import annotations

import dataclasses

from sqlalchemy import Column, Integer, MetaData, String, Table, inspect

from bot.database import Database
from bot.privacy.record import as_markdown, lacking, the_record
from bot.privacy.tables import tables
from bot.settings import PROJECT
from tests.tickets.county import on_sqlite

BEGIN, END = "<!-- record -->", "<!-- end of record -->"


def test_every_column_of_every_table_is_said() -> None:
    assert list(lacking(the_record(), tables())) == []


@on_sqlite
def test_the_record_knows_every_table_that_a_site_has(database: Database) -> None:
    assert set(inspect(database.engine).get_table_names()) - {"alembic_version"} == set(tables())


def test_a_column_without_a_word_is_found() -> None:
    metadata = MetaData()
    known = {**tables(), "rating": Table("rating", metadata, Column("id", Integer), Column("mood", String))}
    found = list(lacking(the_record(), known))
    assert "rating.mood: the column is not said" in found
    assert "rating.comment: there is no such column" in found


def test_a_table_without_a_word_is_found() -> None:
    diary = Table("diary", MetaData(), Column("id", Integer))
    assert list(lacking(the_record(), {**tables(), "diary": diary})) == ["diary: the table is not said"]


def test_a_term_that_no_setting_counts_is_found() -> None:
    record = the_record()
    wrong = dataclasses.replace(record.tables["rating"], kept="", term="moons", since="asked_at")
    changed = dataclasses.replace(record, tables={**record.tables, "rating": wrong})
    assert any("moons_days" in one for one in lacking(changed, tables()))


def test_the_page_holds_the_record_as_it_is() -> None:
    page = (PROJECT / "docs" / "privacy.md").read_text("utf-8")
    between = page.partition(BEGIN)[2].partition(END)[0]
    assert between.strip() == as_markdown().strip(), "gege person record --markdown prints it"
