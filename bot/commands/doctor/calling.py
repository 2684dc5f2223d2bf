"""What `gege doctor` says of calling out: whether there is a way, whose number is seen, and whether the exchanges let us."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from bot.app.calling import check_exchanges, shown_number
from bot.settings import Settings


class WayOut(NamedTuple):
    """`advice` is empty when nothing need be done; `works`: somebody can be rung."""

    detail: str
    advice: str = ""
    works: bool = True


def check_calling(settings: Settings) -> WayOut:
    """Signs in at each exchange; nobody is rung."""
    calling, ami = settings.calling, settings.asterisk.ami
    if not calling.enabled:
        return WayOut("off: danger is told by messenger alone ([calling] enabled)")
    most = f"{calling.per_hour} calls to residents an hour at most"
    if not ami.address:
        if settings.voice.trunk.registrar:
            return WayOut(f"by the trunk, {most}")
        return WayOut(
            "enabled, but there is no way out", "set [asterisk.ami] address or [voice.trunk] registrar", False
        )
    try:
        shown, found = shown_number(settings), asyncio.run(check_exchanges(settings))
    except ValueError as problem:
        return WayOut("enabled, and set up wrongly", str(problem), False)
    advice, unusable = "; ".join(found.unusable + found.lacking), len(found.unusable)
    if unusable:
        some = unusable < len(ami.address)
        return WayOut(f"{unusable} of {len(ami.address)} exchanges cannot be used", advice, some)
    return WayOut(f"by Asterisk ({', '.join(ami.address)}), as {shown}, {most}", advice)
