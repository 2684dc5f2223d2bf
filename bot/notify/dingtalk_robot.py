"""Provider `dingtalk_robot`: one-way notice in a DingTalk group, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import quote

from bot.notify.provider import Message, Refused, Transient
from bot.notify.wecom import with_links
from bot.notify.wire import Wire
from bot.settings.accounts import RobotAccount

#: send too fast: DingTalk then takes nothing for ten minutes
_TOO_OFTEN, _BLOCKED_S = 130101, 600.0
#: signature or timestamp not accepted (a clock that is more than an hour off)
_NOT_SIGNED = 310000


def signature(secret: str, timestamp_ms: int) -> str:
    """HMAC-SHA256 over `timestamp\\nsecret`, base64 (DingTalk's "加签")."""
    words = f"{timestamp_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), words, hashlib.sha256).digest()).decode()


class DingTalkRobot:
    """Masked, and begins with whom it is for."""

    name = "dingtalk_robot"
    trusted = False
    #: 20 are allowed; who sends the 21st is shut out for ten minutes, so we stay below
    per_minute = 18
    #: danger keeps to it as well, grouped (bot/notify/pace.py)
    strict = True

    def __init__(self, account: RobotAccount, wire: Wire | None = None, clock: Callable[[], float] = time.time) -> None:
        self._account, self._clock = account, clock
        self._wire = wire or Wire()

    async def send(self, message: Message) -> None:
        url = self._account.url
        if self._account.secret:
            at = int(self._clock() * 1000)
            joint = "&" if "?" in url else "?"
            url = f"{url}{joint}timestamp={at}&sign={quote(signature(self._account.secret, at), safe='')}"
        text = f"@{message.name}\n{with_links(message)}"[:5000]
        answer = await self._wire.post(url, json={"msgtype": "text", "text": {"content": text}})
        if code := answer.get("errcode", 0):
            if code == _TOO_OFTEN:
                raise Transient("DingTalk's robot: too many, blocked for ten minutes", _BLOCKED_S)
            hint = " (is this machine's clock right?)" if code == _NOT_SIGNED else ""
            raise Refused(f"DingTalk's robot {code}: {str(answer.get('errmsg', ''))[:200]}{hint}")

    async def close(self) -> None:
        await self._wire.close()
