"""`gege bench hear`: an ear measured with recordings, a site's own among them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.line import Failure, JsonFlag, note, out
from bot.database import now
from bot.settings import PROJECT, Settings, load_settings


def register(bench: typer.Typer) -> None:
    bench.command("hear")(bench_hear)


def bench_hear(
    folder: Annotated[Path, typer.Argument(help="Recordings (wav, flac) and a tsv: NAME<TAB>TEXT, or with a heading.")],
    model: Annotated[str, typer.Option(help="An ear: a name under GEGE_HOME/models, a folder, or demo.")] = "",
    line: Annotated[bool, typer.Option("--line", help="Over a simulated telephone line.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="So many of them, speakers in turn.")] = None,
    keep: Annotated[
        str, typer.Option(help="Let pages and doctor tell it: people (speakers of Mandarin) or local (this county's).")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Characters, syllables, meanings, rejections and time of recordings, by the ear in use or another one."""
    from bot.bench.hear import hear
    from bot.speech.ear_card import KINDS

    if keep and keep not in KINDS:
        raise Failure(f"--keep is {' or '.join(KINDS)}")
    settings = with_ear(load_settings(), model)
    measured = asyncio.run(hear(settings, folder, note, line=line, limit=limit))
    if measured.left_out:
        note(f"{len(measured.left_out)} left out")
    if not measured.rows:
        raise Failure(f"{folder}: none of its recordings could be listened to")
    if keep:
        # Single words are harder than what people say to a telephone.
        _keep(settings, keep, measured.figures.get("kind sentence") or measured.figures["all"], line)
    if as_json:
        out({**vars(measured)})
    else:
        typer.echo(measured.told())


def _keep(settings: Settings, kind: str, figures: dict[str, Any], line: bool) -> None:
    """Beside what was measured of it before: over the line and without are two measurements of one ear."""
    from bot.speech.ear_card import Measured, card_in_use, keep

    card = card_in_use(settings)
    known = card.local if kind == "local" else card.people
    cer, day = figures["cer"], now().date().isoformat()
    found = Measured(cer, figures["utterances"], day, known.line_cer if known else None)
    if line and known is not None:
        found = replace(known, line_cer=cer)
    note(f"{keep(settings, card.name, kind, found)}: from now on told of {card.name}")


def with_ear(settings: Settings, model: str) -> Settings:
    """The settings with another local ear; the same for ""."""
    if not model:
        return settings
    demo = PROJECT / "models" / "demo"
    named = [demo] if model == demo.name else [settings.home / "models" / model, Path(model).expanduser()]
    found = next((one for one in named if one.is_dir()), None)
    if found is None:
        raise Failure(f"{model}: no ear of this name under {settings.home / 'models'} and no such folder (gege models)")
    speech = settings.speech.model_copy(update={"engine": "local", "model": str(found), "second": ""})
    return settings.model_copy(update={"speech": speech})
