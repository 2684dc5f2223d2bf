"""The doctor names what is missing of a messenger, and the key to write it to."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bot.commands.doctor import messengers
from bot.commands.doctor.messengers import NOT_SET_UP, check_messengers
from bot.settings import Settings

TOKEN = "123456789:" + "A" * 35
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
APP = {"corp_id": "ww1", "agent_id": 5, "secret": "s", "token": "t", "aes_key": KEY}


def lines(
    notify: dict[str, Any], public_url: str = "https://gege.example", **service: Any
) -> dict[str, tuple[str, str]]:
    settings = Settings.model_validate({"notify": notify, "web": {"public_url": public_url}, "service": service})
    return {one.name: (one.detail, one.advice) for one in check_messengers(settings)}


def test_a_site_without_messengers_has_nothing_to_put_right() -> None:
    found = lines({}, public_url="")
    assert set(found.values()) == {(NOT_SET_UP, "")} and len(found) == 6


def test_what_is_set_up_whole_needs_no_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messengers, "amr_installed", lambda: True)
    found = lines(
        {
            "providers": ["wecom_robot", "dingtalk_robot"],
            "telegram": {"token": TOKEN, "webhook": "https://gege.example/telegram"},
            "wecom": {**APP, "kf_secret": "k", "open_kfid": "wk1"},
            "wecom_robot": {"url": "https://qyapi.weixin.qq.com/robot"},
            "dingtalk_robot": {"url": "https://oapi.dingtalk.com/robot", "secret": "SEC1"},
            "webhook": {"url": "https://sms.example", "secret": "s"},
        },
        sms_news=True,
    )
    assert not [one for one in found.values() if one[1] or one[0] == NOT_SET_UP]


@pytest.mark.parametrize(
    ("notify", "line", "advice"),
    [
        ({"telegram": {"token": "abc"}}, "Telegram", "[notify.telegram] token"),
        ({"telegram": {"token": TOKEN, "webhook": "http://gege.example/telegram"}}, "Telegram", "https"),
        ({"telegram": {"token": TOKEN, "webhook": "https://gege.example:8080/t"}}, "Telegram", "8443"),
        ({"telegram": {"token": TOKEN, "webhook": "https://gege.example"}}, "Telegram", "path"),
        ({"wecom": {**APP, "secret": ""}}, "WeCom staff", "add secret to [notify.wecom]"),
        ({"wecom": {"secret": "s"}}, "WeCom staff", "corp_id, agent_id, token, aes_key"),
        ({"wecom": {"kf_secret": "k", "corp_id": "ww1"}}, "WeCom residents", "open_kfid, token, aes_key"),
        ({"wecom": {**APP, "kf_secret": "k", "open_kfid": "w", "aes_key": "short"}}, "WeCom residents", "43"),
        ({"wecom_robot": {"url": "http://x"}}, "WeCom robot", "[notify.wecom_robot] url"),
        ({"wecom_robot": {"url": "https://x"}}, "WeCom robot", '"wecom_robot" to [notify] providers'),
        ({"dingtalk_robot": {"url": "https://x"}}, "DingTalk robot", "[notify.dingtalk_robot] secret"),
        ({"webhook": {"url": "https://x"}}, "webhook, SMS", "[notify.webhook] secret"),
    ],
)
def test_what_is_half_set_up_says_what_to_write_where(
    monkeypatch: pytest.MonkeyPatch, notify: dict[str, Any], line: str, advice: str
) -> None:
    monkeypatch.setattr(messengers, "amr_installed", lambda: True)
    assert advice in lines(notify)[line][1]


def test_a_machine_that_cannot_play_wecoms_voice_notes_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messengers, "amr_installed", lambda: False)
    detail, advice = lines({"wecom": {**APP, "kf_secret": "k", "open_kfid": "wk1"}})["WeCom residents"]
    assert "AMR" in detail and "libopencore-amrnb0" in advice


def test_news_by_sms_without_a_gateway_and_messages_without_links_are_told() -> None:
    assert "[notify.webhook] url" in lines({}, sms_news=True)["webhook, SMS"][1]
    assert "public_url" in lines({"telegram": {"token": TOKEN}}, public_url="")["links"][1]
