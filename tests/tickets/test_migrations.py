"""The history of the schema is one line, and ends where the tables of the code are."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.database import MIGRATIONS, Base, Database


def test_the_migrations_have_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    heads = ScriptDirectory.from_config(config).get_heads()
    assert len(heads) == 1, f"two migrations follow the same one; chain them: {heads}"


def test_the_migrated_schema_is_that_of_the_code(sqlite_database: Database) -> None:

    with sqlite_database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []
