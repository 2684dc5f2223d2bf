"""The SIP front end of a running service: its port, its trunk, and whom callers are put through to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

from bot.foundation.errors import Unavailable
from bot.foundation.phone_numbers import number_in
from bot.lines.line import CallFacts, Line
from bot.lines.sip.gateway import Account, Gateway
from bot.lines.sip.server import SipServer
from bot.lines.sip.trunk import Registration
from bot.settings import Settings
from bot.telephone.exchange_ways import ExchangeWays
from bot.telephone.handover_by_sip import SipHandOver
from bot.telephone.telephone import Telephone

log = logging.getLogger(__name__)

_SIP_PORT = 5060


class UnknownTrunk(Unavailable):
    """The trunk's host has no address."""


async def trunk_of(settings: Settings) -> Gateway | None:
    """The trunk of the settings, with its address looked up; None without one. Raises UnknownTrunk."""
    wanted = settings.voice.trunk
    if not wanted.registrar:
        return None
    host, colon, port = wanted.registrar.rpartition(":")
    if not colon or not port.isdecimal():
        host, port = wanted.registrar, str(_SIP_PORT)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)
    except OSError as problem:
        raise UnknownTrunk(f"the trunk {host} cannot be found ({problem})") from problem
    address = (str(found[0][4][0]), int(found[0][4][1]))
    return Gateway(
        address, wanted.domain or wanted.registrar, wanted.user or "gege", wanted.password, number=number_in(settings.calling.number),
        shows_caller=wanted.show_caller,
    )  # fmt: skip


def _room(telephone: Telephone) -> bool:
    """Without a voice the caller is rung through, which only this front end can do for him."""
    return telephone.room() or telephone.voice is None


@contextlib.asynccontextmanager
async def sip_front_end(
    telephone: Telephone, where: tuple[str, int], settings: Settings
) -> AsyncIterator[tuple[SipServer, Gateway | None]]:
    """Answers SIP on `where`; the server, and its trunk. Raises OSError when the port is taken, and UnknownTrunk."""
    wanted = settings.voice
    exchange = wanted.exchange
    account = Account(exchange.user, exchange.password, number_in(settings.calling.number), exchange.show_caller)
    ways = ExchangeWays(exchange.ring, leave=exchange.leave)
    trunk = await trunk_of(settings)

    async def converse(line: Line, facts: CallFacts) -> None:
        await telephone.answer(line, facts, front_end="sip")

    answering = SipHandOver(telephone.hand_overs, converse, ways, ring_s=wanted.trunk.ring_s)

    def in_full(facts: CallFacts) -> CallFacts:
        return facts.in_full(telephone.people.area_code)

    server = SipServer(
        *where, lambda line, facts: answering(line, in_full(facts)), allowed=wanted.sip_allowed,
        most=wanted.sip_calls, public=wanted.sip_public,
        busy=lambda facts: telephone.hand_overs.circles(in_full(facts)), room=lambda: _room(telephone), gateway=trunk,
        account=account,
    )  # fmt: skip
    answering.server = server
    await server.start()
    telephone.on_stopping = server.stop_listening
    telephone.between_people.append(lambda: answering.joined)
    telephone.metrics.watch("sip_calls", "SIP calls that are open, to us and from us", lambda: len(server.calls))
    telephone.metrics.watch("sip_refused", "SIP calls and packets refused", server.endpoint.refused.total)
    registration = None
    if trunk is not None:
        server.endpoint.also_allowed.add(trunk.address[0])
        if wanted.trunk.registers:
            registration = Registration(server.endpoint, trunk, wanted.trunk.expires_s)
            registration.start()
            server.on_unknown = registration.forgotten
    try:
        yield server, trunk
    finally:
        if registration is not None:
            await registration.close()
        await server.close()
