"""What a site's corrections taught: whether it is in use."""

from __future__ import annotations

from pathlib import Path

from bot.database import Database
from bot.grid.registry import Registry
from bot.grid.said_names import SaidNamesRefused, check, read, targets
from bot.sound.site import ChannelBroken
from bot.sound.site import read as read_channel


def check_channel(home: Path) -> tuple[str, str]:
    """(what was found, what to do; empty when nothing has to be done)."""
    try:
        learned = read_channel(home / "channel.json")
    except ChannelBroken as problem:
        return f"not in use, the prior is: {problem}", "gege learn counts it anew from the corrections"
    if not learned:
        return "the prior; nothing is learned yet", ""
    return ", ".join(f"{one.corrections} corrections of {one.ear or 'what was typed'}" for one in learned), ""


def check_said_names(home: Path, database: Database) -> tuple[str, str]:
    """(what was found, what to do; empty when nothing has to be done)."""
    file = home / "places.yml"
    try:
        names = read(file)
        if names:
            check(names, targets(Registry.load(database).county))
    except SaidNamesRefused as problem:
        return f"{file.name}: {problem}", "correct the file (docs/learn.md); what it says wrongly is not used"
    return f"{len(names)} that people use, beside those of the registry", ""
