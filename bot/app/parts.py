"""Wiring: the one place that knows everybody, and makes each part once."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app.among_services import place_of, standing_in
from bot.chat.store import ChatShelf
from bot.database import Database, database_away, now, open_database
from bot.dialogue.old import forget_dialogues
from bot.dialogue.port import Dialogue
from bot.dialogue.turns import RasaDialogue
from bot.doors.sent import Sent
from bot.foundation.background import Background, Backgrounds
from bot.foundation.errors import Refused
from bot.foundation.lateness import Lateness
from bot.foundation.phone_numbers import area_code, phone_digits
from bot.foundation.service_state import EVERY_S, file_of, forget_state, write_state
from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.learning.weekly import learning
from bot.notify.console import Console
from bot.notify.dingtalk_robot import DingTalkRobot
from bot.notify.file import File
from bot.notify.links import Links, site_keys
from bot.notify.provider import Provider
from bot.notify.relay import Relay
from bot.notify.taken import Taken, mark_taken
from bot.notify.tidy import tidying
from bot.notify.webhook import Webhook
from bot.notify.wecom import WeChat, WeCom
from bot.notify.wecom_robot import WeComRobot
from bot.privacy.terms import sweep
from bot.replicas.place import ALONE, Owner, Place, alone
from bot.settings import Settings
from bot.settings.tariff import load_tariff
from bot.tickets.desk import TicketDesk
from bot.tickets.due.audit import auditing
from bot.tickets.due.timers import watching
from bot.tickets.intake.spool import Spool
from bot.tickets.intake.unclear import ForAPerson
from bot.tickets.life import flooding
from bot.tickets.rules import Rules, rules_of
from bot.voice.repertoire import Repertoire

if TYPE_CHECKING:
    from rasa_sdk import Action

    from bot.dialogue.embedded import EmbeddedDialogue
    from bot.speech.port import Recogniser
    from bot.speech.speak import GegeVoice

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """What one running Gege is made of, each part made once."""

    settings: Settings
    database: Database
    registry: Registry
    rules: Rules
    #: signs links and sign-ins
    key: bytes
    links: Links
    #: who of the staff is there now
    present: Present
    #: the messengers' tables and files
    chats: ChatShelf
    #: what can be said, and recorded
    repertoire: Repertoire
    relay: Relay
    #: what messengers have taken, until the database knows it
    taken: Taken
    desk: TicketDesk
    #: the one way to a person for what no machine understood, and what waits when the database takes nothing
    intake: ForAPerson
    spool: Spool
    dialogue: Dialogue
    #: whose the rows are that this process works on
    owner: Owner
    #: of this process: whoever lets somebody in asks it
    lateness: Lateness
    backgrounds: Backgrounds
    #: keys of before the last rotations, which still verify (`gege keys`)
    earlier: tuple[bytes, ...] = ()


def open_site(settings: Settings) -> Database:
    """Create GEGE_HOME if need be, open and migrate its database."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(settings.database_url)
    database.migrate()
    return database


class NoSite(Refused):
    """GEGE_HOME holds no site; the message says what makes one."""


def existing_site(settings: Settings) -> Database:
    """Open and migrate a site that is there. Raises NoSite, and makes nothing, where GEGE_HOME is misspelt."""
    if not settings.database and not (settings.home / "gege.sqlite").exists():
        what = "holds no site" if settings.home.is_dir() else "is not there"
        raise NoSite(
            f"{settings.home} {what}: correct GEGE_HOME, or make a site with gege sample or gege import FILE.csv"
        )
    return open_site(settings)


def make_dialogue(
    settings: Settings,
    database: Database,
    desk: TicketDesk,
    registry: Registry,
    spool: Spool | None = None,
    present: Present | None = None,
    owed: Callable[[], None] = lambda: None,
) -> Dialogue:
    """The dialogue adapter that the settings choose; trains a missing or stale model first. `owed`: turns that are taken
    in another process owe somebody a message."""
    spool = spool or Spool(settings.home, ForAPerson(desk, registry))
    wanted = settings.dialogue
    if wanted.adapter == "http":
        from bot.dialogue.rasa_server import RasaServerDialogue

        return RasaServerDialogue(wanted.url, wanted.token, desk, spool, wanted.session_minutes, wanted.write_s)
    if wanted.processes > 1:
        from bot.dialogue.processes import SharedOutDialogue

        _model_of(settings)  # once, before several would: they find it there
        command = [sys.executable, "-W", "ignore", "-m", "bot.app.dialogue_worker"]
        hello = settings.model_dump_json()
        return SharedOutDialogue(command, hello, wanted.processes, desk, spool, wanted.write_s, owed)
    return make_embedded(settings, database, desk, registry, spool, present)


