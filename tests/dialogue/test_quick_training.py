"""Training in less time with the same outcome: what Rasa would do twice, and what is learned side by side."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.dialogue import rasa_lite

rasa_lite.install()

from rasa.shared.importers.rasa import RasaFileImporter  # noqa: E402
from rasa.shared.nlu.constants import INTENT, TEXT  # noqa: E402
from rasa.shared.nlu.training_data.message import Message  # noqa: E402
from rasa.shared.nlu.training_data.training_data import TrainingData  # noqa: E402

from bot.dialogue import quick_training  # noqa: E402
from bot.dialogue.quick_training import LearnerFailed, _Graph, _read_once, _sanitized  # noqa: E402

Node = Callable[..., tuple[str, Any]]


def graph(nodes: dict[str, Node], needs: dict[str, list[str]], told: Callable[[float], None]) -> _Graph:
    """A graph of plain functions, as if Rasa had loaded it."""
    schema = SimpleNamespace(
        nodes={name: SimpleNamespace(needs=dict.fromkeys(needs[name], "")) for name in nodes}, target_names=list(nodes)
    )
    for name, node in schema.nodes.items():
        node.needs = {f"from_{need}": need for need in needs[name]}
    schema.minimal_graph_schema = lambda _targets: schema
    loaded: Any = SimpleNamespace(_graph_schema=schema, _instantiated_nodes=nodes, told=told)
    return _Graph(loaded)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cores, and no thread that a fork could disturb."""
    monkeypatch.setattr(quick_training.threading, "active_count", lambda: 1)
    monkeypatch.setattr(quick_training.os, "sched_getaffinity", lambda _: {0, 1})


def learner(name: str, folder: Path) -> Node:
    """Writes which process it ran in, beside a sibling that it meets there: one after the other they would miss each other."""

    def learn(given: tuple[str, Any]) -> tuple[str, Any]:
        (folder / name).write_text(str(os.getpid()))
        until = time.monotonic() + 20
        while len(list(folder.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert len(list(folder.iterdir())) == 2, "alone"
        return name, given[1] * 2

    return learn


@pytest.mark.usefixtures("alone")
def test_learners_that_wait_for_nobody_learn_at_the_same_time_each_in_its_process(tmp_path: Path) -> None:
    shares: list[float] = []
    nodes: dict[str, Node] = {
        "read": lambda: ("read", 21),
        "intents": learner("intents", tmp_path),
        "acts": learner("acts", tmp_path),
    }
    found = graph(nodes, {"read": [], "intents": ["read"], "acts": ["read"]}, shares.append).run()
    assert found == {"read": 21, "intents": 42, "acts": 42}
    processes = {(tmp_path / name).read_text() for name in ("intents", "acts")}
    assert len(processes) == 2 and str(os.getpid()) not in processes
    assert shares == sorted(shares) and shares[-1] == 1.0


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("fault", ["told", "fallen"])
def test_a_learner_that_fails_ends_the_training_with_its_own_words(fault: str) -> None:
    def learn(_: tuple[str, Any]) -> tuple[str, Any]:
        if fault == "fallen":
            os._exit(9)
        raise ValueError("no examples of report_hazard")

    nodes: dict[str, Node] = {"read": lambda: ("read", 0), "intents": learn}
    words = "intents: its process ended" if fault == "fallen" else "intents: ValueError: no examples of report_hazard"
    with pytest.raises(LearnerFailed, match=words):
        graph(nodes, {"read": [], "intents": ["read"]}, lambda _: None).run()


@pytest.mark.usefixtures("alone")
def test_a_learner_leaves_no_temporary_file_behind() -> None:
    def learn(_: tuple[str, Any]) -> tuple[str, Any]:
        return "names", tempfile.mkstemp()[1]

    nodes: dict[str, Node] = {"read": lambda: ("read", 0), "names": learn}
    left = graph(nodes, {"read": [], "names": ["read"]}, lambda _: None).run()["names"]
    assert not Path(left).exists()


def test_beside_other_threads_nothing_is_forked() -> None:
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        nodes: dict[str, Node] = {"read": lambda: ("read", 0), "intents": lambda _: ("intents", os.getpid())}
        found = graph(nodes, {"read": [], "intents": ["read"]}, lambda _: None).run()
    finally:
        stop.set()
        other.join()
    assert found["intents"] == os.getpid()


def test_the_same_examples_are_left_out_as_rasa_leaves_them_out() -> None:
    def examples() -> list[Message]:
        rows: list[tuple[str, str, list[dict[str, Any]]]] = [
            ("停电了", " report_outage ", []),
            ("停电了", "report_outage", []),
            ("停电了", "complain", []),
            ("到桥头街", "inform", [{"entity": "place", "start": 1, "end": 4, "value": "桥头街"}]),
            ("到桥头街", "inform", []),
            ("到桥头街", "inform", []),
        ]
        return [Message(data={TEXT: text, INTENT: intent, "entities": found}) for text, intent, found in rows]

    theirs, ours = _RASAS_OWN(examples()), _sanitized(examples())
    assert [one.data for one in ours] == [one.data for one in theirs]
    assert len(ours) == 4


_RASAS_OWN = TrainingData.sanitize_examples


def test_the_sentences_are_read_once_however_often_rasa_asks(tmp_path: Path) -> None:
    file = tmp_path / "nlu.yml"
    file.write_text('version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - 你好\n')
    importer = RasaFileImporter(training_data_paths=[str(tmp_path)])
    first = _read_once(importer, "zh")
    file.unlink()
    assert [one.get(TEXT) for one in first.training_examples] == ["你好"]
    assert _read_once(importer, "en") is first
