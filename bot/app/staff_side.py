"""The desk, put together: the way in, and every screen with what it needs."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from bot.app.parts import Parts
from bot.calling.call_backs import CallBacks
from bot.doors.devices import Devices
from bot.doors.passwords import Passwords
from bot.web.app import Screen, StaffSide
from bot.web.calls import CallPages
from bot.web.desk.door import DoorPages
from bot.web.desk.home import HomePage
from bot.web.desk.layout import Desk
from bot.web.learning import LearningPages
from bot.web.message_links import MessageLinks
from bot.web.signing_in import SignIn
from bot.web.staff import StaffPages


def staff_side(service: Parts, call_backs: CallBacks | None) -> StaffSide:
    """All pages of the staff."""
    settings, database, registry = service.settings, service.database, service.registry
    zone = ZoneInfo(settings.site.timezone)
    sign_in = SignIn(
        Devices(database), secure=settings.web.public_url.startswith("https:"),
        desk_life=dt.timedelta(hours=settings.web.sign_in_hours),
    )  # fmt: skip
    desk = Desk(sign_in)
    cases = StaffPages(
        service.desk, registry, sign_in, settings, service.chats.pictures, service.chats.sounds, corrects=True,
        call_backs=call_backs,
    )  # fmt: skip
    passwords = Passwords(database, service.key, settings.site.name)
    screens: list[Screen] = [
        MessageLinks(service.desk, registry, service.links, sign_in, zone, personal=not service.relay.in_groups),
        DoorPages(desk, sign_in, passwords, registry, zone),
        HomePage(desk, service.desk),
        cases,
        LearningPages(database, cases, sign_in, settings),
        CallPages(database, service.desk, sign_in, settings),
    ]
    return StaffSide(sign_in, [route for screen in screens for route in screen.routes()])
