"""`gege models`: which speech models there are, and which is in use; fetch, install, try, build, and give one the site's words."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.chinese import told
from bot.commands.completing import models as models_to_fetch
from bot.commands.line import Failure, JsonFlag, note, out
from bot.commands.tables import show
from bot.settings import PROJECT, Settings, load_settings

if TYPE_CHECKING:
    from bot.speech.catalogue import Entry
    from bot.speech.install import Installed

DEMO = PROJECT / "models" / "demo"
PythonOption = Annotated[str, typer.Option(help="Interpreter that has PyTorch.")]
BaseOption = Annotated[Path, typer.Option(help="Model of this project to go on from.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models = typer.Typer(help="Speech models: which is in use, install, build.", no_args_is_help=False)
    models.callback(invoke_without_command=True)(in_use)
    models.command("list")(list_models)
    models.command("fetch")(fetch)
    models.command("install")(install)
    models.command("try")(try_model)
    models.command("graph")(graph)
    models.command("build")(build)
    models.command("build-demo")(build_demo)
    app.add_typer(models, name="models")


def in_use(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Say which speech model is in use."""
    if context.invoked_subcommand:
        return
    from bot.speech.models import in_use

    model = in_use(load_settings())
    found = {
        "name": model.name, "path": model.path, "rate": model.rate, "demo": model.demo, "engine": model.engine,
        "takes_phrases": model.takes_phrases, "layout": model.layout.name if model.layout else None,
    }  # fmt: skip
    if as_json:
        out(found)
    else:
        note("\n".join(f"{key}: {value}" for key, value in found.items()))


def list_models(as_json: JsonFlag = False) -> None:
    """Every speech model that is installed or can be fetched: what it hears, how large it is, and its licence."""
    from bot.commands.models_table import rows, table

    found = rows(load_settings())
    if as_json:
        out(found)
    else:
        show(*table(found), told("no models"))
        note("gege models fetch NAME brings one; gege models list --json tells all that is known, and where it stands")


def fetch(
    name: Annotated[
        str, typer.Argument(autocompletion=models_to_fetch, help="A model of gege models list.")
    ] = "vosk-model-small-cn-0.22",
    sha256: Annotated[
        str, typer.Option(help="Checksum that its publisher shows, in place of the one known here.")
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Also when it is installed already.")] = False,
) -> None:
    """Download a speech model of the catalogue, check it, speak to it and install it; goes on where it broke off."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from bot.speech.catalogue import entry_of
    from bot.speech.install import fetch
    from bot.speech.models import holds_model, needs

    entry, settings = entry_of(name), load_settings()
    if not again and holds_model(settings.home / "models" / name):
        note(f"{name} is installed at {settings.home / 'models' / name}; --again brings it anew")
        return
    _introduce(name, entry, sha256)
    needs(entry.engine)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=entry.archive is None) as bar:
        job = bar.add_task("model", total=entry.bytes)
        done = asyncio.run(
            fetch(
                name,
                entry,
                settings.home,
                progress=lambda have, total: bar.update(job, completed=have, total=total or None),
                sha256=sha256.lower(),
                note=note,
            )
        )
    _welcome(done, settings, known=not entry.default)


def _introduce(name: str, entry: Entry, sha256: str) -> None:
    size = f"{entry.bytes / 1e6:.0f} MB" if entry.bytes else "of a size that is not known"
    note(f"{name}: {entry.about}")
    note(f"licence: {entry.licence}")
    for caution in entry.cautions:
        note(f"mind: {caution}")
    note(f"{size}, from {entry.source}")
    if entry.archive and not (entry.archive.sha256 or sha256):
        note("nobody could take its checksum yet: the first fetch takes it, and later ones must match")
    elif entry.archive and entry.archive.sha256_from != "us" and not sha256:
        note(f"its checksum is told by {entry.archive.sha256_from}, not taken by this project")


def _welcome(done: Installed, settings: Settings, known: bool = False) -> None:
    from bot.speech.models import in_use

    name = done.model.name
    note(f"installed {done.model.path}")
    note(f"tried: {done.trial.told()}")
    if not done.trial.text:
        note("it heard nothing of a clear sentence: try it with a recording (gege models try) before you trust it")
    if in_use(settings).path.resolve() == done.model.path.resolve():
        note("in use from the next start of gege serve")
    else:
        note(f'{"never in use by itself; " if known else ""}[speech] model = "{name}" in gege.toml puts it in use')


def install(
    source: Annotated[Path, typer.Argument(help="A zip, tar.bz2, tar.gz, tar.xz, or a folder.")],
    name: Annotated[str, typer.Option(help="What it is called under GEGE_HOME/models.")] = "",
) -> None:
    """Install a speech model from an archive or a folder: it is looked at and spoken to before it is put in its place."""
    from bot.speech.install import install

    settings = load_settings()
    _welcome(install(source, settings.home, name=name), settings)


def try_model(
    file: Annotated[Path, typer.Argument(help="A recording: wav, flac, ogg, mp3, amr.")],
    model: Annotated[str, typer.Option(help="An ear: a name under GEGE_HOME/models, a folder, or demo.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Say what an ear hears in a recording, and how fast: the ear in use, or another one."""
    from bot.commands.bench_hear import with_ear
    from bot.speech.audio import read_audio
    from bot.speech.trial import heard_by

    sound = read_audio(file, longest_s=120.0)
    trial = asyncio.run(heard_by(with_ear(load_settings(), model), sound))
    if as_json:
        out({**dataclasses.asdict(trial), "cpu_s_per_s": round(trial.cpu_s / max(trial.seconds, 0.1), 3)})
        return
    typer.echo(trial.text)
    note(trial.told())
    if trial.alternatives:
        note(f"or: {'，'.join(trial.alternatives)}")
    if trial.unknown_share:
        note(f"{trial.unknown_share:.0%} of it are words that it does not know")


def graph(
    name: Annotated[str, typer.Argument(help="What the model is called under GEGE_HOME/models.")] = "site",
    base: BaseOption = DEMO,
    readings: Annotated[str, typer.Option(help="Second readings of every word: none, accent or dialect.")] = "accent",
    phrases: Annotated[
        bool, typer.Option("--phrases", help="So that it takes phrase lists (docs/decisions/0026).")
    ] = False,
) -> None:
    """Give a model of this project the site's places and staff, and Chongyang readings; its acoustics stay (a minute)."""
    from bot.app.parts import existing_site
    from tools.demo_model.site_graph import NAME, READINGS, build_site_graph

    if readings not in READINGS:
        raise Failure(f"--readings is one of {', '.join(READINGS)}")
    if not NAME.fullmatch(name):
        raise Failure("a model's name has letters, digits, - and _ alone")
    settings = load_settings()
    database = existing_site(settings)
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
    hours: Annotated[float, typer.Option(help="Hours of speech by neural voices.")] = 10.0,
    espeak_hours: Annotated[float, typer.Option(help="Hours of espeak-ng's speech beside it.")] = 2.0,
    people: Annotated[
        list[Path] | None, typer.Option(help="Kaldi data directory of people's recordings beside it (may be repeated).")
    ] = None,
    python: PythonOption = "",
) -> None:
    """Make the demo speech model from synthetic voices (hours; what is there already is kept, so it may be stopped)."""
    from bot.speech.kokoro import installed
    from tools.demo_model.build import build_demo

    if not installed():
        raise Failure("the neural voices are missing: uv sync --extra voice, then start again")
    work = load_settings().home / "demo-model"
    build_demo(
        to, work=work, hours=hours, espeak_hours=espeak_hours, people=people or (), python=python or None, progress=note
    )
