"""Provider `webhook`: a signed POST, for SMS gateways and whatever else a site has."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable

from bot.notify.provider import Message
from bot.notify.wecom import with_links
from bot.notify.wire import Wire
from bot.settings.accounts import WebhookAccount


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`, hexadecimal. Who receives it checks it, and that the time is near."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


class Webhook:
    """Headers `X-Gege-Timestamp` (s), `X-Gege-Signature`, `Idempotency-Key` (one message, however often it is sent)."""

    trusted = False
    per_minute = None

    def __init__(
        self,
        account: WebhookAccount,
        wire: Wire | None = None,
        clock: Callable[[], float] = time.time,
        name: str = "webhook",
    ) -> None:
        #: also registered as `sms`, the channel of residents without a messenger
        self.name = name
        self._account, self._clock = account, clock
        self._wire = wire or Wire()

    async def send(self, message: Message) -> None:
        body = json.dumps(
            {
                "id": message.notification_id,
                "ticket_no": message.ticket_no,
                "to": message.address or message.staff_no,
                "name": message.name,
                "role": message.role,
                "channel": self.name,
                "urgent": message.urgent,
                "template": message.template,
                # What a gateway sends on is this text: a link that is not in it does not arrive.
                "text": with_links(message) if self.name == "sms" else message.text,
                "links": [{"label": one.label, "url": one.url} for one in message.buttons if one.url],
            },
            ensure_ascii=False,
        ).encode()
        at = int(self._clock())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Gege-Timestamp": str(at),
            "X-Gege-Signature": signature(self._account.secret, at, body),
            "Idempotency-Key": f"gege-{message.notification_id}",
        }
        await self._wire.post(self._account.url, data=body, headers=headers)

    async def close(self) -> None:
        await self._wire.close()
