"""What the understanding does with sentences that it was not trained on: the training sentences, fold by fold.

Everything that is chosen by figures (thresholds, temperature, which part stays) is chosen here; the frozen test
sentences decide nothing."""

from __future__ import annotations

import copy
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from bot.bench.near_sounds import misheard
from bot.settings import PROJECT

Numbers = NDArray[Any]
FOLDS = 5
#: how a held-out sentence is heard: (strength, seed); the seeds are neither the training's nor the frozen set's
HEARD = ((0.0, 0), (0.3, 51), (0.6, 52), (1.0, 53))
#: the same sentence said once more, as a resident does who is asked
HEARD_AGAIN = ((0.0, 0), (0.3, 61), (0.6, 62), (1.0, 63))

#: components that change nothing about the intent of a sentence alone
NOT_FOR_THE_INTENT = tuple(
    f"nlu.{one}." for one in ("answers", "clauses", "acts", "elsewhere", "entities", "numbers", "fallback")
)


@dataclass(frozen=True)
class HeldOut:
    """Held-out sentences with the logarithms of what each intent scored, before costs and temperature."""

    texts: list[str]
    strengths: Numbers  # (sentences,)
    intents: list[str]  # names of the columns
    truth: Numbers  # (sentences,) columns
    scores: Numbers  # (sentences × intents)
    again: Numbers  # (sentences × intents), said once more


def probabilities(scores: Numbers, temperature: float = 1.0, biases: Numbers | None = None) -> Numbers:
    """(sentences × intents), each row sums to 1; `biases` are logarithms of costs."""
    scaled = (scores if biases is None else scores + biases) / temperature
    likely = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: Numbers = likely / likely.sum(axis=1, keepdims=True)
    return shares


def training_messages() -> list[Any]:
    """Every training sentence once, as Rasa reads it."""
    from rasa.shared.importers.importer import TrainingDataImporter

    files = [str(file) for file in sorted((PROJECT / "nlu").rglob("*.yml")) if file.parent.name != "data"]
    importer = TrainingDataImporter.load_from_dict(
        config_path=str(PROJECT / "config.yml"), domain_path=str(PROJECT / "domain.yml"), training_data_paths=files
    )
    seen: dict[tuple[str, str], Any] = {}
    for message in importer.get_nlu_data().intent_examples:
        seen.setdefault((message.get("text"), message.get("intent")), message)
    return list(seen.values())


def pipeline_of(config: Path = PROJECT / "config.yml") -> list[dict[str, Any]]:
    """The components of a configuration, as written."""
    parts: list[dict[str, Any]] = yaml.safe_load(config.read_text("utf-8"))["pipeline"]
    return parts


@contextmanager
def understander(parts: Sequence[dict[str, Any]], messages: list[Any]) -> Iterator[Any]:
    """Trains those `parts` that decide the intent on `messages`; gives texts → (intents, scores)."""
    from rasa.engine.graph import ExecutionContext, GraphSchema
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.storage.resource import Resource
    from rasa.shared.nlu.training_data.message import Message
    from rasa.shared.nlu.training_data.training_data import TrainingData
    from rasa.shared.utils.common import class_from_module_path

    with tempfile.TemporaryDirectory(prefix="gege-fold-") as folder:
        storage = LocalModelStorage.create(Path(folder))
        data = TrainingData(training_examples=copy.deepcopy(messages))
        chain: list[Any] = []
        for number, part in enumerate(parts):
            if not part["name"].startswith("nlu.") or part["name"].startswith(NOT_FOR_THE_INTENT):
                continue
            kind = class_from_module_path(part["name"])
            name = f"{number}-{kind.__name__}"
            config = {**kind.get_default_config(), **{key: value for key, value in part.items() if key != "name"}}
            context = ExecutionContext(GraphSchema({}), node_name=name)
            one: Any = kind.create(config, storage, Resource(name), context)
            if hasattr(one, "train"):
                one.train(data)
            if hasattr(one, "process_training_data"):
                data = one.process_training_data(data) or data
            chain.append(one)
        classifier = chain.pop()

        def scores(texts: Sequence[str]) -> tuple[list[str], Numbers]:
            heard = [Message.build(text) for text in texts]
            for one in chain:
                heard = one.process(heard)
            return classifier.intents(), np.stack([classifier.scores(message) for message in heard])

        yield scores


def held_out(parts: Sequence[dict[str, Any]] | None = None, folds: int = FOLDS, seed: int = 7) -> HeldOut:
    """Cross-validation: each training sentence is understood by a model that never saw it, clean and distorted."""
    messages = training_messages()
    order = list(range(len(messages)))
    random.Random(seed).shuffle(order)
    texts: list[str] = []
    strengths: list[float] = []
    truth: list[str] = []
    found: list[Numbers] = []
    again: list[Numbers] = []
    names: list[str] = []
    for fold in range(folds):
        kept = set(order[fold::folds])
        test = [messages[number] for number in sorted(kept)]
        train = [message for number, message in enumerate(messages) if number not in kept]
        # The way Rasa's reader leaves a message must not depend on what an earlier fold added to it.
        with understander(parts or pipeline_of(), train) as understand:
            for strength, other in zip(HEARD, HEARD_AGAIN, strict=True):
                said = [_heard(message.get("text"), strength) for message in test]
                names, scored = understand(said)
                found.append(scored)
                again.append(understand([_heard(m.get("text"), other) for m in test])[1])
                texts += said
                strengths += [strength[0]] * len(said)
                truth += [message.get("intent") for message in test]
    columns = {name: column for column, name in enumerate(names)}
    return HeldOut(
        texts,
        np.asarray(strengths),
        names,
        np.asarray([columns[intent] for intent in truth]),
        np.concatenate(found),
        np.concatenate(again),
    )


def _heard(text: str, how: tuple[float, int]) -> str:
    """By the second generator: what is chosen on one is measured on the other (`gege bench nlu` shows both)."""
    strength, seed = how
    return misheard(text, strength, random.Random(f"{seed}/{text}")) if strength else text
