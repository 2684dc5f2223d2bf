"""What a message says, and what it must not say."""

from __future__ import annotations

import dataclasses

import pytest

from bot.notify.texts import Case, _texts, render
from bot.tickets.labels import labels
from bot.tickets.models import Kind, State

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
        "网格:24",
        "片区:桃溪社区",
        "原话:沿河路〔门牌〕停电了,〔姓名〕的屋,打〔号码〕",
        "注意:欠费3个月、重点照顾户、隔壁有电、有糊味或冒烟",
    ]


@pytest.mark.parametrize("template", sorted(_texts().templates))
def test_no_message_carries_name_address_or_number(template: str) -> None:
    case = dataclasses.replace(CASE, community="", detail={"note": "王建国 206号 13800138000"})
    text = render(template, case, "manager")
    assert "GD2611230001" in text
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("template", sorted(_texts().templates))
def test_a_supervisor_reads_kind_state_and_delay_only(template: str) -> None:
    text = render(template, CASE, "supervisor", trusted=True)
    assert text == "【监督】GD2611230001 停电\n现在:待接单,已过12分钟"


def test_a_trusted_provider_carries_the_full_address() -> None:
    text = render("reported", CASE, "manager", trusted=True)
    assert "地址:沿河路二百零六号 户主:王建国" in text and "回电:13800138000" in text


def test_an_urgent_case_says_so_first() -> None:
    assert render("reported", dataclasses.replace(CASE, urgent=True), "manager").startswith("【紧急】")


def test_a_text_that_is_not_there_does_not_silence_the_message() -> None:
    assert "GD2611230001" in render("invented", CASE, "manager")


def test_every_kind_and_state_has_its_word() -> None:
    assert all(labels().kind(kind) != kind for kind in Kind)
    assert all(labels().state(state) != state for state in State)
