"""Room that is kept back on the disk, and given up when the disk is full."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from bot.bench.crash.troubles import DiskFull, NoTrouble, small_disk
from bot.foundation.reserve import Reserve
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.spool import Spool

SIZE = 1 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A home on a disk of its own that can be filled."""
    try:
        with small_disk(tmp_path / "home"):
            yield tmp_path / "home"
    except NoTrouble as why:
        pytest.skip(f"NOT TESTED: {why}")


def test_it_is_made_where_there_is_plenty_and_given_up_once(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path, SIZE)
    reserve.look()
    file = tmp_path / "run" / "reserve"
    assert reserve.kept and file.stat().st_blocks * 512 >= SIZE and file.stat().st_mode & 0o777 == 0o600
    assert reserve.give_up() and not reserve.kept and not reserve.give_up()


def test_what_finds_the_disk_full_is_written_again_once(tmp_path: Path) -> None:
    reserve, tries = Reserve(tmp_path, SIZE), list[int]()

    def full() -> None:
        tries.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        reserve.writing(full)
    assert len(tries) == 1, "nothing was kept back"
    reserve.look()
    with pytest.raises(OSError, match="No space"):
        reserve.writing(full)
    assert len(tries) == 3 and not reserve.kept


def test_another_fault_gives_nothing_up(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path, SIZE)
    reserve.look()

    def refused() -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError):
        reserve.writing(refused)
    assert reserve.kept


async def test_on_a_disk_that_is_really_full_a_report_is_kept_and_the_room_comes_back(small: Path) -> None:
    async def never(heard: Heard, reason: str) -> str | None:
        raise AssertionError("the intake is not asked")

    reserve, spool, disk = Reserve(small), Spool(small, never), DiskFull(small)
    reserve.look()
    disk.fill()
    with pytest.raises(OSError, match="No space"):
        (small / "other").write_bytes(os.urandom(4096))
    await spool.put(Heard("电线断了", "s1", "u1"), "dialogue_failed")
    assert spool.waiting == 1 and not reserve.kept
    reserve.look()
    assert not reserve.kept, "there is no plenty yet"
    disk.tidy()
    reserve.look()
    assert reserve.kept


async def test_a_disk_that_fills_is_noticed_without_a_report(small: Path) -> None:
    reserve, disk = Reserve(small), DiskFull(small)
    reserve.look()
    disk.fill()
    reserve.look()
    assert not reserve.kept
    (small / "other").write_bytes(os.urandom(4096))
    await DiskFull(small).strike(Random(1))
    assert not (small / "ballast").exists()
