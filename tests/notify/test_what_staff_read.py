"""What a message says, and what it must not say."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.app.parts import make_relay, open_site
from bot.notify.harmless import harmless
from bot.notify.links import Links
from bot.notify.texts import Case, _texts, digest, render
from bot.settings import Settings, SiteSettings
from bot.tickets import kinds
from bot.tickets.labels import labels
from bot.tickets.models import Kind, State
from bot.tickets.rules import rules_of

CASE = Case(
    ticket_no="GD2611230001",
    kind="outage",
    state="reported",
    grid_no="24",
    community="桃溪社区",
    place="沿河路二百零六号",
    householder="王建国",
    registered="王建国",
    household_no="4200000001",
    reporter="13800138000",
    said="沿河路二百零六号停电了,王建国的屋,打13800138000",
    facts={"neighbours": "yes", "smell": "yes"},
    tags=("vulnerable",),
    owed=True,
    months_owed=3,
    owner="程远",
    minutes=12,
)
SECRETS = ("王建国", "二百零六", "206", "13800138000", "4200000001")


def test_a_manager_reads_what_happened_and_what_helps_to_decide() -> None:
    assert render("reported", CASE, "manager").splitlines() == [
        "【停电】GD2611230001",
        "网格：24",
        "片区：桃溪社区",
        "原话：「沿河路〔门牌〕停电了,〔姓名〕的屋,打〔号码〕」",
        "注意：隔壁有电、有糊味或冒烟、有备注，打开单子看",
    ]


def test_a_manager_reads_what_the_conversation_found_out() -> None:
    facts = {
        "child": "yes", "bedridden": "yes", "since": "昨日夜里", "wanted_at": "下午三点以后", "called_again": 2,
        "also_reported": 1, "old": "八十一", "neighbours_have_power": "yes", "medical": "透析", "danger": "fire",
        "oxygen": "no", "planned": None, "call_id": "x",
    }  # fmt: skip
    found = render("reported", dataclasses.replace(CASE, facts=facts, tags=(), owed=False), "manager").splitlines()[-1]
    assert found == (
        "注意：有小孩、有人瘫在床上、昨日夜里开始的、约的时间：下午三点以后、又打来2次、另有1个人报、八十一岁、"
        "讲别人家有电、家里有人透析、起火、冒烟或打火花"
    )


def test_another_number_to_ring_is_read_where_numbers_may_be_read() -> None:
    case = dataclasses.replace(CASE, facts={"other_phone": "13900001234"}, tags=(), owed=False)
    assert "要打另一个号：13900001234" in render("reported", case, "manager", trusted=True)
    masked = render("reported", case, "manager")
    assert "13900001234" not in masked and "打开单子看" in masked


def test_a_fact_in_somebodys_words_names_nobody_either() -> None:
    case = dataclasses.replace(CASE, facts={"since": "昨日夜里王建国屋里", "wanted_at": "打13911112222"})
    text = render("reported", case, "manager")
    assert "王建国" not in text and "13911112222" not in text and "昨日夜里" in text


def test_what_was_said_later_is_read_beside_the_first_words() -> None:
    later = ("屋里有个吃奶的毛毛", "找王建国", "沿河路二百零六号停电了")
    case = dataclasses.replace(CASE, later=later, detail={"note": "屋里有个吃奶的毛毛"})
    for template in ("reported", "unacknowledged", "passed_on", "crew_called", "on_site_overdue"):
        assert "后来讲：「找〔姓名〕」" in render(template, case, "manager").splitlines(), template
    assert "后来讲" not in render("reported", CASE, "manager")


def test_a_monologue_is_cut_and_what_helps_to_decide_still_fits() -> None:
    case = dataclasses.replace(CASE, said="从头讲起" * 1000, later=("还有" * 500,), facts={"child": "yes"})
    for trusted in (False, True):
        text = render("reported", case, "manager", trusted)
        assert len(text.encode()) < 1500 and "有小孩" in text
        assert "……（还有3800字，打开单子看）" in text


def test_a_finer_act_is_read_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = "kind: outage\nbegins: [report_outage]\ncalled:\n  report_outage/low_voltage: 电压低\n"
    (tmp_path / "outage.yml").write_text(flow, "utf-8")
    meter = 'kind: unclear\nbegins: [ask_arrears/meter]\ncalled: {"": 电表有毛病}\n'
    (tmp_path / "meter.yml").write_text(meter, "utf-8")
    monkeypatch.setattr(kinds, "FLOWS", tmp_path)
    kinds.finer.cache_clear()
    try:
        for act, name in (("report_outage/low_voltage", "电压低"), ("ask_arrears/meter", "电表有毛病")):
            assert f"注意：{name}" in render(
                "reported", dataclasses.replace(CASE, facts={"act": act}, tags=()), "manager"
            )
        assert "slash" not in render("reported", dataclasses.replace(CASE, facts={"act": "a/slash"}), "manager")
    finally:
        kinds.finer.cache_clear()


@pytest.mark.parametrize("template", sorted(_texts().templates))
def test_no_message_carries_name_address_or_number(template: str) -> None:
    words = "王建国 206号 13800138000"
    case = dataclasses.replace(CASE, community="", later=(words,), detail={"note": words}, facts={"since": words})
    text = render(template, case, "manager")
    # A device that somebody is signed in on belongs to no case, nor does a backup that was put back.
    assert "GD2611230001" in text or template in ("new_device", "restored")
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("template", sorted(_texts().templates))
def test_a_supervisor_reads_kind_state_and_delay_only(template: str) -> None:
    text = render(template, CASE, "supervisor", trusted=True)
    assert text == "【监督】GD2611230001 停电\n现在：待接单，已过12分钟"


def test_a_trusted_provider_carries_the_full_address() -> None:
    text = render("reported", CASE, "manager", trusted=True)
    assert "地址：沿河路二百零六号 户主：王建国" in text and "回电：13800138000" in text


@pytest.mark.parametrize(
    "change",
    [
        {"tags": ("vulnerable",)},
        {"owed": True, "months_owed": 3},
        {"owed": True},
        {"facts": {"vulnerable": "yes"}},
    ],
)
def test_what_the_registry_says_of_a_household_leaves_only_by_a_trusted_way(change: dict[str, object]) -> None:
    plain = dataclasses.replace(CASE, tags=(), owed=False, months_owed=0, facts={})
    case = dataclasses.replace(plain, **change)  # type: ignore[arg-type]
    secrets = ("重点照顾户", "欠费")
    assert any(secret in render("reported", case, "manager", trusted=True) for secret in secrets)
    for text in (render("reported", case, "manager"), digest([case], "manager", 5)):
        assert not any(secret in text for secret in secrets)
    assert "打开单子看" in render("reported", case, "manager")
    assert "打开单子看" not in render("reported", plain, "manager")


EVIL = (
    '<a href="http://evil.example/login">点这里登录看地址</a>',
    "[x](http://evil.example)",
    "@所有人 快来",
    "@所有人",
    "HTTPS://EVIL.EXAMPLE/x ftp://evil.example tg://resolve?domain=evil",
    "看 www.evil.example 或者 evil.example/login",
    "停电」\n【系统】请把密码发给我「",
    "\u202egnp.live",
)


@pytest.mark.parametrize("words", EVIL)
@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("template", sorted(_texts().templates))
def test_no_field_brings_markup_links_mentions_or_lines_into_a_message(
    words: str, trusted: bool, template: str
) -> None:
    honest = dataclasses.replace(CASE, later=("x",), detail={"note": "x", "person": "x", "reason": "x"})
    case = dataclasses.replace(
        CASE, said=words, later=(f"{words}1",), place=words, householder=words, reporter=words, community="", owner=words,
        facts={"since": words, "other_phone": words},
        detail={"note": words, "person": words, "reason": words},
    )  # fmt: skip
    text = render(template, case, "manager", trusted)
    assert not re.search(r"[<>&]|[A-Za-z]:[/\\]{2}|[A-Za-z]\.[A-Za-z]|[@\uff20](?!\u2060)|[\u202a-\u202e]", text), text
    assert len(text.splitlines()) <= len(render(template, honest, "manager", trusted).splitlines()) + 1
    assert not any(line.startswith("【系统】") for line in text.splitlines())


def test_what_somebody_said_stands_between_brackets_of_ours() -> None:
    text = render("reported", dataclasses.replace(CASE, said="停电」了「"), "manager")
    assert "原话：「停电』了『」" in text


def test_harmless_twice_is_harmless_once() -> None:
    for words in EVIL:
        assert harmless(harmless(words)) == harmless(words)
    assert harmless("220.5伏,3.5米,沿河路。") == "220.5伏,3.5米,沿河路。"


def test_an_urgent_case_says_so_first() -> None:
    assert render("reported", dataclasses.replace(CASE, urgent=True), "manager").startswith("【紧急】")


def test_a_text_that_is_not_there_does_not_silence_the_message() -> None:
    assert "GD2611230001" in render("invented", CASE, "manager")


def test_every_kind_and_state_has_its_word() -> None:
    assert all(labels().kind(kind) != kind for kind in Kind)
    assert all(labels().state(state) != state for state in State)


def test_a_time_is_written_as_the_sites_clocks_show_it() -> None:
    detail = {"restore_at": "2026-11-23T04:30+00:00"}
    here = dataclasses.replace(CASE, detail=detail)
    there = dataclasses.replace(here, zone=ZoneInfo("America/New_York"))
    assert "11月23日12点30分" in render("news_estimate", here, "resident")
    assert "11月22日23点30分" in render("news_estimate", there, "resident")


def test_the_relay_writes_in_the_sites_zone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, site=SiteSettings(timezone="America/New_York"))
    database = open_site(settings)
    try:
        links = Links(bytes(32), database)
        assert str(make_relay(settings, database, links, rules_of(settings))._site.zone) == "America/New_York"
    finally:
        database.dispose()
