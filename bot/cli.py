"""The command line: `gege …`. Commands that print JSON print nothing else on stdout."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands import calling, corpus, escalation, learning, link, models, outage, staff
from bot.commands.bench_nlu import register as register_bench_nlu
from bot.commands.bench_voice import register as register_bench_voice
from bot.commands.call_log import register as register_call_log
from bot.commands.line import JsonFlag, out
from bot.settings import SettingsError, load_settings

app = typer.Typer(
    help="Gege answers the telephone and the chat of a county power company.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
bench_app = typer.Typer(help="Measure: locate, nlu, speech, turn, reports.", no_args_is_help=True)
app.add_typer(bench_app, name="bench")
escalation.register(app)
outage.register(app)
staff.register(app)
link.register(app)
calling.register(app)
learning.register(app)
corpus.register(app)
models.register(app)

Caller = Annotated[str, typer.Option("--caller", help="The caller's number.")]


class Failure(Exception):
    """A command cannot go on; the message is for the operator."""


def note(line: str) -> None:
    """Progress and remarks, on stderr."""
    print(line, file=sys.stderr, flush=True)


def _json_lines() -> Iterator[tuple[dict[str, Any] | None, str]]:
    """(object, "") for every good input line, (None, reason) for every bad one."""
    for raw in sys.stdin.buffer:
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            yield None, "the line is not UTF-8"
            continue
        if not line.strip():
            yield None, "the line is empty"
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            yield None, "the line is not JSON"
            continue
        if not isinstance(value, dict):
            yield None, "the line is not a JSON object"
        elif not isinstance(value.get("text"), str):
            yield None, '"text" is missing or not a string'
        elif not isinstance(value.get("alternatives") or [], list) or not all(
            isinstance(item, str) for item in value.get("alternatives") or []
        ):
            yield None, '"alternatives" must be a list of strings'
        elif not isinstance(value.get("caller") or "", str):
            yield None, '"caller" must be a string'
        else:
            yield value, ""


@app.command()
def parse() -> None:
    """Understand sentences: JSON Lines in, JSON Lines out."""
    from bot.app.parts import make_dialogue, open_site
    from bot.grid.registry import Registry
    from bot.tickets.desk import TicketDesk

    settings = load_settings()
    database = open_site(settings)

    async def work() -> None:
        dialogue = make_dialogue(settings, database, TicketDesk(database), Registry.load(database))
        await dialogue.start()
        try:
            for value, reason in _json_lines():
                if value is None:
                    out({"error": reason})
                    continue
                found = await dialogue.parse(value["text"], tuple(value.get("alternatives") or ()))
                out(
                    {
                        "text": value["text"],
                        "intent": found.intent,
                        "confidence": found.confidence,
                        "fallback": found.fallback,
                        "entities": found.entities,
                    }
                )
        finally:
            await dialogue.close()

    try:
        asyncio.run(work())
    finally:
        database.dispose()


@app.command()
def locate() -> None:
    """Find household, grid and manager: JSON Lines in, JSON Lines out."""
    from bot.app.parts import open_site
    from bot.grid.registry import Registry

    database = open_site(load_settings())
    try:
        registry = Registry.load(database)
        for value, reason in _json_lines():
            if value is None:
                out({"error": reason})
                continue
            found = registry.locate(
                value["text"],
                alternatives=tuple(value.get("alternatives") or ()),
                caller=value.get("caller") or "",
            )
            out(
                {
                    "household_no": found.household_no,
                    "grid_no": found.grid_no,
                    "manager": found.manager,
                    "score": round(found.score, 4),
                    "candidates": [
                        {
                            "household_no": one.household_no,
                            "grid_no": one.grid_no,
                            "label": one.label,
                            "score": round(one.score, 4),
                        }
                        for one in found.candidates
                    ],
                }
            )
    finally:
        database.dispose()


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
        "ticket": _plain(ticket),
        "notifications": [_plain(one) for one in owed],
    }


def _plain(value: Any) -> Any:
    import dataclasses

    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


@app.command()
def say(
    text: str,
    caller: Caller = "",
    session: Annotated[str, typer.Option(help="Conversation to go on with.")] = "",
    dialled: Annotated[str, typer.Option(help="Number that was dialled, or grid_24.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """One turn: say a sentence to Gege. Without --session, the caller's conversation goes on for 30 minutes."""
    from bot.app.parts import deliver_once, running
    from bot.commands.terminal import show_reply
    from bot.dialogue.port import Heard

    async def work() -> None:
        async with running(load_settings(), relay=False) as service:
            heard = Heard(
                id=uuid.uuid4().hex,
                session=session or f"say-{caller}",
                text=text,
                caller=caller,
                channel="terminal",
                dialled=dialled,
            )
            reply = await service.dialogue.turn(heard)
            await deliver_once(service)
            if as_json:
                out(_reply_json(reply, service))
            else:
                show_reply(reply, service.desk)

    asyncio.run(work())


