"""An exchange that takes no call from us transfers the caller itself (REFER), or connects two calls of ours without us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from bot.bench.exchange.sip import TONE, Exchange
from bot.lines.sip.message import parameter
from tests.sip.site import site as a_site
from tests.sip.site import taker
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


async def test_a_caller_who_is_lost_by_a_transfer_is_called_back(site: Callable, caplog: Any) -> None:
    async with site() as here:
        far = here.far
        transfers(far)
        call = await here.asks_for_a_person()
        await until(lambda: far.named("REFER"))
        # Busy: the exchange has moved the caller out of our call already, and knows it no more.
        far.behave["REFER"] = lambda refer: far.answer(refer, 404)
        call.notify("486 Busy Here")
        await until(lambda: here.owed())
        assert len(far.named("REFER")) == 2 and len(far.named("INVITE")) == 1
        assert "[voice.exchange] user and password" in caplog.text


async def test_two_who_talk_are_left_to_an_exchange_that_can_connect_them(site: Callable) -> None:
    async with site() as here:
        far, manager = here.far, await taker(here.far)
        far.behave["REFER"] = lambda refer: far.answer(refer, 202)
        far.can = {"supported": "replaces, timer", "allow": "INVITE, REFER"}
        call = await here.asks_for_a_person()
        await until(lambda: far.named("REFER"))
        refer, invite = far.named("REFER")[0], far.named("INVITE")[0]
        mine = parameter(invite.get("from"), "tag")
        replaced = unquote(refer.get("refer-to").partition("?Replaces=")[2].strip(">"))
        # The tags as the exchange sees them: its own first (RFC 3891).
        assert replaced == f"{invite.call_id};to-tag=taker;from-tag={mine}"
        assert refer.call_id == call.call_id and not far.named("BYE")
        call.notify("100 Trying")
        call.notify("200 OK")
        await until(lambda: len(far.named("BYE")) == 2)  # both calls are the exchange's now
        await until(lambda: not here.telephone.hand_overs.plans or not here.server.calls)
        assert not here.owed() and len(far.named("INVITE")) == 1
        manager.transport.close()


@pytest.mark.parametrize("refused", [True, False])
async def test_gege_stays_where_the_exchange_does_not_connect_them_and_does_not_ask_again(
    site: Callable, caplog: Any, refused: bool
) -> None:
    async with site() as here:
        far, manager = here.far, await taker(here.far)
        far.behave["REFER"] = lambda refer: far.answer(refer, 603 if refused else 202)
        far.can = {"supported": "replaces", "allow": "INVITE, REFER"}
        for _ in range(2):
            call = await here.asks_for_a_person()
            await until(lambda: here.joined())
            if not refused and len(far.named("REFER")) == 0:
                await until(lambda: far.named("REFER"))
                call.notify("503 Service Unavailable")
            await asyncio.sleep(3.6)
            before = len(manager.heard)
            call.speak(TONE)
            await until(lambda before=before: any(manager.heard[before:]))
            await call.ask("BYE")
            await until(lambda: not here.server.calls)
        assert len(far.named("REFER")) == 1 and not here.owed()
        assert caplog.text.count("[voice.exchange] leave = false") == 1
        manager.transport.close()


async def test_nobody_is_transferred_where_the_site_forbids_it(site: Callable) -> None:
    async with site(exchange={"ring": "call", "leave": False}) as here:
        far = here.far
        transfers(far)
        await here.asks_for_a_person()
        await until(lambda: len(far.named("INVITE")) >= 3)
        assert not far.named("REFER")
