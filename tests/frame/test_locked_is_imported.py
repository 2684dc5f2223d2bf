"""What a site installs is what Gege imports: no library comes along that nothing uses (docs/decisions/0027)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker

from bot.settings import PROJECT
from tests.frame.imports import ROOMS, named, owners

#: installed and not imported by service or training, each with its reason
NOT_IMPORTED = {
    "markdown-it-py": "rich's, for a Markdown that Gege never prints",
    "mdurl": "markdown-it-py's",
    "pycparser": "cffi's, for a C header that is read at run time; those of vosk, soundfile and cryptography were read before",
}

#: named in the code, and no part of what a site installs without asking
ASKED_FOR = {
    "grimp": "the group dev, for tools/lint",
    "importlinter": "the group dev, for tools/lint",
    "onnx": "the group dev, for tools/tiny_models",
    "matplotlib": "the group pictures, for gege bench thresholds --picture",
    "atheris": "the group dev, for gege bench fuzz",
    "faster_whisper": "the extra whisper",
    "minio": "the extra s3",
    "playwright": "the group dev, for gege bench desk --browser",
    "onnxruntime": "the extra voice",
    "sherpa_onnx": "the extra sherpa",
    "torch": "the group speech-training, for gege models build-demo",
}
#: what the extra `rasa-server` brings, gone
WITHOUT_THE_EXTRA = "import sys; sys.modules['sanic_cors'] = None; import bot.cli; bot.cli.main()"


def runtime(lock: dict[str, Any]) -> set[str]:
    """The distributions that `uv sync --locked --no-dev` installs on this machine."""
    packages = {package["name"]: package for package in lock["package"]}
    found: set[str] = set()
    open_ends = [("gege", frozenset[str]())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while open_ends:
        name, extras = open_ends.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        package = packages[name]
        wanted = list(package.get("dependencies", ()))
        for extra in extras:
            wanted += package.get("optional-dependencies", {}).get(extra, ())
        for one in wanted:
            if "marker" not in one or Marker(one["marker"]).evaluate():
                open_ends.append((one["name"], frozenset(one.get("extra", ()))))
    return found - {"gege"}


pytestmark = pytest.mark.slow  # a training and a server's imports


@pytest.fixture(scope="module")
def locked() -> set[str]:
    return runtime(tomllib.loads((PROJECT / "uv.lock").read_text("utf-8")))


@pytest.fixture(scope="module")
def imported(locked: set[str], tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a process imports that does everything of Gege's with what a site installs."""
    folder: Path = tmp_path_factory.mktemp("model")
    done = subprocess.run(
        [sys.executable, "-m", "tests.frame.imports", str(folder), *sorted(locked)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_every_library_that_a_site_installs_is_imported(locked: set[str], imported: set[str]) -> None:
    assert sorted(locked - imported - set(NOT_IMPORTED)) == []


def test_every_library_that_the_code_names_is_installed_or_asked_for(locked: set[str]) -> None:
    owner = owners()
    libraries = {module.partition(".")[0] for module in named()} - set(sys.stdlib_module_names) - set(ROOMS)
    assert sorted(one for one in libraries if not owner.get(one, set()) & locked) == sorted(ASKED_FOR)


def test_no_exception_has_outlived_its_reason(locked: set[str], imported: set[str]) -> None:
    assert sorted(set(NOT_IMPORTED) - locked) == []
    assert sorted(set(NOT_IMPORTED) & imported) == []


def test_a_rasa_server_without_its_extra_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "gege.toml").write_text('[dialogue]\ntoken = "0123456789abcdef"\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA, "rasa-server"],
        cwd=PROJECT,
        env={**os.environ, "GEGE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "sanic_cors" in done.stderr
    assert "uv sync --locked --extra rasa-server" in done.stderr
    assert "Traceback" not in done.stderr