@app.command()
def chat(
    caller: Caller = "",
    dialled: Annotated[str, typer.Option(help="Number that was dialled, or grid_24.")] = "",
) -> None:
    """A conversation in the terminal; an empty line or Ctrl-D ends it."""
    from bot.app.parts import running
    from bot.commands.terminal import converse

    async def work() -> None:
        async with running(load_settings()) as service:
            await converse(service.dialogue, service.desk, caller=caller, dialled=dialled)

    asyncio.run(work())


@app.command()
def call(
    files: Annotated[list[Path], typer.Argument(help="Sound files, spoken in turn.")],
    caller: Caller = "",
    dialled: Annotated[str, typer.Option(help="Number that was dialled, or grid_24.")] = "",
    pace: Annotated[float, typer.Option(help="Times real time.")] = 8.0,
    as_json: JsonFlag = False,
) -> None:
    """Place a real call through the AudioSocket front end on loopback, speaking the files in turn."""
    from bot.app.parts import deliver_once, ears_and_mouth, running
    from bot.commands.call_teller import CallTeller
    from bot.voice.call_log import CallLog
    from bot.voice.loopback import run_call

    for file in files:
        if not file.exists():
            raise Failure(f"{file}: there is no such file")
    settings = load_settings()

    async def work() -> None:
        async with running(settings, relay=False) as service, ears_and_mouth(settings) as (recogniser, voice):
            told = await run_call(
                files,
                caller,
                service.dialogue,
                recogniser,
                voice,
                service.desk,
                settings,
                None if as_json else CallTeller(),
                dialled=dialled,
                pace=pace,
                log=CallLog(service.database),
            )
            story = told.as_json()
            await deliver_once(service)
            if as_json:
                ticket = service.desk.ticket(story["ticket_no"]) if story.get("ticket_no") else None
                story["ticket"] = _plain(ticket)
                story["notifications"] = (
                    [_plain(one) for one in service.desk.notifications(story["ticket_no"])] if ticket else []
                )
                out(story)
            elif story.get("ticket_no"):
                from bot.commands.terminal import show_ticket

                show_ticket(service.desk, story["ticket_no"])

    asyncio.run(work())


@app.command(name="import")
def import_(file: Path) -> None:
    """Import a CSV of households or of staff; the header says which."""
    from bot.app.parts import open_site
    from bot.grid.importer import ImportRefused, import_csv

    database = open_site(load_settings())
    try:
        report = import_csv(database, file)
    except ImportRefused as refused:
        raise Failure(str(refused)) from None
    finally:
        database.dispose()
    note(str(report))


@app.command()
def sample(
    again: Annotated[bool, typer.Option("--again", help="Make it even if households are there already.")] = False,
) -> None:
    """Make the invented sample county: 8 communities, 16 grids, 57,600 households."""
    from bot.app.parts import open_site
    from bot.grid.registry import Registry
    from bot.grid.sample import make_sample

    settings = load_settings()
    database = open_site(settings)
    try:
        if not again and Registry.load(database).size:
            note("the county is already there")
            return
        make_sample(database, settings.home / "sample", progress=note)
    finally:
        database.dispose()


