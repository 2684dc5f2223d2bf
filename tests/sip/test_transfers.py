"""An exchange that takes no call from us transfers the caller itself (REFER), or connects two calls of ours without us."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.bench.exchange.sip import Exchange
from tests.sip.site import site as a_site
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.waiting import until

county, site = small_county, a_site
pytestmark = [on_sqlite, pytest.mark.slow]  # Calls in real time.
NOT_REACHED, NOBODY = "他没接到", "值班的人也没接到"


def transfers(far: Exchange) -> None:
    """It takes no call of ours, and every REFER."""
    far.behave["INVITE"] = lambda invite: far.answer(invite, 403)
    far.behave["REFER"] = lambda refer: far.answer(refer, 202)


def _numbers(far: Exchange) -> list[str]:
    return [each.get("refer-to").partition("sip:")[2].partition("@")[0] for each in far.named("REFER")]


async def test_the_exchange_is_asked_to_ring_the_manager(site: Callable) -> None:
    async with site() as here:
        far = here.far
        transfers(far)
        call = await here.asks_for_a_person()
        await until(lambda: far.named("REFER"))
        call.notify("100 Trying")
        call.notify("200 OK")
        await until(lambda: far.named("BYE"))  # he talks to the manager; we are not needed any more
        assert _numbers(far) == ["13900000001"]
        await until(lambda: not here.telephone.calls)
        assert not here.owed()


async def test_the_next_one_is_rung_and_the_caller_is_told(site: Callable) -> None:
    async with site() as here:
        far = here.far
        transfers(far)
        call = await here.asks_for_a_person()
        for count, status in enumerate(("486 Busy Here", "480 Nobody", "404 Not Found", "486 Busy", "486 Busy"), 1):
            await until(lambda count=count: len(far.named("REFER")) >= count or far.named("BYE"))
            if far.named("BYE"):
                break
            call.notify(status)
        await until(lambda: far.named("BYE"))
        assert len(set(_numbers(far))) == len(_numbers(far)) >= 3
        said = "".join(here.voice.said)
        assert NOT_REACHED in said and NOBODY in said
        await until(lambda: here.owed())
        assert here.owed()[0].reporter == "13971800123"


async def test_a_manager_who_declines_is_not_rung_a_second_time(site: Callable) -> None:
    async with site() as here:
        far = here.far
        transfers(far)
        call = await here.asks_for_a_person()
        await until(lambda: far.named("REFER"))
        call.notify("603 Decline")
        await until(lambda: len(far.named("REFER")) >= 2)
        assert len(far.named("INVITE")) == 1 and len(set(_numbers(far))) == 2


async def test_a_peer_that_leaves_without_a_word_is_no_success(site: Callable) -> None:
    async with site() as here:
        far = here.far
        transfers(far)
        call = await here.asks_for_a_person()
        await until(lambda: far.named("REFER"))
        assert (await call.ask("BYE")).code == 200
        # put through, or hung up while it rang: nobody can know, so somebody calls back
        await until(lambda: here.owed())
        assert len(far.named("REFER")) == 1
