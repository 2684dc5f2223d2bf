"""Every command that a document gives is one that works: run in a fresh clone, or, where that needs more, spelled right.

`commands.yml` says what a word in capitals stands for, and which commands need what no test has."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app.parts import open_site
from bot.database import now
from bot.settings import PROJECT, Settings
from bot.voice.call_log import _end
from tests.documents.examples import Example, examples, on
from tests.documents.spelling import only_named, wrong_with

LISTS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("commands.yml").read_text("utf-8"))
#: what a list's words in braces are read from
FACTS = {
    "ticket": "select ticket_no from ticket order by ticket_no desc limit 1",
    "correction": "select id from correction where state = 'waiting' order by id desc limit 1",
    "call": "select max(number) from call_log",
}
#: the settings of every home: the neural voice takes seconds to load, and no example is about it
QUICK = '[speech]\nvoice = "espeak"\n'
Run = Callable[..., dict[str, Any]]


def _needs_more(words: tuple[str, ...]) -> str:
    """The line of `outside` that holds for a command, the longest that begins like it."""
    fitting = [line for line in LISTS["outside"] if words[: len(line.split())] == tuple(line.split())]
    return max(fitting, key=len, default="")


def _is_run(one: Example) -> bool:
    if one.words[0] != "gege" or len(one.words) == 1 or _needs_more(one.words) or one.key in LISTS["named"]:
        return False
    return one.block or one.key in LISTS["filled"] or not (one.partly or only_named(one.words[1:]))


ALL = examples()


@pytest.mark.parametrize("one", {one.key: one for one in ALL}.values(), ids=lambda one: one.key[:70])
def test_it_is_spelled_as_gege_takes_it(one: Example) -> None:
    if one.words[0] == "make":
        targets = [word for word in one.words[1:] if "=" not in word and not word.startswith("-")]
        known = [line.split(":")[0] for line in (PROJECT / "Makefile").read_text("utf-8").splitlines()]
        assert not set(targets) - set(known), f"{one.page}: {one.written}"
    else:
        assert not wrong_with(one.words[1:]), f"{one.page}: {one.written}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("tickets --jsn", "jsn"),
        ("tikets", "tikets"),
        ("corpus consnt GD1 --by M11", "consnt"),
        ("ticket GD1 ack M11", "too much"),
        ("ticket GD1 ack --by", "argument"),
    ],
)
def test_a_wrong_spelling_is_found(words: str, said: str) -> None:
    assert said in wrong_with(words.split())


def test_a_named_command_is_no_given_one() -> None:
    assert only_named(["restore"]) and only_named(["bench"]) and only_named(["corpus", "consent", "GD1"])
    assert not only_named(["restore", "FILE"]) and not only_named(["tickets"]) and not only_named(["tikets"])


def test_commands_are_found_in_blocks_and_in_sentences() -> None:
    page = (
        "a `./gege tickets [--grid 11|12] [--json] …`, `gege.toml`, `make` and `gege_calls`\n\n```\nexport GEGE_HOME=/srv/gege\n"
        "A=b ./gege settings > x.toml   # all\nprintf '%s' 'a|b' \\\n  | ./gege parse && make demo\n```\n\n```yaml\ngege: no\n```\n"
    )
    found = [(" ".join(one.words), one.fed_by, one.where) for one in on("x.md", page)]
    home = {"GEGE_HOME": "/srv/gege"}
    assert found == [
        ("gege settings", "", home),
        ("gege parse", "printf '%s' 'a|b'", home),
        ("make demo", "", home),
        ("gege tickets --grid 11 --json", "", {}),
        ("make", "", {}),
    ]


def test_the_lists_have_no_line_too_many() -> None:
    keys = {one.key for one in ALL}
    assert not [line for line in LISTS["filled"] if line not in keys]
    assert not [line for name in ("may_end_with", "named") for line in LISTS[name] if line not in keys]
    used = {_needs_more(one.words) for one in ALL}
    assert not [line for line in LISTS["outside"] if line not in used]


def test_what_is_tried_elsewhere_is_tried_there() -> None:
    for line, said in LISTS["outside"].items():
        for name in said.get("tried_by", []):
            assert (PROJECT / name).is_file(), f"{line}: no {name}"
        assert said["needs"], line


# ---- in a fresh clone ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, dialogue_model: Path) -> Path:
    """The project as git has it, with the trained model and nothing else that was made here."""
    folder = tmp_path_factory.mktemp("fresh") / "gege"
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=PROJECT, text=True).strip()
    subprocess.run(["git", "clone", "-q", "--shared", "--no-checkout", str(PROJECT), str(folder)], check=True)
    subprocess.run(["git", "checkout", "-q", "--detach", head], cwd=folder, check=True)
    (folder / "models" / "dialogue").mkdir(parents=True, exist_ok=True)
    shutil.copy(dialogue_model, folder / "models" / "dialogue")
    return folder


@pytest.fixture(scope="module")
def site(county: Path, clone: Path) -> Path:
    """GEGE_HOME where a clone has it, with the small county and one call; its tables lie where the examples name them."""
    home = clone / "var"
    shutil.copytree(county, home)
    (home / "gege.toml").write_text(QUICK, "utf-8")
    database = open_site(Settings(home=home))
    with database.session() as session:
        told = {"outcome": "hung_up", "hand_over_to": "", "ticket_no": None, "recording": "", "seconds": 3.0}
        _end(session, "a" * 32, {**told, "first_audio": 0.1, "greeting": [], "turns": []}, now())
    database.dispose()
    for name in ("households.csv", "staff.csv", "map.geojson"):
        shutil.copy(home / "sample" / name, clone / name)
    for name in ("FOLDER", "media"):
        (clone / name).mkdir()
    return home


def _environment(clone: Path) -> dict[str, str]:
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("GEGE_", "PYTEST_"))}
    return ours | {"PYTHONPATH": str(clone), "RASA_TELEMETRY_ENABLED": "false", "COLUMNS": "120"}


@pytest.fixture(scope="module")
def gege(clone: Path, site: Path) -> Iterator[Run]:
    """`gege(words, stdin=…, home=…)` runs one command in the clone's folder."""
    environment = _environment(clone)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "tests/documents/runner.py"],
        cwd=clone, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as runner:  # fmt: skip
        assert runner.stdin and runner.stdout

        def run(words: list[str], stdin: str = "", home: Path = site) -> dict[str, Any]:
            asked = {"argv": words, "stdin": stdin, "env": {"GEGE_HOME": str(home)}, "seconds": 300}
            assert runner.stdin and runner.stdout
            runner.stdin.write(json.dumps(asked) + "\n")
            runner.stdin.flush()
            done: dict[str, Any] = json.loads(runner.stdout.readline())
            return done

        yield run
        runner.stdin.close()


