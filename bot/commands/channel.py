"""`gege channel`: what the ear in use takes for what, and what the site's corrections moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.commands.line import Failure, JsonFlag, existing_home, note, out, plain
from bot.settings import load_settings

if TYPE_CHECKING:
    from bot.sound.channel import Counted

#: from here on a probability is drawn so dark
_SHADES = ((0.5, "█"), (0.25, "▓"), (0.1, "▒"), (0.03, "░"))
_SHOWN = 20
_BAR = 24
_NO_INITIAL = "∅"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("channel")(channel)


def channel(
    ear: Annotated[str, typer.Option("--ear", help="Of this speech model alone; typed: of what was typed.")] = "",
    svg: Annotated[Path | None, typer.Option("--svg", help="Write the picture to this file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what is heard for what: the strongest confusions, and what corrections moved."""
    from bot.commands.channel_picture import picture
    from bot.sound import site
    from bot.sound.channel import prior
    from bot.sound.confusions import confusions, moved

    existing_home(load_settings())
    try:
        learned = site.read(site.channel_file())
    except site.ChannelBroken as problem:
        raise Failure(f"{problem}: the prior is in use; gege learn counts it anew") from None
    asked = None if not ear else site.NO_EAR if ear == "typed" else ear
    if asked is not None and learned and asked not in {one.ear for one in learned}:
        known = ", ".join(one.ear or "typed" for one in learned)
        raise Failure(f"no corrections of {ear!r}; there are some of: {known}")
    now, before, counts = site.of(learned, asked), prior(), site.counts_of(learned, asked)
    strongest, changed = confusions(now, before, counts), moved(now, before, counts)
    ears = [{"ear": one.ear, "dialect": one.dialect, "corrections": one.corrections} for one in learned]
    if svg is not None:
        svg.write_text(picture(now, changed, ears), "utf-8")
        note(f"{svg} written")
    if as_json:
        shown = [plain(one) for one in strongest[: _SHOWN * 2]]
        return out({"ear": asked, "ears": ears, "confusions": shown, "moved": [plain(one) for one in changed]})
    if svg is None:
        _show(now.initials, now.finals, strongest, changed, ears)


def _show(initials: Counted, finals: Counted, strongest: list[Any], changed: list[Any], ears: list[Any]) -> None:
    from bot.sound.syllables import FINALS as all_finals
    from bot.sound.syllables import INITIALS as all_initials

    console = Console(highlight=False)
    told = ", ".join(f"{one['corrections']} corrections of {one['ear'] or 'what was typed'}" for one in ears)
    console.print(
        f"[bold]What is heard (column) for what was meant (row)[/bold]; {told or 'the prior alone'}", soft_wrap=True
    )
    console.print("  ".join(f"{mark} from {least:.0%}" for least, mark in _SHADES) + "\n")
    for table, names in ((initials, all_initials), (finals, all_finals)):
        for line in heat_map(table, names):
            console.print(line, soft_wrap=True)
        console.print()
    _table(console, "The strongest confusions", strongest[:_SHOWN])
    if changed:
        _table(console, "What corrections moved", changed[:_SHOWN])


def heat_map(table: Counted, names: tuple[str, ...]) -> list[str]:
    """Lines of a map: names of what was heard downwards above, of what was meant before each row."""
    shown = [name or _NO_INITIAL for name in names]
    deep = max(map(len, shown))
    head = [" " * 6 + " ".join(f"{name:>{deep}}"[line] for name in shown) for line in range(deep)]
    rows = []
    for name, row in zip(shown, table, strict=True):
        rows.append(f"{name:>5} " + " ".join(_shade(float(one)) for one in row))
    return [*head, *rows]


def _shade(share: float) -> str:
    return next((mark for least, mark in _SHADES if share >= least), "·")


def _table(console: Console, title: str, rows: list[Any]) -> None:
    table = Table("meant", "heard", "", "prior", "now", "counted", title=title, title_justify="left", box=None)
    for one in rows:
        bar = "█" * round(one.now * _BAR) or "▏"
        names = (one.meant or _NO_INITIAL, one.heard or _NO_INITIAL)
        table.add_row(*names, bar, f"{one.prior:.0%}", f"{one.now:.0%}", f"{one.count:.0f}" if one.count >= 0.5 else "")
    console.print(table)
    console.print()
