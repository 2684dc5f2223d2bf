"""Draws the rooms of docs/architecture.md and their arrows, floor by floor: `python -m tools.lint.picture`."""

from __future__ import annotations

from html import escape
from pathlib import Path

from tools.lint.rooms import table_of

PAGE = Path("docs/architecture.md")
PICTURE = Path("docs/pictures/rooms.svg")

_WIDE, _HIGH, _GAP, _FLOOR = 118, 34, 18, 76


def floors(rooms: dict[str, tuple[str, ...]]) -> list[list[str]]:
    """Rooms by floor, the lowest first: a room stands one floor above the highest that it knows."""
    height: dict[str, int] = {}
    for room in reversed(rooms):
        height[room] = max((height[known] + 1 for known in rooms[room]), default=0)
    return [[room for room in rooms if height[room] == floor] for floor in range(max(height.values()) + 1)]


def svg(rooms: dict[str, tuple[str, ...]]) -> str:
    """The picture. Arrows that another way already says (a knows b, b knows c) are left out."""
    stack = floors(rooms)
    width = max(len(floor) for floor in stack) * (_WIDE + _GAP) + _GAP
    height = len(stack) * _FLOOR + _GAP
    at = {}
    for number, floor in enumerate(stack):
        left = (width - len(floor) * (_WIDE + _GAP) + _GAP) / 2
        for place, room in enumerate(floor):
            at[room] = (left + place * (_WIDE + _GAP), height - (number + 1) * _FLOOR + _GAP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#fbf9f5"/>',
    ]
    for room, known in rooms.items():
        for other in known:
            if any(other in rooms[between] for between in known if between != other):
                continue
            (x1, y1), (x2, y2) = at[room], at[other]
            lines.append(
                f'<path d="M{x1 + _WIDE / 2:.0f} {y1 + _HIGH} L{x2 + _WIDE / 2:.0f} {y2}" stroke="#b9a68c" fill="none"/>'
            )
    for room, (x, y) in at.items():
        name = escape(room.removeprefix("bot/"))
        lines.append(
            f'<rect x="{x:.0f}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="6" fill="#fff" stroke="#8a6d3b"/>'
        )
        lines.append(f'<text x="{x + _WIDE / 2:.0f}" y="{y + 22}" text-anchor="middle">{name}</text>')
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(svg(table_of(PAGE.read_text("utf-8"))), encoding="utf-8")
