"""Ringing somebody by SIP: our INVITE, until it is answered, refused, or given up."""

from __future__ import annotations

import asyncio
import secrets
import time

from bot.lines.dialling import Rung, outcome_of
from bot.lines.sip.call import NOWHERE, NUMBER, SDP, Home, SipCall
from bot.lines.sip.dialog import Dialog, new_tag
from bot.lines.sip.endpoint import Address
from bot.lines.sip.gateway import Gateway, proven
from bot.lines.sip.message import ALLOW, Message, part_of

#: after CANCEL the final response should come at once; nobody waits longer for it (s)
_CANCELLED_S = 5.0
#: until then the first of two answers has been acknowledged (s)
_MOMENT_S = 0.2
#: INVITEs that an answer may still come to, though nobody waits
_MOST_ANSWERABLE = 200


class Ringer:
    """Makes calls from a server's port."""

    def __init__(self, home: Home) -> None:
        self._home, self._endpoint = home, home.endpoint
        #: INVITEs that were taken or given up; who takes one now comes too late
        self._answerable: dict[str, Message] = {}
        self._endpoint.on_stray_answer = self._second

    async def ring(self, number: str, within_s: float, gateway: Gateway) -> Rung[SipCall]:
        """Ring a number; the call when somebody (or an answering machine) takes it within the time."""
        if not NUMBER.fullmatch(number):
            return Rung("refused", detail="no number")
        try:
            call = SipCall(self._home, NOWHERE, gateway.address[0], offered=False)
            call.ours = True
        except OSError:
            return Rung("failed", detail="no port for the sound")
        try:
            return await self._ring(call, number, within_s, gateway)
        finally:
            if not call.dialog.call_id:
                call.close()

    async def _ring(self, call: SipCall, number: str, within_s: float, gateway: Gateway) -> Rung[SipCall]:
        until = time.monotonic() + within_s
        invite = self._invite(call, number, gateway)
        for count in (1, 2, 3):
            final = await self._asked(invite, until, gateway, call)
            if final is None:
                return Rung("no_answer")
            if final.code not in (401, 407):
                break
            again = proven(invite, final, gateway, self._endpoint.via(gateway.address[0]), again=count > 1)
            if again is None:
                return Rung("refused", detail=f"{final.code}: user or password of the trunk is not accepted")
            invite = again
        assert final is not None
        if final.code >= 300:
            return Rung(outcome_of(final.code), detail=str(final.code))
        call.dialog = self._confirm(invite, final, gateway.address)
        call.timer.answered(final, time.monotonic())
        # Some describe their sound while it rings, and no more when it is taken.
        if (part_of(final, SDP) is not None and not call.take(final)) or call.line.media is NOWHERE:
            call.end("no sound that both can speak")
            return Rung("refused", detail="no common codec")
        self._home.calls[call.dialog.call_id] = call
        call.begin()
        await call.line.start()
        return Rung("answered", call)

    async def _asked(self, invite: Message, until: float, gateway: Gateway, call: SipCall) -> Message | None:
        """The final response; None when the time was over and the INVITE is cancelled."""
        heard = asyncio.Event()
        self._remember(invite)

        def rings(provisional: Message) -> None:
            heard.set()
            call.take(provisional)

        asking = asyncio.ensure_future(self._endpoint.ask(invite, gateway.address, rings))
        try:
            await asyncio.wait({asking}, timeout=max(0.0, until - time.monotonic()))
            if asking.done():
                return asking.result()
            await self._cancel(invite, asking, heard.is_set(), gateway)
            return None
        except asyncio.CancelledError:
            # Whoever wanted to be connected has gone.
            self._home.work(self._cancel(invite, asking, heard.is_set(), gateway))
            raise

    async def _cancel(
        self, invite: Message, asking: asyncio.Future[Message | None], heard: bool, gateway: Gateway
    ) -> None:
        # It may be taken in this very moment: an answer that comes now is acknowledged and hung up.
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
        while len(self._answerable) >= _MOST_ANSWERABLE:
            del self._answerable[next(iter(self._answerable))]
        self._answerable[invite.call_id] = invite

    def _second(self, answer: Message, source: Address) -> None:
        """A call that forked on its way is taken twice: in a moment it is known which of the two was first."""
        asyncio.get_running_loop().call_later(_MOMENT_S, self._stray, answer, source)

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

    def _invite(self, call: SipCall, number: str, gateway: Gateway) -> Message:
        peer, target = gateway.address[0], f"sip:{number}@{gateway.domain}"
        headers = [
            ("via", self._endpoint.via(peer)), ("max-forwards", "70"),
            ("from", f"<sip:{gateway.user}@{gateway.domain}>;tag={new_tag()}"), ("to", f"<{target}>"),
            ("call-id", f"{secrets.token_hex(12)}@{self._endpoint.host_port(peer)}"), ("cseq", "1 INVITE"),
            ("contact", self._endpoint.contact(peer)), ("allow", ALLOW), ("supported", "timer"),
            ("user-agent", "Gege"),
            ("content-type", SDP),
        ]  # fmt: skip
        return Message(method="INVITE", uri=target, headers=headers, body=call.description())
