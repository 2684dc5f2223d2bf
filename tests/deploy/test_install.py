"""The installation of one server: it says what it would do, does it once, and leaves alone what a site has changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from bot.settings import PROJECT, load_settings

SCRIPT = PROJECT / "deploy" / "install-debian.sh"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A small clone with what the script reads: the whole one would be copied at every run."""
    where = tmp_path / "clone"
    for name in (
        "deploy/install-debian.sh",
        "deploy/debian/gege.toml",
        "deploy/debian/gege",
        "deploy/systemd/gege.service",
    ):
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_bytes((PROJECT / name).read_bytes())
    (where / SCRIPT.relative_to(PROJECT)).chmod(0o755)
    git(where, "init", "-q", "-b", "main")
    commit(where)
    return where


def git(where: Path, *command: str) -> None:
    own = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_DATE": "2026-11-28T00:00:00Z"}
    subprocess.run(["git", "-C", where, *command], check=True, capture_output=True, env={**os.environ, **own})


def commit(where: Path) -> None:
    git(where, "add", "-A")
    git(where, "-c", "user.name=Gege", "-c", "user.email=gege@localhost", "commit", "-q", "-m", "as it is")


def install(clone: Path, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [clone / "deploy" / "install-debian.sh", "--root", root, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def everything(root: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file but git's own."""
    return {
        str(path.relative_to(root)): (stat.S_IMODE(path.stat().st_mode), path.read_bytes() if path.is_file() else b"")
        for path in root.rglob("*")
        if ".git" not in path.parts
    }


def test_a_second_run_does_nothing_and_a_look_changes_nothing(clone: Path, tmp_path: Path) -> None:
    root = tmp_path / "server"
    root.mkdir()
    looked = install(clone, root, "--check", "--postgresql")
    assert looked.returncode == 1 and "would: settings: /srv/gege/gege.toml" in looked.stdout, looked.stderr
    assert everything(root) == {}
    done = install(clone, root, "--postgresql")
    assert done.returncode == 0 and "would" not in done.stdout, done.stderr
    first = everything(root)
    again = install(clone, root, "--postgresql")
    assert (again.returncode, again.stdout) == (0, "nothing to do\n"), again.stdout + again.stderr
    assert everything(root) == first
    assert install(clone, root, "--check", "--postgresql").returncode == 0
    assert first["srv/gege"][0] == first["var/backups/gege"][0] == 0o700 and first["srv/gege/gege.toml"][0] == 0o600
    settings = load_settings(root / "srv/gege")
    assert settings.database == "postgresql+psycopg2://gege@/gege?host=/var/run/postgresql"
    assert settings.web.host == "127.0.0.1"


def test_what_a_site_has_changed_stays_and_what_the_clone_changed_comes(clone: Path, tmp_path: Path) -> None:
    root = tmp_path / "server"
    install(clone, root)
    own = root / "srv/gege/gege.toml"
    own.write_text('[log]\nlevel = "error"\n')
    unit = clone / "deploy/systemd/gege.service"
    unit.write_text(unit.read_text() + "# a newer one\n")
    commit(clone)
    assert "would: unit: /etc/systemd/system/gege.service" in install(clone, root, "--check").stdout
    assert install(clone, root).returncode == 0
    assert own.read_text() == '[log]\nlevel = "error"\n'
    assert (root / "etc/systemd/system/gege.service").read_text().endswith("# a newer one\n")
    assert (root / "opt/gege/deploy/systemd/gege.service").read_text() == unit.read_text()
    # Somebody worked in the clone that runs: it is told and nothing of it is thrown away.
    (root / "opt/gege/deploy/debian/gege.toml").write_text("[web]\nport = 1\n")
    (clone / "deploy/debian/gege.toml").write_text("[web]\nport = 2\n")
    commit(clone)
    refused = install(clone, root)
    assert refused.returncode == 2 and "was changed by hand" in refused.stderr
    assert (root / "opt/gege/deploy/debian/gege.toml").read_text() == "[web]\nport = 1\n"


def test_folders_of_the_sites_own_stand_in_every_file(clone: Path, tmp_path: Path) -> None:
    root = tmp_path / "server"
    install(clone, root, "--home", "/data/gege", "--code", "/usr/local/gege", "--backups", "/mnt/second/gege")
    command = root / "usr/local/bin/gege"
    assert stat.S_IMODE(command.stat().st_mode) == 0o755
    assert "GEGE_HOME=/data/gege" in command.read_text() and "/usr/local/gege/.venv" in command.read_text()
    unit = (root / "etc/systemd/system/gege.service").read_text()
    assert "/data/gege" in unit and "/usr/local/gege/.venv/bin/gege" in unit
    assert load_settings(root / "data/gege").backup.folder == "/mnt/second/gege"
    for usual in ("/srv/gege", "/opt/gege", "/var/backups"):
        assert usual not in unit + command.read_text()
    for wrong in ("relative", "/with a space", "/a;b", "/$(id)"):
        refused = install(clone, root, "--home", wrong)
        assert refused.returncode == 2 and len(refused.stderr.splitlines()) == 1


@pytest.fixture
def archive(clone: Path, tmp_path: Path) -> Path:
    """The same small project as an unpacked release archive;."""
    where = tmp_path / "gege-1.0.0"
    shutil.copytree(clone, where, ignore=shutil.ignore_patterns(".git"))
    (where / "old.txt").write_text("what a later one does not have\n")
    return summed(where)


def summed(where: Path) -> Path:
    """With sums of what is in it now, as `make release` writes them."""
    (where / "SHA256SUMS").unlink(missing_ok=True)
    files = sorted(str(one.relative_to(where)) for one in where.rglob("*") if one.is_file())
    sums = "".join(f"{hashlib.sha256((where / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    (where / "SHA256SUMS").write_text(sums)
    return where


@pytest.fixture
def no_git(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the archive is there, whoever calls git fails."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\necho git was called >&2\nexit 97\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")


@pytest.mark.usefixtures("no_git")
def test_an_archive_is_installed_without_git_once_and_brought_up_to_date(archive: Path, tmp_path: Path) -> None:
    root = tmp_path / "server"
    root.mkdir()
    assert install(archive, root, "--check").returncode == 1 and everything(root) == {}
    done = install(archive, root)
    assert done.returncode == 0, done.stderr
    code = root / "opt/gege"
    brought = {name: what for name, (_, what) in everything(code).items() if not name.startswith("models")}
    assert brought == {name: what for name, (_, what) in everything(archive).items()}
    assert {mode for mode, _ in everything(code / "deploy").values()} == {0o755, 0o644}, "another user runs it"
    first = everything(root)
    assert install(archive, root).stdout == "nothing to do\n" and everything(root) == first
    (code / "models/dialogue/mine.tar.gz").write_text("made by running")
    (archive / "old.txt").unlink()
    (archive / "new.txt").write_text("of the later version\n")
    (archive / "deploy/debian/gege.toml").write_text("[web]\nport = 2\n")
    summed(archive)
    assert "would: code" in install(archive, root, "--check").stdout
    assert install(archive, root).returncode == 0
    assert (
        not (code / "old.txt").exists()
        and (code / "new.txt").exists()
        and (code / "models/dialogue/mine.tar.gz").exists()
    )
    assert (code / "deploy/debian/gege.toml").read_text() == "[web]\nport = 2\n"


@pytest.mark.usefixtures("no_git")
def test_what_was_changed_by_hand_or_came_damaged_is_told_and_stays(archive: Path, tmp_path: Path) -> None:
    root = tmp_path / "server"
    install(archive, root)
    mine = root / "opt/gege/deploy/debian/gege.toml"
    mine.write_text("[web]\nport = 1\n")
    refused = install(archive, root)
    assert refused.returncode == 2 and "/opt/gege/deploy/debian/gege.toml was changed by hand" in refused.stderr
    assert mine.read_text() == "[web]\nport = 1\n"
    (archive / "deploy/systemd/gege.service").write_text("cut off")
    damaged = install(archive, tmp_path / "other")
    assert damaged.returncode == 2 and "the archive is not whole" in damaged.stderr
    assert not (tmp_path / "other/opt/gege/SHA256SUMS").exists()
    (archive / "SHA256SUMS").unlink()
    assert "neither a clone nor an unpacked release archive" in install(archive, tmp_path / "third").stderr


def test_a_clone_and_an_archive_do_not_write_over_each_other(archive: Path, clone: Path, tmp_path: Path) -> None:
    install(clone, tmp_path / "cloned")
    refused = install(archive, tmp_path / "cloned")
    assert refused.returncode == 2 and "is a clone; go on with git" in refused.stderr
    install(archive, tmp_path / "unpacked")
    refused = install(clone, tmp_path / "unpacked")
    assert refused.returncode == 2 and "came from a release archive" in refused.stderr
