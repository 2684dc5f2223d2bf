"""The corpus: what residents allowed and managers corrected, as Kaldi wants it, and nobody's name in it."""

from __future__ import annotations

import json
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.cli import app
from bot.corpus.consents import ConsentRefused, Consents
from bot.corpus.export import MARK, Exported, ExportRefused, export
from bot.database import Database
from bot.dialogue.training import trained_model
from bot.learning.book import CorrectionBook
from bot.learning.learn import RasaBench
from bot.recordings.room import keep_recording, name_for, path_of
from bot.settings import PROJECT, Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from tests.tickets.county import on_sqlite

CALLER = "13971800123"


#: what the model found; loading it takes a second
_named: dict[str, list[str]] = {}


def named(texts: list[str]) -> dict[str, list[str]]:
    """Names, places and numbers as the dialogue model finds them: the real one."""
    model = trained_model(PROJECT / "models" / "dialogue")
    assert model is not None, "make train"
    if fresh := [text for text in texts if text not in _named]:
        _named.update(RasaBench().entities(model, fresh))
    return {text: _named[text] for text in texts}


class Site:
    """Conversations that were recorded and corrected."""

    def __init__(self, home: Path, county: Database, desk: TicketDesk, book: CorrectionBook) -> None:
        self.settings, self.database, self.desk, self.book = Settings(home=home), county, desk, book
        self.consents = Consents(county)

    def conversation(
        self,
        name: str,
        said: str,
        *,
        caller: str = CALLER,
        allowed: bool = True,
        rate: int = 8000,
        seconds: float = 2.0,
    ) -> str:
        """One that was heard wrongly, and corrected; → its ticket."""
        sound = (np.sin(np.arange(int(rate * seconds)) / 7) * 9000).astype("<i2").tobytes()
        recording = keep_recording(self.settings, name_for(name, "turn-01"), sound, rate)
        heard = "我屋里停店了" + name
        self.desk.keep(Heard(name, name, heard, recording=recording, caller=Caller.by("phone", caller)))
        ticket = self.desk.report(Report("outage", heard, name, Caller.by("phone", caller), grid_no="24")).ticket_no
        self.book.write(ticket, "M1", words=said)
        if allowed:
            self.consents.give(ticket, "M1", "phone")
        return ticket

    def export(self, folder: Path, rate: int = 8000) -> Exported:
        self.book.judge_again()
        return export(self.settings, self.database, folder, named, rate)


@pytest.fixture
def site(tmp_path: Path, county: Database, desk: TicketDesk, book: CorrectionBook) -> Site:
    book._relabels_a_day = 100
    return Site(tmp_path / "home", county, desk, book)


def lines(file: Path) -> dict[str, str]:
    """A table of Kaldi's; checked as utils/validate_data_dir.sh and utils/fix_data_dir.sh check it."""
    raw = file.read_bytes()
    assert raw.endswith(b"\n") and b"\r" not in raw and b"\t" not in raw
    rows = raw.decode().splitlines()
    names = [row.split(" ", 1)[0] for row in rows]
    assert [name.encode() for name in names] == sorted({name.encode() for name in names})
    assert all(" " in row and row == row.strip() for row in rows)
    return dict(row.split(" ", 1) for row in rows)


