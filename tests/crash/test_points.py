"""No transaction ends unnoticed: every commit point of the code stands in the list that `gege bench crash` walks."""

from __future__ import annotations

import ast
import textwrap

from bot.bench.crash.points import commit_points, holders, points


def test_a_new_commit_point_has_an_entry_and_an_entry_has_a_commit_point() -> None:
    # The migration's own commit is alembic's, not one of ours.
    listed, there = points().all - {"bot.app.parts:open_site"}, commit_points()
    assert there - listed == set(), "say in bot/bench/crash/points.yml what is committed there"
    assert listed - there == set(), "these are no longer there"
    assert len(points().all) == len(points().walked) + sum(len(group.points) for group in points().beside)


def test_places_are_named_as_a_running_service_names_them() -> None:
    code = """
    class Shelf:
        def keep(self):
            with self._database.session() as session, something():
                pass
        async def settle(self, unit):
            with self._database.within(await unit):
                pass
        def listening(self):
            with recogniser.session(8000), patience(1.0):
                pass
    def outer():
        def inner():
            with database.noting():
                pass
        return inner
    """
    assert set(holders(ast.parse(textwrap.dedent(code)))) == {"Shelf.keep", "Shelf.settle", "outer.<locals>.inner"}
