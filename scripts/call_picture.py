"""Draw docs/pictures/call.png: the life of a call. `PYTHONPATH=. uv run python scripts/call_picture.py` (Chromium)."""

from __future__ import annotations

import asyncio
import html
from pathlib import Path

from bot.voice.call_life import TALK_S, UNHEARD_S, Stage
from tests.web.browsing import chromium

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "call.png"
WIDTH, HEIGHT, BOX_W, BOX_H = 1140, 620, 200, 64
#: a stage's middle
AT = {
    Stage.announced: (120, 110), Stage.talking: (400, 110), Stage.decided: (680, 110), Stage.ringing: (960, 110),
    Stage.whispering: (960, 300), Stage.connected: (960, 490),
}  # fmt: skip
SAYS = {
    Stage.announced: "nobody has taken it", Stage.talking: "with Gege", Stage.decided: "the conversation is over",
    Stage.ringing: "one of the grid's people", Stage.whispering: "he is told the case",
    Stage.connected: "they hear each other",
}  # fmt: skip
ENDS = {
    "complete": ((400, 490), "#0b6b45", "ticket, message or answer"),
    "call-back": ((130, 490), "#a8480b", "owed once, with what was said"),
    "reached": ((670, 490), "#1d4f91", "handed_over: somebody talked"),
}
#: points of a line, where its words stand, and the words
ARROWS: list[tuple[list[tuple[int, int]], tuple[int, int], str]] = [
    ([(220, 110), (300, 110)], (260, 98), "answers"),
    ([(500, 110), (580, 110)], (540, 98), "ends"),
    ([(780, 110), (860, 110)], (820, 98), "rings"),
    ([(960, 142), (960, 268)], (1000, 210), "answers"),
    ([(960, 332), (960, 458)], (1008, 400), "told whole"),
    ([(910, 142), (910, 190), (760, 190), (760, 142)], (835, 182), "busy, no answer"),
    ([(860, 300), (730, 300), (730, 142)], (800, 292), "hangs up in it"),
    ([(880, 458), (880, 380), (700, 380), (700, 142)], (790, 372), f"parts within {TALK_S:.0f} s"),
    ([(860, 495), (785, 495)], (822, 484), f"after {TALK_S:.0f} s"),
    ([(660, 142), (660, 400), (440, 400), (440, 458)], (550, 392), "nothing is open"),
    ([(630, 142), (630, 330), (190, 330), (190, 458)], (410, 322), "he has left, or nobody is left to ring: owed"),
    ([(100, 142), (100, 458)], (100, 250), "left, or never came"),
]  # fmt: skip


def drawn() -> str:
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}'><defs><marker id='tip' markerWidth='10'"
        " markerHeight='8' refX='9' refY='4' orient='auto'><path d='M0,0 L10,4 L0,8 z' fill='#44524b'/></marker></defs>"
    ]
    for points, (x, y), words in ARROWS:
        path = " ".join(f"{a},{b}" for a, b in points)
        parts.append(
            f"<polyline points='{path}' fill='none' stroke='#44524b' stroke-width='2' marker-end='url(#tip)'/>"
        )
        parts.append(f"<text class=w x={x} y={y}>{html.escape(words)}</text>")
    for stage, (x, y) in AT.items():
        parts.append(_box(x, y, "#f4f3ee", "#22302a", "#14231c", stage.name, SAYS[stage]))
    for name, ((x, y), colour, words) in ENDS.items():
        parts.append(_box(x, y, colour, colour, "#fff", name, words, 230))
    feet = (
        "Wherever a call is, exactly one of the three comes of it; also when nothing more is heard of it for:",
        ", ".join(f"{stage.name} {UNHEARD_S[stage]:.0f} s" for stage in AT) + " (talking: once the caller has left).",
    )
    parts += [f"<text class=f x=30 y={566 + 24 * n}>{html.escape(foot)}</text>" for n, foot in enumerate(feet)]
    return "".join([*parts, "</svg>"])


def _box(x: int, y: int, fill: str, edge: str, ink: str, name: str, words: str, width: int = BOX_W) -> str:
    left, top = x - width // 2, y - BOX_H // 2
    return (
        f"<rect x={left} y={top} width={width} height={BOX_H} rx=10 fill='{fill}' stroke='{edge}' stroke-width=2 />"
        f"<text class=n x={x} y={y - 4} fill='{ink}'>{name}</text><text class=s x={x} y={y + 18} fill='{ink}'>{words}</text>"
    )


async def draw() -> None:
    style = (
        "body{margin:0;background:#fff;font-family:'DejaVu Sans',sans-serif}text{text-anchor:middle}.n{font-size:18px;"
        "font-weight:bold}.s{font-size:12px}.w{font-size:14px;fill:#14231c;paint-order:stroke;stroke:#fff;stroke-width:5px}"
        ".f{font-size:14px;text-anchor:start}"
    )
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        await page.set_content(f"<style>{style}</style>{drawn()}")
        await page.screenshot(path=str(PICTURE))


if __name__ == "__main__":
    asyncio.run(draw())
