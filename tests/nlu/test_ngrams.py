"""The same sentences make the same model, whatever process trains it."""

from __future__ import annotations

from pathlib import Path

from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.characters import CharacterFeaturizer, CharacterTokenizer

SENTENCES = ["我屋里停电了", "隔壁屋里也停电了", "电线掉下来了", "电线掉到路上了"]


def test_the_columns_stand_in_the_order_in_which_the_sentences_name_them(tmp_path: Path) -> None:
    messages = [Message(data={TEXT: text, INTENT: "report_outage"}) for text in SENTENCES]
    for message in messages:
        message.set(
            TOKENS_NAMES[TEXT], CharacterTokenizer(CharacterTokenizer.get_default_config()).tokenize(message, TEXT)
        )
    storage, resource = LocalModelStorage(tmp_path), Resource("ngrams")
    context = ExecutionContext(GraphSchema({}), node_name="ngrams")
    config = {**CharacterFeaturizer.get_default_config(), "min_count": 1}
    trained = CharacterFeaturizer.create(config, storage, resource, context)
    trained.train(TrainingData(messages))
    named = [ngram for message in messages for ngram in trained._ngrams(trained.units(message))]
    loaded = CharacterFeaturizer.load(config, storage, resource, context)
    assert list(loaded._vocabulary) == list(dict.fromkeys(named)) and len(set(named)) > 60
