"""The service itself: train, serve, demo, doctor, backup, restore."""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import resource
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import Failure, JsonFlag, note, out
from bot.settings import load_settings

#: 500 questions and 500 silent connections of FastAGI, as many of AudioSocket, pages, files
_OPEN_FILES = 16_384


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("train")(train)
    app.command("serve")(serve)
    app.command("rasa-server")(rasa_server)
    app.command("demo")(demo)
    app.command("doctor")(doctor)
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("restored")(restored)
    app.command("settings")(settings)


def train(
    force: Annotated[bool, typer.Option("--force", help="Even when nothing changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print how far it is, and the model, as JSON Lines.")] = False,
) -> None:
    """Train the dialogue model when its sources changed."""
    from bot.dialogue.training import train as train_model

    # Rasa prints on standard output: the training sends that to standard error.
    with os.fdopen(os.dup(1), "w") as told:

        def how_far(share: float) -> None:
            print(json.dumps({"share": round(share, 3)}), file=told, flush=True)

        model = train_model(load_settings().dialogue_models, force=force, how_far=how_far if as_json else None)
    if as_json:
        out({"model": model})
    else:
        note(f"dialogue model: {model}")


def serve(
    sample: Annotated[
        bool, typer.Option("--sample", help="First make what is missing: the sample county, the dialogue model.")
    ] = False,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
) -> None:
    """Run the service: web page, telephone, outbox, timers."""
    if sample:
        from bot.commands.first_run import make_what_is_missing

        make_what_is_missing(load_settings())
    from bot.app.serve import serve as run

    # Where it fell or hung: frames, no values. A core would hold what residents said.
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # A shell's 1,024 are too few for every line of an exchange with all its questions.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    asyncio.run(run(load_settings(), opens=opens))


def rasa_server(port: int = 5005, host: str = "127.0.0.1") -> None:
    """Run Rasa as a server of its own for [dialogue] adapter = "http" (needs [dialogue] token)."""
    from bot.app.events_out import outlet_beside
    from bot.app.parts import area_code_of, make_actions, open_site
    from bot.dialogue.rasa_server import run_rasa_server
    from bot.grid.registry import Registry
    from bot.tickets.desk import TicketDesk
    from bot.tickets.rules import rules_of

    settings = load_settings()
    database = open_site(settings)
    registry = Registry.load(database, area_code_of(settings))
    actions = make_actions(settings, TicketDesk(database, rules=rules_of(settings)), registry)
    try:
        with outlet_beside(settings, database) as outlet:
            told = outlet.put if outlet is not None else None
            run_rasa_server(settings, database, actions, [registry.background()], told, host=host, port=port)
    finally:
        database.dispose()


def demo(
    sound: Annotated[bool, typer.Option("--sound/--no-sound", help="Let the call be heard afterwards.")] = True,
) -> None:
    """Place one spoken call end to end and show what was heard, said, logged and handed over."""
    from bot.commands.demo import demo as run

    raise typer.Exit(run(load_settings(), sound=sound))


def doctor(
    as_json: JsonFlag = False,
    strict: Annotated[bool, typer.Option("--strict", help="Also whether it is safe to serve strangers.")] = False,
) -> None:
    """Say what is in use and what is missing."""
    from bot.commands.doctor.doctor import examine, show
    from bot.commands.doctor.strict import examine_safety

    settings = load_settings()
    findings = [*examine(settings), *(examine_safety(settings) if strict else [])]
    if as_json:
        out(findings)
    else:
        show(findings)
    if not all(one["ok"] for one in findings):
        raise typer.Exit(1)


def backup(
    file: Annotated[Path | None, typer.Argument(help="Archive to write (.tar.gz).")] = None,
    into: Annotated[Path | None, typer.Option("--into", help="Folder that gets one more archive.")] = None,
) -> None:
    """Write settings, database, recordings and prompts of GEGE_HOME into one archive, and prove it.

    With --into, what never changes is copied beside the archives once: often enough for every few minutes."""
    from bot.commands.archive import backup as run
    from bot.commands.backups import backup_into

    settings = load_settings()
    if into is not None and file is None:
        note(backup_into(settings, into))
    elif file is not None and into is None:
        note(run(settings, file))
    else:
        raise Failure("where to? gege backup FILE.tar.gz, or gege backup --into FOLDER")


def restore(
    file: Annotated[Path, typer.Argument(help="Archive made by gege backup, or the folder of --into.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is in GEGE_HOME.")] = False,
    key: Annotated[Path | None, typer.Option("--key", help="What opens sealed archives (gege keys backup).")] = None,
) -> None:
    """Put an archive back into GEGE_HOME; of a folder the newest that proves itself. Who was deleted since is deleted again."""
    from bot.commands.archive import restore as run
    from bot.commands.backups import restore_newest
    from bot.commands.deleted_again import deleting_again

    settings = load_settings()
    with deleting_again(settings):
        note(restore_newest(settings, file, force, key) if file.is_dir() else run(settings, file, force, key))


def restored(
    moment: Annotated[str, typer.Argument(help="What the data is of: 2026-11-28T12:00, the site's time.")],
) -> None:
    """After a restore by other means (PostgreSQL's own): give no number twice, tell the duty desk what is missing."""
    from zoneinfo import ZoneInfo

    from sqlalchemy.engine import make_url

    from bot.app.parts import existing_site
    from bot.commands.deleted_again import deleting_again
    from bot.commands.escalation import moment as read
    from bot.commands.restored import go_on
    from bot.database import now

    settings = load_settings()
    made_at = read(moment, ZoneInfo(settings.site.timezone))
    if made_at > now():
        raise Failure(f"{moment} is still to come")
    existing_site(settings).dispose()
    with deleting_again(settings):
        note(f"ticket numbers go on {go_on(make_url(settings.database_url), settings.home, made_at)} further")


def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/settings.md is written.")] = False,
) -> None:
    """Print a gege.toml with every key, its default and what it means."""
    from bot.settings.reference import as_markdown, as_toml

    print(as_markdown() if markdown else as_toml(), end="")
