"""REGISTER: a trunk is told where we are, again before it forgets, and once more when it was away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
import time

from bot.foundation.backoff import Backoff
from bot.lines.sip import digest
from bot.lines.sip.dialog import new_tag
from bot.lines.sip.endpoint import Endpoint
from bot.lines.sip.gateway import Gateway, authorised
from bot.lines.sip.message import Message, parameter

log = logging.getLogger(__name__)

#: after a failure: so many seconds, doubling to the most (RFC 5626 means minutes; callers wait)
_AGAIN = Backoff(first_s=5.0, most_s=120.0)
#: a trunk that says 404 to every wrong number is not asked more often (s)
_FORGOTTEN_AGAIN_S = 20.0


class Registration:
    """Keeps us registered at a trunk."""

    def __init__(self, endpoint: Endpoint, gateway: Gateway, expires_s: int = 300) -> None:
        self._endpoint, self._gateway, self._expires_s = endpoint, gateway, expires_s
        self._call_id, self._from_tag, self._number = f"{secrets.token_hex(12)}@gege", new_tag(), 0
        self._challenge: digest.Challenge | None = None
        self._task: asyncio.Task[None] | None = None
        self._again_now, self._asked_at = asyncio.Event(), 0.0
        endpoint.known_as[gateway.address[0]] = gateway.name
        #: the trunk knows us now
        self.registered = False
        #: what it said last, for the operator; empty when it is content
        self.trouble = "not asked yet"

    def start(self) -> None:
        """Register from now on."""
        self._task = asyncio.create_task(self._run())

    def forgotten(self) -> None:
        """The trunk does not know us (403, 404 to a call of ours: it was restarted): register now, not when it is due."""
        if time.monotonic() - self._asked_at > _FORGOTTEN_AGAIN_S:
            self._again_now.set()

    async def close(self) -> None:
        """Tell the trunk that we go (expires 0), if it knows us."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.registered:
            self.registered = False
            try:
                await asyncio.wait_for(self.register(0), 1.0)
            except TimeoutError:
                log.warning("the trunk did not hear that we go")

    async def register(self, expires_s: int) -> float:
        """One REGISTER with its challenge; how many seconds we are known (0 when it failed, see `trouble`)."""
        request = self._request(expires_s)
        if self._challenge is not None:
            request = self._again(request, self._challenge)
        answer: Message | None = None
        for _ in range(3):
            answer = await self._endpoint.ask(request, self._gateway.address)
            if answer is None or answer.code not in (401, 407, 423):
                break
            if answer.code == 423:
                least = answer.get("min-expires")
                expires_s = max(expires_s, int(least)) if re.fullmatch(r"\d{1,6}", least) else expires_s * 2
                request = self._request(expires_s)
                continue
            challenge = digest.challenge_of(answer)
            if challenge is None or (
                self._challenge is not None and challenge.nonce == self._challenge.nonce and not challenge.stale
            ):
                break
            self._challenge = challenge
            request = self._again(self._request(expires_s), challenge)
        return self._known_for(answer, expires_s)

    def _known_for(self, answer: Message | None, expires_s: int) -> float:
        if answer is None:
            self.trouble = "no answer in 32 s"
        elif answer.code in (401, 403, 407):
            self.trouble = f"{answer.code}: user or password is not accepted"
            self._challenge = None
        elif answer.code >= 300:
            self.trouble = f"{answer.code}"
        else:
            self.trouble = ""
            return self._granted(answer, expires_s)
        return 0.0

    def _granted(self, answer: Message, asked_s: int) -> float:
        """The expiry that the trunk gives our address; others may be registered beside us."""
        ours = self._endpoint.contact(self._gateway.address[0]).strip("<>")
        for contact in answer.all("contact"):
            if ours in contact and re.fullmatch(r"\d{1,6}", value := parameter(contact, "expires")):
                return float(value)
        value = answer.get("expires")
        return float(value) if re.fullmatch(r"\d{1,6}", value) else float(asked_s)

    async def _run(self) -> None:
        failed, told = 0, False
        while True:
            self._asked_at = time.monotonic()
            known_s = await self.register(self._expires_s)
            self.registered = known_s > 0
            if self.registered:
                log.info("registered at the trunk %s for %.0f s", self._gateway.domain, known_s)
                failed, told = 0, False
                await self._until(max(1.0, min(known_s * 0.8, known_s - 5.0)))
                continue
            if not told:
                log.error(
                    "NOT REGISTERED at the trunk %s (%s): no calls come from there; trying again; check [voice.trunk]",
                    self._gateway.domain, self.trouble,
                )  # fmt: skip
                told = True
            failed += 1
            await asyncio.sleep(_AGAIN.wait(failed) or _AGAIN.most_s)

    async def _until(self, seconds: float) -> None:
        """So long, or until the trunk was found to have forgotten us."""
        self._again_now.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._again_now.wait(), seconds)

    def _request(self, expires_s: int) -> Message:
        self._number += 1
        peer, domain = self._gateway.address[0], self._gateway.domain
        us = self._gateway.us
        headers = [
            ("via", self._endpoint.via(peer)), ("max-forwards", "70"), ("from", f"{us};tag={self._from_tag}"), ("to", us),
            ("call-id", self._call_id), ("cseq", f"{self._number} REGISTER"), ("contact", self._endpoint.contact(peer)),
            ("expires", str(expires_s)), ("user-agent", "Gege"),
        ]  # fmt: skip
        return Message(method="REGISTER", uri=f"sip:{domain}", headers=headers)

    def _again(self, request: Message, challenge: digest.Challenge) -> Message:
        self._number += 1
        return authorised(request, challenge, self._gateway, self._endpoint.via(self._gateway.address[0]))
