"""What corrections tell about the ear is in service when nothing is heard worse with it, and can be taken back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from bot.database import Database
from bot.dialogue.training import fingerprint
from bot.grid.registry import Registry
from bot.learning import hearing
from bot.learning.book import CorrectionBook, CorrectionCard
from bot.learning.learn import Learning
from bot.learning.runs import RunLog
from bot.settings import Settings
from bot.sound import site
from bot.sound.channel import Counts, prior
from bot.sound.draws import heard_as
from bot.sound.estimate import DOUBT
from bot.sound.syllables import INITIALS
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.heard import Heard
from tests.learning.quick_bench import QuickBench, figures
from tests.sound.village import village
from tests.tickets.county import AT, hazard, on_sqlite, outage

VILLAGE = village({"g": "b", "l": "m", "h": "p", "q": "d"}, {"ang": "ong", "ian": "uan"})
SAID = ["沿河路{}停电了", "我屋里在沿河路{},没有电", "沿河路{}的电表坏了", "{}没有电,在沿河路"]
HOUSES = ["高家", "光明", "国强", "六家", "楼上", "老屋", "后头", "路口", "黄家", "旗杆", "桥头", "全家"]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / f"dialogue-{fingerprint()}.tar.gz").write_text("model")
    return Settings(home=tmp_path, dialogue={"models": str(tmp_path / "base")})  # type: ignore[arg-type]


@pytest.fixture
def learning(settings: Settings, county: Database) -> Learning:
    return Learning(settings, county, lambda line: None, QuickBench(figures(), figures()))


def corrected(desk: TicketDesk, book: CorrectionBook, count: int, ear: str = "", first: int = 0) -> None:
    """So many residents of the village were misheard by that ear, and their manager wrote down what they said."""
    for number in range(first, first + count):
        said = SAID[number % len(SAID)].format(HOUSES[number % len(HOUSES)])
        heard = heard_as(said, VILLAGE, np.random.default_rng(number))
        who = f"138{number:08}"
        report = outage(said=heard, session=f"s-{ear}{number}", utterance_id=f"u-{ear}{number}", reporter=who)
        desk.keep(Heard(report.utterance_id, report.session, heard, ear=ear, caller=report.caller))
        book.write(desk.report(report).ticket_no, "M1", words=said, at=AT + dt.timedelta(minutes=number))


def p(meant: str, heard: str, ear: str | None = None) -> float:
    return float(site.channel(ear).initials[INITIALS.index(meant), INITIALS.index(heard)])


@on_sqlite
def test_corrections_of_a_village_are_in_service_after_a_run_and_out_of_it_after_going_back(
    learning: Learning, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    corrected(desk, book, 24)
    before = p("l", "m")
    run = learning.learn()
    assert run.decision == "in_service" and run.counts["sounds"] == 20 and run.counts["held_out"] == 4
    assert run.after[hearing.PLACES]["found"] >= run.before[hearing.PLACES]["found"]
    assert p("l", "m") > before + 0.2
    assert {one.state for one in book.corrections()} == {"learned", "accepted"}
    assert learning.learn().decision == "in_service", "those that were held out are learned by the next run"
    assert learning.learn().decision == "nothing"
    after = p("l", "m")
    assert learning.back().decision == "gone_back" and before + 0.1 < p("l", "m") < after + 0.05
    assert learning.back().decision == "gone_back" and p("l", "m") == before
    assert {one.state for one in book.corrections()} == {"waiting"}
    assert learning.learn().decision == "nothing" and p("l", "m") == before


@on_sqlite
def test_a_dry_run_leaves_the_ear_alone(learning: Learning, desk: TicketDesk, book: CorrectionBook) -> None:
    corrected(desk, book, 8)
    assert learning.learn(dry_run=True).decision == "tried"
    assert site.channel() is prior()


@on_sqlite
def test_each_ear_has_its_own_counts(learning: Learning, desk: TicketDesk, book: CorrectionBook) -> None:
    corrected(desk, book, 8, "vosk-cn")
    corrected(desk, book, 3, first=100)
    assert {one.ear for one in book.corrections()} == {"vosk-cn", ""}
    learning.learn()
    assert {one.ear: one.corrections for one in site.read(site.channel_file())} == {"vosk-cn": 8, "": 1}
    assert p("l", "m", "vosk-cn") > p("l", "m", "another") > p("l", "m") * 0.5


@on_sqlite
def test_what_a_second_person_has_to_see_teaches_the_ear_nothing(
    learning: Learning, desk: TicketDesk, book: CorrectionBook
) -> None:
    number = desk.report(hazard(said="店线断了掉在路上")).ticket_no
    book.write(number, "M1", words="电线断了掉在路上", kind="care")
    assert learning.learn().decision == "nothing" and site.channel() is prior()
    book.decide(book.corrections()[0].id, "D1", confirm=True)
    learning.learn()
    assert site.channel() is not prior()


@on_sqlite
@pytest.mark.parametrize(
    ("worse", "reason"),
    [
        (figures(hazards=0.99), "of the dangers"),
        (figures(clean=0.8), "clean: 80.0% right instead of 90.0%"),
    ],
)
def test_an_ear_that_hears_anything_worse_does_not_go_into_service(
    settings: Settings,
    county: Database,
    desk: TicketDesk,
    book: CorrectionBook,
    worse: dict[str, dict[str, float]],
    reason: str,
) -> None:
    class WorseWithIt(QuickBench):
        def figures(self, model: Path, held_out: list) -> dict[str, dict[str, float]]:  # type: ignore[type-arg]
            return worse if site.channel() is not prior() else figures()

    corrected(desk, book, 6)
    run = Learning(settings, county, lambda line: None, WorseWithIt(figures(), figures())).learn()
    assert run.decision == "kept_old" and reason in run.reason
    assert site.channel() is prior() and not site.channel_file().exists()
    assert {one.state for one in book.corrections()} == {"accepted"}, "nothing is lost"


@on_sqlite
def test_counts_with_which_places_are_found_no_more_do_not_go_into_service(
    settings: Settings, county: Database
) -> None:
    nonsense = Counts.none()
    nonsense.initials[:] = np.eye(len(INITIALS))[::-1] * 1e6
    nonsense.finals[:] = np.roll(np.eye(len(nonsense.finals)), 7, 1) * 1e6
    held_out = hearing.meant_by([card("严合录停电了", "沿河路停电了")], lambda number: ())
    reason, _, _ = hearing.worse_to_hear(Registry.load(county), (site.Learned(nonsense, 9),), held_out)
    assert "held out are explained worse" in reason
    assert hearing.worse_to_hear(Registry.load(county), (), held_out)[0] == ""


@on_sqlite
def test_a_damaged_file_is_counted_anew(learning: Learning, desk: TicketDesk, book: CorrectionBook) -> None:
    corrected(desk, book, 4)
    learning.learn()
    good = site.channel_file().read_text("utf-8")
    site.channel_file().write_text(good[:100], "utf-8")
    assert site.channel().initials[0, 0] == prior().initials[0, 0]
    assert learning.learn().decision == "in_service"
    assert site.channel_file().read_text("utf-8") == good


def card(heard: str, words: str = "", household_no: str = "", ear: str = "") -> CorrectionCard:
    return CorrectionCard(1, "GD1", heard, "outage", words, "", household_no, "M1", "", AT, "accepted", "", "", ear=ear)


@on_sqlite
def test_a_household_tells_what_its_place_sounds_like_only_where_it_was_said(county: Database) -> None:
    parts = hearing.parts_of(Registry.load(county))
    assert parts("4200000001") == ("沿河路", "桃溪", "王建国") and parts("nobody") == ()
    (said,) = hearing.meant_by([card("我住严合录冇电", household_no="4200000001")], parts)
    assert all(pair.doubt == DOUBT for pair in said.pairs)
    (told,) = hearing.learned_from([said])
    assert told.counts.initials[INITIALS.index("l"), INITIALS.index("l")] > 0.8
    (other,) = hearing.learned_from(hearing.meant_by([card("变压器响得很", household_no="4200000001")], parts))
    assert other.counts.initials.sum() < 0.2


def test_a_kind_alone_tells_nothing_about_the_ear() -> None:
    assert hearing.meant_by([card("停电了"), card("停电了", "停电了")], lambda number: ()) == []
    assert hearing.learned_from([]) == ()


@on_sqlite
def test_the_log_shows_what_was_counted(
    learning: Learning, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    corrected(desk, book, 6)
    learning.learn()
    (run,) = RunLog(county).runs()
    assert run.counts["sounds"] == 5 and run.before["places"]["sentences"] == 1
