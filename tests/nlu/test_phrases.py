"""Soft phrases hear what was meant: a key phrase counts by how well it can be heard, not by its characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.augmentation import SIMULATED
from nlu.clauses import ClauseSplitter
from nlu.phrases import Listener, SoftPhrases, heard, key_phrases, meant

PHRASES = ["停电", "冒烟", "漏保", "跳闸", "过户"]
LISTENER = Listener([meant(phrase) for phrase in PHRASES], floor=1.5, same=0.8)


def loudest(text: str) -> str:
    return PHRASES[int(LISTENER.gains(heard(text)).argmax())]


@pytest.mark.parametrize(
    ("text", "phrase"), [("我屋里林店了", "停电"), ("表箱毛音了", "冒烟"), ("我箇楼宝坏了", "漏保")]
)
def test_a_phrase_is_heard_in_other_characters(text: str, phrase: str) -> None:
    assert loudest(text) == phrase


def test_what_was_said_plainly_is_heard_best() -> None:
    plainly, amiss = LISTENER.gains(heard("停电了")), LISTENER.gains(heard("林店了"))
    assert plainly[0] > amiss[0] > 0
    assert LISTENER.gains(heard("您好"))[0] == 0


@pytest.mark.parametrize("text", ["", "206", "🙂!?", "abc", "停"])
def test_a_sentence_without_sounds_or_shorter_than_a_phrase_is_not_heard_amiss(text: str) -> None:
    assert np.isfinite(LISTENER.gains(heard(text))).all() and not LISTENER.gains(heard(text)).any()


def test_of_five_thousand_characters_the_first_few_hundred_are_heard() -> None:
    assert len(heard("停电" * 2_500)) == 300


def test_the_key_phrases_are_those_that_tell_intents_apart() -> None:
    said = [(f"{who}屋里停电了", "report_outage") for who in "张王李赵"]
    said += [(f"{who}屋里要过户了", "open_account") for who in "张王李赵"]
    chosen = key_phrases(said, most=12, longest=2, least=(2, 2))
    assert meant("停电") in chosen and meant("过户") in chosen and meant("屋里") not in chosen


def trained(folder: Path, *texts: str, drawn: str = "") -> tuple[SoftPhrases, LocalModelStorage, Resource]:
    messages = [Message(data={TEXT: text, INTENT: "report_outage"}) for text in texts]
    if drawn:
        messages += [Message(data={TEXT: drawn, INTENT: "report_outage", SIMULATED: 1})] * 5
    folder.mkdir(exist_ok=True)
    storage, resource = LocalModelStorage(folder), Resource("phrases")
    config = {**SoftPhrases.get_default_config(), "least": [1, 1, 1, 1]}
    component = SoftPhrases.create(config, storage, resource, ExecutionContext(GraphSchema({}), node_name="phrases"))
    component.train(TrainingData(messages))
    return component, storage, resource


def test_a_loaded_model_hears_what_the_trained_one_heard(tmp_path: Path) -> None:
    component, storage, resource = trained(tmp_path, "屋里停电了", "变压器冒烟")
    context = ExecutionContext(GraphSchema({}), node_name="phrases")
    loaded = SoftPhrases.load(component._config, storage, resource, context)
    first, second = (Message(data={TEXT: "五里林店了"}) for _ in range(2))
    component.process([first])
    loaded.process([second])
    one, other = (message.features[0].features.toarray() for message in (first, second))
    assert one.any() and np.array_equal(one, other)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.npz")) < 10_000


def test_what_was_drawn_is_no_phrase_of_the_language(tmp_path: Path) -> None:
    plain, *_ = trained(tmp_path / "plain", "屋里停电了")
    beside, *_ = trained(tmp_path / "beside", "屋里停电了", drawn="五里林店了")
    assert plain._listener.width == beside._listener.width


def test_a_model_is_stale_when_the_channel_has_other_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bot.sound import channel

    before = SoftPhrases.fingerprint_addon({})
    other = tmp_path / "prior.yml"
    other.write_text(channel._FILE.read_text("utf-8").replace("kept: 0.45", "kept: 0.46"), "utf-8")
    monkeypatch.setattr(channel, "_FILE", other)
    assert before != SoftPhrases.fingerprint_addon({}) is not None


def test_lengths_without_a_least_count_are_refused() -> None:
    with pytest.raises(ValueError, match="least names a count"):
        SoftPhrases.validate_config({**SoftPhrases.get_default_config(), "longest": 5})


def test_a_clause_sounds_as_it_does_alone(tmp_path: Path) -> None:
    text = "一二三,停电了,喂!林店了"
    whole_batch = ClauseSplitter(ClauseSplitter.get_default_config()).process([Message({TEXT: text})])
    storage = LocalModelStorage.create(tmp_path)
    featurizer = SoftPhrases(
        SoftPhrases.get_default_config(), "phrases", storage, Resource("phrases"), [meant(PHRASES[0])]
    )
    alone = [Message({TEXT: one.get(TEXT)}) for one in whole_batch]
    together = [one.features[0].features.toarray() for one in featurizer.process(whole_batch)]
    apart = [featurizer.process([one])[0].features[0].features.toarray() for one in alone]
    assert len(together) == 4 and all(np.array_equal(one, other) for one, other in zip(together, apart, strict=True))