def _filled(line: str, site: Path) -> list[str]:
    """The words with what stands for those in braces, as the database has it now."""
    words = shlex.split(line)
    with sqlite3.connect(site / "gege.sqlite") as database:
        for name, question in FACTS.items():
            if f"{{{name}}}" in line:
                [found] = database.execute(question).fetchone() or [""]
                words = [word.replace(f"{{{name}}}", str(found)) for word in words]
    return words


def _one_by_one() -> list[Example]:
    """Those that are run, each once."""
    seen: dict[tuple[str, str, str], Example] = {}
    for one in ALL:
        if _is_run(one):
            seen.setdefault((one.key, one.fed_by, one.where.get("GEGE_HOME", "")), one)
    return list(seen.values())


@pytest.mark.slow
def test_the_documents_commands_work_in_a_fresh_clone(gege: Run, clone: Path, site: Path) -> None:
    """In the order in which a reader meets them, on one site, so that a later one finds what an earlier one made."""
    failed = []
    for one in _one_by_one():
        home, words = site, list(one.words[1:])
        said = LISTS["filled"].get(one.key, {})
        for line in said.get("first", []):
            done = gege(_filled(line, site))
            if done["status"]:
                failed.append(f"before {one.key}: gege {line}: {done['err'][-400:]}")
        if "home" in said:
            home = clone / "homes" / said["home"]  # not there yet
        elif another := one.where.get("GEGE_HOME"):
            home = clone / "homes" / Path(another).name
            home.mkdir(parents=True, exist_ok=True)
            (home / "gege.toml").write_text(QUICK, "utf-8")
        if "run" in said:
            words = _filled(said["run"], site)
        stdin = said.get("types", "")
        if one.fed_by:
            stdin = subprocess.check_output(["bash", "-c", one.fed_by], cwd=clone, text=True)
        done = gege(words, stdin=stdin, home=home)
        well = done["status"] in LISTS["may_end_with"].get(one.key, {"status": [0]})["status"]
        if not well or "Traceback" in done["err"]:
            shown = (done["out"][-300:] + done["err"][-600:]).strip()
            failed.append(f"{one.page}: {one.written}\n  gege {shlex.join(words)} → {done['status']}\n  {shown}")
        if os.environ.get("GEGE_TELL"):
            print(f"{done['took']:6.1f} s  {done['status']}  gege {shlex.join(words)}", flush=True)
    assert not failed, "\n".join(failed)


@pytest.mark.slow
def test_the_script_in_the_clone_runs_the_clone(clone: Path, site: Path) -> None:
    """`./gege` from anywhere, on the environment that is there; a clone is younger than that."""
    environment = Path(sys.prefix)
    for name in ("uv.lock", "pyproject.toml"):
        os.utime(clone / name, (0, 0))
    if not (environment / ".gege-ready").exists():
        pytest.skip(f"{environment} was not made by make setup")
    done = subprocess.run(
        [str(clone / "gege"), "settings"],
        cwd=clone.parent, env=_environment(clone) | {"UV_PROJECT_ENVIRONMENT": str(environment)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "[web]" in done.stdout, done.stderr[-800:]
