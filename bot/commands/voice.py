"""`gege voice`: who speaks, sentences spoken beforehand, and one sentence to listen to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import JsonFlag, note, out
from bot.settings import Settings, load_settings

VoiceOption = Annotated[str, typer.Option("--voice", help="Another voice than the settings' ([speech] voice).")]

#: whoever listens to a voice wants to hear that one (s)
_PATIENCE_S = 300.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    voice = typer.Typer(help="Gege's voice: who speaks, what is spoken beforehand.", no_args_is_help=False)
    voice.callback(invoke_without_command=True)(in_use)
    voice.command("prepare")(prepare)
    voice.command("say")(say)
    voice.command("chongyang")(chongyang)
    app.add_typer(voice, name="voice")


def in_use(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Say who speaks, and how much of what is said to everybody is ready."""
    if context.invoked_subcommand:
        return
    from bot.app.parts import existing_site, make_voice
    from bot.voice.preparing import beforehand, missing
    from bot.voice.repertoire import Repertoire

    settings = load_settings()
    database = existing_site(settings)
    try:
        repertoire = Repertoire(settings.site, database)
        voice = make_voice(settings, repertoire)
        wanted = 0 if voice.engine.quick else len(beforehand(repertoire.sentences(), repertoire.planner()))
        found = {"name": voice.engine.name, "beforehand": wanted, "ready": wanted - len(missing(voice, repertoire))}
    finally:
        database.dispose()
    if as_json:
        out(found)
    elif wanted:
        note(f"{found['name']}: {found['ready']} of {wanted} sentences and parts are ready (gege voice prepare)")
    else:
        note(f"{found['name']}: quick, so nothing is spoken beforehand")


def prepare(
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, max=8, help="Processes side by side, half a GB each.")
    ] = 1,
    first: Annotated[int, typer.Option("--first", min=0, help="Only so many, the most needed first; 0: all.")] = 0,
    voice: VoiceOption = "",
) -> None:
    """Speak what is said to everybody into GEGE_HOME/cache, so that no caller waits for it (the service does it by itself)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from bot.app.parts import make_voice, open_site
    from bot.speech.voice_of import make_engine
    from bot.voice.preparing import missing
    from bot.voice.preparing import prepare as make
    from bot.voice.repertoire import Repertoire

    settings = _with(load_settings(), voice)
    database = open_site(settings)
    try:
        repertoire = Repertoire(settings.site, database)
        mouth = make_voice(settings, repertoire)
        wanted = missing(mouth, repertoire)[: first or None]
    finally:
        database.dispose()
    if not wanted:
        note("voice: every sentence is ready")
        return
    columns = ("voice: spoken beforehand", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        job = bar.add_task("", total=len(wanted))
        engines = [make_engine(settings, gentle=True) for _ in range(at_once)]
        made = asyncio.run(make(mouth, wanted, engines, lambda done, _: bar.update(job, completed=done)))
    note(f"voice: {made} sentences and parts are ready")


def say(
    text: Annotated[str, typer.Argument(help="What is said.")],
    file: Annotated[Path, typer.Argument(help="Where the sound goes (.wav).")],
    rate: Annotated[int, typer.Option(help="8000 (as on the telephone) or 16000.")] = 16000,
    voice: VoiceOption = "",
) -> None:
    """One text as a caller would hear it, recordings and all."""
    import numpy as np

    from bot.app.parts import make_voice, open_site
    from bot.speech.audio import write_wav
    from bot.voice.repertoire import Repertoire

    settings = _with(load_settings(), voice)
    database = open_site(settings)

    async def speak() -> bytes:
        mouth = make_voice(settings, Repertoire(settings.site, database), _PATIENCE_S)
        try:
            return await mouth.say(text, rate)
        finally:
            await mouth.close()

    try:
        pcm = asyncio.run(speak())
    finally:
        database.dispose()
    write_wav(file, np.frombuffer(pcm, "<i2").astype(np.int16), rate)
    note(f"{file}: {len(pcm) / 2 / rate:.1f} s")


def chongyang(
    voice: Annotated[str, typer.Option("--voice", help="One of Kokoro's Mandarin voices, zf_xiaoni for example.")] = "",
) -> None:
    """An experiment: speak the greeting in Chongyang's sounds and lay it into the studio, where a manager takes it or throws it
    away. Nobody hears it before."""
    from bot.voice.greeting_here import offer_greeting

    offered = offer_greeting(load_settings(), voice)
    for sentence in offered:
        note(f"offered: {sentence}")
    if offered:
        note("a manager hears it in the studio (/studio), and takes it or throws it away; until then nothing changes")
    else:
        note("nothing to offer: each sentence of the greeting is recorded, or its proposal was thrown away")


def _with(settings: Settings, voice: str) -> Settings:
    if not voice:
        return settings
    return settings.model_copy(update={"speech": settings.speech.model_copy(update={"voice": voice})})
