"""`gege models`: which speech model is in use; install, fetch, build, and give it the site's words."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import Failure, JsonFlag, out
from bot.settings import PROJECT, load_settings

DEMO = PROJECT / "models" / "demo"
PythonOption = Annotated[str, typer.Option(help="Interpreter that has PyTorch.")]
BaseOption = Annotated[Path, typer.Option(help="Model of this project to go on from.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models = typer.Typer(help="Speech models: which is in use, install, build.", no_args_is_help=False)
    models.callback(invoke_without_command=True)(in_use)
    models.command("install")(install)
    models.command("fetch")(fetch)
    models.command("graph")(graph)
    models.command("build")(build)
    models.command("build-demo")(build_demo)
    app.add_typer(models, name="models")


def note(line: str) -> None:
    """Progress and remarks, on stderr."""
    print(line, file=sys.stderr, flush=True)


def in_use(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Say which speech model is in use."""
    if context.invoked_subcommand:
        return
    from bot.speech.models import in_use

    model = in_use(load_settings())
    found = {"name": model.name, **dataclasses.asdict(model)}
    if as_json:
        out(found)
    else:
        note("\n".join(f"{key}: {value}" for key, value in found.items()))


def install(archive: Path) -> None:
    """Install a Vosk model from a zip file."""
    from bot.speech.models import install_zip

    note(f"installed {install_zip(archive, load_settings().home).path}")


def fetch() -> None:
    """Download vosk-model-small-cn-0.22 (44 MB), check its sha256 and install it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    from bot.speech.models import fetch

    with Progress(BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        job = bar.add_task("model", total=None)
        model = asyncio.run(
            fetch(load_settings().home, lambda have, total: bar.update(job, completed=have, total=total or None))
        )
    note(f"installed {model.path}")


def graph(
    name: Annotated[str, typer.Argument(help="What the model is called under GEGE_HOME/models.")] = "site",
    base: BaseOption = DEMO,
    readings: Annotated[str, typer.Option(help="Second readings of every word: none, accent or dialect.")] = "accent",
    phrases: Annotated[
        bool, typer.Option("--phrases", help="So that it takes phrase lists (docs/decisions/0026).")
    ] = False,
) -> None:
    """Give a model of this project the site's places and staff, and Chongyang readings; its acoustics stay (a minute)."""
    from bot.app.parts import open_site
    from tools.demo_model.site_graph import NAME, READINGS, build_site_graph

    if readings not in READINGS:
        raise Failure(f"--readings is one of {', '.join(READINGS)}")
    if not NAME.fullmatch(name):
        raise Failure("a model's name has letters, digits, - and _ alone")
    settings = load_settings()
    database = open_site(settings)
    try:
        done = build_site_graph(database, base, settings.home / "models" / name, readings, phrases)
    finally:
        database.dispose()
    note(f"{done.folder}: {done.words} words, {done.site_words} of them the site's own, {done.readings} readings")
    if done.unreadable:
        note(f"left out, for only Chinese characters can be read: {', '.join(done.unreadable)}")
    note("used from the next start of gege serve, unless [speech] model names another one (gege models tells)")


def build(
    corpora: Annotated[list[Path], typer.Argument(help="Folders of gege corpus export.")],
    to: Annotated[Path, typer.Option(help="New folder for the model.")],
    base: BaseOption = DEMO,
    hours: Annotated[float, typer.Option(help="Hours of synthetic speech beside it.")] = 2.0,
    passes: Annotated[float, typer.Option(help="How often training goes through everything.")] = 3.0,
    python: PythonOption = "",
) -> None:
    """Train a model on with residents' own speech, and tell whether held-out speakers are heard better."""
    from tools.demo_model.own_speech import build_mixed

    work = load_settings().home / "own-model"
    found = build_mixed(corpora, base, to, work=work, hours=hours, passes=passes, python=python or None, progress=note)
    if found["after"]["cer"] < found["before"]["cer"]:
        note(f"{to}: held-out speakers are heard better; [speech] model = {str(to)!r} puts it in use")
    else:
        note(f"{to}: NOT better for speakers that it has not heard; keep the old one")


def build_demo(
    to: Annotated[Path, typer.Option(help="Folder for the model.")] = DEMO,
    hours: Annotated[float, typer.Option(help="Hours of synthetic speech.")] = 10.0,
    python: PythonOption = "",
) -> None:
    """Make the demo speech model from synthetic voices (about 15 minutes on 2 cores)."""
    from tools.demo_model.build import build_demo

    build_demo(to, work=load_settings().home / "demo-model", hours=hours, python=python or None, progress=note)
