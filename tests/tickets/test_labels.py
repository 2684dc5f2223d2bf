"""One table of names: a kind, a state, a role is called the same in every message and on every page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.grid.models import Role
from bot.grid.role_names import role_names
from bot.settings import PROJECT
from bot.tickets.kinds import all_kinds
from bot.tickets.labels import labels
from bot.tickets.models import Kind, State

TABLES = ("bot/tickets/labels.yml", "bot/grid/data/roles.yml")


def tables(value: Any, where: str) -> Iterator[tuple[str, dict[Any, Any]]]:
    """Every mapping of a YAML file, with its place."""
    if isinstance(value, dict):
        yield where, value
        for key, one in value.items():
            yield from tables(one, f"{where}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from tables(one, where)


def chinese(value: Any) -> bool:
    return isinstance(value, str) and any("\u4e00" <= one <= "\u9fff" for one in value)


def names_again(file: Path, names: set[str]) -> list[str]:
    """Where a file has Chinese words of its own for three or more of `names`."""
    return [
        where
        for where, table in tables(yaml.safe_load(file.read_text("utf-8")), str(file.relative_to(PROJECT)))
        if len({key for key in table if key in names and chinese(table[key])}) >= 3
    ]


def test_every_kind_state_and_role_has_its_name() -> None:
    names = labels()
    assert set(names.kinds) == set(all_kinds())
    assert set(names.states) == {str(one) for one in State}
    assert set(role_names()) == {str(one) for one in Role}
    assert {str(one) for one in State} - {State.reported} <= set(names.activities)
    assert len({one.written for one in names.kinds.values()}) == len(all_kinds())


def test_no_other_file_has_names_of_its_own_for_kinds_states_and_roles() -> None:
    vocabularies = [{str(one) for one in words} for words in (Kind, State, Role)]
    files = [
        file
        for room in ("bot", "actions")
        for file in (PROJECT / room).rglob("*.yml")
        if str(file.relative_to(PROJECT)) not in TABLES
    ]
    assert len(files) > 20
    assert [where for file in files for names in vocabularies for where in names_again(file, names)] == []
