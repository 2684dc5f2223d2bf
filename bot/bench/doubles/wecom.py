"""A double of WeCom's server on loopback: 微信客服 with its cursor, the application's messages, files."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.bench.loopback import served
from bot.foundation import bodies


@dataclass
class WeChatServer:
    """kf/sync_msg with a cursor, kf/send_msg, media/get."""

    url: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    media: dict[str, bytes] = field(default_factory=dict)
    #: texts that customers were shown, by customer: a second message of one msgid is dropped
    shown: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    #: what staff were sent by the application
    told: list[dict[str, Any]] = field(default_factory=list)
    #: answers of kf/sync_msg that come first
    away: list[web.Response] = field(default_factory=list)
    #: answers of kf/send_msg that come first
    bad: list[dict[str, Any]] = field(default_factory=list)

    def says(self, kind: str = "text", user: str = "wm1", **body: Any) -> None:
        """A customer writes; the row that will be handed out."""
        number = len(self.rows)
        self.rows.append(
            {
                "msgid": f"m{number}",
                "origin": 3,
                "external_userid": user,
                "msgtype": kind,
                kind: body,
                "open_kfid": "wk1",
            }
        )


@contextlib.asynccontextmanager
async def wechat_server() -> AsyncIterator[WeChatServer]:
    server, app = WeChatServer(), web.Application()
    known = set[str]()

    async def token(request: web.Request) -> web.StreamResponse:
        return web.json_response({"errcode": 0, "access_token": "t", "expires_in": 7200})

    async def sync(request: web.Request) -> web.StreamResponse:
        body = await bodies.body_json(request)
        if server.away:
            return server.away.pop(0)
        start = int(body["cursor"] or 0)
        page = server.rows[start : start + 2]
        more = start + 2 < len(server.rows)
        return web.json_response(
            {"errcode": 0, "msg_list": page, "next_cursor": str(start + len(page)), "has_more": int(more)}
        )

    async def send(request: web.Request) -> web.StreamResponse:
        body = await bodies.body_json(request)
        server.sent.append(body)
        if server.bad:
            return web.json_response(server.bad.pop(0))
        if body.get("msgid") not in known or "text" not in body:
            known.add(body.get("msgid"))
            server.shown[body["touser"]].append((body.get("text") or {}).get("content", ""))
        return web.json_response({"errcode": 0})

    async def tell(request: web.Request) -> web.StreamResponse:
        server.told.append(await bodies.body_json(request))
        return web.json_response({"errcode": 0, "invaliduser": ""})

    async def media(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        data = server.media[request.query["media_id"]]
        for at in range(0, len(data), 50_000):  # as a slow network gives it
            await response.write(data[at : at + 50_000])
            await asyncio.sleep(0)
        await response.write_eof()
        return response

    app.router.add_get("/cgi-bin/gettoken", token)
    app.router.add_post("/cgi-bin/kf/sync_msg", sync)
    app.router.add_post("/cgi-bin/kf/send_msg", send)
    app.router.add_post("/cgi-bin/message/send", tell)
    app.router.add_get("/cgi-bin/media/get", media)
    async with served(app) as port:
        server.url = f"http://127.0.0.1:{port}"
        yield server
