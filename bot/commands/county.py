"""The county: look a household up, import one, make the sample."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.line import Failure, answer_lines, note, tell_new_home, text_of, texts_of
from bot.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("locate")(locate)
    app.command("import")(import_)
    app.command("sample")(sample)


def locate() -> None:
    """Find household, grid and manager: JSON Lines in, JSON Lines out."""
    from bot.app.parts import open_site
    from bot.grid.registry import Registry
    from bot.tickets.intake.caller import Caller
    from bot.tickets.intake.channels import Channel

    settings = load_settings()
    tell_new_home(settings)
    database = open_site(settings)
    try:
        registry = Registry.load(database)

        async def answer(value: dict[str, Any]) -> dict[str, Any]:
            found = registry.locate(
                text_of(value, "text", None),
                alternatives=texts_of(value, "alternatives"),
                caller=Caller.by(Channel.phone, text_of(value, "caller")).contact,
                earlier=texts_of(value, "earlier"),
            )
            return {
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
                "ask": found.ask,
            }

        asyncio.run(answer_lines(answer))
    finally:
        database.dispose()


def import_(file: Annotated[Path, typer.Argument(help="The table or map.")]) -> None:
    """Import a table (CSV, xlsx) of households or of staff; the header says which. Or a map of the county (GeoJSON)."""
    from bot.app.parts import open_site
    from bot.grid.importer import import_csv
    from bot.grid.problems import ImportRefused

    database = open_site(load_settings())
    try:
        report = import_csv(database, file)
    except ImportRefused as refused:
        raise Failure(str(refused)) from None
    finally:
        database.dispose()
    note(str(report))


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
        if not again and Registry.load(database).county.size:
            note("the county is already there")
            return
        make_sample(database, settings.home / "sample", progress=note)
    finally:
        database.dispose()
