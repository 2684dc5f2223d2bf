"""`gege converse`: whole conversations for tests and tools, JSON Lines in, one line out for each."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.line import BadLine, answer_lines, note, text_of, texts_of
from bot.settings import load_settings

if TYPE_CHECKING:
    from bot.app.conversations import Conversations

CHANNELS = ("phone", "telegram", "wechat", "web", "terminal")
#: characters of a conversation's name
_LONGEST_NAME = 200


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("converse")(converse)


def converse(
    here: Annotated[
        bool, typer.Option("--here", help="Work in GEGE_HOME itself: what is said becomes tickets of the site.")
    ] = False,
) -> None:
    """Hold conversations: JSON Lines in, JSON Lines out (docs/converse.md). Runs on a copy of GEGE_HOME; no message leaves."""
    from bot.app.conversations import Conversations
    from bot.app.parts import running
    from bot.app.site_copy import copied

    settings = load_settings()

    async def work() -> None:
        with contextlib.ExitStack() as stack:
            used = settings if here else stack.enter_context(copied(settings))
            async with running(used, relay=False, hurries=False) as service:
                note(f"conversations {'in' if here else 'on a copy of'} {settings.home}")
                await answer_lines(Answers(Conversations(service, own=not here)))

    asyncio.run(work())


class Answers:
    """What each line of input gets; raises BadLine and what the rules refuse."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._acts: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "hang_up": self._hang_up,
            "acknowledge": self._press,
            "on_site": self._press,
            "resolve": self._press,
            "wait": self._wait,
            "tickets": self._tickets,
            "fresh": self._fresh,
        }

    async def __call__(self, value: dict[str, Any]) -> dict[str, Any]:
        if "do" not in value:
            return await self._turn(value)
        act = text_of(value, "do")
        if act not in self._acts:
            raise BadLine(f'"do" is one of {", ".join(self._acts)}')
        return await self._acts[act](value)

    async def _turn(self, value: dict[str, Any]) -> dict[str, Any]:
        from bot.tickets.intake.channels import Channel

        session = _session(value)
        channel = text_of(value, "channel") or "terminal"
        if channel not in CHANNELS:
            raise BadLine(f'"channel" is one of {", ".join(CHANNELS)}')
        turned = await self._conversations.turn(
            session,
            text_of(value, "text", None),
            caller=text_of(value, "caller"),
            channel=Channel(channel),
            dialled=text_of(value, "dialled"),
            alternatives=texts_of(value, "alternatives"),
        )
        reply = turned.reply
        return {
            "session": session,
            "replies": list(reply.sentences),
            "act": reply.understanding.act or reply.understanding.intent,
            "confidence": reply.understanding.confidence,
            "question": reply.question,
            "tickets": list(turned.tickets),
            "hand_over": reply.hand_over,
            "hand_over_to": reply.hand_over_to or None,
            "ended": reply.ended,
        }

    async def _hang_up(self, value: dict[str, Any]) -> dict[str, Any]:
        session = _session(value)
        return {"session": session, "tickets": await self._conversations.hang_up(session)}

    async def _press(self, value: dict[str, Any]) -> dict[str, Any]:
        pressed = await self._conversations.press(
            text_of(value, "do"), text_of(value, "ticket_no", None), text_of(value, "by")
        )
        return {"ticket_no": pressed.ticket_no, "state": pressed.state, "outcome": pressed.outcome, "by": pressed.who}

    async def _wait(self, value: dict[str, Any]) -> dict[str, Any]:
        minutes = value.get("minutes")
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not math.isfinite(minutes):
            raise BadLine('"minutes" is missing or not a number')
        if not 0 <= minutes <= 1e9:
            raise BadLine('"minutes" is out of range')
        return {"fired": await self._conversations.wait(dt.timedelta(minutes=minutes))}

    async def _tickets(self, value: dict[str, Any]) -> dict[str, Any]:
        return {"tickets": await self._conversations.tickets()}

    async def _fresh(self, value: dict[str, Any]) -> dict[str, Any]:
        await self._conversations.fresh()
        return {"fresh": True}


def _session(value: dict[str, Any]) -> str:
    session = text_of(value, "session", None)
    if not 0 < len(session) <= _LONGEST_NAME:
        raise BadLine(f'"session" has 1 to {_LONGEST_NAME} characters')
    return session
