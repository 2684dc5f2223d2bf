"""A release is one version everywhere, the same bytes twice, and runs from its archive where there is no git."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import warnings
from pathlib import Path

import pytest
import yaml

import bot
from bot.settings import PROJECT
from tests.frame.test_make import make
from tools.release.archive import NoRelease, commit_of
from tools.release.archive import make as make_release

VERSION = bot.__version__


def test_every_place_that_tells_the_version_tells_the_same() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    locked = {one["name"]: one for one in tomllib.loads((PROJECT / "uv.lock").read_text("utf-8"))["package"]}
    cited = yaml.safe_load((PROJECT / "CITATION.cff").read_text("utf-8"))
    assert project["version"] == locked["gege"]["version"] == str(cited["version"]) == VERSION
    told = re.findall(r"^## \[(\S+)\] - (\S+)$", (PROJECT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert told[0] == (VERSION, str(cited["date-released"]))


def test_the_program_tells_its_version() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from bot.cli import main; main()", "--version"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.startswith(f"gege {VERSION} (Python 3.11.")


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the last commit: what is worked on here is no part of a release."""
    if not (PROJECT / ".git").exists() or shutil.which("uv") is None:
        warnings.warn("NOT TESTED: the release; it is made from a clone, with git and uv", stacklevel=2)
        pytest.skip("no git or no uv here")
    where = tmp_path_factory.mktemp("clone") / "gege"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{PROJECT}", where], check=True)
    return where


@pytest.fixture(scope="session")
def made(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A release's files."""
    return make_release(clone, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def unpacked(made: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, unpacked where no git is."""
    where = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(made[0]) as archive:
        archive.extractall(where, filter="data")
    (folder,) = where.iterdir()
    assert not (folder / ".git").exists()
    return folder


@pytest.mark.slow
def test_the_same_commit_gives_the_same_bytes(made: list[Path], clone: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        again = make_release(clone, tmp_path)
    finally:
        os.umask(before)
    assert [one.read_bytes() for one in again] == [one.read_bytes() for one in made]
    assert [one.name.removeprefix(f"gege-{commit_of(clone).version}") for one in made] == [
        ".tar.gz", ".tar.gz.sha256", ".cdx.json", ".licences.md",
    ]  # fmt: skip


@pytest.mark.slow
def test_the_checksums_hold(made: list[Path], unpacked: Path) -> None:
    for where, sums in ((made[0].parent, made[1].name), (unpacked, "SHA256SUMS")):
        subprocess.run(["sha256sum", "--quiet", "--strict", "--check", sums], cwd=where, check=True)
    summed = {line[66:] for line in (unpacked / "SHA256SUMS").read_text("utf-8").splitlines()}
    there = {one.relative_to(unpacked).as_posix() for one in unpacked.rglob("*") if one.is_file()}
    assert summed | {"SHA256SUMS"} == there


@pytest.mark.slow
def test_the_archive_keeps_the_locked_environment(made: list[Path], unpacked: Path) -> None:
    lock = tomllib.loads((unpacked / "uv.lock").read_text("utf-8"))
    assert {one["name"] for one in lock["manifest"]["overrides"]} >= {"tensorflow", "sqlalchemy", "aiohttp"}
    wanted = re.findall(r"^(\S+)==(\S+?)(?: ;.*)? \\$", (unpacked / "requirements.txt").read_text("utf-8"), re.M)
    locked = {(one["name"], one["version"]) for one in lock["package"]}
    assert len(wanted) > 80 and set(wanted) <= locked and "tensorflow" not in dict(wanted)
    assert (unpacked / "requirements.txt").read_text("utf-8").count("--hash=sha256:") > len(wanted)
    parts = json.loads(made[2].read_text("utf-8"))
    assert parts["metadata"]["component"]["name"] == "gege"
    assert {one["name"] for one in parts["components"]} >= {name for name, _ in wanted}


@pytest.mark.slow
def test_a_report_is_taken_from_the_unpacked_archive(unpacked: Path, dialogue_model: Path, tmp_path: Path) -> None:
    """With the environment and the dialogue model of this checkout, to save their making; docs/release.md tells of a run from
    nothing."""
    shutil.copytree(dialogue_model.parent, unpacked / "models" / "dialogue")
    code = "import bot, sys; assert bot.__file__.startswith(sys.argv.pop(1)), bot.__file__; from bot.cli import main; main()"
    own = {
        **os.environ,
        "GEGE_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(unpacked),
        "PATH": _without_git(tmp_path),
    }

    def gege(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, str(unpacked), *words],
            cwd=unpacked, env=own, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert gege("--version").startswith("gege ")
    staff, households = tmp_path / "staff.csv", tmp_path / "households.csv"
    staff.write_text(
        "工号,姓名,角色,电话,网格号,telegram_id,wecom,dingtalk\nM1,程华发,网格管理员,13700000001,1,,,\n", "utf-8"
    )
    households.write_text(
        "户号,户主,电话,社区,小区,地址,台区,线路,网格号,标签,余额,欠费月数,本年电量\n"
        "1,柯国强,13900000001,桃溪社区,,桃溪路8号,桃溪01台区,桃溪1线,1,,0,0,900\n",
        "utf-8",
    )
    for file in (staff, households):
        gege("import", str(file))
    gege("say", "我屋里停电了，桃溪路8号", "--caller", "13900000001")
    gege("say", "对", "--caller", "13900000001")
    (ticket,) = json.loads(gege("tickets", "--json"))
    assert (ticket["kind"], ticket["household_no"], ticket["owner"]) == ("outage", "1", "M1")


def _without_git(folder: Path) -> str:
    """A PATH on which git fails."""
    (folder / "bin").mkdir()
    (folder / "bin" / "git").write_text("#!/bin/sh\nexit 97\n")
    (folder / "bin" / "git").chmod(0o755)
    return f"{folder / 'bin'}:{os.environ['PATH']}"


def test_no_release_is_made_where_there_is_no_clone(tmp_path: Path) -> None:
    with pytest.raises(NoRelease, match="from a clone with git"):
        make_release(tmp_path, tmp_path / "dist")


def test_make_knows_the_release() -> None:
    assert "python -m tools.release" in make("release")
