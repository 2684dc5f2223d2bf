"""An import by another process: nobody's report is lost meanwhile, and what it brought is known without a restart."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import sys
from pathlib import Path

import pytest

from bot.app.parts import running
from bot.database import Database
from bot.dialogue import turns
from bot.grid.importer import import_csv
from bot.grid.registry import Registry
from bot.settings import PROJECT, DialogueSettings, Settings
from tests.turns.test_whole_turns import kinds, say

NEW = "新修路"
HEADINGS = (
    "household_no,householder,phone,community,compound,address,transformer,feeder,grid_no,tags,balance,months_owed,"
    "ytd_kwh"
)
ROW = "9900000001,汪新来,13900000001,青石社区,,{}1号,新修台区,新修线,24,,0,0,0"


def new_street(folder: Path, others: Path | None = None) -> Path:
    """A file with a street that nobody knew; with `others`, all that is known as well (that takes a while)."""
    rows = others.read_text("utf-8").splitlines() if others else [HEADINGS]
    assert sorted(next(csv.reader(rows[:1]))) == sorted(HEADINGS.split(","))
    order = next(csv.reader(rows[:1]))
    values = dict(zip(HEADINGS.split(","), ROW.format(NEW).split(","), strict=True))
    file = folder / "new.csv"
    file.write_text("\n".join([*rows, ",".join(values[name] for name in order)]) + "\n", "utf-8")
    return file


async def importing(home: Path, file: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from bot.cli import main; main()", "import", str(file),
        cwd=PROJECT, env={"GEGE_HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT)},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("write_s", [0.2, 5.0])
async def test_reports_wait_or_are_spooled_while_another_process_imports(
    home: Path, county: Path, tmp_path: Path, dialogue_model: Path, write_s: float
) -> None:
    later = turns.sentence("utter_written_later")
    settings = Settings(home=home, dialogue=DialogueSettings(write_s=write_s))
    async with running(settings, relay=False) as service:
        following = asyncio.create_task(service.registry.background().run())
        assert not service.registry.locate(f"{NEW}1号").household_no
        process = await importing(home, new_street(tmp_path, county / "sample" / "households.csv"))
        answers: dict[str, str] = {}
        while process.returncode is None:
            session = f"s{len(answers)}"
            answers[session] = (await say(service, "哎呀电线断了掉在路上", session)).text
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await process.wait()
        assert process.returncode == 0 and all(answers.values())
        async with asyncio.timeout(20):
            while service.registry.locate(f"{NEW}1号").household_no != "9900000001":
                await asyncio.sleep(0.05)
        following.cancel()
        waited = [session for session, text in answers.items() if later in text]
        assert service.spool.waiting == len(waited)
        assert await service.spool.retry() == len(waited) and service.spool.waiting == 0
        assert {session: kinds(service, session) for session in answers} == {one: ["hazard"] for one in answers}


def test_what_was_imported_is_known_at_once_and_read_only_when_something_changed(
    database: Database, tmp_path: Path
) -> None:
    registry = Registry.load(database)
    before = registry.county
    assert not registry.follow() and registry.county is before
    import_csv(database, new_street(tmp_path))
    assert registry.follow() and not registry.follow()
    assert registry.locate(f"{NEW}1号").household_no == "9900000001" and before.size == 0


def test_an_import_that_is_refused_changes_no_version(database: Database, tmp_path: Path) -> None:
    registry = Registry.load(database)
    bad = tmp_path / "bad.csv"
    bad.write_text(HEADINGS + "\n" + ROW.format(NEW).replace("9900000001", "") + "\n", "utf-8")
    with pytest.raises(Exception, match="not imported"):
        import_csv(database, bad)
    assert not registry.follow()
