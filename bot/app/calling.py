"""Calling out in a running service: by Asterisk or by the trunk, whichever the site has."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator

from bot.app.parts import Parts
from bot.calling.call_backs import CallBacks
from bot.calling.danger import DangerCalls
from bot.calling.ledger import Ledger
from bot.calling.questions import Questions
from bot.foundation.background import Background
from bot.lines.ami import AmiDialler
from bot.lines.dialling import Connected, Dialler, Rung
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.server import SipServer
from bot.settings import Settings
from bot.telephone.telephone import Telephone

_TICK_S = 1.0


class SipDialler:
    """Rings through the trunk."""

    def __init__(self, server: SipServer, trunk: Gateway) -> None:
        self._server, self._trunk = server, trunk

    async def ring(self, number: str, within_s: float) -> Rung[Connected]:
        return await self._server.ring(number, within_s, self._trunk)


def dialler_of(
    settings: Settings, telephone: Telephone, sip: SipServer | None, trunk: Gateway | None
) -> Dialler | None:
    """How calls go out; None when the site has no way. Raises ValueError for an address that is none."""
    ami = settings.asterisk.ami
    if ami.address:
        host, _, port = ami.address.rpartition(":")
        return AmiDialler(
            (host.strip("[]"), int(port)), ami.user, ami.secret, telephone.audiosocket, channel=ami.channel,
            audiosocket=ami.audiosocket or settings.voice.audiosocket,
        )  # fmt: skip
    if sip is not None and trunk is not None:
        return SipDialler(sip, trunk)
    return None


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
        not_now=lambda: telephone.stopping,
    )  # fmt: skip
    questions = Questions(
        database, telephone, dialler, ledger, parts.rules.hours, lines=wanted.lines, ring_s=wanted.ring_s,
        again_after=dt.timedelta(minutes=wanted.again_min),
    )  # fmt: skip
    call_backs = CallBacks(
        desk, parts.registry, dialler, voice, ledger, site=settings.site.name, ring_s=wanted.ring_s,
        not_now=lambda: telephone.stopping,
    )  # fmt: skip
    telephone.between_people.append(lambda: call_backs.going)

    own = (
        Background("danger calls", _TICK_S, danger.tick),
        Background("question calls", _TICK_S, questions.tick),
    )
    parts.backgrounds.start(*own)
    try:
        yield call_backs
    finally:
        await parts.backgrounds.stop(*own)
        await call_backs.close()
        await danger.close()
        await questions.close()
