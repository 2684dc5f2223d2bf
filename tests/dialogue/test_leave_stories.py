"""Who asks for their manager while that one is on leave hears of whoever stands in."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from bot.app.parts import Parts
from bot.database import now
from bot.grid.leave import write_leave
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard

# the service lives in the loop of its module
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_stands_in_is_named_with_their_number(service: Parts) -> None:
    registry = service.registry
    grid_no, manager = registry.managers()[0]
    other = next(one for _, one in registry.managers() if one.staff_no != manager.staff_no)
    day = dt.timedelta(days=1)
    write_leave(service.database, manager.staff_no, other.staff_no, now() - day, now() + day)
    heard = Heard(
        uuid.uuid4().hex,
        uuid.uuid4().hex,
        "我们这里的网格员是哪个",
        alternatives=(),
        dialled=f"grid_{grid_no}",
        caller=Caller.by("terminal", ""),
    )
    said = (await service.dialogue.turn(heard)).text
    assert other.phone in said and manager.phone not in said
