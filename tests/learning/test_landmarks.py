"""What people call a place is shown, and a name of the place when a person has said so; what is misheard is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.commands.doctor.learned import check_said_names
from bot.database import Database
from bot.grid.said_names import SaidName, SaidNamesRefused, places_file, said_names, write
from bot.learning import landmarks
from bot.learning.book import CorrectionBook
from bot.learning.learn import Learning
from bot.learning.waiting_words import WordRefused
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from tests.learning.quick_bench import QuickBench, figures
from tests.tickets.county import on_sqlite, outage

#: the community of the one household, and what people call a part of it
PLACE, SAID = "桃溪社区", "老农药厂"


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
def test_a_name_that_was_corrected_twice_is_shown_and_when_taken_in_use(
    learning: Learning, desk: TicketDesk, book: CorrectionBook
) -> None:
    corrected(desk, book, f"{SAID}停电了", f"{PLACE}停电了")
    learning.learn()
    assert landmarks.waiting() == [], "once is a slip"
    corrected(desk, book, f"我住{SAID}后头冇电", f"我住{PLACE}后头冇电")
    learning.learn()
    (word,) = landmarks.waiting()
    assert (word.say, word.means, word.count, word.examples) == (SAID, PLACE, 2, [f"{SAID} → {PLACE}"])
    assert said_names() == {}
    assert learning.accept(SAID) == f"{SAID} → {PLACE}"
    assert said_names() == {SAID: PLACE}
    assert landmarks.waiting() == []
    learning.learn()
    assert landmarks.waiting() == [], "what is known does not come back"


@on_sqlite
def test_what_is_misheard_is_no_name_of_the_place(learning: Learning, desk: TicketDesk, book: CorrectionBook) -> None:
    for number in "一二三":
        corrected(desk, book, f"严活路停电了{number}", f"沿河路停电了{number}")
    learning.learn()
    assert landmarks.waiting() == []


@on_sqlite
def test_it_can_be_taken_back_and_does_not_come_again(
    learning: Learning, desk: TicketDesk, book: CorrectionBook
) -> None:
    for number in "一二":
        corrected(desk, book, f"{SAID}停电了{number}", f"{PLACE}停电了{number}")
    learning.learn()
    learning.accept(f"{SAID}={PLACE}")
    learning.reject(SAID)
    assert said_names() == {}
    learning.learn()
    assert landmarks.waiting() == []
    with pytest.raises(WordRefused):
        landmarks.accept(SAID, (), ())


@on_sqlite
def test_a_name_that_would_make_one_place_of_two_is_refused(
    learning: Learning, desk: TicketDesk, book: CorrectionBook
) -> None:
    for number in "一二":
        corrected(desk, book, f"{SAID}停电了{number}", f"{PLACE}停电了{number}")
    landmarks.keep(landmarks.called_otherwise(book.corrections(), {PLACE}))
    with pytest.raises(SaidNamesRefused, match="a place of its own"):
        landmarks.accept(SAID, {PLACE, f"{SAID}社区"}, ())
    with pytest.raises(SaidNamesRefused, match="ordinary sentences"):
        landmarks.accept(SAID, {PLACE}, (f"{SAID}那边",))
    assert not places_file().exists()


@pytest.mark.parametrize(
    ("heard", "said", "part"),
    [
        ("我住老农药厂三号", "我住桃溪社区三号", "老农药厂"),
        ("老农药厂", "桃溪社区", "老农药厂"),
        ("农药厂停电了", "桃溪社区停电了", "农药厂"),
        ("停电了", "桃溪社区停电了", ""),  # nothing stood in its place
        ("206后头三号", "桃溪社区三号", ""),  # a number is no name
        ("老农药厂停电了", "桃溪社区没有电了", ""),  # where the name ended nobody can tell
    ],
)
def test_only_what_stands_in_the_names_place_is_what_it_is_called(heard: str, said: str, part: str) -> None:
    assert landmarks._instead(heard, said, PLACE) == part


@on_sqlite
def test_the_doctor_names_what_is_of_no_use(home: Path, county: Database) -> None:
    assert check_said_names(home, county) == ("0 that people use, beside those of the registry", "")
    write([SaidName(SAID, PLACE)])
    assert check_said_names(home, county) == ("1 that people use, beside those of the registry", "")
    write([SaidName(SAID, "浮溪桥社区")])
    found, advice = check_said_names(home, county)
    assert "places.yml" in found and "the registry has no" in found and advice
    places_file().write_text("- {said: 老农药厂}\n", "utf-8")
    assert "not a list of names" in check_said_names(home, county)[0]
