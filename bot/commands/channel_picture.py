"""The channel as a picture: two heat maps, and bars for what corrections moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from bot.sound.channel import Channel, Counted
from bot.sound.confusions import Confusion
from bot.sound.syllables import FINALS, INITIALS

_CELL, _LEFT, _TOP, _GAP = 15, 50, 92, 70
_INK, _QUIET, _PAPER, _EMPTY = "#1f2933", "#6b7785", "#ffffff", "#f1f4f7"
#: light to dark; from a probability on
_SHADES = ((0.5, "#08306b"), (0.25, "#2171b5"), (0.1, "#6baed6"), (0.03, "#c6dbef"))
_BEFORE, _NOW = "#b8c2cc", "#d9480f"
_MOST = 14
_BAR, _ROW = 190, 22


def picture(now: Channel, changed: Sequence[Confusion], ears: Iterable[Mapping[str, Any]]) -> str:
    """SVG of a channel; `changed`: what was moved, of which the first are shown."""
    initials, finals = _map(now.initials, INITIALS, "initials"), _map(now.finals, FINALS, "finals")
    second = _LEFT + len(INITIALS) * _CELL + _GAP
    width = second + _LEFT + len(FINALS) * _CELL + 20
    below = _TOP + len(INITIALS) * _CELL + 60
    height = max(_TOP + len(FINALS) * _CELL, below + (min(len(changed), _MOST) + 1) * _ROW if changed else 0) + 24
    told = ", ".join(f"{one['corrections']} corrections of {one['ear'] or 'what was typed'}" for one in ears)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="{_PAPER}"/>',
        _text(16, 26, "What is heard (column) for what was meant (row)", size=16),
        _text(16, 44, told or "the prior alone: nothing learned yet", _QUIET),
        *_legend(width - 330, 20),
        f'<g transform="translate(0,{_TOP})">{initials}</g>',
        f'<g transform="translate({second - _LEFT + 20},{_TOP})">{finals}</g>',
        *(_bars(changed[:_MOST], below) if changed else []),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _map(table: Counted, names: tuple[str, ...], title: str) -> str:
    shown = [name or "∅" for name in names]
    size = len(names) * _CELL
    found = [
        f'<rect x="{_LEFT}" y="0" width="{size}" height="{size}" fill="{_EMPTY}"/>',
        _text(_LEFT, -34, title, _QUIET),
    ]
    for number, name in enumerate(shown):
        middle = number * _CELL + _CELL / 2
        found.append(_text(_LEFT - 5, middle + 4, name, anchor="end"))
        turned = f' transform="rotate(-60 {_LEFT + middle + 3} -4)"'
        found.append(_text(_LEFT + middle + 3, -4, name, more=turned))
    for row, meant in enumerate(shown):
        for column, heard in enumerate(shown):
            share = float(table[row, column])
            colour = next((colour for least, colour in _SHADES if share >= least), "")
            if colour:
                at = f'x="{_LEFT + column * _CELL}" y="{row * _CELL}"'
                title = escape(f"{meant} → {heard} {share:.0%}")
                found.append(
                    f'<rect {at} width="{_CELL - 1}" height="{_CELL - 1}" fill="{colour}"><title>{title}</title></rect>'
                )
    return "".join(found)


def _legend(x: float, y: float) -> list[str]:
    found = []
    for number, (least, colour) in enumerate(reversed(_SHADES)):
        at = x + number * 80
        found.append(f'<rect x="{at}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
        found.append(_text(at + 17, y, f"from {least:.0%}"))
    return found


def _bars(changed: Sequence[Confusion], top: float) -> list[str]:
    found = [_text(16, top, "What corrections moved: prior (grey) and now")]
    for number, one in enumerate(changed):
        y = top + 12 + number * _ROW
        found.append(_text(120, y + 12, f"{one.meant or '∅'} heard as {one.heard or '∅'}", anchor="end"))
        for share, colour, down in ((one.prior, _BEFORE, 0), (one.now, _NOW, 8)):
            long = max(1.0, share * _BAR)
            found.append(f'<rect x="128" y="{y + down}" width="{long:.1f}" height="7" fill="{colour}"/>')
        told = f"{one.prior:.0%} → {one.now:.0%}" + (f", counted {one.count:.0f}×" if one.count >= 0.5 else "")
        found.append(_text(134 + max(one.prior, one.now) * _BAR, y + 12, told, _QUIET))
    return found


def _text(
    x: float, y: float, text: str, colour: str = _INK, anchor: str = "start", size: int = 11, more: str = ""
) -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}" font-size="{size}"{more}>{escape(text)}</text>'
