"""The desk, put together: the way in, and every screen with what it needs."""

from __future__ import annotations

import datetime as dt
from functools import partial
from zoneinfo import ZoneInfo

from bot.app.parts import Parts
from bot.app.register_side import register_side
from bot.calling.call_backs import CallBacks
from bot.chat.store import ChatShelf, NotAPicture, shut
from bot.database import Database
from bot.doors.devices import Devices
from bot.doors.looks import Looks
from bot.doors.passwords import Passwords
from bot.doors.shutting import Shutting
from bot.grid.occupied import Occupations
from bot.grid.portraits import Portraits
from bot.grid.registry import Registry
from bot.grid.search import HouseholdSearch
from bot.learning.book import CorrectionBook
from bot.tickets.cards import TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.dismissing import dismiss
from bot.tickets.lists import Lists
from bot.tickets.outside import Outside
from bot.web.app import Screen, StaffSide
from bot.web.calls import CallPages
from bot.web.desk.boards import BoardPages
from bot.web.desk.busy import BusySwitch
from bot.web.desk.door import DoorPages
from bot.web.desk.home import HomePage
from bot.web.desk.households import HouseholdPages
from bot.web.desk.imports import ImportPages
from bot.web.desk.layout import Desk
from bot.web.desk.live import Live
from bot.web.desk.new import NewPage
from bot.web.desk.offline import OfflinePages
from bot.web.desk.people import PeoplePages
from bot.web.desk.plan import PlanPage
from bot.web.desk.report import ReportPage
from bot.web.desk.roster import RosterPages
from bot.web.desk.shadow import ShadowPage
from bot.web.desk.ticket import TicketPage
from bot.web.desk.ticket_more import TicketMore
from bot.web.desk.ticket_steps import TicketSteps
from bot.web.desk.told import Told
from bot.web.desk.tryout import TryOut
from bot.web.desk.wall import WallPage
from bot.web.learning import LearningPages
from bot.web.message_links import MessageLinks
from bot.web.outside_api import OutsideApi
from bot.web.signing_in import SignIn
from bot.web.staff import StaffPages


def staff_side(service: Parts, call_backs: CallBacks | None) -> StaffSide:
    """All pages of the staff."""
    settings, database, registry = service.settings, service.database, service.registry
    zone = ZoneInfo(settings.site.timezone)
    secure = settings.web.public_url.startswith("https:")
    sign_in = SignIn(
        Devices(database), secure=secure, sample=registry.is_sample,
        desk_life=dt.timedelta(hours=settings.web.sign_in_hours),
    )  # fmt: skip
    desk = Desk(sign_in, Told(service.key, secure=secure))
    pictures, sounds = service.chats.pictures, service.chats.sounds
    looks, live = Looks(database), Live(database)
    cases = StaffPages(service.desk, registry, sign_in, looks, settings, pictures, sounds, call_backs=call_backs)
    service.backgrounds.start(live.background)
    tickets = TicketPage(
        desk, database, service.desk, registry, looks, settings, pictures=pictures, sounds=sounds,
        keep_picture=partial(keep_picture, service.chats),
    )  # fmt: skip
    busy = BusySwitch(desk, Occupations(database))
    passwords = Passwords(database, service.key, settings.site.name, earlier=service.earlier)
    hang_up = [] if call_backs is None else [call_backs.hang_up]
    shutting = Shutting(database, [shut], hang_up)
    search, lists = HouseholdSearch(database, registry), Lists(database)
    register = register_side(service, desk, looks, search, lists)

    dismisses = partial(dismissed, database, service.desk, shutting, registry)
    screens: list[Screen] = [
        MessageLinks(service.desk, registry, service.links, sign_in, zone, personal=not service.relay.in_groups),
        DoorPages(desk, sign_in, passwords, registry, zone, busy.shown),
        busy,
        PeoplePages(desk, sign_in, registry, shutting, service.links, service.chats.new_code, dismisses, zone),
        TryOut(registry.is_sample, sign_in, registry),
        HomePage(desk, lists, live, tasks=register.day.of),
        tickets,
        TicketMore(desk, service.desk),
        TicketSteps(desk, service.desk),
        OfflinePages(),
        HouseholdPages(desk, search, registry, service.desk, register.book, looks, zone),
        NewPage(desk, service.desk, registry, register.book),
        *register.screens,
        WallPage(desk, database, zone),
        ImportPages(desk, database, registry, service.desk, zone),
        RosterPages(desk, database, registry, zone),
        OutsideApi(Outside(database, service.desk), registry, settings.outside.token),
        BoardPages(desk, registry, Portraits(settings.home), settings),
        PlanPage(desk, database, registry),
        ReportPage(desk, database, registry, settings.site.name, zone, further=register.further),
        cases,
        ShadowPage(
            desk,
            database,
            service.desk,
            registry,
            looks,
            CorrectionBook(database, settings.learning.relabels_a_day),
            zone,
        ),
        LearningPages(database, cases, sign_in, settings),
        CallPages(database, service.desk, sign_in, settings),
    ]
    return StaffSide(sign_in, [route for screen in screens for route in screen.routes()], live.close)


def dismissed(
    database: Database, desk: TicketDesk, shutting: Shutting, registry: Registry, staff_no: str, to: str, by: str
) -> int:
    """Somebody leaves: what they have goes to another, and every door of theirs is shut; → how many tickets went over.
    Raises TicketRefused. Blocks."""
    gone = dismiss(database, desk, staff_no, to, by)
    shutting.shut(staff_no, by)
    registry.follow()
    return len(gone.tickets)


def keep_picture(chats: ChatShelf, ticket_no: str, data: bytes, staff_no: str) -> None:
    """A picture that staff took of a case. Raises TicketRefused for what is no picture."""
    try:
        chats.keep_picture("", ticket_no, data, staff_no)
    except NotAPicture as problem:
        raise TicketRefused("this is no picture") from problem
