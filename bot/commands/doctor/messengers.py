"""What `gege doctor` says of the messengers: which are set up, which half, and what is missing. Nobody is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from bot.settings import Settings
from bot.settings.accounts import TelegramAccount, WeComAccount
from bot.speech.decoder import amr_installed

NOT_SET_UP = "not set up"
#: what @BotFather gives: the bot's number and 35 letters
_TOKEN = re.compile(r"\d{6,12}:[A-Za-z0-9_-]{30,40}")
#: where Telegram delivers (https://core.telegram.org/bots/api#setwebhook)
_PORTS = (443, 80, 88, 8443)
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")


class Messenger(NamedTuple):
    """One line; `advice` is empty when nothing need be done."""

    name: str
    detail: str
    advice: str = ""


def check_messengers(settings: Settings) -> list[Messenger]:
    """One line a messenger, and one when messages could carry no links."""
    found = [
        _telegram(settings.notify.telegram),
        *_wecom(settings.notify.wecom),
        *_robots(settings),
        _webhook(settings),
    ]
    if any(one.detail != NOT_SET_UP for one in found) and not settings.web.public_url:
        advice = "set [web] public_url to the address under which staff reach this page"
        found.append(Messenger("links", "messages carry no links: nobody can open a case from one", advice))
    return found


def _telegram(account: TelegramAccount) -> Messenger:
    if not account.token:
        return Messenger("Telegram", NOT_SET_UP)
    if not _TOKEN.fullmatch(account.token):
        advice = "copy it whole from @BotFather (123456789:AA…) to [notify.telegram] token"
        return Messenger("Telegram", "the token is none", advice)
    if not account.webhook:
        return Messenger("Telegram", "residents and staff, fetched by us")
    address = urlsplit(account.webhook)
    if address.scheme != "https" or (address.port or 443) not in _PORTS or not address.path.strip("/"):
        ports = ", ".join(map(str, _PORTS))
        advice = f"[notify.telegram] webhook needs https, a path, and one of the ports {ports}; or leave it empty"
        return Messenger("Telegram", f"{account.webhook} is nothing that Telegram delivers to", advice)
    return Messenger("Telegram", f"residents and staff, delivered to {account.webhook}")


def _wecom(account: WeComAccount) -> Iterator[Messenger]:
    app = {"corp_id": account.corp_id, "agent_id": account.agent_id, "secret": account.secret}
    callbacks = {"corp_id": account.corp_id, "token": account.token, "aes_key": account.aes_key}
    residents = {"kf_secret": account.kf_secret, "open_kfid": account.open_kfid, **callbacks}
    own = {key: value for key, value in (app | callbacks).items() if key != "corp_id"}
    yield _half("WeCom staff", app | callbacks if any(own.values()) else {}, "messages and callbacks")
    wanted = residents if account.kf_secret or account.open_kfid else {}
    line = _half("WeCom residents", wanted, "微信客服, voice notes as well")
    if not line.advice and wanted and not amr_installed():
        detail = "微信客服; voice notes (AMR) are kept for a person, not understood"
        line = Messenger(line.name, detail, "apt-get install libopencore-amrnb0")
    if line.advice == "" and wanted and not _AES_KEY.fullmatch(account.aes_key):
        line = Messenger(line.name, "aes_key is no EncodingAESKey", "copy the 43 letters of the callback page")
    yield line


def _half(name: str, wanted: Mapping[str, object], detail: str) -> Messenger:
    if not wanted:
        return Messenger(name, NOT_SET_UP)
    missing = [key for key, value in wanted.items() if not value]
    if missing:
        keys = ", ".join(missing)
        return Messenger(name, f"half set up: {keys} missing", f"add {keys} to [notify.wecom], or remove the rest")
    return Messenger(name, detail)


def _robots(settings: Settings) -> Iterator[Messenger]:
    robots = (("wecom_robot", settings.notify.wecom_robot), ("dingtalk_robot", settings.notify.dingtalk_robot))
    for section, account in robots:
        name = {"wecom_robot": "WeCom robot", "dingtalk_robot": "DingTalk robot"}[section]
        if not account.url:
            yield Messenger(name, NOT_SET_UP)
        elif not account.url.startswith("https://"):
            yield Messenger(
                name, "its address is not https", f"copy the robot's whole address to [notify.{section}] url"
            )
        elif section == "dingtalk_robot" and not account.secret:
            advice = "choose 加签 in the robot's security settings and put its SEC… to [notify.dingtalk_robot] secret"
            yield Messenger(name, "messages are not signed", advice)
        elif section not in settings.notify.providers:
            yield Messenger(name, "nobody is told through it", f'add "{section}" to [notify] providers')
        else:
            yield Messenger(name, "18 messages a minute at most")


def _webhook(settings: Settings) -> Messenger:
    account = settings.notify.webhook
    if not account.url:
        if settings.service.sms_news:
            advice = "set [notify.webhook] url to the SMS gateway, or [service] sms_news = false"
            return Messenger("webhook, SMS", "news by SMS are wanted, and there is no gateway", advice)
        return Messenger("webhook, SMS", NOT_SET_UP)
    if not account.secret:
        advice = "set [notify.webhook] secret, here and at the gateway"
        return Messenger("webhook, SMS", "messages are not signed: anybody could send the same", advice)
    return Messenger("webhook, SMS", "news by SMS" if settings.service.sms_news else "staff and other systems")
