"""The web application: the first page, its API, and what guards both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.dialogue.port import Dialogue
from bot.grid.dialled import GridNumbers
from bot.grid.location import PersonCard
from bot.lines.line import CallFacts, Line
from bot.notify.links import site_key
from bot.settings import Settings
from bot.speech.ear_card import EarCard
from bot.speech.port import Recogniser
from bot.speech.speak import Voice
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.unclear import Intake, intake_of
from bot.voice.call import PhoneCall
from bot.voice.events import Watcher
from bot.voice.repertoire import Repertoire
from bot.web import assets
from bot.web.cases import Browsers, Cases
from bot.web.conversation import Conversation
from bot.web.demo import Demo
from bot.web.guard import guard
from bot.web.origin import Origins
from bot.web.own_reports import OwnReports
from bot.web.phone import BrowserPhone, RunCall
from bot.web.resident import ResidentPages
from bot.web.signing_in import SignIn
from bot.web.studio import StaffOf, Studio
from bot.web.waiting import WaitingTurns

#: of a request, bytes; a take of the studio is the longest
MAX_BODY = 10 * 1024 * 1024


class Screen(Protocol):
    """Pages of one subject."""

    def routes(self) -> list[web.RouteDef]: ...


@dataclass(frozen=True)
class StaffSide:
    """The pages of the desk, and who has signed in there."""

    sign_in: SignIn
    routes: Sequence[web.RouteDef]
    #: lets go of the pages that are open, when the service stops
    close: Callable[[web.Application], Awaitable[None]]


def make_app(
    dialogue: Dialogue,
    recogniser: Recogniser | None,
    voice: Voice | None,
    desk: TicketDesk,
    registry: GridNumbers,
    settings: Settings,
    *,
    intake: Intake | None = None,
    hosts: Sequence[str] = (),
    staff: StaffSide | None = None,
    run_call: RunCall | None = None,
    staff_of: StaffOf | None = None,
    repertoire: Repertoire | None = None,
    sample: Callable[[], bool] = lambda: False,
    ear: EarCard | None = None,
    managers: Callable[[str], Sequence[PersonCard]] = lambda _: (),
    waiting: WaitingTurns | None = None,
) -> web.Application:
    """The application; `recogniser` and `voice` may be missing, the page then offers only writing.

    `hosts`: names that the site is reached by, beside loopback and what the settings say; `staff`: the pages of
    the desk, and who has signed in there; `run_call`: how a call of a browser is run, PhoneCall with these parts by default;
    `staff_of`: who of the staff has signed in, by default what `staff` says; `repertoire`: what can be recorded here;
    `sample`: whether everybody in the county is invented, so that /demo may show staff's side; `ear`: what is known of
    the recogniser, which the pages tell; `managers`: whom the notice board of a grid names; `waiting`: who keeps those
    that write while too many do, whose background the caller runs."""
    intake = intake or intake_of(desk, registry)
    if run_call is None and recogniser is not None and voice is not None:
        run_call = _calls(dialogue, recogniser, voice, desk, intake, settings)
    cases = Cases(desk, settings.site)
    origins = Origins(site_key(settings.home), settings.web.proxies)
    conversation = Conversation(
        dialogue, voice, settings, intake, cases, hears=run_call is not None, origins=origins, waiting=waiting
    )
    browsers = Browsers(secure=settings.web.public_url.startswith("https:"))
    pages = ResidentPages(conversation, cases, browsers, registry, settings, ear, managers)
    own = OwnReports(pages, conversation, cases, browsers, desk, sends=_writes(settings))
    demo = Demo(sample, pages, cases, desk, ZoneInfo(settings.site.timezone), ear)
    phone = BrowserPhone(run_call, cases, settings.phone, demo.is_open, origins)
    staff_of = staff_of or (staff.sign_in.staff_of if staff is not None else None)
    studio = Studio(settings, voice, repertoire or Repertoire(settings.site), staff_of)
    middlewares = [guard((*site_hosts(settings), *hosts)), *([staff.sign_in.middleware] if staff is not None else [])]
    app = web.Application(client_max_size=MAX_BODY, middlewares=middlewares)
    app.on_shutdown.append(phone.close)
    for part in (pages, own, conversation, phone, studio, demo):
        app.router.add_routes(part.routes())
    if staff is not None:
        app.router.add_routes(staff.routes)
        app.on_shutdown.append(staff.close)
    app.router.add_routes(assets.routes())
    return app


def site_hosts(settings: Settings) -> list[str]:
    """The names that the settings say the site is reached by."""
    public = [urlsplit(url).hostname for url in (settings.web.public_url, settings.notify.telegram.webhook)]
    return [settings.web.host, *settings.web.hosts, *filter(None, public)]


def _writes(settings: Settings) -> bool:
    """Whether something can be sent to whoever reported by telephone or messenger."""
    notify = settings.notify
    return bool(notify.webhook.url or notify.telegram.token or notify.wecom.kf_secret)


def _calls(
    dialogue: Dialogue, recogniser: Recogniser, voice: Voice, desk: TicketDesk, intake: Intake, settings: Settings
) -> RunCall:
    async def run(line: Line, facts: CallFacts, watcher: Watcher) -> None:
        call = PhoneCall(
            line,
            facts,
            dialogue=dialogue,
            recogniser=recogniser,
            voice=voice,
            desk=desk,
            intake=intake,
            settings=settings,
            watcher=watcher,
            front_end="browser",
        )
        await call.run()

    return run
