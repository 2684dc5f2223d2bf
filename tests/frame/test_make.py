"""`make demo`, `make run`, `make test` from a bare clone: what they would do, and what they say when they cannot."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.settings import PROJECT

TARGETS = ("help", "setup", "demo", "run", "test", "quick", "lint", "types", "train", "sample", "packages", "sbom")
#: what the scripts may take for granted on any Debian
TOOLS = ("bash", "dirname", "awk", "sort", "head", "tail", "rm", "mkdir", "ln", "cat", "mktemp", "touch", "echo", "env")


def make(*words: str, **variables: str) -> str:
    done = subprocess.run(
        ["make", "-n", *words],
        cwd=PROJECT,
        # the suite itself runs under make: an inner make would take over its level and add lines of its own
        env={key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_can_be_made(target: str) -> None:
    make(target)


def test_a_fresh_clone_is_set_up_before_anything_runs(tmp_path: Path) -> None:
    plan = make("demo", UV_PROJECT_ENVIRONMENT=str(tmp_path / "none"))
    # The county and the model are made by the last one itself (tests/commands/test_first_run.py).
    steps = ["scripts/bring-uv", "scripts/sync", "gege demo"]
    assert [plan.find(step) for step in steps] == sorted(plan.find(step) for step in steps)
    assert all(step in plan for step in steps)


def test_an_environment_that_is_ready_is_not_synced_again(tmp_path: Path) -> None:
    (tmp_path / ".gege-ready").touch()
    assert "scripts/sync" not in make("demo", UV_PROJECT_ENVIRONMENT=str(tmp_path))


def test_make_run_makes_what_is_missing_and_opens_the_page_unless_told_not_to() -> None:
    assert make("run").splitlines()[-1].split()[-4:] == ["gege", "serve", "--sample", "--open"]
    assert make("run", "OPEN=").splitlines()[-1].split()[-3:] == ["gege", "serve", "--sample"]


def test_the_suite_comes_last_so_that_its_closing_line_is_seen() -> None:
    plan = make("test", "-j", "4").splitlines()
    assert "pytest" in plan[-1]
    assert [line for line in plan if "ruff check" in line]
    assert [line for line in plan if "mypy" in line]


@pytest.mark.parametrize(
    "script",
    [
        ".ci/run",
        "scripts/bring-uv",
        "scripts/sync",
        "scripts/reach-packages",
        "scripts/one-line",
        "scripts/test-packages",
    ],
)
def test_the_scripts_are_programs_that_bash_understands(script: str) -> None:
    assert os.access(PROJECT / script, os.X_OK)
    subprocess.run(["bash", "-n", PROJECT / script], check=True)


def test_the_gate_runs_everything_and_sends_nothing_home() -> None:
    text = (PROJECT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in text
    assert "RASA_TELEMETRY_ENABLED=false" in text
    assert "make test" in text


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A project folder with the scripts, and bin/ with nothing but a shell's own tools and no root."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool, path="/usr/bin:/bin")
        if found:
            (tmp_path / "bin" / tool).symlink_to(found)
    program(tmp_path, "id", "echo 1000")
    shutil.copytree(PROJECT / "scripts", tmp_path / "scripts")
    return tmp_path


def program(bare: Path, name: str, body: str) -> None:
    file = bare / "bin" / name
    file.write_text(f"#!/bin/bash\n{body}\n")
    file.chmod(0o755)


def run(bare: Path, script: str, *words: str, said: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [bare / "scripts" / script, *words],
        input=said,
        env={"PATH": f"{bare}/.tools/bin:{bare}/bin", "HOME": str(bare), **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_python_setup_says_what_to_install(bare: Path) -> None:
    done = run(bare, "bring-uv")
    assert done.returncode == 1
    assert "apt-get install python3.11" in done.stderr


def test_without_uv_venv_pip_and_root_setup_says_what_to_do(bare: Path) -> None:
    program(bare, "python3.11", "exit 1")
    done = run(bare, "bring-uv")
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert "pip install --user --require-hashes" in done.stderr


def test_without_venv_uv_comes_by_pip_by_its_hash_and_into_the_project_only(bare: Path) -> None:
    program(
        bare,
        "python3.11",
        """
        [[ "$2" == venv ]] && { mkdir -p .tools/bin; exit 1; }
        [[ "$*" == *"--require-hashes -r scripts/uv.txt --target .tools/lib"* ]] || exit 1
        [[ "$*" != *--break-system-packages* ]] || exit 1
        mkdir -p .tools/lib/bin
        printf '#!/bin/bash\\n[[ "$1" == --version ]] && echo "uv 0.13.9 (test)"; exit 0' > .tools/lib/bin/uv
        chmod +x .tools/lib/bin/uv""".replace("chmod", shutil.which("chmod") or "chmod"),
    )
    done = run(bare, "bring-uv")
    assert done.returncode == 0, done.stderr
    assert "uv 0.13.9" in done.stdout
    assert (bare / ".tools" / "bin" / "uv").exists()


def test_a_uv_with_another_hash_is_refused_and_pip_says_so(bare: Path) -> None:
    program(
        bare,
        "python3.11",
        """
        [[ "$2" == pip || "$1" == -c ]] || { mkdir -p .tools/bin; ln -s ../../bin/python3.11 .tools/bin/python; exit 0; }
        [[ "$1" == -c ]] && exit 0
        [[ "$*" == *--require-hashes* ]] || exit 0
        echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"; exit 1""",
    )
    program(bare, "id", "echo 0")
    program(bare, "apt-get", "echo 'apt-get was asked' >&2")
    done = run(bare, "bring-uv")
    assert done.returncode == 1
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "apt-get was asked" not in done.stderr