@app.command()
def train(force: Annotated[bool, typer.Option("--force", help="Even when nothing changed.")] = False) -> None:
    """Train the dialogue model when its sources changed."""
    from bot.dialogue.training import train as train_model

    note(f"dialogue model: {train_model(load_settings().dialogue_models, force=force)}")


@app.command()
def tickets(as_json: JsonFlag = False, open_only: Annotated[bool, typer.Option("--open")] = False) -> None:
    """List tickets, newest first."""
    from bot.app.parts import open_site
    from bot.commands.terminal import show_tickets
    from bot.tickets.desk import TicketDesk

    database = open_site(load_settings())
    try:
        found = TicketDesk(database).tickets(open_only=open_only, limit=10_000)
    finally:
        database.dispose()
    if as_json:
        out([_plain(one) for one in found])
    else:
        show_tickets(found)


@app.command()
def ticket(
    number: str,
    move: Annotated[str, typer.Argument(help="ack, on-site, resolve, cancel, pass, or nothing to look.")] = "",
    by: Annotated[str, typer.Option("--by", help="Staff number of who does it.")] = "",
    to: Annotated[str, typer.Option("--to", help="pass: staff number of who gets it.")] = "",
    words: Annotated[str, typer.Option("--note", help="What was done, or why.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Look at a ticket or move it: gege ticket GD2611230001 ack --by M11."""
    from bot.app.parts import open_site
    from bot.commands.terminal import show_ticket
    from bot.tickets.desk import TicketDesk, TicketRefused
    from bot.tickets.rules import rules_of

    settings = load_settings()
    database = open_site(settings)
    desk = TicketDesk(database, rules=rules_of(settings))
    moves: dict[str, Callable[[], Any]] = {
        "ack": lambda: desk.acknowledge(number, by),
        "on-site": lambda: desk.on_site(number, by),
        "resolve": lambda: desk.resolve(number, by, note=words),
        "cancel": lambda: desk.cancel(number, by=by or "resident"),
        "pass": lambda: desk.pass_on(number, to, by, words),
    }
    try:
        if desk.ticket(number) is None:
            raise Failure(f"there is no ticket {number}")
        if move and move not in moves:
            raise Failure(f"unknown move {move}; one of: {', '.join(moves)}")
        if move and move != "cancel" and not by:
            raise Failure("who does it? add --by STAFF_NO")
        if move:
            moves[move]()
        if as_json:
            out(
                {
                    **_plain(desk.ticket(number)),
                    "activities": [_plain(one) for one in desk.activities(number)],
                    "notifications": [_plain(one) for one in desk.notifications(number)],
                }
            )
        else:
            show_ticket(desk, number)
    except TicketRefused as refused:
        raise Failure(str(refused)) from None
    finally:
        database.dispose()


@app.command()
def notifications(as_json: JsonFlag = False) -> None:
    """List what is or was owed to people, newest first."""
    from bot.app.parts import open_site
    from bot.commands.terminal import show_notifications
    from bot.tickets.desk import TicketDesk

    database = open_site(load_settings())
    try:
        found = TicketDesk(database).notifications()
    finally:
        database.dispose()
    if as_json:
        out([_plain(one) for one in found])
    else:
        show_notifications(found)


@app.command()
def serve() -> None:
    """Run the service: web page, telephone, outbox, timers."""
    from bot.app.serve import serve as run

    asyncio.run(run(load_settings()))


@app.command("rasa-server")
def rasa_server(port: int = 5005, host: str = "127.0.0.1") -> None:
    """Run Rasa as a server of its own for [dialogue] adapter = "http" (needs [dialogue] token)."""
    from bot.app.parts import bind_actions, open_site
    from bot.dialogue.rasa_server import run_rasa_server
    from bot.grid.registry import Registry
    from bot.tickets.desk import TicketDesk
    from bot.tickets.rules import rules_of

    settings = load_settings()
    database = open_site(settings)
    bind_actions(settings, TicketDesk(database, rules=rules_of(settings)), Registry.load(database))
    try:
        run_rasa_server(settings, database, host=host, port=port)
    finally:
        database.dispose()


@app.command()
def demo() -> None:
    """Place one spoken call end to end and show what was heard, said, logged and handed over."""
    from bot.commands.demo import demo as run

    raise typer.Exit(asyncio.run(run(load_settings())))


@app.command()
def doctor(as_json: JsonFlag = False) -> None:
    """Say what is in use and what is missing."""
    from bot.commands.doctor.doctor import examine, show

    findings = examine(load_settings())
    if as_json:
        out(findings)
    else:
        show(findings)
    if not all(one["ok"] for one in findings):
        raise typer.Exit(1)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Archive to write (.tar.gz).")]) -> None:
    """Write settings, database, recordings and prompts of GEGE_HOME into one archive."""
    from bot.commands.archive import backup as run

    note(run(load_settings(), file))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="Archive made by gege backup.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is in GEGE_HOME.")] = False,
) -> None:
    """Put an archive back into GEGE_HOME."""
    from bot.commands.archive import restore as run

    note(run(load_settings(), file, force=force))


