"""WeCom's callbacks: staff in the internal application, residents through 微信客服."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import logging
import re
import time
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from aiohttp import web

from bot.chat.fetching import Lost, fetch
from bot.chat.inbox import Inbox, InOrder, Kept
from bot.chat.outgoing import Outgoing, Said
from bot.chat.residents import Incoming, Residents
from bot.chat.staff import Shown, StaffChat
from bot.chat.store import ChatShelf
from bot.chat.words import words
from bot.foundation import bodies
from bot.foundation.backoff import Backoff
from bot.notify.provider import Refused
from bot.notify.wecom import WeComClient, fit
from bot.notify.wecom_crypto import NotFromWeCom, WeComCrypto
from bot.notify.wire import TooLarge
from bot.settings.accounts import WeComAccount
from bot.tickets.intake.channels import Channel
from bot.tickets.owed.answers import Answer

log = logging.getLogger(__name__)

STAFF, RESIDENTS = Channel.wecom, Channel.wechat
_ENCRYPTED = re.compile(r"<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?\s*</Encrypt>")
_COMMAND = re.compile(r"\s*(\S+?)\s*(GD\d{6,14})\s*(\S*)", re.IGNORECASE)
#: a callback is small; a picture comes by another way
_LARGEST = 64 * 1024
#: between tries to read 微信客服, seconds
_AGAIN = Backoff(first_s=1.0, most_s=60.0, factor=4.0, tries=5)
#: WeCom asks again when it has no answer after five seconds
_ANSWER_S = 4.0
#: who sent a message of 微信客服: the customer
_CUSTOMER = 3


class WeComChat:
    """Routes of one site. `close()` when the service stops."""

    def __init__(
        self,
        account: WeComAccount,
        residents: Residents,
        staff: StaffChat,
        shelf: ChatShelf,
        inbox: Inbox,
        outgoing: Outgoing,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`inbox`: of the channel "wechat"."""
        self._account, self._residents, self._staff, self._shelf = account, residents, staff, shelf
        self._inbox, self._outgoing, self._clock = inbox, outgoing, clock
        self._in_order = InOrder(inbox, self._handle, outgoing.owed, self._sorry)
        self._crypto = WeComCrypto(account.token, account.aes_key, account.corp_id)
        self._client = WeComClient(account, account.kf_secret)
        self._app = WeComClient(account, account.secret)
        #: the account that residents write to, as the settings or else the last callback named it
        self._open_kfid = account.open_kfid
        #: callbacks of staff that are being answered: WeCom repeats what takes long
        self._in_hand: set[str] = set()
        self._reading = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()
        outgoing.add_ways({RESIDENTS: self._show_resident, STAFF: self._show_staff})

    async def start(self) -> None:
        """Take up what a fallen service left, and what came while it was away."""
        self._in_order.put(await asyncio.to_thread(self._inbox.waiting))
        if self._account.open_kfid and await asyncio.to_thread(self._shelf.cursor, self._account.open_kfid):
            self._look(self._account.open_kfid, "")

    async def look(self) -> None:
        """Take up what another service has left, or has left to us."""
        self._in_order.put(await asyncio.to_thread(self._inbox.waiting))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/wecom/app", self.verify),
            web.post("/wecom/app", self.from_staff),
            web.get("/wecom/kf", self.verify),
            web.post("/wecom/kf", self.from_residents),
        ]

    async def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._in_order.close()
        await self._client.close()
        await self._app.close()

    async def verify(self, request: web.Request) -> web.StreamResponse:
        """WeCom asks whether this address is ours, once, when it is entered."""
        return web.Response(text=self._open(request, request.query.get("echostr", "")))

    async def from_staff(self, request: web.Request) -> web.StreamResponse:
        """A button of the menu, or words such as 接单 GD2611230001."""
        message = await self._message(request)
        user = message.get("FromUserName", "")
        said = f"{user}\n{message.get('MsgId') or message.get('CreateTime', '')}\n{message.get('EventKey', '')}"
        # A user id may be longer than the column: the digest tells two messages apart whatever their length.
        name = f"{STAFF}-{hashlib.sha256(said.encode()).hexdigest()[:40]}"
        if name in self._in_hand:
            return web.Response()
        self._in_hand.add(name)
        try:
            if await asyncio.to_thread(self._shelf.seen, name):
                return web.Response()
            began = asyncio.get_running_loop().time()
            shown = await self._shown_to_staff(user, message)
            answer, also = shown.text, list(shown.also)
            if asyncio.get_running_loop().time() - began > _ANSWER_S:
                # WeCom no longer listens for this answer; it goes as a message.
                also.append(Said(STAFF, user, answer))
                answer = ""
            await self._outgoing.say(name, also)
            await asyncio.to_thread(self._shelf.remember, name)
        finally:
            self._in_hand.discard(name)
        return self._reply(message, answer) if answer else web.Response()

    async def _shown_to_staff(self, user: str, message: dict[str, str]) -> Shown:
        if message.get("MsgType") == "image":
            return Shown(await self._picture_of_staff(user, message.get("MediaId", "")))
        return await asyncio.to_thread(self._answer_staff, user, message)

    async def _picture_of_staff(self, user: str, media_id: str) -> str:
        staff_no = await asyncio.to_thread(self._shelf.staff_no, STAFF, user)
        if staff_no is None:
            return ""
        known = words().wecom
        try:
            data = await asyncio.wait_for(fetch(lambda: self._app.media(media_id)), _ANSWER_S)
        except (Lost, TimeoutError):
            return str(known.no_photo)
        shown = await asyncio.to_thread(self._staff.picture, staff_no, f"{STAFF}:{user}", data)
        return shown.text if shown else str(known.how)

    def _answer_staff(self, user: str, message: dict[str, str]) -> Shown:
        text, known = message.get("Content", "").strip(), words().wecom
        if text.startswith(known.link):
            name = self._shelf.link(STAFF, user, text.removeprefix(known.link))
            return Shown(words().linked.format(name=name) if name else words().bad_code)
        staff_no = self._shelf.staff_no(STAFF, user)
        if staff_no is None:
            return Shown("")
        if message.get("Event", "").lower() == "click":
            return self._staff.press(staff_no, message.get("EventKey", ""), (STAFF, user))
        if known.verbs.get(text) == "end":
            return self._staff.end(staff_no)
        if command := _COMMAND.fullmatch(text):
            verb, number, choice = command.groups()
            if verb in known.verbs:
                data = ":".join(filter(None, [known.verbs[verb], number.upper(), choice]))
                return self._staff.press(staff_no, data, (STAFF, user))
        return self._staff.write(staff_no, text) or Shown(known.how if text else "")

    async def from_residents(self, request: web.Request) -> web.StreamResponse:
        """微信客服 only says that there is something to read; it wants an answer within five seconds."""
        message = await self._message(request)
        if message.get("Event") == "kf_msg_or_event":
            self._look(message.get("OpenKfId", ""), message.get("Token", ""))
        return web.Response()

    def _look(self, open_kfid: str, token: str) -> None:
        task = asyncio.create_task(self._read(open_kfid, token))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _read(self, open_kfid: str, token: str) -> None:
        """Read on from where we were; a server that is away is asked again, since it knocks only once."""
        self._open_kfid = self._open_kfid or open_kfid
        async with self._reading:
            for failed in itertools.count(1):
                try:
                    await self._pages(open_kfid, token)
                    return
                except Exception as problem:
                    log.error(
                        "微信客服 could not be read: %s",
                        problem if isinstance(problem, Refused) else type(problem).__name__,
                    )
                    wait = None if isinstance(problem, Refused) else _AGAIN.wait(failed)
                    if wait is None:
                        return
                    await asyncio.sleep(wait)

    async def _pages(self, open_kfid: str, token: str) -> None:
        """Write down what came, and only then move on."""
        while True:
            cursor = await asyncio.to_thread(self._shelf.cursor, open_kfid)
            body: dict[str, Any] = {"cursor": cursor, "token": token, "limit": 100, "open_kfid": open_kfid}
            page = await self._client.call("/cgi-bin/kf/sync_msg", body)
            kept = [one for row in page.get("msg_list", ()) if (one := _kept(row))]
            self._in_order.put(await asyncio.to_thread(self._inbox.keep, kept))
            await asyncio.to_thread(self._shelf.move_cursor, open_kfid, str(page.get("next_cursor", cursor)))
            if not page.get("has_more"):
                return

    async def _handle(self, kept: Kept) -> list[Said]:
        row = kept.raw
        kind, user, id = row.get("msgtype", ""), str(row["external_userid"]), str(row["msgid"])
        body = row.get(kind) or {}
        pressed = str(body.get("menu_id", ""))
        if pressed.partition(":")[0] in Answer.__members__:
            return await asyncio.to_thread(self._residents.pressed, Incoming(RESIDENTS, user, id), pressed)
        message = Incoming(RESIDENTS, user, id, **await self._content(kind, body))
        return await self._residents.answer(message)

    async def _sorry(self, kept: Kept) -> list[Said]:
        text = str((kept.raw.get("text") or {}).get("content", ""))
        return await self._residents.failed(Incoming(RESIDENTS, kept.chat, str(kept.raw["msgid"]), text))

    async def _show_resident(self, name: str, said: Said) -> None:
        body = {
            "touser": said.chat,
            "open_kfid": self._open_kfid,
            # WeCom drops a second message with one msgid: a retry is harmless.
            "msgid": f"gege{hashlib.sha256(name.encode()).hexdigest()[:24]}",
            "msgtype": "text",
            "text": {"content": fit(said.text, 2048)},
        }
        await self._client.call("/cgi-bin/kf/send_msg", body)

    async def _show_staff(self, name: str, said: Said) -> None:
        body = {
            "touser": said.chat,
            "msgtype": "text",
            "agentid": self._account.agent_id,
            "text": {"content": fit(said.text, 2048)},
        }
        await self._app.call("/cgi-bin/message/send", body)

    async def _content(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind == "text":
            return {"text": str(body.get("content", ""))}
        if kind in ("voice", "image"):
            name = "voice" if kind == "voice" else "picture"
            try:
                return {name: await fetch(lambda: self._client.media(str(body.get("media_id", ""))))}
            except Lost as problem:
                log.error("a file of 微信客服 is lost: %s", problem)
                return {"too_big" if isinstance(problem.__cause__, TooLarge) else "lost": name}
        if kind == "location":
            return {"location": (float(body.get("latitude", 0)), float(body.get("longitude", 0)))}
        return {}

    # ---- the envelope ---------------------------------------------------------------------------

    def _open(self, request: web.Request, encrypted: str) -> str:
        query = request.query
        try:
            return self._crypto.decrypt(
                query.get("msg_signature", ""),
                query.get("timestamp", ""),
                query.get("nonce", ""),
                encrypted,
                self._clock(),
            )
        except NotFromWeCom as problem:
            log.warning("a callback was not WeCom's: %s", problem)
            raise web.HTTPForbidden from None

    async def _message(self, request: web.Request) -> dict[str, str]:
        # Not content.read(): that gives what has arrived so far, and a body may come in two segments.
        body = await bodies.body(request)
        if len(body) > _LARGEST:
            raise web.HTTPRequestEntityTooLarge(_LARGEST, len(body))
        raw = body.decode("utf-8", "replace")
        found = _ENCRYPTED.search(raw)
        inner = self._open(request, found.group(1) if found else "")
        try:
            return {child.tag: child.text or "" for child in ElementTree.fromstring(inner)}
        except ElementTree.ParseError:
            raise web.HTTPBadRequest from None

    def _reply(self, message: dict[str, str], text: str) -> web.Response:
        at, nonce = str(int(self._clock())), "gege"
        encrypted = self._crypto.encrypt(
            f"<xml><ToUserName>{escape(message.get('FromUserName', ''))}</ToUserName>"
            f"<FromUserName>{escape(message.get('ToUserName', ''))}</FromUserName><CreateTime>{at}</CreateTime>"
            f"<MsgType>text</MsgType><Content>{escape(text)}</Content></xml>"
        )
        signature = self._crypto.signature(at, nonce, encrypted)
        return web.Response(
            text=f"<xml><Encrypt>{encrypted}</Encrypt><MsgSignature>{signature}</MsgSignature>"
            f"<TimeStamp>{at}</TimeStamp><Nonce>{nonce}</Nonce></xml>",
            content_type="text/xml",
        )


def _kept(row: Any) -> Kept | None:
    """What a customer wrote; None for what was sent to them. Chats are answered in order, beside each other."""
    if not isinstance(row, dict):
        bodies.count("update")
        return None
    user, id = str(row.get("external_userid", "")), str(row.get("msgid", ""))
    if row.get("origin") != _CUSTOMER or not user or not id:
        return None
    return Kept(f"{RESIDENTS}-{id}"[:60], user, row)
