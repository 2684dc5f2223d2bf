"""Calling out through a real Asterisk with the files that are shipped: how ringing ended, and whose number is seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.bench.exchange.installed import SECRET, Site
from bot.bench.exchange.sip import Exchange, exchange
from bot.lines.ami import AmiAccount, check
from bot.lines.ami_dialler import AmiDialler
from tests.calling.ami_double import listening
from tests.exchange.needed import needs_asterisk
from tests.waiting import until

pytestmark = [needs_asterisk, pytest.mark.slow]
SHOWN = "07153390000"
STATUS = {
    486: "busy",
    600: "busy",
    603: "declined",
    404: "unreachable",
    480: "no_answer",
    403: "refused",
    503: "refused",
}


@pytest.fixture
async def rung(tmp_path: Path) -> AsyncIterator[tuple[AmiDialler, Exchange, Site]]:
    async with exchange() as far, listening() as audio:
        site = Site(tmp_path, far.host, 1, audio.port)
        far.gege = ("127.0.0.1", site.sip)
        try:
            await site.start()
            account = AmiAccount("127.0.0.1", site.ami, "gege", SECRET)
            assert await check(account) == "", "the shipped account has every right that is needed"
            yield AmiDialler([account], audio, shown=SHOWN, audiosocket=f"127.0.0.1:{audio.port}"), far, site
        finally:
            await site.stop()


async def test_what_a_trunk_answers_is_what_staff_are_told_and_the_companys_number_is_seen(
    rung: tuple[AmiDialler, Exchange, Site],
) -> None:
    dialler, far, _ = rung
    for status, outcome in STATUS.items():
        far.behave["INVITE"] = lambda invite, status=status: far.answer(invite, status)
        found = await dialler.ring(f"13900000{status}", 5)
        assert (found.outcome, found.detail[:3]) == (outcome, str(status))
    for invite in far.named("INVITE"):
        assert f"sip:{SHOWN}@" in invite.get("from") + invite.get("p-asserted-identity")
        assert "anonymous" not in invite.get("from").lower()


async def test_who_does_not_take_it_in_time_and_who_is_not_wanted_any_more_stop_ringing(
    rung: tuple[AmiDialler, Exchange, Site],
) -> None:
    dialler, far, _ = rung
    far.behave["INVITE"] = lambda invite: far.answer(invite, 180)
    assert (await dialler.ring("13900000001", 1)).outcome == "no_answer"
    await until(lambda: len(far.named("CANCEL")) == 1, 5)
    ringing = asyncio.create_task(dialler.ring("13900000002", 30))
    await until(lambda: len(far.named("INVITE")) == 2, 5)
    await asyncio.sleep(0.2)
    ringing.cancel()
    await until(lambda: len(far.named("CANCEL")) == 2, 5)
    await asyncio.gather(ringing, return_exceptions=True)


async def test_an_asterisk_that_is_killed_while_it_rings_holds_nobody_up(
    rung: tuple[AmiDialler, Exchange, Site],
) -> None:
    dialler, far, site = rung
    far.behave["INVITE"] = lambda invite: far.answer(invite, 180)
    ringing = asyncio.create_task(dialler.ring("13900000001", 30))
    await until(lambda: far.named("INVITE"), 5)
    await site.stop()
    found = await asyncio.wait_for(ringing, 10)
    assert found.outcome == "failed" and "is not reached" in found.detail
