"""`gege serve`: the page, the telephone, the outbox and the timers, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gc
import os
import signal
import socket
from functools import partial

from aiohttp import web

from bot.app.addresses import CannotServe, address, cannot, probe, url, with_free_ports
from bot.app.among_services import the_only_one
from bot.app.backing_up import backing_up
from bot.app.calling import calling_out, dialler_of
from bot.app.events_out import events_out
from bot.app.figures import figures_of
from bot.app.heart import Heart
from bot.app.in_use import in_use_line
from bot.app.messengers import messengers
from bot.app.opening import open_page
from bot.app.parts import Parts, ears_and_mouth, make_voice, open_site, running, tell
from bot.app.readiness import readiness_of
from bot.app.safety import refuse_unsafe, strangers_reach, unsafe
from bot.app.staff_side import staff_side
from bot.calling.call_backs import CallBacks
from bot.database import now
from bot.foundation.reserve import Reserve
from bot.foundation.sd_notify import notify
from bot.grid.location import PersonCard
from bot.grid.models import Role
from bot.grid.registry import Registry, is_sample
from bot.grid.sample import make_sample
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.server import SipServer
from bot.notify.relay import release
from bot.settings import Settings
from bot.speech.ear_card import BETTER, EarCard, card_in_use
from bot.speech.models import ModelMissing
from bot.speech.port import Recogniser
from bot.speech.speak import GegeVoice, Voice, VoiceFailed
from bot.speech.voice_of import make_engine
from bot.telephone.sip_front_end import UnknownTrunk, sip_front_end
from bot.telephone.telephone import Telephone
from bot.tickets.intake.waiting import WaitingShelf
from bot.voice.preparing import preparing
from bot.voice.unwritten import Unwritten
from bot.web.app import make_app
from bot.web.guard import runner_of
from bot.web.health import ready_route
from bot.web.metrics import LOOP_LATE, BackgroundMetrics, ReadyMetrics, metrics_route
from bot.web.waiting import WaitingTurns


async def serve(settings: Settings, *, opens: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends it at once. `opens`: the page, in a browser, where there is a screen.
    Raises CannotServe."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for one in signals:
        loop.add_signal_handler(one, stop.set)
    serving = asyncio.create_task(_serve(settings, opens))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in signals:
            loop.remove_signal_handler(one)
        stopping.cancel()
        if not serving.done():
            tell("stopping …")
            notify("STOPPING=1")
            serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


def _only_safely(settings: Settings) -> None:
    """Before the slow part: raises UnsafeToServe."""
    database = open_site(settings)
    try:
        sample = is_sample(database)
    finally:
        database.dispose()
    refuse_unsafe(settings, sample=sample)


async def _serve(settings: Settings, opens: bool = False) -> None:
    settings, notices = with_free_ports(settings)
    phone = address(settings.voice.audiosocket)
    agi = address(settings.voice.fastagi, "fastagi")
    # Before the slow part: a taken port is told at once.
    probe(settings.web.host, settings.web.port, "[web] port", settings)
    probe(*phone, "[voice] audiosocket", settings)
    probe(*agi, "[voice] fastagi", settings)
    if settings.voice.sip:
        probe(*address(settings.voice.sip, "sip"), "[voice] sip", settings, socket.SOCK_DGRAM)
    with the_only_one(settings):
        for notice in notices:
            tell(notice)
        await _serve_alone(settings, phone, agi, opens)


async def _serve_alone(settings: Settings, phone: tuple[str, int], agi: tuple[str, int], opens: bool) -> None:
    await asyncio.to_thread(_furnish, settings)
    if strangers_reach(settings):
        await asyncio.to_thread(_only_safely, settings)
    tell(in_use_line(settings))
    tell("starting Gege …")
    async with (
        running(settings, serves=True) as service,
        events_out(service),
        contextlib.AsyncExitStack() as stack,
    ):
        for found in unsafe(settings, sample=await asyncio.to_thread(service.registry.is_sample)):
            tell(f"NOT SAFE FOR STRANGERS: {found.name}: {found.detail}; {found.advice}")
        rested = dt.timedelta(minutes=settings.dialogue.session_minutes)
        living = await asyncio.to_thread(service.owner.living)
        desk = service.desk
        await asyncio.to_thread(Unwritten(settings.home).settle, desk.begin_call, desk.call_back)
        await asyncio.to_thread(desk.recover, now(), rested, living)
        await asyncio.to_thread(release, service.database, now(), living)
        recogniser, voice = await _speech(service, stack)
        card = None if recogniser is None else await asyncio.to_thread(_ear, settings)
        if voice is not None and not voice.engine.quick:
            gentle = partial(make_engine, settings, gentle=True)
            service.backgrounds.start(preparing(voice, service.repertoire, gentle))
        heart = Heart(settings.capacity.watchdog_s, lambda: f"{len(telephone.calls)} calls", LOOP_LATE.observe)
        stack.push_async_callback(heart.stop)
        telephone, call_backs = await _answer_calls(service, recogniser, voice, phone, agi, stack)
        telephone.metrics.watch(
            "loop_longest_s", "The longest that the event loop stood still", lambda: heart.longest_s
        )
        staff = staff_side(service, call_backs)
        callbacks = await stack.enter_async_context(messengers(service, recogniser, tell, call_backs))
        waiting = WaitingTurns(
            service.dialogue,
            WaitingShelf(service.database, service.owner),
            service.lateness,
            settings.capacity.text_wait_s,
        )
        service.backgrounds.start(waiting.background(), service.lateness.background())
        telephone.metrics.watch(
            "turns_that_wait", "Turns of pages that were kept to be answered", lambda: waiting.count
        )
        app = make_app(
            service.dialogue, recogniser, voice, service.desk, service.registry, settings, staff=staff,
            run_call=None if voice is None else telephone.browser_call,
            sample=service.registry.is_sample, repertoire=service.repertoire, intake=service.spool, ear=card,
            managers=partial(_managers, service.registry), waiting=waiting,
        )  # fmt: skip
        app.router.add_routes(callbacks)
        readiness, figures = readiness_of(service), figures_of(service)
        for one in (BackgroundMetrics(service.backgrounds), ReadyMetrics(readiness.parts), figures):
            telephone.metrics.registry.register(one)
        app.router.add_routes(
            [metrics_route(telephone.metrics.text, settings.metrics.token), ready_route(readiness.parts)]
        )
        runner = runner_of(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        # The stack unwinds backwards: calls of every kind finish before what carries them goes.
        stack.push_async_callback(telephone.drain)
        try:
            await web.TCPSite(runner, settings.web.host, settings.web.port).start()
        except OSError as problem:
            raise cannot(settings.web.host, settings.web.port, "[web] port", settings, problem) from problem
        if not service.registry.county.size:
            tell("the county is empty: gege sample makes an invented one, gege import FILE.csv brings yours")
        # The county and Rasa's models live as long as we do: to look through them took 0.25 s of every call's sound.
        gc.collect()
        gc.freeze()
        room = Reserve(settings.home).background()
        service.backgrounds.start(*readiness.backgrounds, figures.background, room, *backing_up(settings))
        await heart.start()
        tell(f"Gege is at {url(settings)} (Ctrl-C ends)")
        tried = await asyncio.to_thread(service.registry.is_sample)
        if tried:
            tell(
                f"both sides, the resident's and the grid's, are at {url(settings)}/demo (with the sample county only)"
            )
        if opens and open_page(f"{url(settings)}/demo" if tried else url(settings)):
            tell("a browser opens it (not with --no-open)")
        await asyncio.Event().wait()


def _managers(registry: Registry, grid_no: str) -> list[PersonCard]:
    return registry.staff(grid_no, Role.manager)


def _furnish(settings: Settings) -> None:
    """Who only tries Gege (no GEGE_HOME, no database of a site's own) gets the sample county."""
    if os.environ.get("GEGE_HOME") or settings.database:
        return
    database = open_site(settings)
    try:
        if not Registry.load(database).county.size:
            make_sample(database, settings.home / "sample", progress=tell)
    finally:
        database.dispose()


async def _speech(service: Parts, stack: contextlib.AsyncExitStack) -> tuple[Recogniser | None, GegeVoice | None]:
    """Ears and mouth, as far as they are there: who can write, or leave a message, is still served."""
    try:
        ears, mouth = await stack.enter_async_context(ears_and_mouth(service))
    except ModelMissing as problem:
        tell(f"NO SPEECH MODEL, callers leave messages and the page only takes writing: {problem}")
        return None, await _voice_alone(service, stack)
    except VoiceFailed as problem:
        tell(f"NO VOICE, every call goes to a person at once and the page only takes writing: {problem}")
        return None, None
    return ears, mouth


def _ear(settings: Settings) -> EarCard:
    """What is known of the ear in use, told on standard error."""
    card = card_in_use(settings)
    tell(f"ear: {card.said()}")
    if card.poor:
        tell(f"THIS EAR IS FOR TRYING, NOT FOR RESIDENTS: {BETTER}")
    return card


async def _voice_alone(service: Parts, stack: contextlib.AsyncExitStack) -> GegeVoice | None:
    voice = make_voice(service.settings, service.repertoire)
    stack.push_async_callback(voice.close)
    try:
        await voice.start()
    except VoiceFailed as problem:
        tell(f"NO VOICE, every call goes to a person at once: {problem}")
        return None
    return voice


async def _answer_calls(
    service: Parts,
    recogniser: Recogniser | None,
    voice: Voice | None,
    phone: tuple[str, int],
    agi: tuple[str, int],
    stack: contextlib.AsyncExitStack,
) -> tuple[Telephone, CallBacks | None]:
    """The telephone (only calls that the dial plan announced get in), and what puts staff through."""
    telephone = Telephone(
        service.database, service.desk, service.registry, service.dialogue, recogniser, voice, service.settings,
        audiosocket=phone, fastagi=agi, people=service.present, intake=service.intake, spool=service.spool, backgrounds=service.backgrounds,
        lateness=service.lateness,
    )  # fmt: skip
    try:
        await telephone.start()
    except OSError as problem:
        raise cannot(*phone, "[voice] audiosocket or fastagi", service.settings, problem) from problem
    stack.push_async_callback(telephone.close)
    voice_settings = service.settings.voice
    sip = await _answer_sip(telephone, service.settings, stack)
    call_backs = await _call_out(service, telephone, sip, stack)
    tell(f"telephone (AudioSocket) on {voice_settings.audiosocket}, FastAGI on {voice_settings.fastagi}")
    return telephone, call_backs


async def _call_out(
    service: Parts,
    telephone: Telephone,
    sip: tuple[SipServer, Gateway | None] | None,
    stack: contextlib.AsyncExitStack,
) -> CallBacks | None:
    """Calls that Gege makes, when the site wants them and has a way."""
    settings = service.settings
    if not settings.calling.enabled:
        return None
    try:
        dialler = dialler_of(settings, telephone, *(sip or (None, None)))
    except ValueError as problem:
        raise CannotServe(str(problem)) from None
    if dialler is None:
        tell("NOBODY IS CALLED: [calling] is enabled, but there is neither [asterisk.ami] nor [voice.trunk]")
        return None
    call_backs = await stack.enter_async_context(calling_out(service, telephone, dialler))
    tell("danger rings people until somebody presses 1; residents are asked, and called back, by telephone")
    return call_backs


async def _answer_sip(
    telephone: Telephone, settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[SipServer, Gateway | None] | None:
    """Calls straight from an adapter or a trunk; an empty `[voice] sip` switches them off."""
    if not settings.voice.sip:
        return None
    where = address(settings.voice.sip, "sip")
    try:
        sip = await stack.enter_async_context(sip_front_end(telephone, where, settings))
    except OSError as problem:
        raise cannot(*where, "[voice] sip", settings, problem) from problem
    except UnknownTrunk as problem:
        raise CannotServe(f"{problem}: correct [voice.trunk] in {settings.home / 'gege.toml'}") from None
    tell(f"telephone (SIP) on {settings.voice.sip}")
    return sip