def make_embedded(
    settings: Settings,
    database: Database,
    desk: TicketDesk,
    registry: Registry,
    spool: Spool | None = None,
    present: Present | None = None,
) -> EmbeddedDialogue:
    """Rasa in this process."""
    from bot.dialogue.embedded import EmbeddedDialogue

    spool = spool or Spool(settings.home, ForAPerson(desk, registry))
    wanted = settings.dialogue
    actions = make_actions(settings, desk, registry, present)
    return EmbeddedDialogue(_model_of(settings), database, desk, spool, actions, wanted.session_minutes, wanted.write_s)


def _model_of(settings: Settings) -> Path:
    """Trained first where it is missing or stale."""
    from bot.dialogue.training import train, trained_model

    return trained_model(settings.dialogue_models) or train(settings.dialogue_models)


def make_actions(
    settings: Settings, desk: TicketDesk, registry: Registry, present: Present | None = None
) -> list[Action]:
    """Rasa's actions, with the county and the tickets that they act on."""
    from actions.converse import every_action
    from actions.site import Site

    tariff = load_tariff(Path(settings.tariff) if settings.tariff else None)
    return every_action(Site(desk, registry, tariff, settings, present or Present(registry)))


def make_parts(settings: Settings, database: Database, registry: Registry, owner: Owner = ALONE) -> Parts:
    """Everything of a site that is open, not started yet."""
    (key, *earlier), rules, present = site_keys(settings.home), rules_of(settings), Present(registry)
    links = Links(key, database, settings.web.public_url, earlier)
    taken = Taken(settings.home / "run" / "taken")
    relay = make_relay(settings, database, links, rules, owner, taken)
    desk = TicketDesk(database, relay.nudge, rules, owner.id)
    intake = ForAPerson(desk, registry)
    spool = Spool(settings.home, intake)
    dialogue = make_dialogue(settings, database, desk, registry, spool, present, relay.nudge)
    return Parts(
        settings=settings,
        database=database,
        registry=registry,
        rules=rules,
        key=key,
        earlier=tuple(earlier),
        links=links,
        present=present,
        chats=ChatShelf(database, settings.home),
        repertoire=Repertoire(settings.site, database),
        relay=relay,
        taken=taken,
        desk=desk,
        intake=intake,
        spool=spool,
        owner=owner,
        dialogue=dialogue,
        lateness=dialogue.lateness if isinstance(dialogue, RasaDialogue) else Lateness(),
        backgrounds=Backgrounds(),
    )


def area_code_of(settings: Settings) -> str:
    """That of the station's telephone, for numbers that come without one; empty for a mobile and for a short number."""
    return area_code(phone_digits(settings.site.station_phone))


@asynccontextmanager
async def running(
    settings: Settings, *, relay: bool = True, hurries: bool = True, serves: bool = False
) -> AsyncIterator[Parts]:
    """A started service: database, county, dialogue, and (with `relay`) the outbox and the timers. A tool that reads the
    answers waits for whole ones (`hurries` False); who is in danger hears what to do at once. `serves`: it has a place
    among the services of its database (its caller holds `the_only_one`)."""
    database = await asyncio.to_thread(open_site, settings)
    place = place_of(settings, database) if serves else None
    try:
        if place is not None:
            await asyncio.to_thread(place.begin)
        registry = await asyncio.to_thread(Registry.load, database, area_code_of(settings))
        parts = make_parts(settings, database, registry, place or ALONE)
        if isinstance(parts.dialogue, RasaDialogue):
            parts.dialogue.hurries = hurries
        await parts.dialogue.start()
        if relay:
            await asyncio.to_thread(mark_taken, database, parts.taken.left())
        if place is not None:
            parts.backgrounds.start(standing_in(place, database, parts.desk, parts.relay.nudge))
        if relay:
            parts.backgrounds.start(*_work_of(parts))
        try:
            yield parts
        finally:
            await parts.backgrounds.stop()
            await asyncio.to_thread(forget_state, file_of(settings.home))
            await parts.relay.close()
            await parts.dialogue.close()
    finally:
        if place is not None:
            await asyncio.to_thread(_leave, place)
        database.dispose()


def _leave(place: Place) -> None:
    try:
        place.end()
    except Exception as problem:
        if not database_away(problem):
            raise
        log.error("the database is away: the others take over what was here when the lease is over")


def _work_of(parts: Parts) -> list[Background]:
    """What goes on beside turns and calls."""
    settings, database, owed, rules = parts.settings, parts.database, parts.relay.nudge, parts.rules
    forgets: dict[str, Callable[[dt.datetime], object]] = {
        "chats": parts.chats.tidy,
        "presses": Sent(database).forget,
        "pages": parts.desk.following.forget,
        "floods": partial(flooding.forget, database, dt.timedelta(minutes=rules.floods.window_min)),
        "dialogues": partial(forget_dialogues, database, settings.dialogue.keep_days),
        "terms": lambda at: sweep(settings, database, at),
    }
    return [
        parts.relay.background,
        watching(database, owed, rules),
        sweeping(parts.desk, settings, parts.owner),
        parts.spool.background(),
        parts.registry.background(),
        auditing(database, owed, rules),
        *tidying(database, settings.notify.keep_days, forgets, parts.owner),
        learning(settings, database, parts.dialogue, owner=parts.owner),
        telling_the_doctor(settings, parts.backgrounds),
    ]


