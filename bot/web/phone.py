"""The telephone in the browser: the websocket on which the same call runs as on every other line."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSCloseCode, web

from bot.lines.browser import MAX_MESSAGE, WebsocketLine
from bot.lines.line import CallFacts, Line
from bot.settings import PhoneSettings
from bot.tickets.intake.channels import Channel
from bot.tickets.labels import labels
from bot.voice.events import (
    CallEvent,
    CallStarted,
    KeyPressed,
    Looking,
    Partial,
    Spoke,
    Understood,
    Watcher,
    WordsHeard,
)
from bot.web.cases import Cases, browser_of, session_of
from bot.web.guard import Refused, from_own_page
from bot.web.origin import Origins
from bot.web.view import shown
from bot.web.words import words

log = logging.getLogger(__name__)

#: runs a call on a line to its end, telling what happens
RunCall = Callable[[Line, CallFacts, Watcher], Awaitable[Any]]

_GRID = re.compile(r"[A-Za-z0-9_-]{1,30}")
#: a browser that does not answer for this long (s) is gone, and its call broke off
_HEARTBEAT_S = 8.0


class BrowserPhone:
    """Takes calls from pages of this site. `run_call` None: nobody can be called here, the page says so."""

    def __init__(
        self,
        run_call: RunCall | None,
        cases: Cases,
        settings: PhoneSettings,
        demo: Callable[[], Awaitable[bool]],
        origins: Origins,
    ) -> None:
        """`demo`: whether everybody in the county is invented; `origins`: which network a call comes from."""
        self._run_call, self._cases, self._settings, self._demo = run_call, cases, settings, demo
        self._origins = origins
        self._calls: set[asyncio.Task[Any]] = set()
        self._by_address: Counter[str] = Counter()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/phone/line", self.line)]

    async def close(self, _app: web.Application | None = None) -> None:
        """End the open calls; what was said in them becomes a call-back."""
        for call in list(self._calls):
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def line(self, request: web.Request) -> web.StreamResponse:
        """`?grid=24&caller=139…`: one call, from the first message to the last. `caller`: where to call back, as it was typed.
        `&demo=1` asks for what Gege understood, which is told where everybody is invented. A program that keeps no cookie
        names its `session`."""
        if not from_own_page(request):
            raise Refused("stranger", 403)
        session = (browser_of(request) if "session" not in request.query else "") or session_of(request.query)
        caller = request.query.get("caller", "")[:20]
        grid = request.query.get("grid", "")
        tried = "demo" in request.query and await self._demo()
        socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, heartbeat=_HEARTBEAT_S, compress=False)
        if not socket.can_prepare(request):
            raise Refused("no_json")
        await socket.prepare(request)
        address = self._origins.address(request)
        refused = self._refused(address)
        if refused:
            # A browser cannot read the answer to a refused handshake.
            await socket.send_json({"event": "refused", "text": words().errors[refused]})
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return socket
        facts = CallFacts(
            str(uuid.uuid4()),
            dialled=f"grid_{grid}" if _GRID.fullmatch(grid) else "",
            channel=Channel.web,
            origin=self._origins.digest(request),
        )
        line = WebsocketLine(socket)
        call = asyncio.create_task(self._call(line, facts, session, caller, tried))
        self._calls.add(call)
        self._by_address[address] += 1
        call.add_done_callback(lambda ended: self._ended(ended, address))
        # A server may cancel this handler when the browser is gone; the call ends by itself, and is written down.
        await asyncio.wait({call})
        await socket.close()
        return socket

    def _ended(self, call: asyncio.Task[Any], address: str) -> None:
        self._calls.discard(call)
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def _refused(self, address: str) -> str:
        if self._run_call is None:
            return "no_phone"
        full = len(self._calls) >= self._settings.calls
        return "phone_full" if full or self._by_address[address] >= self._settings.calls_per_address else ""

    async def _call(self, line: WebsocketLine, facts: CallFacts, session: str, caller: str, tried: bool) -> None:
        assert self._run_call is not None
        looks: set[asyncio.Task[None]] = set()

        async def show_case(ticket_no: str) -> None:
            if caller:
                # It vouches for nothing, so the call itself knows nothing of it.
                await self._cases.leave_number(session, ticket_no, caller)
            line.tell({"event": "case", **shown(await self._cases.of_session(session))})

        def watch(event: CallEvent) -> None:
            if told := _told(event):
                line.tell(told)
            elif tried and isinstance(event, Understood):
                line.tell({"event": "understood", **_understood(event)})
            if isinstance(event, Understood) and event.ticket_no:
                look = asyncio.create_task(show_case(event.ticket_no))
                looks.add(look)
                look.add_done_callback(looks.discard)

        # Also of a call that broke off: its page looks for it when it has a connection again.
        await self._cases.call_begun(session, facts.call_id)
        line.start()
        ending = asyncio.get_running_loop().call_later(
            self._settings.longest_minutes * 60, lambda: asyncio.ensure_future(line.hang_up())
        )
        try:
            await self._run_call(line, facts, watch)
        except Exception:
            log.exception("call %s from a browser ended by a fault", facts.call_id)
        finally:
            ending.cancel()
            await line.hang_up()
            await asyncio.gather(*looks, return_exceptions=True)


def _understood(event: Understood) -> dict[str, Any]:
    """What Gege made of a sentence, for whoever tries her."""
    meaning = labels().intent(event.intent)
    return {"meaning": meaning, "confidence": event.confidence, "fallback": event.fallback}


def _told(event: CallEvent) -> dict[str, Any]:
    """What of an event a page is told; nothing for what is not for residents' eyes."""
    match event:
        case CallStarted():
            return {"event": "call_started", "call_id": event.call_id}
        case WordsHeard():
            return {"event": "heard", "text": event.text, **({"unclear": True} if event.unclear else {})}
        case Partial():
            return {"event": "partial", "text": event.text}
        case Spoke():
            return {"event": "said", "text": "".join(event.sentences)}
        case KeyPressed():
            return {"event": "key", "digit": event.digit, "text": event.text or ""}
        case Looking():
            return {"event": "looking"}
    return {}
