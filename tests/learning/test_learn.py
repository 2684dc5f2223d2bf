"""A run of learning changes nothing, or puts a model into service that is no worse; it can be taken back."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bot.database import Database
from bot.dialogue.training import fingerprint, trained_model
from bot.learning import files
from bot.learning.book import CorrectionBook
from bot.learning.learn import Learning, NotLearned
from bot.learning.runs import RunLog
from bot.settings import PROJECT, Settings
from bot.sound import site
from bot.tickets.desk import TicketDesk
from tests.learning.quick_bench import QuickBench, figures
from tests.tickets.county import AT, hazard, on_sqlite, outage

pytestmark = on_sqlite


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A site whose model, made of Gege's own sentences, is in use."""
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / f"dialogue-{fingerprint()}.tar.gz").write_text("model")
    return Settings(home=tmp_path, dialogue={"models": str(tmp_path / "base")})  # type: ignore[arg-type]


def corrected(
    desk: TicketDesk, book: CorrectionBook, *said: str, kind: str = "breaker_fault", by: str = "M1", words: bool = True
) -> None:
    for day, one in enumerate(said):
        number = desk.report(outage(said=one, session=f"s-{one}")).ticket_no
        book.write(
            number, by, words=one.replace("梭子", "闸刀") if words else "", kind=kind, at=AT + dt.timedelta(days=day)
        )


def learn(settings: Settings, county: Database, bench: QuickBench, **how: bool) -> str:
    return Learning(settings, county, lambda line: None, bench).learn(**how).decision


SAID = ("屋里梭子断了", "梭子推不上去", "梭子又跳起来", "梭子又掉下来了", "门口梭子坏了")


def test_a_model_that_is_no_worse_is_the_one_in_use(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    corrected(desk, book, *SAID)
    bench = QuickBench(figures(held_out=0.0), figures(held_out=1.0))
    old = trained_model(settings.dialogue_models)
    assert learn(settings, county, bench) == "in_service"
    new = trained_model(settings.dialogue_models)
    assert old and new and new != old and old.exists()
    [run] = RunLog(county).runs()
    assert run.counts["corrections"] == 4 and run.counts["held_out"] == 1 and run.model == new.name
    # Those that were kept for the comparison are learned by the next run.
    assert sorted(one.state for one in book.corrections()) == ["accepted"] + ["learned"] * 4
    assert learn(settings, county, bench) == "in_service"
    assert {one.state for one in book.corrections()} == {"learned"}
    assert learn(settings, county, bench) == "nothing" and len(bench.trained) == 2


def test_what_is_held_out_by_time_is_not_trained_on(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    corrected(desk, book, *SAID)
    bench = QuickBench(figures(), figures())
    learn(settings, county, bench)
    asked = {one.text for one in bench.asked[-1]}
    assert asked == {"门口梭子坏了", "门口闸刀坏了"}
    assert "屋里梭子断了" in bench.trained[0] and not any(text in bench.trained[0] for text in asked)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (figures(clean=0.89, held_out=1.0), "clean: 89.0% right instead of 90.0%"),
        (figures(held_out=0.4), "held out: 40.0% right instead of 50.0%"),
        (figures(hazards=0.99, held_out=1.0), "of the dangers"),
    ],
)
def test_a_worse_model_is_not_put_into_service(
    settings: Settings,
    county: Database,
    desk: TicketDesk,
    book: CorrectionBook,
    new: dict[str, dict[str, float]],
    reason: str,
) -> None:
    corrected(desk, book, *SAID, words=False)
    old = trained_model(settings.dialogue_models)
    assert learn(settings, county, QuickBench(figures(held_out=0.5), new)) == "kept_old"
    assert trained_model(settings.dialogue_models) == old and not files.examples_file().exists()
    [run] = RunLog(county).runs()
    assert reason in run.reason
    # Nothing is lost: the next run has them again.
    assert {one.state for one in book.corrections()} == {"accepted"}


