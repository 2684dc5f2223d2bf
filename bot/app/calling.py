"""Calling out in a running service: by Asterisk or by the trunk, whichever the site has."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.app.parts import Parts
from bot.calling.call_backs import CallBacks
from bot.calling.danger import DangerCalls
from bot.calling.ledger import Ledger
from bot.calling.questions import Questions
from bot.foundation.background import Background
from bot.foundation.errors import Unavailable
from bot.foundation.phone_numbers import number_in
from bot.lines.ami import AmiFailed, accounts, check
from bot.lines.ami_dialler import AmiDialler
from bot.lines.dialling import Connected, Dialler, Rung
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.server import SipServer
from bot.settings import Settings
from bot.telephone.telephone import Telephone

log = logging.getLogger(__name__)

_TICK_S = 1.0
#: the way out is looked at so often (s)
_LOOK_S = 300.0


class SipDialler:
    """Rings through the trunk."""

    def __init__(self, server: SipServer, trunk: Gateway) -> None:
        self._server, self._trunk = server, trunk

    async def ring(self, number: str, within_s: float) -> Rung[Connected]:
        return await self._server.ring(number, within_s, self._trunk)


def dialler_of(
    settings: Settings, telephone: Telephone, sip: SipServer | None, trunk: Gateway | None
) -> Dialler | None:
    """How calls go out; None when the site has no way. Raises ValueError for an address or a number that is none."""
    ami = settings.asterisk.ami
    if ami.address:
        return AmiDialler(
            accounts(ami.address, ami.user, ami.secret), telephone.audiosocket, shown=shown_number(settings),
            channel=ami.channel, audiosocket=ami.audiosocket or settings.voice.audiosocket,
        )  # fmt: skip
    if sip is not None and trunk is not None:
        return SipDialler(sip, trunk)
    return None


def shown_number(settings: Settings) -> str:
    """The number that whoever is rung sees, as it is written. Raises ValueError for what is none: a call without one is
    anonymous, and many a trunk and many a person refuses it."""
    written = settings.calling.number or settings.site.station_phone
    if number := number_in(written):
        return number
    raise ValueError(f"{written!r} is no telephone number; set [calling] number to the trunk's own")


@dataclass(frozen=True)
class ExchangesFound:
    """What is wrong with the exchanges that calls go out by, a line each."""

    #: exchanges that nobody can be rung by
    unusable: list[str]
    #: exchanges that ring, with a right too few
    lacking: list[str]


async def check_exchanges(settings: Settings, *, listening: bool = True) -> ExchangesFound:
    """Sign in at each and look; nobody is rung."""
    ami, found = settings.asterisk.ami, ExchangesFound([], [])
    for exchange in accounts(ami.address, ami.user, ami.secret):
        try:
            if lacks := await check(exchange, listening=listening):
                found.lacking.append(lacks)
        except AmiFailed as problem:
            found.unusable.append(str(problem))
    return found


class Exchanges:
    """Looks every few minutes whether calls could go out: a wrong password is not to be found by the first danger."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: list[str] | None = None

    async def look(self) -> None:
        """Tell the operator what is new. Raises Unavailable while no exchange can be used."""
        found = await check_exchanges(self._settings, listening=self._known is None)
        for problem in found.unusable + found.lacking:
            if problem not in (self._known or []):
                log.error("calling out: %s", problem)
        self._known = found.unusable + found.lacking
        if len(found.unusable) == len(self._settings.asterisk.ami.address):
            raise Unavailable("no exchange can be used to call out; see the lines above")


@contextlib.asynccontextmanager
async def calling_out(parts: Parts, telephone: Telephone, dialler: Dialler) -> AsyncIterator[CallBacks | None]:
    """Rings for danger, and asks residents by telephone, while the service runs; gives what puts staff through (None
    without a voice)."""
    settings, database, desk = parts.settings, parts.database, parts.desk
    wanted, voice = settings.calling, telephone.voice
    if voice is None:
        yield None
        return
    ledger = Ledger(database, wanted)
    danger = DangerCalls(
        desk, telephone.people, dialler, voice, ledger, site=settings.site.name, ring_s=wanted.ring_s, pause_s=wanted.pause_s,
        not_now=lambda: telephone.stopping, owner=parts.owner,
    )  # fmt: skip
    questions = Questions(
        database, telephone, dialler, ledger, parts.rules.hours, lines=wanted.lines, ring_s=wanted.ring_s,
        again_after=dt.timedelta(minutes=wanted.again_min), owner=parts.owner,
    )  # fmt: skip
    call_backs = CallBacks(
        desk, parts.registry, dialler, voice, ledger, site=settings.site.name, ring_s=wanted.ring_s,
        not_now=lambda: telephone.stopping, owner=parts.owner,
    )  # fmt: skip
    telephone.between_people.append(lambda: call_backs.going)

    own = (
        Background("danger calls", _TICK_S, danger.tick),
        Background("question calls", _TICK_S, questions.tick),
        *([Background("exchanges", _LOOK_S, Exchanges(settings).look)] if settings.asterisk.ami.address else []),
    )
    parts.backgrounds.start(*own)
    try:
        yield call_backs
    finally:
        await parts.backgrounds.stop(*own)
        await call_backs.close()
        await danger.close()
        await questions.close()