def make_relay(
    settings: Settings,
    database: Database,
    links: Links,
    rules: Rules,
    owner: Owner = ALONE,
    taken: Taken | None = None,
) -> Relay:
    """The outbox's relay with the providers that a site has."""
    providers = make_providers(settings)
    return Relay(database, providers, settings.notify, links=links, zone=rules.hours.zone, owner=owner, taken=taken)


def make_providers(settings: Settings) -> dict[str, Provider]:
    """Every messenger that the settings name an account for, beside the site's own console and file."""
    notify = settings.notify
    found: list[Provider] = [Console(), File(settings.home / "notifications.jsonl")]
    if notify.telegram.token:
        from bot.notify.telegram import Telegram

        found.append(Telegram(notify.telegram, notify.timeout_s))
    if notify.wecom.secret:
        found.append(WeCom(notify.wecom))
    if notify.wecom.kf_secret:
        found.append(WeChat(notify.wecom))
    if notify.wecom_robot.url:
        found.append(WeComRobot(notify.wecom_robot))
    if notify.dingtalk_robot.url:
        found.append(DingTalkRobot(notify.dingtalk_robot))
    if notify.webhook.url:
        found += [Webhook(notify.webhook), Webhook(notify.webhook, name="sms")]
    return {provider.name: provider for provider in found}


def sweeping(desk: TicketDesk, settings: Settings, owner: Owner = ALONE) -> Background:
    """Dialogues that were left half-told become tickets (promise 1)."""
    rest = dt.timedelta(minutes=settings.dialogue.session_minutes)

    async def work() -> None:
        await asyncio.to_thread(desk.sweep, now(), rest)

    return Background("half-told dialogues", 60.0, alone(owner, "half-told dialogues", work))


def telling_the_doctor(settings: Settings, backgrounds: Backgrounds) -> Background:
    """`gege doctor` is another process: it reads in a file how our loops are."""

    async def work() -> None:
        await asyncio.to_thread(write_state, file_of(settings.home), backgrounds.states, time.time())

    return Background("state for gege doctor", EVERY_S, work)


@asynccontextmanager
async def ears_and_mouth(parts: Parts) -> AsyncIterator[tuple[Recogniser, GegeVoice]]:
    """The recogniser and the voice that the settings choose, started. Raises ModelMissing, VoiceFailed."""
    from bot.speech.informed import Informed, PlaceNames
    from bot.speech.recogniser_of import make_recogniser

    def places() -> PlaceNames:
        county = parts.registry.county
        return PlaceNames(county.community_names, county.names_by_size)

    def ears() -> Recogniser:
        return Informed(make_recogniser(parts.settings, communities=places().communities), places)

    recogniser = await asyncio.to_thread(ears)
    voice = make_voice(parts.settings, parts.repertoire)
    try:
        await voice.start()
        yield recogniser, voice
    finally:
        await voice.close()
        await recogniser.close()


def make_voice(settings: Settings, repertoire: Repertoire, patience_s: float | None = None) -> GegeVoice:
    """The voice that the settings and the site's recordings make; not started. `patience_s`: another than a caller's.

    Where the engine that the settings name cannot be had, espeak-ng speaks, and standard error says why: a line that nobody
    speaks on helps nobody."""
    from bot.speech.espeak import EspeakProcess
    from bot.speech.speak import GegeVoice
    from bot.speech.voice_of import make_engine, patience_of, rate_of

    espeak = EspeakProcess(rate_of(settings))
    try:
        engine = make_engine(settings)
    except Refused as problem:
        tell(f"NOT THE CHOSEN VOICE, espeak-ng speaks: {problem}")
        engine = espeak
    return GegeVoice(
        settings.home,
        engine=engine,
        understudy=None if isinstance(engine, EspeakProcess) else espeak,
        patience_s=patience_of(settings) if patience_s is None else patience_s,
        planner=repertoire.planner,
        loudness=settings.prompts.loudness,
        speed=settings.prompts.speed,
    )


async def deliver_once(parts: Parts, seconds: float = 5.0) -> None:
    """Deliver what is owed now (for commands that run one turn and end)."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(parts.relay.deliver_due(now()), seconds)


def tell(line: str) -> None:
    """Progress for a person, on stderr."""
    print(line, file=sys.stderr, flush=True)
