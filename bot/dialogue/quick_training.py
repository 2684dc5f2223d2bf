"""Rasa's training with the same outcome in less time: nothing twice, and learners that wait for nobody side by side."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import rasa.model_training
import rasa.shared.utils.cli
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import INTENT, RESPONSE, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.dialogue.graph_runner import SequentialGraphRunner
from bot.foundation.errors import Broken

#: told after each step of a training: how much of it is done, from 0 to 1
HowFar = Callable[[float], None]


class LearnerFailed(Broken):
    """A component could not be trained; the message is its own."""


def train_quickly(how_far: HowFar) -> None:
    """Replace the costly parts of Rasa's training in this process, and hear how far the next training is."""

    class Runner(SideBySide):
        told = staticmethod(how_far)

    rasa.model_training.DaskGraphRunner = Runner
    TrainingData.sanitize_examples = staticmethod(_sanitized)
    RasaFileImporter.get_nlu_data = _read_once
    # Green and underlined on every screen, with a path that the next line says again.
    rasa.shared.utils.cli.print_success = lambda *_: None


# ---- the data ------------------------------------------------------------------------------------


def _sanitized(examples: list[Message]) -> list[Message]:
    """As Rasa's own, which hashes every token and feature of every example: only examples with one text and one intent
    can be the same."""
    alike: defaultdict[tuple[Any, Any], list[Message]] = defaultdict(list)
    kept = []
    for one in examples:
        for field in (INTENT, RESPONSE):
            if one.get(field):
                one.set(field, one.get(field).strip())
        others = alike[one.get(TEXT), one.get(INTENT)]
        if not any(one is other or one == other for other in others):
            others.append(one)
            kept.append(one)
    return kept


_read = RasaFileImporter.get_nlu_data


def _read_once(self: RasaFileImporter, language: str | None = "en") -> TrainingData:
    """Rasa asks three times, each time for another language, which its YAML does not depend on."""
    found: TrainingData | None = self.__dict__.get("_found")
    if found is None:
        found = self.__dict__["_found"] = _read(self, language)
    return found


# ---- the graph -----------------------------------------------------------------------------------


class SideBySide(DaskGraphRunner):
    """Runs the steps of a training in order. What nobody waits for (the classifiers and the names) is learned in processes of
    its own, as many as there are cores; each writes its weights into the model's folder, and only says that it has."""

    told: HowFar

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        graph = _Graph(self)
        return graph.run(inputs, targets)


class _Graph(SequentialGraphRunner):
    def __init__(self, loaded: SideBySide) -> None:
        super().__init__(loaded)
        self._told = loaded.told
        self._learning: list[_Apart] = []

    def run(self, inputs: dict[str, Any] | None = None, targets: list[str] | None = None) -> dict[str, Any]:
        wanted = tuple(targets or self._schema.target_names)
        order = self._order(wanted, set(inputs or {}))
        needed = {need for _, needs in order for need in needs}
        # A fork while others run may take a lock that they hold: then one after the other.
        cores = len(os.sched_getaffinity(0)) if threading.active_count() == 1 else 1
        results: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        done = 0
        for name, needs in order:
            given = [results[need] for need in needs]
            if cores > 1 and name not in needed:
                if len(self._learning) == cores:
                    done += self._take_one(results)
                self._learning.append(_Apart(name, self._nodes[name], given))
            else:
                results[name] = self._nodes[name](*given)
                done += 1
            self._told(done / len(order))
        while self._learning:
            done += self._take_one(results)
            self._told(done / len(order))
        return dict(results[name] for name in wanted)

    def _take_one(self, results: dict[str, Any]) -> int:
        """Wait for whichever is ready first."""
        ready = multiprocessing.connection.wait([one.news for one in self._learning])
        first = next(one for one in self._learning if one.news in ready)
        self._learning.remove(first)
        results[first.name] = first.result()
        return 1


class _Apart:
    """One node of the graph that runs in a process of its own; `news` is readable when it is done."""

    def __init__(self, name: str, node: Callable[..., Any], given: list[Any]) -> None:
        self.name = name
        context = multiprocessing.get_context("fork")
        self.news, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_learn, args=(node, given, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def result(self) -> Any:
        """What the node gave. Raises LearnerFailed."""
        try:
            result, problem = self.news.recv()
        except EOFError:
            result, problem = None, "its process ended (is there too little memory?)"
        self._process.join()
        self.news.close()
        if problem:
            raise LearnerFailed(f"{self.name}: {problem}")
        return result


def _learn(node: Callable[..., Any], given: list[Any], news: Connection) -> None:
    # Nobody sweeps up behind a process that ends without its exit handlers.
    with tempfile.TemporaryDirectory(prefix="gege-learning-") as own:
        tempfile.tempdir = own
        try:
            news.send((node(*given), None))
        except Exception as problem:
            news.send((None, f"{type(problem).__name__}: {problem}"))