def test_set_up_says_what_went_wrong_and_leaves_out_what_went_right(bare: Path) -> None:
    lines = ["Resolved 97 packages in 2ms", "Downloading numpy (17.4MiB)", " Downloaded numpy", " + numpy==1.26.4"]
    error = ["error: Failed to download `numpy==1.26.4`", "  cause: Hash mismatch for `numpy==1.26.4`"]
    done = run(bare, "one-line", "setup: ", said="\n".join(lines + error) + "\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.splitlines() == error


def test_an_old_uv_is_not_used(bare: Path) -> None:
    program(bare, "uv", 'echo "uv 0.4.1"')
    program(bare, "python3.11", "exit 1")
    assert "bringing uv" in run(bare, "bring-uv").stdout


def test_without_python_3_11_setup_says_so(bare: Path) -> None:
    program(bare, "uv", '[[ "$1" == --version ]] && { echo "uv 0.13.9"; exit 0; }; exit 2')
    program(bare, "python3", 'echo "Python 3.13.5"')
    done = run(bare, "bring-uv")
    assert done.returncode == 1
    assert "Python 3.13.5" in done.stderr
    assert "UV_PYTHON" in done.stderr


def test_missing_test_packages_are_a_loud_skip_without_root(bare: Path) -> None:
    program(bare, "apt-get", "exit 100")
    script = bare / "scripts" / "test-packages"
    # As if on a machine that has none of them.
    script.write_text(script.read_text().replace("/usr/lib/postgresql", "/nowhere").replace("/usr/share/fonts", "/no"))
    done = run(bare, "test-packages")
    assert done.returncode == 0
    assert "NOT INSTALLED: postgresql chromium" in done.stderr
    assert "only root" in done.stderr
    program(bare, "id", "echo 0")
    failed = run(bare, "test-packages")
    assert failed.returncode == 0
    assert "apt-get failed" in failed.stderr


#: an index that nobody can ask: no such name, and nothing that would be asked in its place
NOWHERE = {"UV_DEFAULT_INDEX": "https://nowhere.invalid/simple"}


@pytest.fixture
def python(bare: Path) -> None:
    (bare / "bin" / "python3.11").symlink_to(sys.executable)


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize("script", ["bring-uv", "sync"])
def test_without_network_a_sentence_comes_at_once_and_says_what_to_do(bare: Path, script: str) -> None:
    if script == "sync":
        # What lies in its cache is not enough, and it would go on trying.
        program(bare, "uv", '[[ "$*" == *--offline* ]] && exit 1; echo "uv asked the network" >&2; exec /bin/sleep 60')
    began = time.monotonic()
    done = run(bare, script, **NOWHERE)
    assert time.monotonic() - began < 20, "pip and uv try for a minute and a half"
    assert done.returncode == 1
    assert "there is no network (nowhere.invalid" in done.stderr
    assert "HTTPS_PROXY" in done.stderr
    assert "uv asked" not in done.stderr


def test_what_this_machine_has_fetched_before_needs_no_network(bare: Path) -> None:
    program(bare, "uv", '[[ "$*" == "sync --locked --offline" ]] && exit 0; echo "uv asked the network" >&2; exit 2')
    done = run(bare, "sync", **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""


@pytest.mark.usefixtures("python")
def test_with_network_what_goes_wrong_with_a_package_is_shown_whole(bare: Path) -> None:
    program(
        bare,
        "uv",
        """[[ "$*" == *--offline* ]] && exit 1
        printf '%s\\n' 'Resolved 97 packages in 2ms' 'error: Failed to build `annoy==1.17`' '  cause: no compiler' >&2; exit 2""",
    )
    with socket.socket() as index:
        index.bind(("127.0.0.1", 0))
        index.listen()
        done = run(bare, "sync", UV_DEFAULT_INDEX=f"http://127.0.0.1:{index.getsockname()[1]}/simple")
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["error: Failed to build `annoy==1.17`", "  cause: no compiler"]
