"""`make quick` sees every room."""

from __future__ import annotations

import pytest

from tests.conftest import ROOMS


def test_every_room_has_a_test_that_is_quick(request: pytest.FixtureRequest) -> None:
    """Of the rooms that were collected whole; a run of some files judges nobody."""
    rooms = request.config.stash[ROOMS]
    assert [room for room, quick in rooms.items() if not quick] == []
