"""Every messenger gets what it documents, and what it answers at its worst becomes "later" or "never"."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest

from bot.notify import dingtalk_robot, webhook
from bot.notify.dingtalk_robot import DingTalkRobot
from bot.notify.provider import Button, Message, Refused, Transient
from bot.notify.telegram import Telegram
from bot.notify.webhook import Webhook
from bot.notify.wecom import WeChat, WeCom
from bot.notify.wecom_robot import WeComRobot
from bot.settings.accounts import RobotAccount, TelegramAccount, WebhookAccount, WeComAccount
from tests.notify import servers

MESSAGE = Message(
    notification_id=7,
    ticket_no="GD2611230001",
    staff_no="M1",
    name="归程",
    role="manager",
    address="4711",
    text="【停电】GD2611230001",
    urgent=False,
    template="reported",
    buttons=(
        Button("接单", "take:GD2611230001", "https://gege.example/t/abc"),
        Button("转派", "pass:GD2611230001", "https://gege.example/t/def"),
        Button("听错了", "wrong:GD2611230001"),
    ),
)


async def test_telegram_gets_the_text_with_its_buttons() -> None:
    async with servers.telegram() as server:
        provider = Telegram(TelegramAccount(token="1:a", base_url=server.url + "/bot"))
        await provider.send(MESSAGE)
        await provider.close()
    form = server.got[0].get("form") or server.got[0]["json"]
    assert server.got[0]["path"] == "/bot1:a/sendMessage" and str(form["chat_id"]) == "4711"
    keyboard = json.loads(form["reply_markup"])["inline_keyboard"]
    assert [[key["callback_data"] for key in row] for row in keyboard] == [
        ["take:GD2611230001", "pass:GD2611230001"],
        ["wrong:GD2611230001"],
    ]


async def test_a_button_without_data_opens_a_page() -> None:
    """看详情 is a link: nothing comes back with its press."""
    buttons = (Button("接单", "take:GD2611230001"), Button("看详情", "", "https://gege.example/t/abc"))
    async with servers.telegram() as server:
        provider = Telegram(TelegramAccount(token="1:a", base_url=server.url + "/bot"))
        await provider.send(replace(MESSAGE, buttons=buttons))
        await provider.close()
    form = server.got[0].get("form") or server.got[0]["json"]
    [row] = json.loads(form["reply_markup"])["inline_keyboard"]
    assert [(key.get("callback_data"), key.get("url")) for key in row] == [
        ("take:GD2611230001", None), (None, "https://gege.example/t/abc"),
    ]  # fmt: skip


@pytest.mark.parametrize(("worst", "patience_s"), [(servers.broken, 10.0), (servers.lost, 10.0), (servers.hangs, 3.0)])
async def test_telegram_at_its_worst_is_tried_again(worst: servers.Answer, patience_s: float) -> None:
    async with servers.telegram() as server:
        # patient enough that a busy machine is not taken for a bad server before the server has been asked
        provider = Telegram(TelegramAccount(token="1:a", base_url=server.url + "/bot"), timeout_s=patience_s)
        server.next = [worst]
        with pytest.raises(Transient):
            await provider.send(MESSAGE)
        await provider.send(MESSAGE)
        await provider.close()
    assert len(server.got) == 2


async def test_telegram_says_how_long_to_wait() -> None:
    async with servers.telegram() as server:
        provider = Telegram(TelegramAccount(token="1:a", base_url=server.url + "/bot"))
        server.next = [servers.too_many]
        with pytest.raises(Transient) as later:
            await provider.send(MESSAGE)
        await provider.close()
    assert later.value.retry_after == 7


@pytest.mark.parametrize("chat", ["blocked", "gone"])
async def test_who_blocks_the_bot_is_not_written_to_again(chat: str) -> None:
    async with servers.telegram() as server:
        provider = Telegram(TelegramAccount(token="1:a", base_url=server.url + "/bot"))
        with pytest.raises(Refused):
            await provider.send(replace(MESSAGE, address=chat))
        await provider.close()


def account(url: str, **more: str) -> WeComAccount:
    return WeComAccount(
        corp_id="ww1",
        agent_id=1000002,
        secret="app-secret",
        kf_secret="kf-secret",
        open_kfid="wk1",
        base_url=url,
        **more,
    )


async def test_wecom_gets_text_and_links_with_one_token_for_all() -> None:
    async with servers.wecom() as (messages, tokens):
        provider = WeCom(account(messages.url))
        await provider.send(MESSAGE)
        await provider.send(MESSAGE)
        await provider.close()
    assert len(tokens.got) == 1 and tokens.got[0]["query"]["corpid"] == "ww1"
    body = messages.got[0]["json"]
    assert body["touser"] == "4711" and body["agentid"] == 1000002 and body["enable_duplicate_check"] == 1
    assert body["text"]["content"].splitlines() == [
        "【停电】GD2611230001",
        "接单:https://gege.example/t/abc",
        "转派:https://gege.example/t/def",
    ]


async def test_a_stale_token_is_fetched_anew_within_the_same_send() -> None:
    async with servers.wecom() as (messages, tokens):
        provider = WeCom(account(messages.url))
        await provider.send(MESSAGE)
        other = WeCom(account(messages.url))
        await other.send(MESSAGE)  # a second process takes the token away
        await provider.send(MESSAGE)
        await provider.close()
        await other.close()
    assert len(tokens.got) == 3 and len(messages.got) == 4


async def test_a_token_that_runs_out_is_not_used() -> None:
    async with servers.wecom(life_s=1) as (messages, tokens):
        provider = WeCom(account(messages.url))
        await provider.send(MESSAGE)
        await asyncio.sleep(1.1)
        await provider.send(MESSAGE)
        await provider.close()
    assert len(tokens.got) == 2 and len(messages.got) == 2


@pytest.mark.parametrize(
    ("code", "kind", "wait"),
    [(45009, Transient, 60), (45033, Transient, 1), (-1, Transient, 5), (81013, Refused, None)],
)
async def test_wecoms_codes_mean_later_or_never(code: int, kind: type[Exception], wait: float | None) -> None:
    async def answer(request: servers.web.Request) -> servers.web.StreamResponse:
        return servers.web.json_response({"errcode": code, "errmsg": "no"})

    async with servers.wecom() as (messages, _):
        provider = WeCom(account(messages.url))
        messages.next = [answer]
        with pytest.raises(kind) as problem:
            await provider.send(MESSAGE)
        await provider.close()
    assert getattr(problem.value, "retry_after", None) == wait


async def test_who_left_the_company_is_refused() -> None:
    async with servers.wecom() as (messages, _):
        provider = WeCom(account(messages.url))
        with pytest.raises(Refused, match="member"):
            await provider.send(replace(MESSAGE, address="nobody"))
        await provider.close()


async def test_a_wrong_secret_is_told_and_not_hammered() -> None:
    async with servers.wecom() as (messages, _):
        provider = WeCom(account(messages.url).model_copy(update={"secret": "wrong"}))
        with pytest.raises((Refused, Transient), match="40001"):
            await provider.send(MESSAGE)
        await provider.close()
    assert not messages.got


async def test_a_resident_gets_a_menu_and_a_retry_carries_the_same_id() -> None:
    asked = replace(
        MESSAGE, role="resident", staff_no="", buttons=(Button("满意", "rate:GD1:1"), Button("不满意", "rate:GD1:3"))
    )
    async with servers.wecom() as (messages, _):
        provider = WeChat(account(messages.url))
        await provider.send(asked)
        await provider.send(asked)
        await provider.close()
    first, again = (one["json"] for one in messages.got)
    assert first["msgid"] == again["msgid"] and first["msgtype"] == "msgmenu" and first["open_kfid"] == "wk1"
    assert [one["click"]["id"] for one in first["msgmenu"]["list"]] == ["rate:GD1:1", "rate:GD1:3"]


async def test_a_long_text_is_cut_between_characters() -> None:
    async with servers.wecom() as (messages, _):
        provider = WeCom(account(messages.url))
        await provider.send(replace(MESSAGE, text="停" * 5000, buttons=()))
        await provider.close()
    assert messages.got[0]["json"]["text"]["content"] == "停" * 682


async def test_dingtalk_checks_our_signature() -> None:
    async with servers.dingtalk("SEC1") as server:
        provider = DingTalkRobot(RobotAccount(url=server.url, secret="SEC1"))
        await provider.send(MESSAGE)
        assert server.got[0]["json"]["text"]["content"].startswith("@归程\n【停电】")
        stranger = DingTalkRobot(RobotAccount(url=server.url, secret="SEC2"))
        with pytest.raises(Refused, match="310000"):
            await stranger.send(MESSAGE)
        late = DingTalkRobot(RobotAccount(url=server.url, secret="SEC1"), clock=lambda: time.time() - 7200)
        with pytest.raises(Refused, match="clock"):
            await late.send(MESSAGE)
        for one in (provider, stranger, late):
            await one.close()


async def test_dingtalk_that_shuts_us_out_is_left_alone_for_ten_minutes() -> None:
    async with servers.dingtalk("SEC1", limit=0) as server:
        provider = DingTalkRobot(RobotAccount(url=server.url, secret="SEC1"))
        with pytest.raises(Transient) as later:
            await provider.send(MESSAGE)
        await provider.close()
    assert later.value.retry_after == 600


def test_dingtalks_signature_is_openssls() -> None:
    # computed apart: printf '1577262236757\nthis is secret' | openssl dgst -sha256 -hmac 'this is secret' -binary | base64
    assert dingtalk_robot.signature("this is secret", 1577262236757) == "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="


async def test_wecoms_robot_names_whom_it_is_for() -> None:
    async with servers.plain({"errcode": 0}) as server:
        provider = WeComRobot(RobotAccount(url=server.url + "/cgi-bin/webhook/send?key=k"))
        await provider.send(MESSAGE)
        await provider.close()
    assert server.got[0]["json"]["text"]["content"].startswith("@归程\n")


async def test_wecoms_robot_that_has_had_enough_waits_a_minute() -> None:
    async with servers.plain({"errcode": 45009, "errmsg": "api freq out of limit"}) as server:
        provider = WeComRobot(RobotAccount(url=server.url + "/x"))
        with pytest.raises(Transient) as later:
            await provider.send(MESSAGE)
        await provider.close()
    assert later.value.retry_after == 60


async def test_a_webhooks_receiver_can_check_who_sent_it() -> None:
    async with servers.plain({}) as server:
        provider = Webhook(WebhookAccount(url=server.url + "/sms", secret="s3"), clock=lambda: 1_795_000_000)
        await provider.send(MESSAGE)
        await provider.close()
    got = server.got[0]
    body = got["raw"].encode()
    assert got["headers"]["X-Gege-Signature"] == webhook.signature("s3", 1_795_000_000, body)
    assert webhook.signature("s3", 1_795_000_000, body + b" ") != got["headers"]["X-Gege-Signature"]
    assert got["headers"]["Idempotency-Key"] == "gege-7" and got["json"]["to"] == "4711"


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (404, Refused), (301, Refused), (503, Transient), (429, Transient)]
)
async def test_a_webhooks_status_means_later_or_never(status: int, kind: type[Exception]) -> None:
    async def answer(request: servers.web.Request) -> servers.web.StreamResponse:
        return servers.web.Response(status=status, headers={"Location": "http://elsewhere.example/"})

    async with servers.plain({}) as server:
        server.next = [answer]
        provider = Webhook(WebhookAccount(url=server.url + "/sms", secret="s3"))
        with pytest.raises(kind):
            await provider.send(MESSAGE)
        await provider.close()


async def test_a_server_that_is_away_means_later() -> None:
    provider = Webhook(WebhookAccount(url="http://127.0.0.1:9/sms", secret="s3"))
    with pytest.raises(Transient) as problem:
        await provider.send(MESSAGE)
    assert "127.0.0.1" not in str(problem.value), "an address may hold a key"
    await provider.close()


def test_secrets_may_live_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("BOT_TOKEN", "1:from-the-environment")
    assert TelegramAccount(token="env:BOT_TOKEN").token == "1:from-the-environment"
    with pytest.raises(ValueError, match="NO_SUCH"):
        TelegramAccount(token="env:NO_SUCH")
