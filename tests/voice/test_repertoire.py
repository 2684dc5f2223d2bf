"""What the studio lists is what Gege says: nothing that is spoken is missing, nothing twice."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from sqlalchemy import text as sql

from bot.app.parts import open_site
from bot.grid.models import Community, Staff
from bot.settings import PROJECT, Settings, SiteSettings
from bot.speech.reading import plain
from bot.speech.reading import sentences as cut
from bot.speech.sentence_plan import Kind, has_slots
from bot.voice.prompts import prompts
from bot.voice.repertoire import Names, Repertoire, planner, repertoire, sentences
from tests.busy_database import BUSY_S, busy

SITE = SiteSettings()
NAMES = Names(("桃溪社区", "白泉社区"), ("归程师傅", "归师傅", "王师傅"))
LISTED = {plain(saying.text): saying for saying in sentences(SITE, NAMES)}
RESPONSES = [
    (name, plain(sentence))
    for name, responses in yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8"))["responses"].items()
    for response in responses
    for sentence in cut(response["text"])
]


@pytest.mark.parametrize(("name", "sentence"), RESPONSES)
def test_every_sentence_of_the_dialogue_can_be_recorded_whole_or_in_parts(name: str, sentence: str) -> None:
    if not has_slots(sentence):
        assert LISTED[sentence].whole
        return
    samples = repertoire().samples
    filled = sentence.format(**samples)
    parts = planner(SITE, NAMES).plan(filled)
    assert parts, f"{filled} falls into no parts"
    for part in parts:
        if part.kind in (Kind.fixed, Kind.phrase, Kind.number):
            assert part.text in LISTED, f"{part.text} of {filled} cannot be recorded"
    assert any(part.kind is Kind.fixed for part in parts)


def test_the_telephones_own_sentences_are_there_with_the_sites_name() -> None:
    spoken = [prompts().notice_of(SITE.name), prompts().greeting, prompts().failed, *prompts().silence]
    for text in spoken:
        for sentence in cut(text):
            assert LISTED[plain(sentence)].whole
    other = SiteSettings(name="江夏供电")
    assert any("江夏供电" in saying.text for saying in sentences(other))


def test_numbers_communities_and_names_can_be_recorded() -> None:
    by_group = {group: {s.text for s in LISTED.values() if s.group == group} for group in repertoire().groups}
    assert set("零一二三四五六七八九幺两十百千块角分点") <= by_group["numbers"]
    assert by_group["communities"] == set(NAMES.communities)
    assert {"归师傅", "王师傅", SITE.station} <= by_group["names"]
    assert "停电了" in by_group["matters"]


def test_what_saves_lives_comes_first_and_nothing_comes_twice() -> None:
    listed = sentences(SITE, NAMES)
    assert listed[0].group == "safety" and any("119" in s.text for s in listed if s.group == "safety")
    assert len({s.name for s in listed}) == len(listed)
    order = list(repertoire().groups)
    assert [s.group for s in listed] == sorted((s.group for s in listed), key=order.index)


def test_a_part_is_shown_inside_its_sentence_and_can_be_tried() -> None:
    part = LISTED["他的电话是"]
    assert not part.whole and part.context == "他的电话是…。" and "139" in part.sample


def test_new_staff_and_communities_are_listed_without_a_restart(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    database = open_site(settings)
    try:
        sayings = Repertoire(settings.site, database)
        assert not [s for s in sayings.sentences() if s.group == "communities"]
        with database.session() as session:
            session.add_all([Community(name="桃溪社区"), Staff(staff_no="M1", name="归程", role="manager")])
            session.add(Staff(staff_no="S1", name="李外", role="supervisor"))
        texts = {s.text for s in sayings.sentences()}
        assert {"桃溪社区", "归程师傅", "归师傅"} <= texts and "李师傅" not in texts
        assert sayings.planner().plan("那一片是归师傅管，电话是幺三九、零七幺五。")[1].kind is Kind.phrase
    finally:
        database.dispose()


def test_a_sentence_with_names_never_waits_for_who_writes(tmp_path: Path) -> None:
    database = open_site(Settings(home=tmp_path))
    sayings = Repertoire(SITE, database)
    sayings.sentences()
    with busy(database):
        began = time.monotonic()
        sayings.planner()
        assert time.monotonic() - began < BUSY_S / 2
    database.dispose()


def test_a_database_that_is_away_leaves_the_names_that_were_known(tmp_path: Path) -> None:
    database = open_site(Settings(home=tmp_path))
    with database.session() as session:
        session.add(Community(name="桃溪社区"))
    sayings = Repertoire(SITE, database)
    assert "桃溪社区" in {saying.text for saying in sayings.sentences()}
    with database.session() as session:
        session.execute(sql("ALTER TABLE community RENAME TO gone"))
    assert "桃溪社区" in {saying.text for saying in sayings.sentences()}
    assert sayings.planner()
    database.dispose()