@pytest.mark.slow
def test_kaldi_can_read_it_and_the_sound_is_what_was_recorded(site: Site, tmp_path: Path) -> None:
    for number in range(4):
        site.conversation(
            f"u{number}", f"我屋里冇电{'哦' * number}", caller=("13971800123", "0715-3391007")[number % 2]
        )
    done = site.export(tmp_path / "corpus")
    corpus = tmp_path / "corpus"
    assert (done.utterances, done.speakers, round(done.seconds, 1)) == (4, 2, 8.0)
    scp, words, speakers, of_speaker = (lines(corpus / name) for name in ("wav.scp", "text", "utt2spk", "spk2utt"))
    assert list(scp) == list(words) == list(speakers) and set(of_speaker) == set(speakers.values())
    assert {one: sorted(each for each, who in speakers.items() if who == one) for one in of_speaker} == {
        who: found.split() for who, found in of_speaker.items()
    }
    assert all(name.startswith(who + "-") for name, who in speakers.items())
    assert sorted(words.values()) == sorted(f"我屋里冇电{'哦' * number}" for number in range(4))
    for path in scp.values():
        with wave.open(str(corpus / path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
            sound = np.frombuffer(file.readframes(-1), "<i2")
        assert np.array_equal(sound, (np.sin(np.arange(16000) / 7) * 9000).astype("<i2"))
    assert "4 of 2 speakers" in (corpus / MARK).read_text("utf-8")


def test_nothing_leads_to_anybody_and_names_stay_the_same(site: Site, tmp_path: Path) -> None:
    ticket = site.conversation("u1", "我屋里冇电")
    site.export(tmp_path / "one")
    site.conversation("u2", "空开烧了")
    site.export(tmp_path / "two")
    everything = b"".join(
        str(path.relative_to(tmp_path / "two")).encode() + path.read_bytes()
        for path in (tmp_path / "two").rglob("*")
        if path.is_file()
    )
    for secret in (CALLER, ticket, "u1", "停店", "M1"):
        assert secret.encode() not in everything.replace(b"\0", b""), secret
    one, two = lines(tmp_path / "one" / "utt2spk"), lines(tmp_path / "two" / "utt2spk")
    assert set(one) < set(two) and len(set(two.values())) == 1
    other = Settings(home=tmp_path / "another site")
    (other.home / "keys").mkdir(parents=True)
    shutil.copy(site.settings.home / "keys" / "recording.key", other.home / "keys" / "recording.key")
    (other.home / "recordings").symlink_to(site.settings.home / "recordings")
    export(other, site.database, tmp_path / "three", named)
    assert not set(lines(tmp_path / "three" / "utt2spk").values()) & set(two.values()), "another key, other names"


@pytest.mark.slow
def test_who_did_not_agree_or_does_not_any_more_is_not_in_it(site: Site, tmp_path: Path) -> None:
    first = site.conversation("u1", "我屋里冇电")
    site.conversation("u2", "空开烧了", allowed=False)
    assert site.export(tmp_path / "corpus").utterances == 1
    site.consents.withdraw(first, "M1")
    site.conversation("u3", "电线掉下来了")
    site.export(tmp_path / "corpus")
    assert list(lines(tmp_path / "corpus" / "text").values()) == ["电线掉下来了"]
    assert len(list((tmp_path / "corpus" / "wav").iterdir())) == 1, "the old sound is gone, too"
    kept = site.consents.all()
    assert [one.withdrawn_at is not None for one in kept] == [False, True], "what was given is still told"


@pytest.mark.parametrize(
    "said", ["我是王大勇屋里冇电", "沿河路206号冇电", "打13971800123", "户号4200000001的", "张桂英家的表坏了"]
)
def test_a_sentence_with_a_name_a_number_or_a_place_stays_here(site: Site, tmp_path: Path, said: str) -> None:
    site.conversation("u1", "我屋里冇电")
    site.conversation("u2", said)
    done = site.export(tmp_path / "corpus")
    assert (done.utterances, dict(done.left_out)) == (1, {"personal data": 1})


def test_what_is_gone_broken_or_of_another_rate_is_counted_and_left_out(site: Site, tmp_path: Path) -> None:
    for name in ("gone", "broken", "short", "wide"):
        site.conversation(
            name, "我屋里冇电", seconds=0.1 if name == "short" else 2.0, rate=16000 if name == "wide" else 8000
        )
    path_of(site.settings, name_for("gone", "turn-01")).unlink()
    broken = path_of(site.settings, name_for("broken", "turn-01"))
    broken.write_bytes(broken.read_bytes()[:-30] + b"x" * 30)
    site.desk.keep(Heard("whole", "whole", "停店了", caller=Caller.by("phone", CALLER)))
    done = site.export(tmp_path / "corpus")
    assert done.utterances == 1 and done.left_out == {"deleted or unreadable": 2, "too short or too long": 1}
    done = site.export(tmp_path / "wide", 16000)
    assert done.utterances == 1 and done.left_out["recorded with a lower rate"] == 1


def test_nothing_is_half_written_and_nothing_else_is_overwritten(site: Site, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    with pytest.raises(ExportRefused, match="gege corpus consent"):
        site.export(corpus)
    assert not corpus.exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter").write_text("dear")
    site.conversation("u1", "我屋里冇电")
    with pytest.raises(ExportRefused, match="something else"):
        site.export(mine)
    assert (mine / "letter").read_text() == "dear"
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".gege")] == []


@on_sqlite
def test_consents_are_written_by_staff_who_may_and_once(site: Site) -> None:
    ticket = site.conversation("u1", "我屋里冇电", allowed=False)
    for number, by, how in (
        (ticket, "nobody", "phone"),
        (ticket, "S1", "phone"),
        ("GD0", "M1", "phone"),
        (ticket, "M1", "guessed"),
    ):
        with pytest.raises(ConsentRefused):
            site.consents.give(number, by, how)
    with pytest.raises(ConsentRefused, match="no consent"):
        site.consents.withdraw(ticket, "M1")
    assert site.consents.give(ticket, "M1", "paper", "Ordner 3").fresh
    assert not site.consents.give(ticket, "M1", "phone").fresh
    site.consents.withdraw(ticket, "M1")
    assert site.consents.standing() == frozenset()
    assert site.consents.give(ticket, "M1", "phone").fresh
    with site.database.reading() as session:
        assert session.scalar(text("select count(*) from corpus_consent")) == 2


@pytest.mark.slow
@on_sqlite
def test_on_the_command_line(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = site.conversation("u1", "我屋里冇电", allowed=False)
    site.book.judge_again()
    monkeypatch.setenv("GEGE_HOME", str(site.settings.home))
    monkeypatch.setenv("GEGE_DATABASE_URL", site.database.engine.url.render_as_string(hide_password=False))

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.stdout, result.stderr or str(result.exception or "")

    assert "gege corpus consent" in run("corpus", "export", str(tmp_path / "c"))[2]
    assert json.loads(run("corpus", "consent", ticket, "--by", "M1", "--how", "phone", "--json")[1])["fresh"]
    assert ticket in run("corpus", "consents")[1]
    code, shown, _ = run("corpus", "export", str(tmp_path / "c"), "--json")
    assert code == 0 and json.loads(shown)["utterances"] == 1
    assert "must delete it" in run("corpus", "withdraw", ticket, "--by", "M1")[2]