@bench_app.command("locate")
def bench_locate(count: int = 500, households: int = 57_600) -> None:
    """Right household, right grid, silent wrong managers, milliseconds."""
    from bot.bench.locate import run_bench

    out(run_bench(load_settings(), count=count, households=households, progress=note))


@bench_app.command("speech")
def bench_speech() -> None:
    """Character errors of the model in use, clean and over a noisy line."""
    from bot.bench.service import speech

    out(asyncio.run(speech(load_settings(), note)))


@bench_app.command("call")
def bench_call() -> None:
    """Audio → intent → household → grid, in one table by kind of speech (synthetic voices)."""
    from bot.bench.service import call

    out(asyncio.run(call(load_settings(), note)))


@bench_app.command("nlu")
def bench_nlu(
    stock: Annotated[bool, typer.Option(help="compare with stock Rasa (trains it: minutes)")] = True,
) -> None:
    """Intents on the frozen set, clean and as simulated Chongyang speech, beside stock Rasa."""
    from bot.bench.service import nlu

    out(asyncio.run(nlu(load_settings(), stock, note)))


@bench_app.command("turn")
def bench_turn(
    turns: int = 300,
    stock: Annotated[bool, typer.Option(help="compare with a stock Rasa set-up (trains it: minutes)")] = True,
) -> None:
    """Milliseconds of a text turn without and with a ticket; start-up; memory; ratio to stock Rasa."""
    from bot.bench.service import turn

    out(asyncio.run(turn(load_settings(), turns, stock, note)))


@bench_app.command("notify")
def bench_notify() -> None:
    """Commit to first message at 20 danger reports a second; 12,000 reports of 40 sections in ten minutes."""
    from bot.bench.service import notify

    out(asyncio.run(notify(load_settings(), note)))


@bench_app.command("reports")
def bench_reports(count: int = 500) -> None:
    """Full reports stored a second."""
    from bot.bench.service import reports

    out(reports(load_settings(), count, note))


register_call_log(app)
register_bench_voice(bench_app)
register_bench_nlu(bench_app)


def main() -> None:
    """Entry point: errors are one line for a person, tracebacks go nowhere (GEGE_DEBUG=1 shows them)."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    debug = bool(os.environ.get("GEGE_DEBUG"))
    if not debug:
        warnings.simplefilter("ignore")  # third parties' deprecations are not an operator's business
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as problem:
        if debug:
            raise
        known = isinstance(problem, (Failure, SettingsError)) or type(problem).__module__.startswith("bot.")
        note(f"gege: {problem}" if known else f"gege: {type(problem).__name__}: {problem}")
        raise SystemExit(1) from None
