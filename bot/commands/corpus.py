"""`gege corpus`: whose speech may be used for research, and the corpus that is made of it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.chinese import told
from bot.commands.line import JsonFlag, out, zone_of
from bot.commands.tables import Column, show
from bot.settings import load_settings

ByOption = Annotated[str, typer.Option("--by", help="Staff number of who writes it down.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    corpus = typer.Typer(
        help="Speech that residents allowed to be used to train speech recognition.", no_args_is_help=True
    )
    corpus.command("consent")(consent)
    corpus.command("withdraw")(withdraw)
    corpus.command("consents")(consents)
    corpus.command("export")(export)
    app.add_typer(corpus, name="corpus")


def consent(
    ticket: Annotated[str, typer.Argument(help="Ticket whose conversation may be used.")],
    by: ByOption,
    how: Annotated[str, typer.Option("--how", help="How the resident said so: phone, paper, chat or visit.")],
    note: Annotated[str, typer.Option("--note", help="Where the paper lies, who was asked …")] = "",
    as_json: JsonFlag = False,
) -> None:
    """A resident agreed: gege corpus consent GD2611230001 --by M11 --how phone."""
    from bot.app.parts import existing_site
    from bot.corpus.consents import Consents

    database = existing_site(load_settings())
    try:
        done = Consents(database).give(ticket, by, how, note)
    finally:
        database.dispose()
    if as_json:
        return out(dataclasses.asdict(done))
    print(f"{done.ticket_no}: may be used" + ("" if done.fresh else " (was written down before)"), file=sys.stderr)


def withdraw(ticket: str, by: ByOption, as_json: JsonFlag = False) -> None:
    """A resident does not want it any more; the next export is without it."""
    from bot.app.parts import existing_site
    from bot.corpus.consents import Consents

    database = existing_site(load_settings())
    try:
        done = Consents(database).withdraw(ticket, by)
    finally:
        database.dispose()
    if as_json:
        return out(dataclasses.asdict(done))
    print(f"{done.ticket_no}: not used any more. Who has an older corpus must delete it there, too", file=sys.stderr)


def consents(as_json: JsonFlag = False) -> None:
    """List the consents, the withdrawn ones as well."""
    from bot.app.parts import existing_site
    from bot.corpus.consents import Consents

    settings = load_settings()
    database = existing_site(settings)
    try:
        found = Consents(database).all()
    finally:
        database.dispose()
    if as_json:
        return out([dataclasses.asdict(one) for one in found], zone_of(settings))
    heads = ("ticket", "how", "by", "since", "withdrawn")
    columns = [*(Column(told(head)) for head in heads), Column(told("note"), text=True)]
    rows = [(one.ticket_no, one.how, one.by, one.at, one.withdrawn_at, one.note) for one in found]
    show(columns, rows, told("nobody has consented yet"), zone_of(settings))


def export(
    folder: Annotated[Path, typer.Argument(help="A new folder, or an earlier corpus, which is replaced.")],
    rate: Annotated[int, typer.Option(help="Hz of all wav files; what was recorded with less is left out.")] = 8000,
    as_json: JsonFlag = False,
) -> None:
    """Write consented, corrected recordings as a Kaldi data directory with pseudonymous speakers."""
    from bot.app.parts import existing_site
    from bot.corpus.export import ExportRefused
    from bot.corpus.export import export as write
    from bot.dialogue.training import trained_model
    from bot.learning.learn import RasaBench

    settings = load_settings()
    model = trained_model(settings.dialogue_models)
    if model is None:
        raise ExportRefused("names are found by the dialogue model, and there is none: gege train makes it")
    database = existing_site(settings)
    try:
        done = write(settings, database, folder, lambda texts: RasaBench().entities(model, texts), rate)
    finally:
        database.dispose()
    if as_json:
        return out({**dataclasses.asdict(done), "left_out": dict(done.left_out)})
    left = "".join(f"; {count} left out: {reason}" for reason, count in sorted(done.left_out.items()))
    print(
        f"{done.utterances} utterances of {done.speakers} speakers, {done.seconds / 60:.1f} minutes in {done.folder}{left}",
        file=sys.stderr,
    )
