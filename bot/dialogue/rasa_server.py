"""The other adapter: a Rasa server over HTTP, for a site that runs Rasa on a machine of its own.

`gege rasa-server` starts the server: Rasa's own, loopback by default, with one input channel that asks for a
token (Rasa's stock `/webhooks/rest` has no authentication and is not opened)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.database import Database, patience
from bot.dialogue.events.told import TurnTold
from bot.dialogue.port import Reply, Understanding
from bot.dialogue.turns import RasaDialogue, about_turn, settle, tell_turn
from bot.foundation.background import Background
from bot.foundation.errors import Unavailable
from bot.foundation.untrusted import same
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.spool import Spool

if TYPE_CHECKING:
    from rasa_sdk import Action

_TIMEOUT = aiohttp.ClientTimeout(total=10)


class ServerRefused(Unavailable):
    """The Rasa server does not answer, or refuses the token; the message says which."""


class RasaServerDialogue(RasaDialogue):
    """Rasa at `url`; `token` is the server's."""

    def __init__(
        self, url: str, token: str, desk: TicketDesk, spool: Spool, session_minutes: int = 30, write_s: float = 5.0
    ) -> None:
        super().__init__(desk, spool, write_s, session_minutes)
        self._url, self._token = url.rstrip("/"), token
        self._http: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._http = aiohttp.ClientSession(
            timeout=_TIMEOUT, headers={"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        try:
            await self._rasa_parse("您好")
        except (aiohttp.ClientError, TimeoutError) as problem:
            await self.close()
            raise ServerRefused(
                f"the Rasa server at {self._url} does not answer ({problem}); start it with: gege rasa-server"
            ) from problem

    async def close(self) -> None:
        self._thread_of_writes.shutdown(wait=False)
        if self._http:
            await self._http.close()
            self._http = None

    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        return await self._understand(text, alternatives, question)

    async def _rasa_parse(self, clean: str, question: str = "") -> dict[str, Any]:
        answer = await self._post("/webhooks/gege/parse", {"text": clean, "question": question})
        return dict(answer)

    async def _answer(self, heard: Heard, clean: str, question: str) -> Reply:
        # The server writes: ticket, dialogue and reply are one transaction there.
        answer = await self._post("/webhooks/gege/turn", {"heard": heard.as_json(), "text": clean})
        return Reply.from_json(answer["reply"])

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert self._http is not None, "start() was not called"
        async with self._http.post(self._url + path, json=body) as response:
            if response.status in (401, 403):
                raise ServerRefused(f"the Rasa server at {self._url} refuses the token ([dialogue] token)")
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer


def run_rasa_server(
    settings: Settings,
    database: Database,
    actions: Sequence[Action],
    beside: Sequence[Background] = (),
    told: Callable[[TurnTold], None] | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 5005,
) -> None:
    """Serve the trained model until stopped; `actions` are the site's, run in this process, `beside` runs beside, `told`
    hears of each turn that is committed."""
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import InputChannel

    try:
        from rasa.core.run import configure_app
    except ModuleNotFoundError as missing:
        raise ServerRefused(
            f"Rasa's own server needs {missing.name}, which is not installed: uv sync --locked --extra rasa-server"
        ) from missing
    from sanic import Blueprint, Request
    from sanic.response import HTTPResponse, json

    from bot.dialogue.embedded import handle, understood
    from bot.dialogue.in_process import InProcessActions
    from bot.dialogue.quiet_logs import quiet_rasa
    from bot.dialogue.rasa_patches import pay_once
    from bot.dialogue.responses import say_what_the_file_says
    from bot.dialogue.state import DialogueStore
    from bot.dialogue.training import train
    from bot.dialogue.unswallowed import swallow_nothing

    if not settings.dialogue.token:
        raise ServerRefused("set [dialogue] token in gege.toml first: the server answers nobody without it")
    quiet_rasa()
    expected = f"Bearer {settings.dialogue.token}"
    store = DialogueStore(database, settings.dialogue.session_minutes)
    agent = Agent.load(
        str(train(settings.dialogue_models)), action_endpoint=InProcessActions(actions), tracker_store=store
    )
    assert agent.processor is not None
    say_what_the_file_says(agent.processor.domain)
    pay_once(agent.processor.domain)
    swallow_nothing()
    one_at_a_time = asyncio.Lock()

    class GegeInput(InputChannel):
        """Turns and parses for whoever knows the token."""

        @classmethod
        def name(cls) -> str:
            return "gege"

        def blueprint(self, on_new_message: Callable[[Any], Awaitable[Any]]) -> Blueprint:
            routes = Blueprint("gege_webhook")

            def known(request: Request) -> bool:
                return same(request.headers.get("Authorization", ""), expected)

            @routes.post("/parse")
            async def parse(request: Request) -> HTTPResponse:
                if not known(request):
                    return json({"error": "token"}, status=403)
                body = request.json
                return json(await understood(agent, str(body["text"]), str(body.get("question") or "")))

            @routes.post("/turn")
            async def turn(request: Request) -> HTTPResponse:
                if not known(request):
                    return json({"error": "token"}, status=403)
                heard, text = Heard.from_json(request.json["heard"]), request.json["text"]
                with about_turn(heard), patience(settings.dialogue.write_s):
                    async with one_at_a_time:
                        reply = await settle(
                            database,
                            heard,
                            lambda: handle(agent, store, heard, text),
                            asyncio.to_thread,
                            lambda reply: tell_turn(told, heard, reply, store.latest(heard.session)),
                        )
                return json({"reply": reply.as_json()})

            return routes

    app = configure_app([GegeInput()], cors=None, auth_token=settings.dialogue.token, enable_api=False, port=port)
    app.ctx.agent = agent
    for one in beside:
        app.add_task(one.run())
    app.run(host=host, port=port, workers=1, access_log=False, motd=False)
