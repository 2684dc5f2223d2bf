"""`gege converse` holds whole conversations on a copy of the site, with hours that pass in no time."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app.conversations import Conversations, NotNow
from bot.app.parts import Parts, open_site, running
from bot.app.site_copy import CannotCopy, copied
from bot.database import now
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk, TicketRefused
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from tests.dialogue.test_stories import lonely_house

CALLER = "13012000028"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(county: Path, dialogue_model: Path) -> AsyncIterator[Parts]:
    with copied(Settings(home=county)) as settings:
        async with running(settings, relay=False) as started:
            yield started


@pytest.fixture(scope="module")
def place(service: Parts) -> str:
    """A house that stands alone in a street of one community."""
    return lonely_house(service)[0]


@pytest_asyncio.fixture(loop_scope="module")
async def talks(service: Parts) -> AsyncIterator[Conversations]:
    conversations = Conversations(service, own=True)
    await conversations.fresh()
    yield conversations
    await conversations.fresh()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_turn_tells_what_stays_open_and_which_ticket_it_opened(talks: Conversations, place: str) -> None:
    asked = await talks.turn("a", f"停电了,{place}", caller=CALLER)
    assert asked.reply.question == "confirmed" and asked.tickets == ()
    logged = await talks.turn("a", "对", caller=CALLER)
    [card] = await talks.tickets()
    assert logged.tickets == (card["ticket_no"],) and logged.reply.question is None
    assert (card["kind"], card["state"], card["place"]) == ("outage", "reported", place)
    assert card["owner"] in card["told"] and card["said"] == f"停电了,{place}"


async def test_the_next_turn_names_a_ticket_only_when_it_changes_it(talks: Conversations, place: str) -> None:
    await talks.turn("a", f"停电了,{place}", caller=CALLER)
    [opened] = (await talks.turn("a", "对", caller=CALLER)).tickets
    asked = await talks.turn("a", "来电了,不用来了", caller=CALLER)
    assert asked.tickets == () and asked.reply.question == "cancel"
    assert (await talks.turn("a", "对", caller=CALLER)).tickets == (opened,)


async def test_a_call_that_breaks_off_is_owed_a_call_back(talks: Conversations, service: Parts) -> None:
    await talks.turn("a", "屋里停电了", caller=CALLER, channel=Channel.phone)
    assert [call.caller for call in service.desk.open_calls()] == [CALLER]
    [number] = await talks.hang_up("a")
    [card] = await talks.tickets()
    assert (card["ticket_no"], card["kind"]) == (number, "callback") and service.desk.open_calls() == []


async def test_a_call_that_was_settled_is_owed_nothing(talks: Conversations, service: Parts, place: str) -> None:
    for text in (f"停电了,{place}", "对"):
        await talks.turn("a", text, caller=CALLER, channel=Channel.phone)
    assert await talks.hang_up("a") == [] and len(await talks.tickets()) == 1 and service.desk.open_calls() == []


async def test_a_chat_that_stops_half_way_becomes_a_ticket_and_the_name_begins_anew(talks: Conversations) -> None:
    await talks.turn("a", "屋里停电了", caller=CALLER, channel=Channel.telegram)
    [number] = await talks.hang_up("a")
    [card] = await talks.tickets()
    assert (card["ticket_no"], card["kind"], card["said"]) == (number, "outage", "屋里停电了")
    assert (await talks.turn("a", "您好")).reply.question is None


async def test_a_conversation_keeps_its_channel(talks: Conversations) -> None:
    await talks.turn("a", "您好", channel=Channel.web)
    with pytest.raises(NotNow):
        await talks.turn("a", "您好", channel=Channel.phone)


async def test_hours_pass_and_what_is_due_is_done_when_it_is_due(talks: Conversations, place: str) -> None:
    for text in ("电线断了掉在路上", place):
        await talks.turn("a", text, caller=CALLER)
    [first] = await talks.tickets()
    before = now()
    assert await talks.wait(dt.timedelta(minutes=30)) >= 3
    assert dt.timedelta(minutes=30) <= now() - before < dt.timedelta(minutes=31)
    [later] = await talks.tickets()
    assert len(later["told"]) > len(first["told"])


async def test_a_form_that_rests_becomes_a_ticket_while_hours_pass(talks: Conversations) -> None:
    await talks.turn("a", "屋里停电了", caller=CALLER)
    await talks.wait(dt.timedelta(minutes=20))
    assert await talks.tickets() == []
    await talks.wait(dt.timedelta(minutes=20))
    assert [card["kind"] for card in await talks.tickets()] == ["outage"]


async def test_staff_act_as_the_owner_unless_somebody_is_named(talks: Conversations, place: str) -> None:
    await talks.turn("a", f"停电了,{place}", caller=CALLER)
    [number] = (await talks.turn("a", "对", caller=CALLER)).tickets
    taken = await talks.press("acknowledge", number)
    assert (taken.state, taken.who) == ("acknowledged", taken.owner)
    assert (await talks.press("resolve", number)).state == "resolved"
    with pytest.raises(TicketRefused):
        await talks.press("resolve", number, by="nobody")
    with pytest.raises(TicketRefused):
        await talks.press("resolve", "GD9")


async def test_what_staff_are_told_of_a_household_stands_among_the_facts(talks: Conversations, service: Parts) -> None:
    owing = next(
        number
        for number in service.registry.county.numbers
        if (card := service.registry.household(number)) and card.balance < 0 and "vulnerable" in card.tags
    )
    service.desk.report(
        Report(kind="outage", said="停电了", session="s", caller=Caller.by(Channel.phone), household_no=owing)
    )
    [card] = await talks.tickets()
    assert card["facts"]["vulnerable"] is True and card["facts"]["owed"]["months"] >= 0


async def test_fresh_leaves_the_county_and_nothing_else_and_is_quick(
    talks: Conversations, service: Parts, place: str
) -> None:
    households = service.registry.county.size
    for text in ("电线断了掉在路上", place):
        await talks.turn("a", text, caller=CALLER, channel=Channel.phone)
    await talks.wait(dt.timedelta(hours=8))
    began = time.process_time()  # what it costs, whatever else the machine does
    await talks.fresh()
    assert time.process_time() - began < 0.3
    assert await talks.tickets() == [] and service.desk.open_calls() == []
    assert abs(now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=1)
    # What was begun under the old name is forgotten, and the county still serves.
    assert (await talks.turn("a", f"停电了,{place}", caller=CALLER)).reply.question == "confirmed"
    assert service.registry.county.size == households


async def test_a_sites_home_is_neither_emptied_nor_moved_in_time(service: Parts) -> None:
    here = Conversations(service, own=False)
    with pytest.raises(NotNow):
        await here.fresh()
    with pytest.raises(NotNow):
        await here.wait(dt.timedelta(minutes=1))


async def test_a_span_that_makes_no_sense_is_refused(talks: Conversations) -> None:
    for minutes in (-1, 60 * 24 * 400):
        with pytest.raises(NotNow):
            await talks.wait(dt.timedelta(minutes=minutes))


def _contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.iterdir() if file.is_file()}


async def test_the_copied_home_stays_as_it_was(county: Path, tmp_path: Path) -> None:
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, tmp_path)
    before = _contents(tmp_path)
    with copied(Settings(home=tmp_path)) as settings:
        copy = open_site(settings)
        TicketDesk(copy).report(Report(kind="outage", said="停电了", session="s", caller=Caller.by(Channel.phone)))
        copy.dispose()
        assert settings.home != tmp_path
    assert _contents(tmp_path) == before and not settings.home.exists()


async def test_a_copy_holds_what_a_running_service_has_just_written(tmp_path: Path) -> None:
    site = open_site(Settings(home=tmp_path))
    number = (
        TicketDesk(site)
        .report(Report(kind="outage", said="停电了", session="s", caller=Caller.by(Channel.phone)))
        .ticket_no
    )
    try:
        with copied(Settings(home=tmp_path)) as settings:
            copy = open_site(settings)
            assert TicketDesk(copy).ticket(number) is not None
            copy.dispose()
    finally:
        site.dispose()


async def test_a_copy_of_a_site_reaches_nobody(tmp_path: Path) -> None:
    site = Settings.model_validate(
        {"home": tmp_path, "dialogue": {"adapter": "http"}, "notify": {"telegram": {"token": "1:x"}}}
    )
    with copied(site) as settings:
        assert settings.dialogue.adapter == "embedded" and not settings.notify.telegram.token


async def test_what_is_no_file_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(CannotCopy, match="--here"), copied(Settings(home=tmp_path, database="postgresql://h/gege")):
        pass
