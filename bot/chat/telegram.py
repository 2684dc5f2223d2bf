"""Telegram's updates: one Application in the service's event loop, for residents and for staff."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from sqlalchemy.exc import DataError, DBAPIError, StatementError
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message, ReplyKeyboardMarkup, Update
from telegram.constants import ChatType, FileSizeLimit
from telegram.error import RetryAfter, TelegramError
from telegram.ext import Application, ApplicationBuilder, ContextTypes, TypeHandler
from telegram.request import HTTPXRequest

from bot.chat.fetching import Lost, fetch
from bot.chat.inbox import Inbox, InOrder, Kept
from bot.chat.outgoing import Outgoing, Said
from bot.chat.residents import Incoming, Residents
from bot.chat.staff import Shown, StaffChat
from bot.chat.store import ChatShelf
from bot.chat.words import words
from bot.foundation import bodies
from bot.foundation.background import Background
from bot.foundation.backoff import Backoff
from bot.foundation.errors import Unavailable
from bot.foundation.untrusted import Unreadable, json_of, same
from bot.notify.telegram import LONGEST, telling
from bot.replicas.place import ALONE, Owner
from bot.settings.accounts import TelegramAccount
from bot.tickets.intake.channels import Channel
from bot.tickets.owed.answers import Answer

log = logging.getLogger(__name__)

CHANNEL = Channel.telegram
#: seconds between tries to reach Telegram's server
_AGAIN = Backoff(first_s=1.0, most_s=60.0, factor=4.0)
_STUCK_S = 180.0
#: what one service at a time does, and how often (s) the others look whether it still does
POLLING = "telegram updates"
_LOOK_S = 1.0
_WANTED = ["message", "callback_query"]
#: an update holds 4096 characters of text and some names
_LARGEST = 256 * 1024
#: of the first update of an answer that cannot be read otherwise; in a text of somebody's its quotes would be escaped
_FIRST_ID = re.compile(rb'(?<!\\)"update_id"\s*:\s*(\d{1,18})\b')


class TelegramChat:
    """`run()` serves for ever. An update is a row before Telegram may forget it, and is handled from that row."""

    def __init__(
        self,
        account: TelegramAccount,
        residents: Residents,
        staff: StaffChat,
        shelf: ChatShelf,
        inbox: Inbox,
        outgoing: Outgoing,
        poll_s: int = 30,
        owner: Owner = ALONE,
    ) -> None:
        """`owner`: of several services one asks Telegram for updates; it answers no second one."""
        self._account, self._poll_s, self._owner = account, poll_s, owner
        self._residents, self._staff, self._shelf = residents, staff, shelf
        self._inbox, self._outgoing = inbox, outgoing
        self._in_order = InOrder(inbox, self._handle, outgoing.owed, self._sorry)
        builder = ApplicationBuilder().token(account.token).base_url(account.base_url).updater(None)
        self._application: Application[Any, Any, Any, Any, Any, Any] = builder.base_file_url(
            account.base_file_url
        ).build()
        self._application.add_handler(TypeHandler(Update, self._take))
        self._application.add_error_handler(_noted)
        #: no update is put into order while it is looked up which were left behind
        self._keeping = asyncio.Lock()
        self._ready = False
        #: what the update in hand has led to, by update id; an exception when it failed
        self._came: dict[int, list[Said] | Exception] = {}
        self._polling = HTTPXRequest()
        #: confirms all updates before it
        self._offset: int | None = None
        #: asks Telegram for updates; each question waits for one itself
        self.background = Background("telegram", 0.0, self._poll, stuck_after_s=_STUCK_S, again=_AGAIN)
        outgoing.add_ways({CHANNEL: self._show})

    @property
    def _bot(self) -> Bot:
        bot: Bot = self._application.bot
        return bot

    def routes(self) -> list[web.RouteDef]:
        """Where Telegram delivers, when the site wants that."""
        path = urlsplit(self._account.webhook).path
        return [web.post(path or "/", self.deliver)] if self._account.webhook else []

    async def look(self) -> None:
        """Take up what another service has left, or has left to us."""
        if self._ready:
            async with self._keeping:
                self._in_order.put(await asyncio.to_thread(self._inbox.waiting))

    async def run(self, tell: Callable[[str], None] = log.warning) -> None:
        """Serve until cancelled. A server that cannot be reached is told once and tried again."""
        await self._again(self._application.initialize, tell)
        try:
            await self._polling.initialize()
            async with self._keeping:
                self._ready = True
                self._in_order.put(await asyncio.to_thread(self._inbox.waiting))
            if self._account.webhook:
                await self._again(self._ask_for_deliveries, tell)
                await asyncio.Event().wait()
            # Telegram answers no getUpdates while it delivers.
            await self._again(self._bot.delete_webhook, tell)
            await self.background.run()
        finally:
            self._ready = False
            await self._in_order.close()
            await self._polling.shutdown()
            await self._application.shutdown()

    async def _again(self, call: Callable[[], Awaitable[Any]], tell: Callable[[str], None]) -> None:
        tries = 0
        while True:
            try:
                await call()
                return
            except TelegramError as problem:
                if not tries:
                    tell(f"Telegram cannot be reached ({type(problem).__name__}); trying again")
                tries += 1
                await asyncio.sleep(_pause(problem, tries))

    # ---- what arrives ---------------------------------------------------------------------------

    async def _poll(self) -> None:
        """Fetch, write down, and only then ask for the next: asking confirms what came before (Bot API, getUpdates).

        The library's own updater confirms what is still in memory."""
        if not await asyncio.to_thread(self._owner.claim, POLLING):
            self._offset = None
            await asyncio.sleep(_LOOK_S)
            return
        try:
            updates = await self._fetch(self._offset)
        except TelegramError as problem:
            asked = _asked_s(problem) if isinstance(problem, RetryAfter) else None
            raise Unavailable(type(problem).__name__, retry_after=asked) from problem
        await self._keep(updates)
        if updates:
            self._offset = max(int(one["update_id"]) for one in updates) + 1

    async def _fetch(self, offset: int | None) -> list[dict[str, Any]]:
        """Updates as Telegram sent them. Not `get_updates`: that reads all of them at once, so that one which it
        cannot read would hold up everybody for ever. One that nobody can read is fetched alone, and passed over."""
        try:
            return await self._fetch_most(offset, 100)
        except Unreadable:
            return await self._fetch_most(offset, 1)

    async def _fetch_most(self, offset: int | None, most: int) -> list[dict[str, Any]]:
        wanted: dict[str, Any] = {"timeout": self._poll_s, "limit": most, "allowed_updates": json.dumps(_WANTED)}
        if offset:
            wanted["offset"] = offset
        payload = await self._polling._request_wrapper(
            f"{self._bot.base_url}/getUpdates?{urlencode(wanted)}", "POST", read_timeout=self._poll_s + 5
        )
        try:
            found = json_of(payload, _LARGEST * 100)
        except Unreadable:
            first = _FIRST_ID.search(payload)
            if most > 1 or first is None:
                raise
            bodies.count("update")
            return [{"update_id": int(first[1])}]
        result = found.get("result") if isinstance(found, dict) else None
        return (
            [one for one in result if isinstance(one, dict) and _is_id(one.get("update_id"))]
            if isinstance(result, list)
            else []
        )

    async def _ask_for_deliveries(self) -> None:
        await self._bot.set_webhook(
            self._account.webhook, secret_token=webhook_secret(self._account.token), allowed_updates=_WANTED
        )

    async def deliver(self, request: web.Request) -> web.StreamResponse:
        """An update that Telegram brings; it is a row before Telegram hears that it arrived."""
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not same(given, webhook_secret(self._account.token)):
            bodies.count("secret")
            raise web.HTTPForbidden
        body = await bodies.body(request)
        if len(body) > _LARGEST:
            raise web.HTTPRequestEntityTooLarge(_LARGEST, len(body))
        try:
            raw = json_of(body, _LARGEST)
        except Unreadable as unreadable:
            bodies.count(unreadable.reason)
            raise web.HTTPBadRequest from None
        if isinstance(raw, dict) and _is_id(raw.get("update_id")):
            await self._keep([raw])
        else:
            bodies.count("update")
        return web.Response()

    async def _keep(self, updates: Sequence[dict[str, Any]]) -> None:
        kept = [Kept(f"{CHANNEL}-{raw['update_id']}", _chat_of(raw), raw) for raw in updates if _chat_of(raw)]
        async with self._keeping:
            fresh = await asyncio.to_thread(self._kept_rows, kept)
            if self._ready:
                self._in_order.put(fresh)

    def _kept_rows(self, kept: list[Kept]) -> list[Kept]:
        """The new ones, written down. What no database can hold is passed over: else it would come again for ever."""
        try:
            return self._inbox.keep(kept)
        except (StatementError, ValueError, RecursionError) as problem:
            if isinstance(problem, DBAPIError) and not isinstance(problem, DataError):
                raise  # the database is away, not the update odd
            if len(kept) > 1:
                return [fresh for one in kept for fresh in self._kept_rows([one])]
            bodies.count("update")
            return []

    async def _handle(self, kept: Kept) -> list[Said]:
        """An update from its row, through the library; what is to be shown. Raises what went wrong."""
        try:
            update = Update.de_json(kept.raw, self._bot)
        except Exception as problem:
            log.error("update %s makes no sense: %s", kept.id, type(problem).__name__)
            return []
        await self._application.process_update(update)
        came = self._came.pop(update.update_id, [])
        if isinstance(came, Exception):
            raise came
        return came

    async def _sorry(self, kept: Kept) -> list[Said]:
        message = kept.raw.get("message") or {}
        if (message.get("chat") or {}).get("type") != ChatType.PRIVATE:
            return []
        text = str(message.get("text") or message.get("caption") or "")
        return await self._residents.failed(Incoming(CHANNEL, kept.chat, f"{kept.chat}-{message['message_id']}", text))

    async def _take(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        said: list[Said] | Exception = []
        try:
            if update.callback_query:
                said = await self._pressed(update)
            elif update.message:
                said = await self._written(update.message)
        except Exception as problem:
            said = problem
        self._came[update.update_id] = said

    # ---- what is pressed ------------------------------------------------------------------------

    async def _pressed(self, update: Update) -> list[Said]:
        query = update.callback_query
        assert query is not None and update.effective_chat is not None
        data, user, chat = query.data or "", str(query.from_user.id), str(update.effective_chat.id)
        verb = data.partition(":")[0]
        if verb in Answer.__members__:
            await _lightly(query.answer())
            message = Incoming(CHANNEL, chat, f"press-{query.id}")
            return await asyncio.to_thread(self._residents.pressed, message, data)
        staff_no = await asyncio.to_thread(self._shelf.staff_no, CHANNEL, user)
        if staff_no is None:
            # A stranger learns nothing, not even that the button means something.
            await _lightly(query.answer())
            return []
        shown = await asyncio.to_thread(self._staff.press, staff_no, data, (CHANNEL, chat))
        await _lightly(query.answer(shown.text[:200]))
        if shown.fresh:
            await _lightly(query.edit_message_reply_markup(_keyboard(shown.choices)))
        return _said(chat, shown, () if shown.fresh else shown.choices)

    # ---- what is written ------------------------------------------------------------------------

    async def _written(self, message: Message) -> list[Said]:
        chat, text = str(message.chat_id), message.text or message.caption or ""
        if message.chat.type != ChatType.PRIVATE:
            return [Said(CHANNEL, chat, words().group)] if text.startswith("/start") else []
        command, _, payload = text.partition(" ")
        if command == "/link":
            name = await asyncio.to_thread(self._shelf.link, CHANNEL, chat, payload)
            return [Said(CHANNEL, chat, words().linked.format(name=name) if name else words().bad_code)]
        incoming = Incoming(CHANNEL, chat, f"{chat}-{message.message_id}", text)
        if command == "/start":
            return await asyncio.to_thread(self._residents.start, incoming, payload.strip())
        staff_no = await asyncio.to_thread(self._shelf.staff_no, CHANNEL, chat)
        incoming = await self._with_files(message, incoming)
        if staff_no and (shown := await asyncio.to_thread(self._of_staff, staff_no, incoming)):
            return _said(chat, shown, shown.choices)
        return await self._residents.answer(incoming)

    def _of_staff(self, staff_no: str, message: Incoming) -> Shown | None:
        """What belongs to a press of theirs; staff who write of themselves are residents like all."""
        if message.picture is not None:
            return self._staff.picture(staff_no, message.session, message.picture, message.text)
        if not message.text:
            return self._staff.no_words(staff_no)
        return self._staff.write(staff_no, message.text)

    async def _with_files(self, message: Message, incoming: Incoming) -> Incoming:
        """The message with its voice, picture, place or contact."""
        values: dict[str, Any] = {}
        sound = message.voice or message.audio
        picture = message.photo[-1] if message.photo else None
        if message.document and (message.document.mime_type or "").startswith("image/"):
            picture = message.document  # type: ignore[assignment]
        file = sound or picture
        if file is not None:
            kind = "voice" if sound else "picture"
            if (file.file_size or 0) > FileSizeLimit.FILESIZE_DOWNLOAD:
                values["too_big"] = kind
            else:
                try:
                    values[kind] = await fetch(lambda: _download(file))
                except Lost as problem:
                    log.error("a file of Telegram's is lost: %s", problem)
                    values["lost"] = kind
        if message.location:
            values["location"] = (message.location.latitude, message.location.longitude)
        values["contact"] = message.contact is not None
        return Incoming(incoming.channel, incoming.chat, incoming.id, incoming.text, **values)

    # ---- what is shown --------------------------------------------------------------------------

    async def _show(self, name: str, said: Said) -> None:
        markup: Any = _keyboard(said.choices)
        if said.board:
            markup = ReplyKeyboardMarkup(words().board, resize_keyboard=True)
        with telling():
            await self._bot.send_message(said.chat, said.text[:LONGEST], reply_markup=markup)


async def _download(file: Any) -> bytes:
    with telling():
        return bytes(await (await file.get_file()).download_as_bytearray())


def webhook_secret(token: str) -> str:
    """What Telegram shows us with each delivery: known to whoever knows the bot's token, and to nobody else."""
    return hashlib.sha256(f"gege-webhook:{token}".encode()).hexdigest()


def _chat_of(raw: dict[str, Any]) -> str:
    """The chat of an update; empty for what is no message and no press of one."""
    pressed = raw.get("callback_query")
    inner = raw.get("message") or (pressed.get("message") if isinstance(pressed, dict) else None)
    chat = inner.get("chat") if isinstance(inner, dict) else None
    found = chat.get("id") if isinstance(chat, dict) else None
    return str(found) if _is_id(found) else ""


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _said(chat: str, shown: Shown, choices: tuple[tuple[str, str], ...]) -> list[Said]:
    return [Said(CHANNEL, chat, shown.text, choices), *shown.also]


def _keyboard(choices: tuple[tuple[str, str], ...]) -> InlineKeyboardMarkup | None:
    keys = [InlineKeyboardButton(label, callback_data=data) for label, data in choices]
    rows = [keys[at : at + 2] for at in range(0, len(keys), 2)]
    return InlineKeyboardMarkup(rows) if rows else None


async def _lightly(call: Any) -> None:
    """What only decorates a press may fail: a query too old to answer, a message too old to change, a slow server."""
    with contextlib.suppress(TelegramError):
        await call


def _pause(problem: Exception, tries: int) -> float:
    asked = _asked_s(problem) if isinstance(problem, RetryAfter) else None
    return _AGAIN.wait(tries, asked_s=asked) or _AGAIN.most_s


def _asked_s(problem: RetryAfter) -> float:
    asked = problem.retry_after
    return asked.total_seconds() if isinstance(asked, dt.timedelta) else float(asked)


async def _noted(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """No words of a resident in the log: only what went wrong."""
    log.error("an update of Telegram's could not be handled: %s", type(context.error).__name__)
