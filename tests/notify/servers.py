"""Doubles of the messengers' servers on loopback, that behave like the real ones at their worst."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.bench.loopback import served

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def too_many(request: web.Request) -> web.StreamResponse:
    """Telegram's 429."""
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 7}}
    return web.json_response(body, status=429, headers={"Retry-After": "7"})


async def broken(request: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="<html>Bad Gateway</html>")


async def lost(request: web.Request) -> web.StreamResponse:
    """Accepts, and the connection dies before the answer arrives."""
    assert request.transport is not None
    request.transport.abort()
    await asyncio.sleep(1)
    return web.Response()


async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


@dataclass
class Server:
    """One server: what it was sent, and what it does next instead of answering as usual."""

    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    next: list[Answer] = field(default_factory=list)

    async def take(self, request: web.Request, usual: Callable[[], dict[str, Any]]) -> web.StreamResponse:
        body = await request.text()
        got: dict[str, Any] = {
            "path": request.path,
            "query": dict(request.query),
            "headers": dict(request.headers),
            "raw": body,
        }
        if request.content_type == "application/json":
            got["json"] = json.loads(body)
        elif body:
            got["form"] = dict((await request.post()).items()) if request.content_type.startswith("multipart") else {}
            if not got["form"]:
                from urllib.parse import parse_qsl

                got["form"] = dict(parse_qsl(body))
        self.got.append(got)
        if self.next:
            return await self.next.pop(0)(request)
        return web.json_response(usual())


@contextlib.asynccontextmanager
async def serving(app: web.Application, server: Server) -> AsyncIterator[Server]:
    async with served(app) as port:
        server.url = f"http://127.0.0.1:{port}"
        yield server


@contextlib.asynccontextmanager
async def telegram() -> AsyncIterator[Server]:
    """Bot API: sendMessage; a chat "blocked" has blocked the bot, "gone" does not exist."""
    server, app = Server(), web.Application()

    async def send(request: web.Request) -> web.StreamResponse:
        def usual() -> dict[str, Any]:
            form = server.got[-1].get("form") or server.got[-1].get("json") or {}
            chat = str(form.get("chat_id"))
            if chat == "blocked":
                return {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
            if chat == "gone":
                return {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}
            message = {
                "message_id": len(server.got),
                "date": int(time.time()),
                "chat": {"id": 1, "type": "private"},
                "text": form.get("text", ""),
            }
            return {"ok": True, "result": message}

        response = await server.take(request, usual)
        if (
            isinstance(response, web.Response)
            and isinstance(response.body, bytes)
            and b'"error_code": 40' in response.body
        ):
            return web.json_response(json.loads(response.body), status=json.loads(response.body)["error_code"])
        return response

    app.router.add_post("/bot{token}/sendMessage", send)
    async with serving(app, server):
        yield server


@contextlib.asynccontextmanager
async def wecom(life_s: int = 7200) -> AsyncIterator[tuple[Server, Server]]:
    """(messages, tokens): tokens change at each asking; only the newest is good; "nobody" is no member."""
    messages, tokens, app = Server(), Server(), web.Application()
    valid = {"token": ""}

    async def token(request: web.Request) -> web.StreamResponse:
        def usual() -> dict[str, Any]:
            if request.query.get("corpsecret") not in ("app-secret", "kf-secret"):
                return {"errcode": 40001, "errmsg": "invalid credential"}
            valid["token"] = f"token-{len(tokens.got)}"
            return {"errcode": 0, "errmsg": "ok", "access_token": valid["token"], "expires_in": life_s}

        return await tokens.take(request, usual)

    async def send(request: web.Request) -> web.StreamResponse:
        def usual() -> dict[str, Any]:
            if request.query.get("access_token") != valid["token"]:
                return {"errcode": 42001, "errmsg": "access_token expired"}
            missing = messages.got[-1]["json"].get("touser") == "nobody"
            return {"errcode": 0, "errmsg": "ok", "invaliduser": "nobody" if missing else "", "msgid": "x"}

        return await messages.take(request, usual)

    app.router.add_get("/cgi-bin/gettoken", token)
    app.router.add_post("/cgi-bin/message/send", send)
    app.router.add_post("/cgi-bin/kf/send_msg", send)
    async with serving(app, messages):
        tokens.url = messages.url
        yield messages, tokens


@contextlib.asynccontextmanager
async def dingtalk(secret: str, limit: int = 20) -> AsyncIterator[Server]:
    """Checks the signature and its age, and shuts out who sends more than `limit`."""
    server, app = Server(), web.Application()

    async def send(request: web.Request) -> web.StreamResponse:
        def usual() -> dict[str, Any]:
            at, sign = request.query.get("timestamp", "0"), request.query.get("sign", "")
            expected = base64.b64encode(
                hmac.new(secret.encode(), f"{at}\n{secret}".encode(), hashlib.sha256).digest()
            ).decode()
            if sign != expected or abs(time.time() - int(at) / 1000) > 3600:
                return {"errcode": 310000, "errmsg": "sign not match"}
            if len(server.got) > limit:
                return {"errcode": 130101, "errmsg": "send too fast"}
            return {"errcode": 0, "errmsg": "ok"}

        return await server.take(request, usual)

    app.router.add_post("/robot/send", send)
    async with serving(app, server):
        server.url += "/robot/send?access_token=abc"
        yield server


@contextlib.asynccontextmanager
async def plain(answer: dict[str, Any]) -> AsyncIterator[Server]:
    """Takes any POST and answers with `answer`."""
    server, app = Server(), web.Application()

    async def take(request: web.Request) -> web.StreamResponse:
        return await server.take(request, lambda: answer)

    app.router.add_post("/{path:.*}", take)
    async with serving(app, server):
        yield server
