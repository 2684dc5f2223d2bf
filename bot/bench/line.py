"""`gege bench line`: what a call takes for its caller's turn on lines with music, a television, a dog, echo, and how long it waits.

Every call is a whole PhoneCall with the demo ear on a line that is faster than time; other checkouts are asked the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.bench import line_sounds as made
from bot.bench.line_sounds import NO_CALLER, RATE, Sound
from bot.bench.percentile import percentile
from bot.foundation.errors import Broken
from bot.settings import PROJECT

_CHILD = Path(__file__).with_name("line_child.py")
#: of a call in which the caller says nothing (s)
_LONG_S = 45.0
FIRST, SECOND = "我屋里停电了", "沿河路二百零六号"
#: a turn within this after what the caller said is the answer to it (s)
_LATEST_S = 6.0
#: Gege's sentence on these lines
_GEGE = "好的，我晓得了，麻烦您讲一下您屋里的地址是哪个社区哪条路"

#: question → what is said to it, in one breath
ANSWERS = {
    "confirmed": ("对", "不对", "是的", "不是的"),
    "neighbours": ("隔壁也没电", "就我家没电"),
    "place": ("我住在桃溪社区沿河路二百零六号", "沿河路二百零六号", "桃溪社区"),
    "number": ("二百零六号", "十八号", "三百一十五号"),
    "proof": ("四二二一", "一三九七一八零零一二三"),
}  # fmt: skip
#: question → the parts of what a slow speaker says to it
SLOW = {
    "confirmed": ("是的", "我屋里停电了"),
    "place": ("我住在桃溪社区", "沿河路", "二百零六号"),
    "number": ("二百", "零六号"),
    "proof": ("四二", "二一"),
    "": ("我的电话是一三九", "七一八零", "零一二三"),
}
#: what somebody says who shows that he listens
BACK = ("嗯", "啊", "呃")
_VOICES = (1, 4)
#: pauses between the parts (s)
PAUSES = (0.7, 1.0, 1.3, 1.8)


#: int16 samples
Heard16 = NDArray[np.int16]


class _Set:
    """Calls and the sounds that they need."""

    def __init__(self) -> None:
        self.sounds: dict[str, Heard16] = {"gege": _int16(made.as_loud(made.said(_GEGE, 7), 1.0))}
        self.calls: list[dict[str, Any]] = []

    def sound(self, name: str, make: Callable[[], Sound]) -> str:
        if name not in self.sounds:
            self.sounds[name] = _int16(make())
        return name

    def add(self, name: str, **more: Any) -> None:
        self.calls.append({"name": name, "seconds": _LONG_S, "bed": "line", **more})


def _int16(sound: Sound) -> Heard16:
    return np.clip(sound, -32767, 32767).astype(np.int16)


def _calls() -> _Set:
    every = _Set()
    made.speak((text, voice) for texts in ANSWERS.values() for text in texts for voice in _VOICES)
    made.speak((part, 1) for part in (*BACK, *(part for parts in SLOW.values() for part in parts), FIRST, SECOND))
    made.speak((text, voice) for text in made.NEWS for voice in range(2, 7))
    every.sound("line", lambda: np.random.default_rng(1).standard_normal(8 * RATE) * 8)
    first = every.sound("first", lambda: made.said(FIRST, 1))
    second = every.sound("second", lambda: made.said(SECOND, 1))
    talk = [["", 14.0, first], ["", 32.0, second]]
    for name, make in NO_CALLER.items():
        bed = every.sound(f"bed {name}", lambda make=make: made.in_band(make(30.0)))  # type: ignore[misc]
        every.add(f"alone/{name}", bed=bed)
        every.add(f"beside/{name}", bed=bed, cues=talk)
    for delay in (0.02, 0.1, 0.2, 0.4, 0.6):
        for db in (-12, -20, -30):
            echo = {"delay": delay, "gain": 10 ** (db / 20)}
            every.add(f"echo/{int(delay * 1000)} ms {db} dB", echo=echo, cues=[["turn", 1.5, first]], seconds=30.0)
    every.add("over the echo", echo={"delay": 0.2, "gain": 0.1}, cues=[["over", 0.0, first]], seconds=30.0)
    for text in BACK:
        back = every.sound(f"back {text}", lambda text=text: made.said(text, 1))  # type: ignore[misc]
        # While Gege speaks her answer, and once as the whole answer.
        cues = [["turn", 0.5, first], ["over", 3.5, back], ["turn", 1.0, back]]
        every.add(f"backchannel/{text}", cues=cues, question="confirmed", seconds=45.0)
    for db in (-15, -22, -28, 16):
        loud = every.sound(f"first {db}", lambda db=db: made.said(FIRST, 1) * 10 ** (db / 20))  # type: ignore[misc]
        more = every.sound(f"second {db}", lambda db=db: made.said(SECOND, 1) * 10 ** (db / 20))  # type: ignore[misc]
        every.add(f"level/{db:+} dB", cues=[["turn", 0.5, loud], ["turn", 1.0, more]], seconds=45.0)
    _add_paces(every)
    return every


def _add_paces(every: _Set) -> None:
    for question, texts in ANSWERS.items():
        for number, text in enumerate(texts):
            for voice in _VOICES:
                name = every.sound(f"{text} {voice}", lambda text=text, voice=voice: made.said(text, voice))  # type: ignore[misc]
                every.add(
                    f"answer/{question}/{number}{voice}",
                    question=question,
                    cues=[["turn", 0.5, name]] * 3,
                    seconds=32.0,
                )
    for question, parts in SLOW.items():
        for pause in PAUSES:

            def slow(parts: Sequence[str] = parts, pause: float = pause) -> Sound:
                gap = np.zeros(int(pause * RATE))
                spoken = [piece for part in parts for piece in (_bare(made.said(part, 1)), gap)]
                return np.concatenate(spoken[:-1])

            name = every.sound(f"slow {question} {pause}", slow)
            every.add(f"slow/{question}/{pause}", question=question, cues=[["turn", 0.5, name]] * 4, seconds=60.0)


def _bare(sound: Sound) -> Sound:
    """Without the silence at both ends: pauses are as long as they are said to be."""
    loud = np.flatnonzero(np.abs(sound) > np.abs(sound).max() * 0.02)
    return sound[loud[0] : loud[-1] + 1]


def bench_line(
    baseline: Path | None = None, only: Sequence[str] = (), progress: Callable[[str], object] = print
) -> dict[str, Any]:
    """`{checkout: {calls, rows}}`; `only`: calls whose name holds one of these. Raises Broken when a checkout cannot carry them."""
    every = _calls()
    calls = [call for call in every.calls if not only or any(one in call["name"] for one in only)]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="gege-line-") as name:
        folder = Path(name)
        (folder / "calls.json").write_text(json.dumps(calls, ensure_ascii=False), "utf-8")
        np.savez(folder / "sounds.npz", **every.sounds)  # type: ignore[arg-type]
        for checkout in (baseline, PROJECT):
            if checkout is not None:
                told = _carried(checkout, folder)
                rows = figures(calls, told)
                found["before" if checkout is baseline else "now"] = {"calls": told, "rows": rows}
                progress(f"{checkout}")
                for row, values in rows.items():
                    progress(f"  {row:<26}" + "  ".join(f"{key} {value}" for key, value in values.items()))
    return found


def _carried(checkout: Path, folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", str(_CHILD), str(folder)], cwd=checkout, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(checkout)}, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Broken(f"{checkout}: its calls broke off: {done.stderr.strip()[-600:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- figures --------------------------------------------------------------------------------------


def judged(told: dict[str, Any]) -> dict[str, Any]:
    """One call: the delay of each thing said until it was answered (None: it was not), turns before it was over (`cut`), and turns
    that answer nothing (`false`)."""
    turns = [turn["at"] for turn in told["turns"]]
    delays: list[float | None] = []
    cut = 0
    for number, (begin, end) in enumerate(told["spoken"]):
        following = told["spoken"][number + 1][0] if number + 1 < len(told["spoken"]) else float("inf")
        inside = [at for at in turns if begin + 0.2 < at < end]
        answer = next((at for at in turns if end <= at <= min(end + _LATEST_S, following + 0.2)), None)
        cut += len(inside)
        turns = [at for at in turns if at not in inside and at != answer]
        delays.append(None if answer is None else round(answer - end, 2))
    return {"delays": delays, "cut": cut, "false": turns}


def figures(calls: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows by kind: turns that answer nothing, sentences of Gege that were stopped for nothing, what was said and what of it was missed,
    turns that were cut, minutes, how the last call ended, and the silence (s) that ended a turn."""
    rows: dict[str, dict[str, Any]] = {}
    gathered: dict[str, list[float]] = {}
    for call, one in zip(calls, told, strict=True):
        kind = call["name"].split("/")[0]
        key = "/".join(call["name"].split("/")[:2]) if kind in ("answer", "slow") else call["name"]
        key = "echo" if kind == "echo" else key
        found = judged(one)
        row = rows.setdefault(key, {"false": 0, "stopped": 0, "said": 0, "missed": 0, "cut": 0, "minutes": 0.0})
        row["false"] += len(found["false"])
        # Who speaks on top stops Gege rightly.
        row["stopped"] += sum(not any(a <= at <= b + 1.5 for a, b in one["spoken"]) for at in one["stopped"])
        row["said"] += len(found["delays"])
        row["missed"] += sum(delay is None for delay in found["delays"])
        row["cut"] += found["cut"]
        row["minutes"] = round(row["minutes"] + one["ended_at"] / 60, 2)
        row["outcome"] = one["outcome"]
        gathered.setdefault(key, []).extend(wait for wait in one["waits"] if wait is not None)
    for key, waits in gathered.items():
        if waits:
            rows[key]["wait p50"], rows[key]["p95"] = percentile(waits, 0.5), percentile(waits, 0.95)
    return rows
