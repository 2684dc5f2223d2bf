"""Let Rasa 3.6 run without TensorFlow.

Eight Rasa modules are imported for their class names only. A finder at the head of `sys.meta_path` serves
them as modules with empty classes; a configuration that names one of those classes then fails when it is
validated, with Rasa's own message. Why TensorFlow is left out: docs/decisions/0001-rasa-without-tensorflow.md.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType

EMPTY_CLASSES = {
    "rasa.nlu.classifiers.diet_classifier": ("DIETClassifier",),
    "rasa.nlu.selectors.response_selector": ("ResponseSelector",),
    "rasa.core.policies.ted_policy": ("TEDPolicy",),
    "rasa.core.policies.unexpected_intent_policy": ("UnexpecTEDIntentPolicy",),
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer": ("ConveRTFeaturizer",),
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer": ("LanguageModelFeaturizer",),
    "rasa.utils.tensorflow.callback": ("RasaTrainingLogger", "RasaModelCheckpoint"),
    "rasa.utils.tensorflow.data_generator": ("RasaBatchDataGenerator",),
}


class _EmptyModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self) if fullname in EMPTY_CLASSES else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        for name in EMPTY_CLASSES[module.__name__]:
            setattr(module, name, type(name, (), {"__module__": module.__name__}))


def install() -> None:
    """Make `import rasa…` safe; call before anything of Rasa is imported. A second call does nothing.

    Raises RuntimeError when one of the replaced modules was already imported."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    if any(isinstance(finder, _EmptyModules) for finder in sys.meta_path):
        return
    if early := [name for name in EMPTY_CLASSES if name in sys.modules]:
        raise RuntimeError(f"rasa was imported before bot.dialogue.rasa_lite.install(): {', '.join(early)}")
    sys.meta_path.insert(0, _EmptyModules())
