"""`gege call-log`: what calls were about, turn by turn, with their sound."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands.line import JsonFlag, note, out
from bot.foundation.errors import Refused
from bot.foundation.local_time import at_a_glance

#: of a turn, what stands on the screen
_STEPS = ("end_of_speech", "recognise", "dialogue", "first_audio")


class NoSuchCall(Refused):
    """The call log has no such call; or its sound is gone."""


def register(app: typer.Typer) -> None:
    app.command("call-log")(call_log)


def call_log(
    which: Annotated[str, typer.Argument(help="Number in the log, id, or ticket; nothing lists the newest.")] = "",
    play: Annotated[Path | None, typer.Option("--play", help="Write the call's sound to this WAV file.")] = None,
    turn: Annotated[int, typer.Option("--turn", help="With --play: only what the caller said in this turn.")] = 0,
    limit: Annotated[int, typer.Option(help="How many are listed.")] = 50,
    as_json: JsonFlag = False,
) -> None:
    """Look at calls: all, or one with its turns, or hear it."""
    from bot.app.parts import existing_site
    from bot.settings import load_settings
    from bot.voice.call_log import find_call, latest_calls

    settings = load_settings()
    database, zone = existing_site(settings), ZoneInfo(settings.site.timezone)
    try:
        if not which:
            found = latest_calls(database, limit)
            if as_json:
                out([_plain(one, turns=False) for one in found], zone)
            else:
                _list(found, zone)
            return
        call = find_call(database, which)
    finally:
        database.dispose()
    if call is None:
        raise NoSuchCall(f"there is no call {which}; gege call-log lists them")
    if play is not None:
        _write(settings, call, turn, play)
    if as_json:
        out(_plain(call), zone)
    elif play is None:
        _show(call, zone)


def _plain(call: Any, turns: bool = True) -> dict[str, Any]:
    values = dataclasses.asdict(call)
    if not turns:
        del values["turns"]
    return values


def _write(settings: Any, call: Any, turn: int, file: Path) -> None:
    from bot.recordings.room import open_recording

    if turn and not 0 < turn <= len(call.turns):
        raise NoSuchCall(f"call {call.number} has {len(call.turns)} turns")
    name = call.turns[turn - 1]["recording"] if turn else call.recording
    if not name:
        raise NoSuchCall(f"call {call.number}{f', turn {turn}' if turn else ''} was not recorded")
    file.write_bytes(open_recording(settings, name))
    file.chmod(0o600)  # a resident's voice
    note(f"{file}: {'the caller' if turn else 'caller left, Gege right'}; delete it when you have heard it")


def _list(calls: list[Any], zone: ZoneInfo) -> None:
    from bot.commands.names import names
    from bot.commands.tables import Column, show

    shown = names()
    columns = [Column(head, right=name in ("number", "seconds")) for name, head in shown.call_fields.items()]
    rows = [
        (call.number, call.started_at, call.caller, f"{call.seconds:.0f}", _outcome(call.outcome), call.ticket_no)
        for call in calls
    ]
    show(columns, rows, shown.no_calls, zone)


def _outcome(outcome: str) -> str:
    from bot.commands.names import names

    shown = names()
    return shown.call_outcomes.get(outcome, outcome) if outcome else shown.going_on


def _show(call: Any, zone: ZoneInfo) -> None:
    from rich.text import Text

    from bot.commands.names import names
    from bot.commands.terminal import console

    shown = names()
    heading = f"{call.number}  {at_a_glance(call.started_at, zone, dt.datetime.now(zone))}  {_from_to(call)}"
    console.print(Text(f"{heading}  {call.seconds:.0f} s  {_outcome(call.outcome)}  {call.ticket_no}", style="bold"))
    for sentence in call.greeting:
        console.print(Text(shown.gege + sentence, style="green"))
    for number, turn in enumerate(call.turns, start=1):
        times = "  ".join(f"{step} {turn['seconds'][step]:.2f}" for step in _STEPS if step in turn["seconds"])
        heard = shown.key + turn["key"] if turn["key"] else shown.heard + (turn["heard"] or shown.nothing)
        console.print(Text(f"{number}. {heard}", style="bold"))
        console.print(Text(f"   {turn['intent']}  {times}", style="dim"))
        for sentence in turn["said"]:
            console.print(Text("   " + shown.gege + sentence, style="green"))
    for rung in call.rung:
        console.print(Text(f"→ {rung['to']}  {rung['status']}", style="bold"))


def _from_to(call: Any) -> str:
    to = call.dialled or call.diverting
    return f"{call.caller or '?'} → {to}" if to else call.caller or "?"
