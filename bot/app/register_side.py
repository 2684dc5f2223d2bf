"""The register, put together: its kinds, what makes tasks of them, and its screens."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from bot.app.parts import Parts
from bot.doors.looks import Looks
from bot.grid.search import HouseholdSearch
from bot.register import figures
from bot.register.book import Book
from bot.register.changing import Changing
from bot.register.day import Days
from bot.register.due import Diary
from bot.register.kind_files import read_kinds
from bot.register.photos import Photos
from bot.register.survey import Survey
from bot.register.wishes import Wishes
from bot.tickets.lists import Lists
from bot.web.app import Screen
from bot.web.desk.layout import Desk
from bot.web.desk.register import RegisterPage
from bot.web.desk.register_day import DayLines, DayPage
from bot.web.desk.register_edit import RegisterEditPages
from bot.web.desk.register_entry import RegisterEntryPages
from bot.web.desk.register_survey import SurveyPage
from bot.web.desk.register_wishes import WishesPage
from bot.web.desk.report import FurtherOf

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RegisterSide:
    """What other screens show of the register, and its own screens."""

    book: Book
    day: DayLines
    further: FurtherOf
    screens: list[Screen]


def register_side(service: Parts, desk: Desk, looks: Looks, search: HouseholdSearch, lists: Lists) -> RegisterSide:
    """Starts what makes tasks, too. A site's file of a kind that is wrong is left out, told to the log and to its page."""
    database, registry, home = service.database, service.registry, service.settings.home
    zone = ZoneInfo(service.settings.site.timezone)
    kinds = read_kinds(home)
    for problem in kinds.problems:
        log.error("%s", problem)
    book, day = Book(database, kinds), DayLines(Days(database, kinds), kinds, zone)
    service.backgrounds.start(Diary(database, kinds, zone).background)
    changing, wishes = Changing(database, kinds), Wishes(database, kinds, service.desk)
    return RegisterSide(
        book, day, partial(figures.of_month, database, kinds),
        [
            RegisterPage(desk, book, looks, zone),
            RegisterEntryPages(desk, book, changing, wishes, Photos(home), registry, search, looks, zone),
            RegisterEditPages(desk, book, changing, Photos(home), zone),
            DayPage(desk, lists, day),
            WishesPage(desk, book, looks, zone),
            SurveyPage(desk, Survey(database, kinds), registry, looks, zone),
        ],
    )  # fmt: skip
