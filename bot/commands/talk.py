"""What is said to Gege from a shell: parse, say, chat, call."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.line import (
    CallerFlag,
    Failure,
    JsonFlag,
    answer_lines,
    out,
    plain,
    tell_new_home,
    text_of,
    texts_of,
    zone_of,
)
from bot.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("parse")(parse)
    app.command("say")(say)
    app.command("chat")(chat)
    app.command("call")(call)


def parse() -> None:
    """Understand sentences: JSON Lines in, JSON Lines out."""
    from bot.app.parts import make_dialogue, open_site
    from bot.grid.registry import Registry
    from bot.tickets.desk import TicketDesk

    settings = load_settings()
    tell_new_home(settings)
    database = open_site(settings)

    async def work() -> None:
        dialogue = make_dialogue(settings, database, TicketDesk(database), Registry.load(database))

        async def answer(value: dict[str, Any]) -> dict[str, Any]:
            text = text_of(value, "text", None)
            found = await dialogue.parse(text, texts_of(value, "alternatives"), text_of(value, "question"))
            return {
                "text": text,
                "intent": found.intent,
                "act": found.act,
                "confidence": found.confidence,
                "fallback": found.fallback,
                "entities": found.entities,
            }

        await dialogue.start()
        try:
            await answer_lines(answer)
        finally:
            await dialogue.close()

    try:
        asyncio.run(work())
    finally:
        database.dispose()


def say(
    text: Annotated[str, typer.Argument(help="What is said.")],
    caller: CallerFlag = "",
    session: Annotated[str, typer.Option(help="Conversation to go on with.")] = "",
    dialled: Annotated[str, typer.Option(help="Number that was dialled, or grid_24.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """One turn: say a sentence to Gege. Without --session, the caller's conversation goes on for 30 minutes."""
    from bot.app.parts import deliver_once, running
    from bot.commands.terminal import show_reply
    from bot.tickets.intake.caller import Caller
    from bot.tickets.intake.channels import Channel
    from bot.tickets.intake.heard import Heard

    if not text.strip():
        raise Failure('nothing was said; gege say "停电了" --caller NUMBER')

    settings = load_settings()
    tell_new_home(settings)

    async def work() -> None:
        async with running(settings, relay=False, hurries=False) as service:
            heard = Heard(
                id=uuid.uuid4().hex,
                session=session or f"say-{caller}",
                text=text,
                caller=Caller.by(Channel.terminal, caller),
                dialled=dialled,
            )
            reply = await service.dialogue.turn(heard)
            await deliver_once(service)
            if as_json:
                out(_reply_json(reply, service), zone_of(settings))
            else:
                show_reply(reply, service.desk, zone_of(service.settings))

    asyncio.run(work())


def chat(
    caller: CallerFlag = "",
    dialled: Annotated[str, typer.Option(help="Number that was dialled, or grid_24.")] = "",
) -> None:
    """A conversation in the terminal; an empty line or Ctrl-D ends it."""
    from bot.app.parts import running
    from bot.commands.terminal import converse

    settings = load_settings()
    tell_new_home(settings)

    async def work() -> None:
        async with running(settings) as service:
            await converse(service.dialogue, service.desk, zone_of(service.settings), caller=caller, dialled=dialled)

    asyncio.run(work())


def call(
    files: Annotated[list[Path], typer.Argument(help="Sound files, spoken in turn.")],
    caller: CallerFlag = "",
    dialled: Annotated[str, typer.Option(help="Number that was dialled, or grid_24.")] = "",
    pace: Annotated[float, typer.Option(help="Times real time.")] = 8.0,
    as_json: JsonFlag = False,
) -> None:
    """Place a real call through the AudioSocket front end on loopback, speaking the files in turn."""
    from bot.app.parts import deliver_once, ears_and_mouth, running
    from bot.commands.call_teller import CallTeller
    from bot.voice.call_log import CallLog
    from bot.voice.events import nobody_watches
    from bot.voice.loopback import run_call

    for file in files:
        if not file.exists():
            raise Failure(f"{file}: there is no such file")
    settings = load_settings()
    tell_new_home(settings)

    async def work() -> None:
        async with running(settings, relay=False) as service, ears_and_mouth(service) as (recogniser, voice):
            told = await run_call(
                files,
                caller,
                service.dialogue,
                recogniser,
                voice,
                service.desk,
                settings,
                nobody_watches if as_json else CallTeller(),
                dialled=dialled,
                pace=pace,
                log=CallLog(service.database),
            )
            story = told.as_json()
            await deliver_once(service)
            if as_json:
                ticket = service.desk.ticket(story["ticket_no"]) if story.get("ticket_no") else None
                story["ticket"] = plain(ticket)
                story["notifications"] = (
                    [plain(one) for one in service.desk.notifications(story["ticket_no"])] if ticket else []
                )
                out(story, zone_of(settings))
            elif story.get("ticket_no"):
                from bot.commands.terminal import show_ticket

                show_ticket(service.desk, story["ticket_no"], zone_of(settings))

    asyncio.run(work())


def _reply_json(reply: Any, service: Any) -> dict[str, Any]:
    ticket = service.desk.ticket(reply.ticket_no) if reply.ticket_no else None
    owed = service.desk.notifications(reply.ticket_no) if reply.ticket_no else []
    found = reply.understanding
    return {
        "replies": list(reply.sentences),
        "intent": found.intent,
        "confidence": found.confidence,
        "fallback": found.fallback,
        "entities": found.entities,
        "hand_over": reply.hand_over,
        "ended": reply.ended,
        "ticket": plain(ticket),
        "notifications": [plain(one) for one in owed],
    }
