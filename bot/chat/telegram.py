"""Telegram's updates: one Application in the service's event loop, for residents and for staff."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, ReplyKeyboardMarkup, Update
from telegram.constants import ChatType, FileSizeLimit
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import Application, ApplicationBuilder, ContextTypes, TypeHandler

from bot.chat.residents import Incoming, Residents, words
from bot.chat.shelf import ChatShelf
from bot.chat.staff import Shown, StaffChat
from bot.notify.accounts import TelegramAccount
from bot.tickets.answers import Answer

log = logging.getLogger(__name__)

CHANNEL = "telegram"
#: seconds between tries to reach Telegram's server
_AGAIN_S = (5.0, 15.0, 60.0)


class TelegramChat:
    """`run()` serves for ever; what a resident sends is answered in order, chat by chat."""

    def __init__(
        self, account: TelegramAccount, residents: Residents, staff: StaffChat, shelf: ChatShelf, poll_s: int = 30
    ) -> None:
        self._residents, self._staff, self._shelf, self._poll_s = residents, staff, shelf, poll_s
        self._in_order: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        builder = ApplicationBuilder().token(account.token).base_url(account.base_url)
        builder = builder.base_file_url(account.base_file_url).concurrent_updates(16)
        self._application: Application[Any, Any, Any, Any, Any, Any] = builder.build()
        self._application.add_handler(TypeHandler(Update, self._take))
        self._application.add_error_handler(_told)

    async def run(self, tell: Callable[[str], None] = log.warning) -> None:
        """Poll until cancelled. A server that cannot be reached is told once and tried again."""
        await self._begin(tell)
        updater = self._application.updater
        assert updater is not None
        try:
            await self._application.start()
            await updater.start_polling(
                timeout=self._poll_s, allowed_updates=["message", "callback_query"], error_callback=_polling
            )
            await asyncio.Event().wait()
        finally:
            if updater.running:
                await updater.stop()
            if self._application.running:
                await self._application.stop()
            await self._application.shutdown()

    async def _begin(self, tell: Callable[[str], None]) -> None:
        tries = 0
        while True:
            try:
                await self._application.initialize()
                return
            except TelegramError as problem:
                if not tries:
                    tell(f"Telegram cannot be reached ({type(problem).__name__}); trying again")
                await asyncio.sleep(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
                tries += 1

    async def _take(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Any update. One that was taken before, also before a restart, is dropped."""
        if update.effective_chat is None:
            return
        name = f"{CHANNEL}-{update.update_id}"
        async with self._in_order[str(update.effective_chat.id)]:
            if await asyncio.to_thread(self._shelf.seen, name):
                return
            try:
                if update.callback_query:
                    await self._pressed(update)
                elif update.message:
                    await self._written(update.message)
            except (Forbidden, BadRequest) as problem:
                log.info("a chat of Telegram's takes no answer: %s", type(problem).__name__)
            # Afterwards: what a fallen service had only begun is taken again.
            await asyncio.to_thread(self._shelf.remember, name)

    # ---- what is pressed ------------------------------------------------------------------------

    async def _pressed(self, update: Update) -> None:
        query = update.callback_query
        assert query is not None and update.effective_chat is not None
        data, chat = query.data or "", str(query.from_user.id)
        verb = data.partition(":")[0]
        if verb in Answer.__members__:
            await query.answer()
            message = Incoming(CHANNEL, str(update.effective_chat.id), f"press-{query.id}")
            await self._show(update, await asyncio.to_thread(self._residents.pressed, message, data))
            return
        staff_no = await asyncio.to_thread(self._shelf.staff_no, CHANNEL, chat)
        if staff_no is None:
            # A stranger learns nothing, not even that the button means something.
            await query.answer()
            return
        shown = await asyncio.to_thread(self._staff.press, staff_no, data)
        await query.answer(shown.text[:200])
        if shown.fresh:
            # the same buttons as before, or a message too old to change
            with contextlib.suppress(BadRequest):
                await query.edit_message_reply_markup(_keyboard(shown))
        await update.effective_chat.send_message(
            shown.text, reply_markup=_keyboard(shown) if not shown.fresh else None
        )

    # ---- what is written ------------------------------------------------------------------------

    async def _written(self, message: Message) -> None:
        if message.chat.type != ChatType.PRIVATE:
            if message.text and message.text.startswith("/start"):
                await message.chat.send_message(words()["group"])
            return
        chat, text = str(message.chat_id), message.text or message.caption or ""
        command, _, payload = text.partition(" ")
        if command == "/link":
            name = await asyncio.to_thread(self._shelf.link, CHANNEL, chat, payload)
            await message.chat.send_message(words()["linked"].format(name=name) if name else words()["bad_code"])
            return
        incoming = Incoming(CHANNEL, chat, f"{chat}-{message.message_id}", text)
        if command == "/start":
            sentences = await asyncio.to_thread(self._residents.start, incoming, payload.strip())
            board = ReplyKeyboardMarkup(words()["board"], resize_keyboard=True)
            await message.chat.send_message("\n".join(sentences), reply_markup=board)
            return
        staff_no = await asyncio.to_thread(self._shelf.staff_no, CHANNEL, chat)
        if staff_no and text and (shown := await asyncio.to_thread(self._staff.write, staff_no, text)):
            await message.chat.send_message(shown.text)
            return
        await self._say(message, await self._residents.answer(await self._with_files(message, incoming)))

    async def _with_files(self, message: Message, incoming: Incoming) -> Incoming:
        """The message with its voice, picture, place or contact."""
        values: dict[str, Any] = {}
        sound = message.voice or message.audio
        picture = message.photo[-1] if message.photo else None
        if message.document and (message.document.mime_type or "").startswith("image/"):
            picture = message.document  # type: ignore[assignment]
        file = sound or picture
        if file is not None:
            if (file.file_size or 0) > FileSizeLimit.FILESIZE_DOWNLOAD:
                values["too_big"] = True
            else:
                data = bytes(await (await file.get_file()).download_as_bytearray())
                values["voice" if sound else "picture"] = data
        if message.location:
            values["location"] = (message.location.latitude, message.location.longitude)
        values["contact"] = message.contact is not None
        return Incoming(incoming.channel, incoming.chat, incoming.id, incoming.text, **values)

    async def _say(self, message: Message, sentences: list[str]) -> None:
        if sentences:
            await message.chat.send_message("\n".join(sentences))

    async def _show(self, update: Update, sentences: list[str]) -> None:
        if sentences and update.effective_chat:
            await update.effective_chat.send_message("\n".join(sentences))


def _keyboard(shown: Shown) -> InlineKeyboardMarkup | None:
    keys = [InlineKeyboardButton(label, callback_data=data) for label, data in shown.choices]
    rows = [keys[at : at + 2] for at in range(0, len(keys), 2)]
    return InlineKeyboardMarkup(rows) if rows else None


def _polling(problem: TelegramError) -> None:
    """The library tries again by itself."""
    log.info("polling Telegram: %s", type(problem).__name__)


async def _told(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """No words of a resident in the log: only what went wrong."""
    log.error("an update of Telegram's could not be handled: %s", type(context.error).__name__)
