"""The history of the schema is one line, and ends where the tables of the code are."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot.database import MIGRATIONS, Base, Database
from bot.tickets.desk import TicketDesk
from tests.tickets.county import AT, outage


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def test_the_migrations_have_one_head() -> None:
    config = _config()
    heads = ScriptDirectory.from_config(config).get_heads()
    assert len(heads) == 1, f"two migrations follow the same one; chain them: {heads}"


def test_the_migrated_schema_is_that_of_the_code(sqlite_database: Database) -> None:

    with sqlite_database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []


def test_a_site_that_upgrades_keeps_its_tickets_and_their_history(county: Database) -> None:
    desk, config = TicketDesk(county), _config()
    number = desk.report(outage(utterance_id="u1"), AT).ticket_no
    with county.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            connection.connection.execute("PRAGMA foreign_keys=OFF")
        config.attributes["connection"] = connection
        command.downgrade(config, "0019")
        if sqlite:
            connection.connection.execute("PRAGMA foreign_keys=ON")
    county.migrate()
    found = desk.ticket(number)
    assert found and found.said == "沿河路二百零六号停电了"
    assert [one.kind for one in desk.activities(number)] == ["reported"]
    with county.session() as session:
        if session.connection().dialect.name == "sqlite":
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
            assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert desk.report(outage(utterance_id="u1"), AT).ticket_no == number
    assert desk.report(outage(utterance_id="u1", kind="arrears"), AT).ticket_no != number
