"""Ringing somebody by SIP: our INVITE, until it is answered, refused, or given up."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable

from bot.foundation.phone_numbers import phone_digits
from bot.lines.dialling import Rung, outcome_of
from bot.lines.line import CallFacts
from bot.lines.sip.call import NOWHERE, NUMBER, SDP, Home, SipCall
from bot.lines.sip.dialog import Dialog, new_tag
from bot.lines.sip.endpoint import Address
from bot.lines.sip.gateway import Gateway, proven
from bot.lines.sip.message import ALLOW, Message, host_port, part_of

#: after CANCEL the final response should come at once; nobody waits longer for it (s)
_CANCELLED_S = 5.0
#: INVITEs that an answer may still come to, though nobody waits
_MOST_ANSWERABLE = 200
#: whoever lives says 100 within 0.2 s (RFC 3261, 8.2.6.1); by now the INVITE was sent five times (s)
_MUTE_S = 8.0
#: what a trunk says to somebody whom it does not know any more
_UNKNOWN = (403, 404)


class Ringer:
    """Makes calls from a server's port."""

    def __init__(self, home: Home) -> None:
        self._home, self._endpoint = home, home.endpoint
        #: told when a gateway says that it does not know us
        self.on_unknown: Callable[[], None] = lambda: None
        #: numbers that are being rung, and who we are to whoever connects that
        self._ringing = Counter[tuple[str, str]]()
        #: INVITEs that were taken or given up; who takes one now comes too late
        self._answerable: dict[str, Message] = {}
        self._endpoint.on_stray_answer = self._stray

    def circles(self, facts: CallFacts, ours: Iterable[str]) -> bool:
        """Whether a call to us is our own ringing, which somebody's telephone forwards to us: while we ring, it comes from
        the company's number (`ours`: numbers of the site that are known), or from nobody and diverted by whom we ring."""
        caller, diverting = phone_digits(facts.caller), phone_digits(facts.diverting)
        known = {phone_digits(each) for each in ours}
        return any(
            caller == us or caller in known if caller else diverting == number
            for (number, us), count in self._ringing.items() if count > 0
        )  # fmt: skip

    async def ring(self, number: str, within_s: float, gateway: Gateway, caller: str = "") -> Rung[SipCall]:
        """Ring a number; the call when somebody (or an answering machine) takes it within the time. `caller`: for whom,
        told where the gateway allows it."""
        if not NUMBER.fullmatch(number):
            return Rung("refused", detail="no number")
        try:
            call = SipCall(self._home, NOWHERE, gateway.address[0], offered=False)
            call.ours = True
        except OSError:
            return Rung("failed", detail="no port for the sound")
        rings = (phone_digits(number), phone_digits(gateway.number or gateway.user))
        self._ringing[rings] += 1
        taken = False
        try:
            rung = await self._ring(call, self._invite(call, number, gateway, caller), within_s, gateway)
            taken = rung.call is not None
        finally:
            self._ringing[rings] -= 1
            self._ringing += Counter()  # forgets who is not rung any more
            if not taken and call.dialog.call_id:
                call.end("nobody waits any more")
            elif not taken:
                call.close()
        if rung.code in _UNKNOWN:
            self.on_unknown()
        return rung

    async def _ring(self, call: SipCall, invite: Message, within_s: float, gateway: Gateway) -> Rung[SipCall]:
        until = time.monotonic() + within_s
        for count in (1, 2, 3):
            final = await self._asked(call, invite, until, gateway)
            if final is None:
                where = host_port(*gateway.address)
                mute = time.monotonic() < until
                return Rung("failed", detail=f"not a word from {where}", code=408) if mute else Rung("no_answer")
            if final.code not in (401, 407):
                break
            again = proven(invite, final, gateway, self._endpoint.via(gateway.address[0]), again=count > 1)
            if again is None:
                why = f"{final.code}: user or password is not accepted"
                return Rung("refused", detail=why, code=final.code)
            invite = again
        assert final is not None
        if final.code >= 300:
            return Rung(outcome_of(final.code), detail=str(final.code), code=final.code)
        # Some describe their sound while it rings, and no more when it is taken.
        if (part_of(final, SDP) is not None and not call.take(final)) or call.line.media is NOWHERE:
            call.end("no sound that both can speak")
            return Rung("refused", detail="no common codec")
        call.begin()
        await call.line.start()
        return Rung("answered", call)

    async def _asked(self, call: SipCall, invite: Message, until: float, gateway: Gateway) -> Message | None:
        """The final response; None when the time was over, or nothing at all was heard, and the INVITE is cancelled."""
        heard = asyncio.Event()
        self._remember(invite)

        def responded(response: Message) -> None:
            heard.set()
            if response.code < 200:
                call.take(response)
            elif response.code < 300 and not call.over:
                self._taken(call, invite, response, gateway.address)

        asking = asyncio.ensure_future(self._endpoint.ask(invite, gateway.address, responded))
        try:
            await asyncio.wait({asking}, timeout=max(0.0, min(_MUTE_S, until - time.monotonic())))
            if heard.is_set():
                await asyncio.wait({asking}, timeout=max(0.0, until - time.monotonic()))
            if asking.done() or call.dialog.call_id:
                return await asking
            call.close()  # it may be taken in this very moment: that is a stray answer
            await self._cancel(invite, asking, heard.is_set(), gateway)
            return None
        except asyncio.CancelledError:
            # Whoever wanted to be connected has gone; one that was taken already is hung up.
            if not call.dialog.call_id:
                call.close()
                self._home.work(self._cancel(invite, asking, heard.is_set(), gateway))
            raise

    def _taken(self, call: SipCall, invite: Message, answer: Message, peer: Address) -> None:
        """Somebody has taken it: the call is known before another message is looked at."""
        call.noted(answer)
        call.dialog = self._confirm(invite, answer, peer)
        call.timer.answered(answer, time.monotonic())
        self._home.calls[invite.call_id] = call

    async def _cancel(
        self, invite: Message, asking: asyncio.Future[Message | None], heard: bool, gateway: Gateway
    ) -> None:
        if heard:
            names = ("via", "max-forwards", "route", "from", "to", "call-id")
            headers = [(name, value) for name, value in invite.headers if name in names]
            cancel = Message(method="CANCEL", uri=invite.uri, headers=[*headers, ("cseq", f"{invite.cseq[0]} CANCEL")])
            self._home.work(self._endpoint.ask(cancel, gateway.address))
            await asyncio.wait({asking}, timeout=_CANCELLED_S)
        if not asking.done():
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        elif not asking.cancelled() and (final := asking.result()) is not None and final.code < 300:
            self._stray(final, gateway.address)

    def _remember(self, invite: Message) -> None:
        """A call that forked on its way may be taken twice, or in the moment when it is given up: whoever comes too late is
        told so."""
        while len(self._answerable) >= _MOST_ANSWERABLE:
            del self._answerable[next(iter(self._answerable))]
        self._answerable[invite.call_id] = invite

    def _stray(self, answer: Message, source: Address) -> None:
        """Somebody took a call that nobody wants any more."""
        invite, open_call = self._answerable.get(answer.call_id), self._home.calls.get(answer.call_id)
        if invite is not None and not (open_call is not None and open_call.dialog.remote == answer.get("to")):
            dialog = self._confirm(invite, answer, source)
            bye = dialog.request("BYE", self._endpoint.via(source[0]))
            self._home.work(self._endpoint.ask(bye, self._endpoint.where(dialog)))

    def _confirm(self, invite: Message, answer: Message, peer: Address) -> Dialog:
        dialog = Dialog.asking(invite, answer, peer)
        ack = dialog.request("ACK", self._endpoint.via(peer[0]), cseq=invite.cseq[0])
        self._endpoint.acknowledge(answer, ack, self._endpoint.where(dialog))
        return dialog

    def _invite(self, call: SipCall, number: str, gateway: Gateway, caller: str) -> Message:
        peer, target = gateway.address[0], f"sip:{number}@{gateway.domain}"
        headers = [
            ("via", self._endpoint.via(peer)), ("max-forwards", "70"),
            ("from", f"{gateway.us};tag={new_tag()}"), ("to", f"<{target}>"),
            ("call-id", f"{secrets.token_hex(12)}@{self._endpoint.host_port(peer)}"), ("cseq", "1 INVITE"),
            ("contact", self._endpoint.contact(peer)), ("allow", ALLOW), ("supported", "timer"),
            ("user-agent", "Gege"), *_identity(gateway, caller),
            ("content-type", SDP),
        ]  # fmt: skip
        return Message(method="INVITE", uri=target, headers=headers, body=call.description())


def _identity(gateway: Gateway, caller: str) -> list[tuple[str, str]]:
    """Who calls, as a trunk reads it (RFC 3325): the company. The caller is only named where a site is allowed to, and
    then as one whose call the company diverts (RFC 5806)."""
    if gateway.shows_caller and NUMBER.fullmatch(caller):
        diverted = ("diversion", f"{gateway.us};reason=unconditional")
        return [("p-asserted-identity", f"<sip:{caller}@{gateway.domain}>"), diverted]
    number = gateway.number or gateway.user
    return [("p-asserted-identity", gateway.us)] if NUMBER.fullmatch(number) else []
