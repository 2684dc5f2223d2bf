"""A SIP call is a row before a word is spoken, also when others write: whoever has heard Gege is called back (promise 7)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import select

from bot.database import Database
from bot.tickets.models import Call
from tests.busy_database import busy
from tests.sip.site import site as a_site
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.waiting import until

county, site = small_county, a_site
pytestmark = [on_sqlite, pytest.mark.slow]  # A call in real time.


def loud(pcm: bytearray) -> bool:
    return len(pcm) > 0 and int(np.abs(np.frombuffer(bytes(pcm), "<i2").astype(np.int32)).max()) > 200


async def test_nothing_is_heard_of_gege_before_the_call_is_kept(site: Callable, county: Database) -> None:
    async with site() as here:
        with busy(county, 0.7):
            call = await here.far.call()
            await until(lambda: loud(here.far.sound.heard))
            with county.reading() as session:
                assert session.scalars(select(Call.front_end)).all() == ["sip"]
        await call.ask("BYE")
