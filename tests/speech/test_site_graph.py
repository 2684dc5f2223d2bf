"""`gege models graph`: the site's places and staff are heard, also as they are said in Chongyang; residents are not in it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.grid.models import Community, Household, Staff
from bot.speech.models import DEMO
from tests.postgres import database, database_url, sqlite_database
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tools.demo_model import measure as bench
from tools.demo_model import site_graph
from tools.demo_model.chongyang import said_here, second_readings
from tools.demo_model.site_graph import build_site_graph
from tools.demo_model.speaker import Job, speak_jobs, syllables_of
from tools.demo_model.synthesis import HELD_OUT_VOICES

# Builds nets.
pytestmark = pytest.mark.slow

__all__ = ["database", "database_url", "sqlite_database"]
county = small_county


def test_syllables_become_what_chongyang_says_and_stay_syllables() -> None:
    told = {"zhang1": "zang1", "shui3": "sui3", "ning2": "lin2", "huang2": "fang2", "hui4": "fei4", "re4": "le4"}
    told["ting2"] = "ting2"  # tin is no syllable of Mandarin: the model has no phones for it
    assert {one: said_here(one) for one in told} == told
    assert said_here("dian4", "dialect") == "die4" and said_here("ting2", "dialect") == "ding2"
    assert second_readings(("ting2", "dian4")) == []
    assert second_readings(("huang2", "shan1")) == [("fang2", "san1")]


@on_sqlite
def test_a_place_that_nobody_knew_is_heard_in_both_ways_of_saying_it(county: Database, tmp_path: Path) -> None:
    import vosk

    with county.session() as session:
        session.scalars(select(Household)).one().householder = "欧阳骏驰"
        session.add(Community(id=9, name="黄石岭社区"))
        session.add(Staff(staff_no="M9", name="骆驼祥", role="manager", phone="1"))
        session.add(Staff(staff_no="M8", name="Bob", role="manager", phone="2"))
    done = build_site_graph(county, DEMO, tmp_path / "models" / "site")
    lexicon = dict(
        line.split("\t", 1) for line in (done.folder / "graph" / "lexicon.tsv").read_text("utf-8").splitlines()
    )
    assert lexicon["黄石岭"].split("\t") == ["huang2 shi2 ling3", "fang2 si2 lin3"]
    assert {"黄石岭社区", "沿河路", "骆驼祥"} <= set(lexicon) and "欧阳骏驰" not in lexicon
    assert done.unreadable == ("Bob",) or "Bob" not in lexicon
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(done.folder))
    said = "黄石岭社区停电了"
    accented = tuple(said_here(syllable) for syllable in syllables_of(said))
    for syllables in (syllables_of(said), accented):
        (samples,) = speak_jobs([Job(syllables, HELD_OUT_VOICES[1])])
        assert samples is not None and bench.recognise(model, samples) == said


@on_sqlite
def test_it_replaces_an_earlier_one_whole_and_refuses_what_is_not_ours(
    county: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_graph, "training_sentences", lambda splitter: Counter({("停电", "了"): 1}))
    out = tmp_path / "models" / "site"
    out.mkdir(parents=True)
    (out / "old").write_text("old")
    other = tmp_path / "other"
    (other / "graph").mkdir(parents=True)
    with pytest.raises(ValueError, match="no model of this project"):
        build_site_graph(county, other, out)
    assert (out / "old").exists() and [each.name for each in out.parent.iterdir()] == ["site"]
    build_site_graph(county, DEMO, out, "none")
    assert not (out / "old").exists() and (out / "am" / "final.mdl").exists()
