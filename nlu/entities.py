"""Entity extractor: Rasa's CRF, kept as the model that CRFsuite wrote.

Rasa 3.6.21 keeps the training sentences and trains again whenever a model is loaded, four seconds at every start of
the service; CRFsuite's own file loads in milliseconds and runs no code when it is read."""

from __future__ import annotations

import json
import shutil
from collections import OrderedDict
from typing import Any

import sklearn_crfsuite
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.crf_entity_extractor import CRFEntityExtractor, CRFToken
from rasa.shared.nlu.constants import ENTITIES
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.augmentation import SIMULATED
from nlu.clauses import whole

_ORDER = "order.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class EntityExtractor(CRFEntityExtractor):
    """One CRFsuite file a tag kind (entity, role, group), and `order.json` that names them in order."""

    def train(self, training_data: TrainingData) -> Resource:
        """Of the simulated sentences only those with a place or a name teach anything that the clean ones do not, and
        one copy of each is enough."""
        telling = [
            message
            for message in training_data.training_examples
            if not message.get(SIMULATED) or (message.get(SIMULATED) == 1 and message.get(ENTITIES))
        ]
        return super().train(TrainingData(training_examples=telling))

    def process(self, messages: list[Message]) -> list[Message]:
        """A clause's names and places are found in the sentence that it is of."""
        super().process(whole(messages))
        return messages

    def persist(self, dataset: list[list[CRFToken]]) -> None:
        with self._model_storage.write_to(self._resource) as folder:
            for name, tagger in (self.entity_taggers or {}).items():
                shutil.copyfile(tagger.modelfile.name, folder / f"{name}.crfsuite")
            (folder / _ORDER).write_text(json.dumps(self.crf_order), "utf-8")

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> EntityExtractor:
        taggers: OrderedDict[str, sklearn_crfsuite.CRF] = OrderedDict()
        try:
            with model_storage.read_from(resource) as folder:
                order = json.loads((folder / _ORDER).read_text("utf-8"))
                for name in order:
                    # The storage's folder may go away, so each tagger owns a copy, which it deletes when it goes.
                    tagger = sklearn_crfsuite.CRF()
                    tagger.modelfile.refresh()
                    shutil.copyfile(folder / f"{name}.crfsuite", tagger.modelfile.name)
                    taggers[name] = tagger
        except ValueError:
            # Trained without a single entity: there is nothing to load.
            return cls(config, model_storage, resource)
        extractor = cls(config, model_storage, resource, taggers)
        extractor.crf_order = order
        return extractor
