"""Provider `wecom_robot`: one-way notice in a WeCom group."""

from __future__ import annotations

from bot.notify.provider import Message, Refused, Transient
from bot.notify.wecom import with_links
from bot.notify.wire import Wire
from bot.settings.accounts import RobotAccount

#: api freq out of limit (https://developer.work.weixin.qq.com/document/path/91770)
_TOO_OFTEN = 45009


class WeComRobot:
    """Everybody in the group reads it, so it is masked, and begins with whom it is for."""

    name = "wecom_robot"
    trusted = False
    #: WeCom takes 20 a minute and drops what is more; the network may bunch what we space
    per_minute = 18
    #: danger keeps to it as well, grouped (bot/notify/pace.py)
    strict = True

    def __init__(self, account: RobotAccount, wire: Wire | None = None) -> None:
        self._url = account.url
        self._wire = wire or Wire()

    async def send(self, message: Message) -> None:
        text = f"@{message.name}\n{with_links(message)}".encode()[:2048].decode("utf-8", "ignore")
        answer = await self._wire.post(self._url, json={"msgtype": "text", "text": {"content": text}})
        if code := answer.get("errcode", 0):
            if code == _TOO_OFTEN:
                raise Transient("WeCom's robot: more than 20 a minute", 60.0)
            raise Refused(f"WeCom's robot {code}: {str(answer.get('errmsg', ''))[:200]}")

    async def close(self) -> None:
        await self._wire.close()
