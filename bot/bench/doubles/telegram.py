"""A double of Telegram's Bot API on loopback: long polling, files, and its bad days."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bot.bench.loopback import served
from bot.foundation import bodies

BOT = {"id": 1, "is_bot": True, "first_name": "格格", "username": "gege_bot"}


@dataclass
class TelegramServer:
    """What was sent to it, and the updates it hands out. `bad`: method → answers that come first."""

    url: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    bad: dict[str, list[web.Response]] = field(default_factory=dict)
    #: handed out once more, whatever was confirmed
    replays: list[dict[str, Any]] = field(default_factory=list)
    #: texts of sendMessage, by chat
    shown: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    #: the connections that asked for updates, in order: several services may not take turns
    polled_by: list[int] = field(default_factory=list)
    _ids: int = 1000

    def sent(self) -> list[str]:
        """Texts of sendMessage, in order."""
        return [form.get("text", "") for method, form in self.calls if method == "sendMessage"]

    def of(self, method: str) -> list[dict[str, Any]]:
        return [form for name, form in self.calls if name == method]

    def next_id(self) -> int:
        self._ids += 1
        return self._ids

    def message(self, chat: int, text: str = "", chat_type: str = "private", **more: Any) -> dict[str, Any]:
        """Somebody writes; the update that will be handed out."""
        body = {
            "message_id": self.next_id(),
            "date": int(time.time()),
            "chat": {"id": chat, "type": chat_type},
            "from": {"id": chat, "is_bot": False, "first_name": "黄"},
            **({"text": text} if text else {}),
            **more,
        }
        update = {"update_id": self.next_id(), "message": body}
        self.updates.append(update)
        return update

    def press(self, chat: int, data: str) -> dict[str, Any]:
        """Somebody presses a button under a message."""
        update = {
            "update_id": self.next_id(),
            "callback_query": {
                "id": str(self.next_id()),
                "from": {"id": chat, "is_bot": False, "first_name": "程"},
                "chat_instance": "1",
                "data": data,
                "message": {
                    "message_id": 5,
                    "date": int(time.time()),
                    "chat": {"id": chat, "type": "private"},
                    "text": "单",
                },
            },
        }
        self.updates.append(update)
        return update

    async def until(self, count: int, seconds: float = 20.0) -> list[str]:
        """Wait for so many messages in all; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while len(self.sent()) < count:
                await asyncio.sleep(0.02)
        return self.sent()

    async def quiet(self, seconds: float = 0.5) -> list[str]:
        """Everything handed out and nothing more said."""
        while self.updates:
            await asyncio.sleep(0.02)
        await asyncio.sleep(seconds)
        return self.sent()


@contextlib.asynccontextmanager
async def telegram_server() -> AsyncIterator[TelegramServer]:
    server, app = TelegramServer(), web.Application()

    async def method(request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        try:
            body = (await bodies.body(request)).decode()
        except ConnectionResetError:  # whoever was speaking has died
            return web.Response(status=400)
        form: dict[str, Any] = json.loads(body) if request.content_type == "application/json" else dict(parse_qsl(body))
        form |= request.query
        server.calls.append((name, form))
        if server.bad.get(name):
            return server.bad[name].pop(0)
        result: Any = True
        if name == "getMe":
            result = BOT
        elif name == "getUpdates":
            server.polled_by.append(request.transport.get_extra_info("peername")[1] if request.transport else 0)
            # As the Bot API says: an update is confirmed, and forgotten, by asking for a higher one.
            server.updates = [one for one in server.updates if one["update_id"] >= int(form.get("offset") or 0)]
            result, server.replays = [*server.replays, *server.updates][: int(form.get("limit", 100))], []
            if not result:
                await asyncio.sleep(0.05)
        elif name == "sendMessage":
            server.shown[str(form["chat_id"])].append(form["text"])
            chat = {"id": int(form["chat_id"]), "type": "private"}
            result = {"message_id": server.next_id(), "date": int(time.time()), "chat": chat, "text": form["text"]}
        elif name == "getFile":
            result = {"file_id": form["file_id"], "file_unique_id": "u", "file_path": f"files/{form['file_id']}"}
        return web.json_response({"ok": True, "result": result})

    async def file(request: web.Request) -> web.StreamResponse:
        return web.Response(body=server.files[request.match_info["name"]])

    app.router.add_post("/bot{token}/{method}", method)
    app.router.add_get("/file/bot{token}/files/{name}", file)
    async with served(app) as port:
        server.url = f"http://127.0.0.1:{port}"
        yield server
