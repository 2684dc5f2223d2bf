"""Providers `wecom` (an internal application, to staff) and `wechat` (微信客服, to residents)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bot.notify.provider import Message, Refused, Transient
from bot.notify.wire import TooLarge, Wire
from bot.settings.accounts import WeComAccount

#: https://developer.work.weixin.qq.com/document/path/90313: the access token is unknown or has run out
_STALE = {40001, 40014, 42001}
#: system busy; too often (a minute, an hour); too many at once
_LATER = {-1: 5.0, 45009: 60.0, 45011: 5.0, 45033: 1.0, 43004: None}
#: a token is fetched anew this long before it runs out (s)
_MARGIN = 300.0


class AccessToken:
    """The token of one secret, kept until shortly before it runs out; WeCom blocks who asks for it too often."""

    def __init__(
        self, account: WeComAccount, secret: str, wire: Wire, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._account, self._secret, self._wire, self._clock = account, secret, wire, clock
        self._token, self._until = "", 0.0

    async def get(self) -> str:
        if self._token and self._clock() < self._until:
            return self._token
        url = f"{self._account.base_url}/cgi-bin/gettoken"
        answer = await self._wire.get(url, {"corpid": self._account.corp_id, "corpsecret": self._secret})
        if answer.get("errcode"):
            raise _problem(answer)
        self._token = str(answer["access_token"])
        self._until = self._clock() + max(float(answer.get("expires_in", 7200)) - _MARGIN, 1.0)
        return self._token

    def forget(self) -> None:
        self._token = ""


class WeComClient:
    """Calls WeCom with a token, and once more with a fresh one when it has gone stale."""

    def __init__(self, account: WeComAccount, secret: str, wire: Wire | None = None) -> None:
        self._account = account
        self.wire = wire or Wire()
        self._token = AccessToken(account, secret, self.wire)

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of a call. Raises Transient or Refused by its errcode."""
        answer: dict[str, Any] = {}
        for _ in range(2):
            token = await self._token.get()
            answer = await self.wire.post(f"{self._account.base_url}{path}?access_token={token}", json=body)
            if answer.get("errcode", 0) not in _STALE:
                break
            self._token.forget()
        if answer.get("errcode", 0):
            raise _problem(answer)
        return answer

    async def media(self, media_id: str) -> bytes:
        """A file that somebody sent (https://developer.work.weixin.qq.com/document/path/90254)."""
        url = f"{self._account.base_url}/cgi-bin/media/get"
        try:
            return await self.wire.file(url, {"access_token": await self._token.get(), "media_id": media_id})
        except TooLarge:
            raise
        except Refused:
            # "No such file" comes as JSON, and so does a token that has gone stale.
            self._token.forget()
            return await self.wire.file(url, {"access_token": await self._token.get(), "media_id": media_id})

    async def close(self) -> None:
        await self.wire.close()


def _problem(answer: dict[str, Any]) -> Exception:
    code = int(answer.get("errcode", -1))
    reason = f"WeCom {code}: {str(answer.get('errmsg', ''))[:200]}"
    if code in _LATER or code in _STALE:
        return Transient(reason, _LATER.get(code))
    return Refused(reason)


def with_links(message: Message) -> str:
    """The text with its buttons as links below it, where a message cannot carry buttons."""
    links = [f"{one.label}:{one.url}" for one in message.buttons if one.url]
    return "\n".join([message.text, *links])


class WeCom:
    """To members of the company, by their user id."""

    name = "wecom"
    trusted = False
    #: an application may send each member 30 a minute (document path 90312)
    per_minute = 600

    def __init__(self, account: WeComAccount, wire: Wire | None = None) -> None:
        self._agent = account.agent_id
        self._client = WeComClient(account, account.secret, wire)

    async def send(self, message: Message) -> None:
        """A text with links; Refused when the member is not (or no longer) there."""
        answer = await self._client.call(
            "/cgi-bin/message/send",
            {
                "touser": message.address,
                "msgtype": "text",
                "agentid": self._agent,
                # 2048 bytes
                "text": {"content": fit(with_links(message), 2048)},
                # the same text twice within this time (s) is shown once: our retry of an answer that was lost
                "enable_duplicate_check": 1,
                "duplicate_check_interval": 600,
            },
        )
        if message.address in str(answer.get("invaliduser", "")).split("|"):
            raise Refused("WeCom: no such member, or not in the application's range")

    async def close(self) -> None:
        await self._client.close()


class WeChat:
    """To residents who have written to the site's 微信客服 within 48 hours (at most five messages a visit)."""

    name = "wechat"
    trusted = False
    per_minute = 600

    def __init__(self, account: WeComAccount, wire: Wire | None = None) -> None:
        self._open_kfid = account.open_kfid
        self._client = WeComClient(account, account.kf_secret, wire)

    async def send(self, message: Message) -> None:
        """A menu message where there is something to choose, else a text."""
        body: dict[str, Any] = {"touser": message.address, "open_kfid": self._open_kfid}
        # WeCom drops a second message with one msgid: a retry is harmless.
        body["msgid"] = f"gege{message.notification_id}"
        if message.buttons:
            choices = [{"type": "click", "click": {"id": one.data, "content": one.label}} for one in message.buttons]
            body |= {"msgtype": "msgmenu", "msgmenu": {"head_content": fit(message.text, 1024), "list": choices}}
        else:
            body |= {"msgtype": "text", "text": {"content": fit(message.text, 2048)}}
        await self._client.call("/cgi-bin/kf/send_msg", body)

    async def close(self) -> None:
        await self._client.close()


def fit(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, cut between characters."""
    return text.encode("utf-8")[:limit].decode("utf-8", "ignore")