def test_a_dry_run_changes_nothing_but_the_log(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    corrected(desk, book, *SAID)
    old = trained_model(settings.dialogue_models)
    assert learn(settings, county, QuickBench(figures(), figures()), dry_run=True) == "tried"
    assert trained_model(settings.dialogue_models) == old
    assert {one.state for one in book.corrections()} == {"new"} and not files.words_file().exists()


def test_going_back_puts_the_old_model_into_service_and_does_not_learn_the_same_again(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    corrected(desk, book, *SAID[:3])
    old, bench = trained_model(settings.dialogue_models), QuickBench(figures(), figures())
    learning = Learning(settings, county, lambda line: None, bench)
    learning.learn()
    assert trained_model(settings.dialogue_models) != old
    assert learning.back().decision == "gone_back"
    assert trained_model(settings.dialogue_models) == old and len(bench.trained) == 1
    assert {(one.state, one.reason) for one in book.corrections()} == {("waiting", "gone_back")}
    assert learning.learn().decision == "nothing"
    with pytest.raises(NotLearned, match="nothing to go back to"):
        learning.back()


def test_going_back_twice_goes_back_two_runs(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    learning = Learning(settings, county, lambda line: None, QuickBench(figures(), figures()))
    in_use = [trained_model(settings.dialogue_models)]
    for said in SAID[:2]:
        corrected(desk, book, said)
        learning.learn()
        in_use.append(trained_model(settings.dialogue_models))
    assert len(set(in_use)) == 3
    for expected in reversed(in_use[:2]):
        learning.back()
        assert trained_model(settings.dialogue_models) == expected


def test_a_held_correction_teaches_nothing(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    danger = desk.report(hazard()).ticket_no
    book.write(danger, "M1", kind="care")
    bench = QuickBench(figures(), figures())
    assert learn(settings, county, bench) == "nothing" and not bench.trained
    book.decide(book.corrections()[0].id, "D1", confirm=True)
    assert learn(settings, county, bench) == "in_service"


def test_words_alone_teach_no_sentence(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    book.write(desk.report(outage(said=SAID[0])).ticket_no, "M1", words="屋里闸刀断了")
    bench = QuickBench(figures(), figures())
    assert learn(settings, county, bench) == "in_service" and not bench.trained
    assert "梭子" in files.words_file().read_text("utf-8")
    assert site.channel_file().exists(), "the rest of the sentence tells how she speaks"
    assert learn(settings, county, bench) == "nothing"


def test_two_runs_at_once_are_one_and_a_plain_sentence(settings: Settings, county: Database) -> None:
    with files.alone(), pytest.raises(files.LearningBusy, match="running already"):
        Learning(settings, county, print, QuickBench(figures(), figures())).learn()
    assert RunLog(county).runs() == []


_KILLED = """
    import os, signal, sys
    from pathlib import Path
    from bot.database import open_database
    from bot.learning import learn
    from bot.settings import Settings
    from tests.learning.quick_bench import QuickBench, figures

    def die(*_): os.kill(os.getpid(), signal.SIGKILL)

    bench = QuickBench(figures(), figures())
    where = sys.argv[2]
    if where == "training": bench.train = die
    if where == "comparing": bench.figures = die
    if where == "swapping": Path.replace = die
    home = Path(os.environ["GEGE_HOME"])
    database = open_database(sys.argv[1])
    learn.Learning(Settings(home=home, dialogue={"models": str(home / "base")}), database, print, bench).learn()
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["training", "comparing", "swapping"])
def test_a_kill_in_the_middle_leaves_the_old_model_in_use_and_the_next_run_does_all(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook, database_url: str, where: str
) -> None:
    corrected(desk, book, *SAID[:2])
    old = trained_model(settings.dialogue_models)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(_KILLED), database_url, where],
        env={**os.environ, "PYTHONPATH": str(PROJECT)}, cwd=PROJECT, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert trained_model(settings.dialogue_models) == old
    assert RunLog(county).runs()[0].decision == "running"
    assert learn(settings, county, QuickBench(figures(), figures())) == "in_service"
    assert [run.decision for run in RunLog(county).runs()] == ["in_service", "interrupted"]
    assert trained_model(settings.dialogue_models) != old


def test_a_training_that_fails_is_logged_and_changes_nothing(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected(desk, book, SAID[0])
    old, bench = trained_model(settings.dialogue_models), QuickBench(figures(), figures())

    def fail(learned: Path) -> Path:
        raise OSError("the disk is full")

    monkeypatch.setattr(bench, "train", fail)
    with pytest.raises(OSError, match="full"):
        learn(settings, county, bench)
    [run] = RunLog(county).runs()
    assert run.decision == "failed" and "disk is full" in run.reason
    assert trained_model(settings.dialogue_models) == old and {one.state for one in book.corrections()} == {"accepted"}


def test_sentences_that_a_site_wrote_itself_stay(
    settings: Settings, county: Database, desk: TicketDesk, book: CorrectionBook
) -> None:
    own = files.examples_file().with_name("own.yml")
    own.parent.mkdir(parents=True)
    own.write_text('version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - 吃了冇\n', "utf-8")
    corrected(desk, book, SAID[0])
    bench = QuickBench(figures(), figures())
    learn(settings, county, bench)
    assert "吃了冇" in bench.trained[0] and own.exists()
