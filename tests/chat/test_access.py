"""Page and messenger open a case to those to whom the desk opens it, and to nobody else."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.chat.awaited_word import Waiting
from bot.chat.staff import StaffChat
from bot.chat.store import ChatShelf
from bot.chat.takeover import Takeovers
from bot.chat.words import words
from bot.database import Database, now
from bot.doors.devices import Devices
from bot.grid.registry import Registry
from bot.notify.links import Links, Purpose
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.web.signing_in import SignIn
from tests.tickets import who_may
from tests.tickets.county import county, on_sqlite
from tests.web.two_grids import KEY, StaffSite, staff_app, ticket_routes

__all__ = ["county"]


@on_sqlite
@pytest.mark.parametrize("name", who_may.SEES)
async def test_page_and_messenger_agree_about_every_case(county: Database, tmp_path: Path, name: str) -> None:
    at, desk = now(), TicketDesk(county)
    who_may.people(county)
    number = who_may.case(desk, name, at)
    who_may.leave(county, at)
    registry, links = Registry.load(county), Links(KEY, county)
    chat = StaffChat(
        desk,
        registry,
        links,
        ZoneInfo("Asia/Shanghai"),
        Waiting(county),
        ChatShelf(county, tmp_path),
        Takeovers(county),
    )
    sign_in = SignIn(Devices(county))
    routes = ticket_routes(county, desk, registry, sign_in, Settings(home=tmp_path))
    seen, written_to = set(), set()
    for who in who_may.EVERYBODY:
        async with TestClient(TestServer(staff_app(county, registry, desk, sign_in, *routes))) as client:
            site = StaffSite(client, links, desk, county)
            await site.sign_in(who)
            status, _ = await site.get(f"/desk/{number}")
            assert status in (200, 403)
            seen |= {who} if status == 200 else set()
        said = words().staff
        told = chat.press(who, f"wrong:{number}", at=at).text
        written_to |= {who} if told == said.ask_wrong.format(no=number) else set()
        assert who in written_to or told in (said.not_yours, said.refused)
    assert seen == written_to == who_may.SEES[name]


@on_sqlite
@pytest.mark.parametrize("name", ["of grid 7", "of no grid", "a complaint about M1"])
async def test_a_link_that_came_into_other_hands_does_nothing(county: Database, tmp_path: Path, name: str) -> None:
    desk = TicketDesk(county)
    number, links, registry = who_may.case(desk, name), Links(KEY, county), Registry.load(county)
    app = staff_app(county, registry, desk, SignIn(Devices(county)))
    async with TestClient(TestServer(app)) as client:
        response = await client.post(f"/t/{links.token(Purpose.take, number, 'M1')}")
        assert "这张单不归您的网格管" in await response.text()
    assert desk.ticket(number).state == "reported"  # type: ignore[union-attr]
