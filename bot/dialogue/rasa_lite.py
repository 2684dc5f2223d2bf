"""Let Rasa 3.6 run without TensorFlow, and without the libraries of messengers, databases and plots nobody uses.

Eight Rasa modules are imported for their class names only, and so is every channel that Rasa can speak on (Gege has
its own front ends). A finder at the head of `sys.meta_path` serves them as modules with empty classes; a configuration
that names one of those classes then fails when it is validated, with Rasa's own message. Why TensorFlow is left out:
docs/decisions/0001-rasa-without-tensorflow.md; why the others are not even installed: 0027-a-slim-lock.md.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType

import sqlalchemy.ext.declarative
import sqlalchemy.orm

TENSORFLOW = {
    "rasa.nlu.classifiers.diet_classifier": ("DIETClassifier",),
    "rasa.nlu.selectors.response_selector": ("ResponseSelector",),
    "rasa.core.policies.ted_policy": ("TEDPolicy",),
    "rasa.core.policies.unexpected_intent_policy": ("UnexpecTEDIntentPolicy",),
    "rasa.nlu.featurizers.dense_featurizer.convert_featurizer": ("ConveRTFeaturizer",),
    "rasa.nlu.featurizers.dense_featurizer.lm_featurizer": ("LanguageModelFeaturizer",),
    "rasa.utils.tensorflow.callback": ("RasaTrainingLogger", "RasaModelCheckpoint"),
    "rasa.utils.tensorflow.data_generator": ("RasaBatchDataGenerator",),
}
NOT_INSTALLED = {
    "rasa.core.channels.botframework": ("BotFrameworkInput",),
    "rasa.core.channels.facebook": ("FacebookInput",),
    "rasa.core.channels.hangouts": ("HangoutsInput",),
    "rasa.core.channels.mattermost": ("MattermostInput",),
    "rasa.core.channels.rocketchat": ("RocketChatInput",),
    "rasa.core.channels.slack": ("SlackInput",),
    "rasa.core.channels.socketio": ("SocketIOInput", "SocketBlueprint"),
    "rasa.core.channels.telegram": ("TelegramInput",),
    "rasa.core.channels.twilio": ("TwilioInput",),
    "rasa.core.channels.twilio_voice": ("TwilioVoiceInput",),
    "rasa.core.channels.webexteams": ("WebexTeamsInput",),
    # `rasa test` writes its figures as JSON; the pictures of them are not drawn
    "rasa.utils.plotting": ("plot_confusion_matrix", "plot_paired_histogram", "plot_curve"),
    # two databases for dialogues that Gege does not keep them in
    "boto3": (),
    "boto3.dynamodb": (),
    "boto3.dynamodb.conditions": ("Key",),
    "botocore": (),
    "botocore.exceptions": ("BotoCoreError",),
    "pymongo": (),
    "pymongo.collection": ("Collection",),
    "pymongo.errors": ("ConnectionFailure", "OperationFailure"),
    # nothing is sent to Sentry
    "structlog_sentry": ("SentryProcessor",),
}
#: installed for Rasa's own commands (the group rasa-commands), of no use to the service
RASA_COMMANDS = {
    "rasa.core.channels.console": ("CmdlineInput",),
    "rasa.core.channels.rasa_chat": ("RasaChatInput",),
    # RabbitMQ, for a site whose events go out (`let_in`)
    "aiormq": (),
}


class _Empty:
    """What stands in for a class or a function: whatever it is made with, it does nothing."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __call__(self, *line: object) -> object:
        # As a processor of structlog's (logger, method, event): the event goes on as it is.
        return line[-1]


class _EmptyModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, classes: dict[str, tuple[str, ...]]) -> None:
        self._classes = dict(classes)

    def leave_out(self, name: str) -> bool:
        """Serve it no more; whether it was served until now."""
        return self._classes.pop(name, None) is not None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._classes:
            return None
        package = any(name.startswith(f"{fullname}.") for name in self._classes)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=package)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        for name in self._classes[module.__name__]:
            # Rasa lists its channels by name(), and its `except` clauses take nothing but exceptions.
            called = staticmethod(lambda: module.__name__.rpartition(".")[2])
            base = Exception if name.endswith(("Error", "Failure")) else _Empty
            setattr(module, name, type(name, (base,), {"__module__": module.__name__, "name": called}))


def install(*, lean: bool = True) -> None:
    """Make `import rasa…` safe; call before anything of Rasa is imported. A second call does nothing.

    `lean` also leaves out what only Rasa's own commands use.

    Raises RuntimeError when one of the replaced modules was already imported."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    # Rasa's tracker store takes the name of SQLAlchemy 1.4, which warns on every screen.
    sqlalchemy.ext.declarative.declarative_base = sqlalchemy.orm.declarative_base  # type: ignore[assignment]
    if any(isinstance(finder, _EmptyModules) for finder in sys.meta_path):
        return
    classes = TENSORFLOW | NOT_INSTALLED | (RASA_COMMANDS if lean else {})
    if early := [name for name in classes if name in sys.modules]:
        raise RuntimeError(f"rasa was imported before bot.dialogue.rasa_lite.install(): {', '.join(early)}")
    sys.meta_path.insert(0, _EmptyModules(classes))
    _distutils_as_they_are()
    # Sanic, once imported, shows everybody's deprecations again, and Rasa's libraries have many.
    import sanic  # noqa: F401

    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(?!bot|nlu|actions)")


def _distutils_as_they_are() -> None:
    """Sanic asks distutils for one function, and setuptools' shim answers with all of setuptools: half a second of each start."""
    hack = sys.modules.get("_distutils_hack")
    if hack is not None:
        hack.remove_shim()


def let_in(name: str) -> None:
    """Import one of the replaced libraries after all, from now on; modules of Rasa's that have the empty one get it.

    Raises ModuleNotFoundError where it is not installed."""
    # A list: of several finders each has to let go.
    if any([isinstance(finder, _EmptyModules) and finder.leave_out(name) for finder in sys.meta_path]):
        empty = sys.modules.pop(name, None)
        real = importlib.import_module(name)
        for module in [one for known, one in sys.modules.items() if empty is not None and known.startswith("rasa.")]:
            if getattr(module, name, None) is empty:
                setattr(module, name, real)
