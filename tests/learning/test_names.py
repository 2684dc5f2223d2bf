"""A place that is heard as something else again and again is put right once a person has said so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.database import Database
from bot.grid.heard_names import HeardName, HeardNames, NamesRefused, check, heard_names, names_file
from bot.grid.models import Community
from bot.grid.registry import Registry
from bot.learning import names
from bot.learning.book import CorrectionBook
from bot.learning.learn import Learning
from bot.learning.waiting_words import WordRefused
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from tests.learning.quick_bench import QuickBench, figures
from tests.tickets.county import on_sqlite, outage
from tools.demo_model.site_graph import _as_heard

#: the street of the one household, and what a recogniser made of it
STREET, HEARD = "沿河路", "严活路"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def learning(home: Path, county: Database) -> Learning:
    from bot.dialogue.training import fingerprint

    (home / "base").mkdir()
    (home / "base" / f"dialogue-{fingerprint()}.tar.gz").write_text("model")
    settings = Settings(home=home, dialogue={"models": str(home / "base")})  # type: ignore[arg-type]
    return Learning(settings, county, lambda line: None, QuickBench(figures(), figures()))


def corrected(desk: TicketDesk, book: CorrectionBook, heard: str, said: str) -> None:
    number = desk.report(outage(said=heard, session=f"s-{heard}")).ticket_no
    book.write(number, "M1", words=said)


@on_sqlite
def test_a_name_that_was_corrected_twice_is_shown_and_when_taken_found(
    learning: Learning, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    corrected(desk, book, f"{HEARD}停电了", f"{STREET}停电了")
    learning.learn()
    assert names.waiting() == [], "once is a slip"
    corrected(desk, book, f"我住{HEARD}206号冇电", f"我住{STREET}206号冇电")
    learning.learn()
    (word,) = names.waiting()
    assert (word.say, word.means, word.count, word.examples) == (HEARD, STREET, 2, [f"{HEARD} → {STREET}"])
    registry = Registry.load(county)
    assert registry.locate(f"{HEARD}206号").household_no is None
    assert learning.accept(HEARD) == f"{HEARD} → {STREET}"
    found = registry.locate(f"{HEARD}206号")
    assert found.household_no == "4200000001" or found.ask in ("householder", None)
    assert registry.locate(f"{HEARD}206号") == registry.locate(f"{STREET}206号")
    assert names.waiting() == []
    learning.learn()
    assert names.waiting() == [], "what is known does not come back"


@on_sqlite
def test_it_can_be_taken_back_and_does_not_come_again(
    learning: Learning, desk: TicketDesk, book: CorrectionBook
) -> None:
    for number in "一二":
        corrected(desk, book, f"{HEARD}停电了{number}", f"{STREET}停电了{number}")
    learning.learn()
    learning.accept(f"{HEARD}={STREET}")
    assert heard_names().right(f"{HEARD}三号") == f"{STREET}三号"
    learning.reject(HEARD)
    assert heard_names().right(f"{HEARD}三号") == f"{HEARD}三号"
    learning.learn()
    assert names.waiting() == []
    with pytest.raises(WordRefused):
        names.accept(HEARD, (), ())


@on_sqlite
def test_a_pair_that_would_make_one_place_of_two_is_refused(
    learning: Learning, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    with county.session() as session:
        session.add(Community(id=8, name="严活路社区"))
    for number in "一二":
        corrected(desk, book, f"{HEARD}停电了{number}", f"{STREET}停电了{number}")
    names.keep(names.misheard(book.corrections(), {STREET}))
    with pytest.raises(NamesRefused, match="a place of its own"):
        names.accept(HEARD, {STREET, "严活路社区"}, ())
    with pytest.raises(NamesRefused, match="ordinary sentences"):
        names.accept(HEARD, {STREET}, ("严活路上",))
    assert not names_file().exists()


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([HeardName("路", "沿河路")], "too short"),
        ([HeardName("沿河路", "沿河路")], "the name itself"),
        ([HeardName("严活", "沿河路"), HeardName("严活", "桃溪")], "both"),
    ],
)
def test_pairs_that_make_no_sense_are_refused(pairs: list[HeardName], reason: str) -> None:
    with pytest.raises(NamesRefused, match=reason):
        check(pairs, {"沿河路", "桃溪"})


def test_the_longest_goes_first_and_a_broken_file_changes_nothing(home: Path) -> None:
    both = HeardNames([HeardName("严活", "沿河"), HeardName("严活路", "沿河路")])
    assert both.right("严活路和严活") == "沿河路和沿河"
    names_file().write_text("names: [1, 2")
    assert heard_names().right("严活路") == "严活路"
    names_file().write_text("names:\n- {heard: 严活路, name: 沿河路}\n", "utf-8")
    os.utime(names_file(), (1, 1))
    assert heard_names().right("严活路") == "沿河路"


def test_the_recogniser_reads_a_name_as_it_is_heard(home: Path) -> None:
    names_file().write_text("names:\n- {heard: 严活路, name: 沿河路}\n- {heard: 别的, name: 不在}\n", "utf-8")
    assert _as_heard(["沿河路", "桃溪"]) == {"沿河路": ["yan2 he2 lu4", "yan2 huo2 lu4"], "桃溪": []}


@pytest.mark.parametrize(
    ("heard", "said", "part"),
    [
        ("我住严活路三号", "我住沿河路三号", "严活路"),
        ("严活路", "沿河路", "严活路"),
        ("停电了", "沿河路停电了", ""),  # nothing was heard of it
        ("我住那个什么什么地方", "我住沿河路", ""),
        ("206路三号", "沿河路三号", ""),  # a number is no name
    ],
)
def test_only_what_stands_in_the_names_place_is_its_sound(heard: str, said: str, part: str) -> None:
    assert names._heard_as(heard, said, STREET) == part
