"""The messengers of a site, while the service runs."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from bot.app.parts import Parts
from bot.calling.call_backs import CallBacks
from bot.chat.awaited_word import Waiting
from bot.chat.inbox import Inbox
from bot.chat.outgoing import Outgoing
from bot.chat.residents import Residents
from bot.chat.staff import StaffChat
from bot.chat.takeover import Takeovers
from bot.chat.wecom import RESIDENTS, WeComChat
from bot.foundation.background import Background
from bot.learning.book import CorrectionBook
from bot.speech.port import Recogniser

if TYPE_CHECKING:
    from bot.chat.telegram import TelegramChat


#: it is looked so often (s) for what a service that fell has left
_LOOK_S = 2.0


@contextlib.asynccontextmanager
async def messengers(
    parts: Parts,
    recogniser: Recogniser | None,
    tell: Callable[[str], None],
    call_backs: CallBacks | None = None,
) -> AsyncIterator[list[web.RouteDef]]:
    """Whatever the settings name an account for; gives the routes of callbacks. A messenger that fails never stops
    the telephone."""
    tasks: list[asyncio.Task[None]] = []
    routes: list[web.RouteDef] = []
    wecom: WeComChat | None = None
    chat: TelegramChat | None = None
    settings, database, desk, shelf = parts.settings, parts.database, parts.desk, parts.chats
    backgrounds = parts.backgrounds
    takeovers = Takeovers(database, dt.timedelta(minutes=settings.chat.taken_over_min))
    residents = Residents(parts.dialogue, desk, shelf, recogniser, settings, takeovers, parts.spool)
    book = CorrectionBook(database, settings.learning.relabels_a_day)
    staff = StaffChat(
        desk,
        parts.registry,
        parts.links,
        parts.rules.hours.zone,
        Waiting(database),
        shelf,
        takeovers,
        book,
        call_backs,
    )
    owner = parts.owner
    outgoing = Outgoing(database, dt.timedelta(minutes=settings.chat.answers_for_min), owner=owner, taken=parts.taken)
    looking: list[Background] = []
    if settings.notify.wecom.aes_key:
        wecom = WeComChat(settings.notify.wecom, residents, staff, shelf, Inbox(database, RESIDENTS, owner), outgoing)
        routes += wecom.routes()
        await wecom.start()
        looking.append(Background("wecom updates", _LOOK_S, wecom.look))
        tell("WeCom: callbacks on /wecom/app and /wecom/kf")
    if settings.notify.telegram.token:
        from bot.chat.telegram import CHANNEL, TelegramChat

        inbox = Inbox(database, CHANNEL, owner)
        chat = TelegramChat(settings.notify.telegram, residents, staff, shelf, inbox, outgoing, owner=owner)
        routes += chat.routes()
        looking.append(Background("telegram updates", _LOOK_S, chat.look))
        if not settings.notify.telegram.webhook:
            backgrounds.include(chat.background)
        tasks.append(asyncio.create_task(chat.run(tell), name="telegram"))
        tasks[-1].add_done_callback(lambda task: _ended(task, tell))
        tell("Telegram: listening for residents and staff")
    await outgoing.start()
    if routes or tasks:
        looking.append(Background("answers in chats", _LOOK_S, outgoing.look))
    backgrounds.start(*looking)
    try:
        yield routes
    finally:
        if looking:
            await backgrounds.stop(*looking)
        await outgoing.close()
        if wecom is not None:
            await wecom.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if chat is not None:
            backgrounds.leave_out(chat.background)


def _ended(task: asyncio.Task[None], tell: Callable[[str], None]) -> None:
    if not task.cancelled() and (problem := task.exception()):
        tell(
            f"{task.get_name()} has stopped: {problem}; the rest goes on. Correct [notify.{task.get_name()}] and restart"
        )
