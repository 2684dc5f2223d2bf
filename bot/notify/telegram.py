"""Provider `telegram`: messages with buttons through python-telegram-bot."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
from collections.abc import Iterator

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.notify.provider import Button, Message, Refused, Transient
from bot.settings.accounts import TelegramAccount

# retry_after as a timedelta, which will be the only way; without it the library warns
os.environ.setdefault("PTB_TIMEDELTA", "true")

#: buttons beside each other; old thumbs want them wide
_IN_A_ROW = 2
#: characters that a message may have
LONGEST = 4096


def keyboard(buttons: tuple[Button, ...]) -> InlineKeyboardMarkup | None:
    """Buttons under a message; `data` comes back with the press (64 bytes at most), without it a page opens."""
    keys = [InlineKeyboardButton(one.label, callback_data=one.data or None, url=_page(one)) for one in buttons]
    rows = [keys[start : start + _IN_A_ROW] for start in range(0, len(keys), _IN_A_ROW)]
    return InlineKeyboardMarkup(rows) if rows else None


def _page(one: Button) -> str | None:
    return None if one.data else one.url


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """The library's errors as Transient (with Telegram's own waiting time) and Refused (blocked, unknown chat)."""
    try:
        yield
    except RetryAfter as problem:
        wait = problem.retry_after
        seconds = wait.total_seconds() if isinstance(wait, dt.timedelta) else float(wait)
        raise Transient("429 from Telegram", seconds) from None
    except (Forbidden, InvalidToken, ChatMigrated, BadRequest) as problem:
        # BadRequest is a NetworkError to the library, but the same message is refused again.
        raise Refused(f"Telegram: {problem.message}") from None
    except NetworkError as problem:
        raise Transient(f"Telegram: {type(problem).__name__}") from None
    except TelegramError as problem:
        raise Transient(f"Telegram: {problem.message}") from None


class Telegram:
    """Sends through one bot. Telegram knows no idempotency key: a message whose answer was lost comes twice."""

    name = "telegram"
    #: the message passes through a third party
    trusted = False
    #: Telegram allows 30 a second in all
    per_minute = 1500

    def __init__(self, account: TelegramAccount, timeout_s: float = 10.0) -> None:
        self._account = account
        self._timeout_s = timeout_s
        self._bot: Bot | None = None
        self._starting = asyncio.Lock()

    async def send(self, message: Message) -> None:
        """Send to the chat in `message.address`. Raises Transient, Refused (blocked, unknown chat)."""
        with telling():
            bot = await self._started()
            await bot.send_message(
                chat_id=message.address, text=message.text[:LONGEST], reply_markup=keyboard(message.buttons)
            )

    async def close(self) -> None:
        if self._bot is not None:
            # not Bot.shutdown(), which does nothing for a bot that was not asked who it is
            await self._bot.request.shutdown()
            self._bot = None

    async def _started(self) -> Bot:
        async with self._starting:
            if self._bot is None:
                wait = self._timeout_s
                bot = Bot(
                    self._account.token,
                    base_url=self._account.base_url,
                    base_file_url=self._account.base_file_url,
                    request=HTTPXRequest(
                        connection_pool_size=16, read_timeout=wait, write_timeout=wait, connect_timeout=wait
                    ),
                )
                # Not bot.initialize(): that asks getMe, and a bot that cannot be asked now can still send later.
                await bot.request.initialize()
                self._bot = bot
            return self._bot
