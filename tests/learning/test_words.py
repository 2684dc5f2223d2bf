"""A word is in use only when a person took it, it does no harm, and it can be taken out again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.database import Database
from bot.dialogue.frozen import Sentence
from bot.dialogue.training import fingerprint, trained_model
from bot.foundation.files import write_whole
from bot.learning import files, learn
from bot.learning.learn import Learning, NotLearned
from bot.learning.lexicon_words import accept, entry_of, keep, reject, waiting
from bot.learning.waiting_words import Word, WordRefused
from bot.settings import Settings
from nlu.lexicon import LexiconRefused, lexicon, read, site_file
from tests.learning.quick_bench import QuickBench, figures
from tests.tickets.county import on_sqlite


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    lexicon.cache_clear()
    yield tmp_path
    lexicon.cache_clear()


@pytest.fixture
def words() -> list[Word]:
    found = [
        Word("梭子", "闸刀", 3, ["屋里梭子断了 → 屋里闸刀断了"]),
        Word("凼了", "停电了", 2),
        Word("凼了", "塌了", 1),
    ]
    keep(found)
    return found


def test_nothing_is_in_use_before_a_person_took_it(words: list[Word]) -> None:
    assert waiting() == words and not site_file().exists()
    assert lexicon().standard("梭子断了") == "梭子断了"


def test_a_word_that_was_taken_is_understood_and_does_not_wait_any_more(words: list[Word]) -> None:
    accept(entry_of("梭子"))
    assert lexicon().standard("梭子断了") == "闸刀断了"
    assert [word.say for word in waiting()] == ["凼了", "凼了"]
    assert read(site_file())[0].source == "corrected by staff, 3 times"


@pytest.mark.parametrize(
    "before",
    [
        "# ours\nentries:\n- {say: 火板, means: 电表, mark: site, source: us}  # the old people's\n",
        "# ours\nentries:\n  - say: 火板\n    means: 电表\n    mark: site\n    source: us  # the old people's\n",
    ],
)
def test_what_a_site_wrote_itself_stays_with_its_comments(words: list[Word], before: str) -> None:
    site_file().write_text(before, "utf-8")
    accept(entry_of("梭子"))
    assert site_file().read_text("utf-8").startswith(before.rstrip())
    assert {one.say for one in read(site_file())} == {"火板", "梭子"}


def test_a_file_in_another_form_loses_no_entry(words: list[Word]) -> None:
    site_file().write_text("entries: [{say: 火板, means: 电表, mark: site, source: us}]\n", "utf-8")
    accept(entry_of("梭子"))
    assert {one.say for one in read(site_file())} == {"火板", "梭子"}


def test_two_meanings_are_asked_about(words: list[Word]) -> None:
    with pytest.raises(WordRefused, match="凼了=停电了 or 凼了=塌了"):
        entry_of("凼了")
    assert entry_of("凼了=塌了").means == "塌了"


def test_a_word_that_nobody_corrected_is_not_taken(words: list[Word]) -> None:
    with pytest.raises(WordRefused, match="not among"):
        entry_of("停电")


def test_a_bad_word_is_refused_and_nothing_is_written() -> None:
    site_file().write_text("entries:\n- {say: 梭子, means: 别的, mark: site, source: us}\n", "utf-8")
    before = site_file().read_text("utf-8")
    keep([Word("梭子", "闸刀", 3)])
    with pytest.raises(LexiconRefused, match="both"):
        accept(entry_of("梭子"))
    assert site_file().read_text("utf-8") == before and len(waiting()) == 1


def test_what_was_rejected_does_not_come_back(words: list[Word]) -> None:
    reject("梭子")
    assert keep(words) == 2
    accept(entry_of("凼了=停电了"))
    reject("凼了")
    assert keep(words) == 1 and yaml.safe_load(site_file().read_text("utf-8"))["entries"] == []
    assert lexicon().standard("凼了") == "凼了"


def test_rejecting_never_touches_what_the_site_wrote(words: list[Word]) -> None:
    site_file().write_text("entries:\n- {say: 火板, means: 电表, mark: site, source: us}\n", "utf-8")
    with pytest.raises(WordRefused):
        reject("火板")
    assert [one.say for one in read(site_file())] == ["火板"]


@on_sqlite
def test_a_word_that_does_harm_to_the_frozen_sentences_is_refused(
    county: Database, home: Path, words: list[Word], monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = {"clean": [Sentence("梭子打火,屋里冒烟", "report_hazard")], "simulated 0.6": []}
    measured = iter([figures(hazards=1.0), figures(hazards=0.0)])
    monkeypatch.setattr(learn, "frozen_sets", lambda: frozen)
    monkeypatch.setattr(learn, "figures", lambda model, sets: next(measured))
    models = home / "base"
    models.mkdir()
    (models / "dialogue-0.tar.gz").touch()
    settings = Settings(home=home, dialogue={"models": str(models)})  # type: ignore[arg-type]
    with pytest.raises(NotLearned, match="harm"):
        Learning(settings, county, print, QuickBench({}, {})).accept("梭子")
    assert not site_file().exists() and len(waiting()) == 3


def test_a_broken_file_of_words_is_told_with_its_name() -> None:
    write_whole(files.words_file(), "waiting: {")
    with pytest.raises(LexiconRefused, match=r"words\.yml"):
        waiting()


@on_sqlite
def test_a_word_that_was_taken_needs_no_training(county: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "frozen_sets", lambda: {"clean": [Sentence("停电了", "report_outage")]})
    (home / "base").mkdir()
    (home / "base" / f"dialogue-{fingerprint()}.tar.gz").write_text("the model in use")
    settings = Settings(home=home, dialogue={"models": str(home / "base")})  # type: ignore[arg-type]
    before = trained_model(settings.dialogue_models)
    keep([Word("梭子", "闸刀", 3)])
    learning = Learning(settings, county, print, QuickBench({}, {}))
    learning.accept("梭子")
    with_it = trained_model(settings.dialogue_models)
    assert with_it and with_it != before and with_it.read_text() == "the model in use"
    learning.reject("梭子")
    again = trained_model(settings.dialogue_models)
    assert again and again.read_text() == "the model in use"
