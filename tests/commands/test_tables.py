"""Lists fit the terminal, and a pipe gets all of them."""

from __future__ import annotations

import datetime as dt
import io
import os
import pty
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.cells import cell_len
from rich.console import Console

from bot.commands.tables import Cell, Column, fitting, lines
from bot.foundation.local_time import at_a_glance

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 28, 23, 30, tzinfo=dt.UTC)  # the 29th at the site
SAID = "我屋里停电了，隔壁的灯也不亮，麻烦您叫师傅快点来看一下，老人家一个人在屋里，天又黑了，路也看不见。"
COLUMNS = [
    Column("工单"), Column("几时报的"), Column("类别"), Column("状态"), Column("网格"), Column("负责人"), Column("讲的话", text=True),
    Column("没有人填的"),
]  # fmt: skip
ROWS: list[list[Cell]] = [
    ["GD2611280001", NOW, "停电", "待接单", "11", "程华发", SAID, None],
    ["GD2611270002", NOW - dt.timedelta(days=1), "开关、漏保故障（急）", "已接单", "24", None, "开关跳了", ""],
]


def drawn(width: int) -> str:
    said = io.StringIO()
    Console(file=said, width=width).print(fitting(COLUMNS, ROWS, width, ZONE, NOW))
    return said.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_nothing_is_cut_off_and_no_number_is_broken(width: int) -> None:
    shown = drawn(width)
    assert "…" not in shown and all(cell_len(line.rstrip()) <= width for line in shown.splitlines())
    for whole in ("GD2611280001", "GD2611270002", "11-28 07:30", "07:30", "待接单", "程华发"):
        assert whole in shown, (whole, shown)
    # What was said may be broken over lines, but all of it is there.
    letters = [one for one in shown if one in SAID]
    assert len(letters) >= len(SAID)


def test_a_sentence_stands_below_its_row_where_it_would_be_broken_often() -> None:
    assert "讲的话" in drawn(200).splitlines()[0] and SAID in drawn(200)
    narrow = drawn(80).splitlines()
    assert narrow[1].startswith("GD2611280001") and narrow[2].startswith("    我屋里停电了")
    assert all(line.startswith(("工单  ", "几时报的  ", "类别  ")) for line in drawn(40).splitlines()[:3])


def test_a_column_that_no_row_fills_has_no_head() -> None:
    assert "没有人填的" not in drawn(200) and "讲的话" in drawn(200)


def test_a_pipe_gets_a_line_a_row_with_tabs_and_whole_moments() -> None:
    head, first, _ = lines(COLUMNS, [[*ROWS[0][:6], "一\n二\t三", None], ROWS[1]], ZONE)
    assert head.split("\t") == [one.head for one in COLUMNS]
    assert first.split("\t") == ["GD2611280001", "2026-11-29 07:30", "停电", "待接单", "11", "程华发", "一 二 三", ""]


@pytest.mark.parametrize(
    ("before", "told"),
    [(0, "07:30"), (7, "00:30"), (8, "11-28 23:30"), (24 * 400, "2025-10-25 07:30")],
)
def test_a_moment_has_its_day_when_that_is_not_the_sites_today(before: int, told: str) -> None:
    assert at_a_glance(NOW - dt.timedelta(hours=before), ZONE, NOW) == told


def test_a_real_terminal_of_sixty_columns_gets_whole_lines(home: Path) -> None:
    """Through a pseudo-terminal, as a shell has it."""
    program = (
        "import fcntl, struct, sys, termios; fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 60, 0, 0));"
    )
    program += "sys.argv = ['gege', 'outage', 'list']; from bot.cli import main; main()"
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
        env={**environment, "GEGE_HOME": str(home), "GEGE_LANG": "en", "TERM": "xterm"}, timeout=120, check=False,
    )  # fmt: skip
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.returncode == 0 and "no outages yet" in said
