"""What is told of the ear in use: from its own card, and from what the site measured itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.settings import Settings, SpeechSettings
from bot.settings.settings import RemoteEarSettings
from bot.speech.catalogue import catalogue
from bot.speech.ear_card import CARD, MEASURED, Measured, card_in_use, keep
from bot.speech.models import DEMO
from bot.web.ear import ear_in_short, ear_shown, ear_told


def model(home: Path, name: str, card: str) -> Settings:
    """A site whose ear is a copy of the demo under another name, with this card."""
    folder = home / "models" / name
    folder.mkdir(parents=True)
    for part in ("am", "conf", "graph"):
        (folder / part).symlink_to(DEMO / part)
    (folder / CARD).write_text(card, "utf-8")
    return Settings(home=home)


def test_the_committed_ear_says_how_badly_it_hears_people(tmp_path: Path) -> None:
    card = card_in_use(Settings(home=tmp_path))
    assert card.demo and card.people is not None and card.people.line_cer is not None
    assert "of 100 characters that people say in Mandarin" in card.said() and "not measured" in card.said()
    told = ear_shown(card)
    assert ear_in_short(card) == "耳朵是 demo，试用的：100 个字约听错 65 个。"
    assert "试用的耳朵" in told["ear"] and "100 个字" in told["ear"] and "本地方言还没有量过" in told["ear"]


def test_an_ear_without_a_card_says_that_nobody_has_measured_it(tmp_path: Path) -> None:
    card = card_in_use(model(tmp_path, "bare", "{}"))
    assert not card.poor and "nobody has measured" in card.said() and "还没有量过" in ear_told(card)
    assert ear_shown(card)["better"] == ""
    assert ear_in_short(card) == "耳朵是 bare，听得怎么样还没有量过。"


def test_what_a_site_measured_itself_counts_beside_the_card(tmp_path: Path) -> None:
    settings = model(tmp_path, "good", json.dumps({"people": {"cer": 0.08}}))
    assert not card_in_use(settings).poor
    keep(settings, "good", "local", Measured(0.41, 50, "2026-11-28"))
    keep(settings, "good", "people", Measured(0.09, 235, "2026-11-28"))
    card = card_in_use(settings)
    assert card.local == Measured(0.41, 50, "2026-11-28") and card.people is not None and card.people.cer == 0.09
    assert card.poor, "what this county's people are heard with counts"
    assert "100 个字大约听错 41 个" in ear_told(card) and "41 of 100 (50 of them)" in card.said()


def test_what_the_catalogue_knows_is_told_where_a_model_has_no_card(tmp_path: Path) -> None:
    name, entry = next((name, one) for name, one in catalogue().items() if one.people is not None)
    assert entry.people is not None
    folder = model(tmp_path, name, "{}").home / "models" / name
    found = card_in_use(Settings(home=tmp_path, speech=SpeechSettings(model=str(folder)))).people
    assert found is not None and (found.cer, found.utterances) == (entry.people.cer, entry.people.utterances)


@pytest.mark.parametrize(
    "card",
    ["", "[]", "no json", '{"people": 3}', '{"people": {"cer": "many"}}', '{"people": {"cer": -1}}', "[" * 99_999],
)
def test_a_card_that_makes_no_sense_tells_nothing(tmp_path: Path, card: str) -> None:
    settings = model(tmp_path, "odd", card)
    (tmp_path / MEASURED).write_text(card, "utf-8")
    assert card_in_use(settings).people is None


def test_the_better_ear_of_two_is_told_of(tmp_path: Path) -> None:
    model(tmp_path, "second", json.dumps({"people": {"cer": 0.15}}))
    speech = SpeechSettings(model=str(DEMO), second="second")
    assert card_in_use(Settings(home=tmp_path, speech=speech)).name == "second"
    elsewhere = RemoteEarSettings(url="http://127.0.0.1:9/v1", model="qwen")
    card = card_in_use(Settings(home=tmp_path, speech=SpeechSettings(engine="remote", remote=elsewhere)))
    assert card.name == "qwen" and not card.demo and "127.0.0.1:9" in card.told


def test_where_nobody_is_heard_nothing_is_told_of_an_ear() -> None:
    assert ear_in_short(None) == "这里还没有装耳朵，只能打字。"
    assert ear_told(None) == "" and ear_shown(None) == {"ear": "", "better": ""}
