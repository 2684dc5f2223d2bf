"""No parser of what strangers send falls over it; `gege bench fuzz` looks for hours, this for seconds."""

from __future__ import annotations

import random
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.bench.fuzz.run import NoFuzzer, run_bench, spoiled
from bot.bench.fuzz.targets import Target, planted, targets

TARGETS = targets()


@pytest.mark.parametrize("target", TARGETS, ids=[one.name for one in TARGETS])
def test_a_parser_takes_its_seeds_and_what_became_of_them(target: Target) -> None:
    assert target.seeds
    for data in (*target.seeds, b"", *spoiled(target, 150, random.Random(1128))):
        target.hit(data)


def test_the_seeds_are_what_the_parsers_are_for() -> None:
    """A seed that is refused at the first line would leave the rest unlooked at."""
    refused = []
    for target in TARGETS:
        try:
            target.take(target.seeds[0])
        except Exception as problem:
            refused.append(f"{target.name}: {problem}")
    # A link that has expired, and a manager interface that falls silent after its last event.
    assert [one.split(":")[0] for one in refused] == ["ami", "link"], refused


def test_a_hole_would_be_found() -> None:
    with pytest.raises(IndexError):
        planted().hit(b"GE!")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="NO ATHERIS: it comes with the group dev")
def test_the_bench_finds_a_hole_by_coverage_and_keeps_the_input(tmp_path: Path) -> None:
    # It ends as soon as the hole is found.
    (found,) = run_bench(0.1, ["planted"], tmp_path)
    assert "planted" in found["found"] and Path(found["file"]).read_bytes().startswith(b"GE!")


def test_a_parser_that_is_not_there_and_a_fuzzer_that_is_not_installed_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.bench.fuzz.run.importlib.util.find_spec", lambda name: object())
    with pytest.raises(NoFuzzer, match="no parser"):
        run_bench(0.1, ["nonsense"])
    monkeypatch.setattr("bot.bench.fuzz.run.importlib.util.find_spec", lambda name: None)
    with pytest.raises(NoFuzzer, match="atheris is not installed"):
        run_bench(0.1, ["planted"])
