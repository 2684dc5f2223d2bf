"""What Rasa pays anew on every turn and Gege pays once (each item's figure: docs/benchmarks.md).

Nothing here changes a decision of Rasa's: results are checked, rules matched and slots copied as before, only not
again for what has been seen."""

from __future__ import annotations

import copy
import warnings
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import jsonschema
import rasa.core.actions.action as rasa_action
import rasa.core.processor as rasa_processor
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.training.hooks import TrainingHook
from rasa.shared.core import events
from rasa.shared.core.domain import Domain
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.importers.importer import ResponsesSyncImporter
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import all_subclasses

#: shapes of action results that the schema has accepted
_SHAPES = 10_000


def pay_once(domain: Domain) -> None:
    """Replace the costly parts of Rasa in this process; a second call changes nothing."""
    rasa_action.RemoteAction._validate_action_result = _validate_action_result
    RulePolicy._find_action_from_rules = _find_action_from_rules
    events.Event.resolve_by_type = staticmethod(_resolve_by_type)
    Slot.__copy__ = _copy_slot
    DialogueStateTracker.copy = _copy_tracker
    # All that the processor copies deeply are arguments of debug lines, which nobody writes.
    rasa_processor.copy = SimpleNamespace(copy=copy.copy, deepcopy=lambda value: value)
    # Every call of an action carries the whole domain.
    as_dict = domain.as_dict()
    domain.as_dict = lambda: as_dict  # type: ignore[method-assign]


def acts_need_no_response() -> None:
    """The examples name finer acts as retrieval intents (`complain/theft`) for `nlu.acts`, without a ResponseSelector:
    what Rasa adds for one (an action for each intent, a warning for each example without a response) is left out."""
    ResponsesSyncImporter._construct_retrieval_action_names = staticmethod(lambda retrieval_intents: [])
    TrainingData.validate = _validate


_validate_with_responses = TrainingData.validate


def _validate(self: TrainingData) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*You either need to add a response phrase")
        _validate_with_responses(self)


def cache_nothing() -> None:
    """Whether a model is stale is told by the fingerprint of its sources (bot/dialogue/training.py), once. Rasa hashes
    each token of each sentence before and after each component, for a cache of its own: half of a training."""
    TrainingHook.on_before_node = lambda *_, **__: {}
    TrainingHook.on_after_node = lambda *_, **__: None


# ---- results of actions --------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = rasa_action.RemoteAction.action_response_format_spec()
    return jsonschema.validators.validator_for(schema)(schema)


def _shape(value: Any) -> Any:
    """Keys and types of a result, and the names of its events: all that Rasa's schema looks at."""
    if isinstance(value, dict):
        return tuple(sorted((key, value[key] if key == "event" else _shape(value[key])) for key in value))
    if isinstance(value, list):
        return tuple(_shape(one) for one in value)
    return type(value).__name__


_accepted: set[Any] = set()


def _validate_action_result(self: rasa_action.RemoteAction, result: dict[str, Any]) -> bool:
    """Rasa builds and checks the schema itself at every call (14 of 19 ms, decision 3)."""
    shape = tuple(_shape(event) for event in result.get("events") or ()), _shape(result.get("responses"))
    if shape not in _accepted:
        _validator().validate(result)
        if len(_accepted) < _SHAPES:
            _accepted.add(shape)
    return True


# ---- rules ---------------------------------------------------------------------------------------

_find_by_intent = RulePolicy._find_action_from_rules


def _find_action_from_rules(self: RulePolicy, tracker: Any, domain: Domain, use_text_for_last_user_input: bool) -> Any:
    """No rule of Gege names a text: the search for one, with its replay of the dialogue, is left out."""
    if use_text_for_last_user_input:
        return None, None, False
    return _find_by_intent(self, tracker, domain, False)


# ---- events, slots, trackers ----------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _event_classes() -> dict[str, Any]:
    # Of two classes with one name Rasa takes the first.
    return {one.type_name: one for one in reversed(all_subclasses(events.Event))}


def _resolve_by_type(type_name: str, default: Any = None) -> Any:
    return _event_classes().get(type_name, default)


def _copy_slot(slot: Slot) -> Slot:
    twin = object.__new__(type(slot))
    twin.__dict__.update(slot.__dict__)
    return twin


def _copy_tracker(self: DialogueStateTracker) -> DialogueStateTracker:
    """The same dialogue to try something on; Rasa replays every event for it, three times a turn of a form."""
    twin: DialogueStateTracker = object.__new__(type(self))
    twin.__dict__.update(self.__dict__)
    twin.slots = {name: copy.copy(slot) for name, slot in self.slots.items()}
    twin.events = copy.copy(self.events)
    twin.active_loop = copy.copy(self.active_loop)
    return twin
