"""A turn that somebody types, on a page or from a program; the reply's sound, and the case of the conversation."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from aiohttp import web

from bot.database import now
from bot.dialogue.port import Dialogue, Reply, Understanding
from bot.foundation.bodies import body_json
from bot.foundation.recent import Recent
from bot.foundation.widths import plain
from bot.settings import Settings
from bot.speech.audio import wav_bytes
from bot.speech.speak import Voice, VoiceFailed
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.unclear import Intake
from bot.tickets.own_case import OwnTurn
from bot.web.cases import Cases, session_of
from bot.web.guard import Refused, sentence
from bot.web.origin import Origins
from bot.web.view import ResidentReply, shown
from bot.web.waiting import WaitingTurns
from bot.web.words import words

log = logging.getLogger(__name__)

_MAX_TEXT = 5000
_SPEECH_RATE = 16000
_REMEMBERED = 1000
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DIALLED = re.compile(r"[A-Za-z0-9_+-]{0,40}")


class Conversation:
    """Handlers of one site. It remembers what Gege said, to speak that and nothing else."""

    def __init__(
        self,
        dialogue: Dialogue,
        voice: Voice | None,
        settings: Settings,
        intake: Intake,
        cases: Cases,
        hears: bool,
        origins: Origins,
        waiting: WaitingTurns | None = None,
    ) -> None:
        """`hears`: there is a telephone on the page; `origins`: which network a turn comes from; `waiting`: whom it keeps
        when too many write at once."""
        self._dialogue, self._voice, self._hears = dialogue, voice, hears
        self._settings, self._intake, self._cases, self._origins = settings, intake, cases, origins
        self._said: Recent[str, str] = Recent(_REMEMBERED)
        #: what was answered last in a session: a page shows it though its row is not written yet, or never is
        self._answered: Recent[str, OwnTurn] = Recent(_REMEMBERED)
        self._salt = secrets.token_bytes(16)
        self._waiting = waiting
        if waiting is not None:
            waiting.on_answer = self._note

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/turn", self.turn),
            web.get("/api/case", self.case),
            web.get("/api/speech/{id}.wav", self.speech),
            web.get("/live", self.health),
            web.get("/healthz", self.health),
        ]

    @property
    def hears(self) -> bool:
        """Whether there is a telephone on the page."""
        return self._hears

    @property
    def speaks(self) -> bool:
        """Whether what Gege writes can be heard."""
        return self._voice is not None

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "hears": self._hears, "speaks": self._voice is not None})

    async def turn(self, request: web.Request) -> web.Response:
        """`{session, text, caller?, dialled?, id?}`; the same id twice is one turn. `caller` is where to call back."""
        _, view = await self.answered(await self.heard(request))
        return web.json_response(view)

    async def heard(self, request: web.Request) -> Heard:
        """The turn that a page sends. Raises Refused."""
        body = await body_json(request)
        if not isinstance(body, dict):
            raise Refused("no_json")
        return self.heard_in(body, request)

    def heard_in(self, body: dict[str, Any], request: web.Request) -> Heard:
        """The turn that somebody has written and sent. Raises Refused."""
        text = body.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Refused("empty")
        if len(text) > _MAX_TEXT:
            raise Refused("too_long", 413)
        return self._heard(body, text, self._origins.digest(request))

    async def case(self, request: web.Request) -> web.Response:
        """The case of this browser's conversation as it stands now."""
        return web.json_response(shown(await self._cases.of_session(session_of(request.query))))

    async def speech(self, request: web.Request) -> web.Response:
        """The sound of something that Gege has said; nothing else can be spoken."""
        text = self._said.get(request.match_info["id"])
        if text is None:
            raise Refused("not_found", 404)
        if self._voice is None:
            raise Refused("no_voice", 503)
        try:
            pcm = await self._voice.say(text, _SPEECH_RATE)
        except VoiceFailed:
            log.exception("a reply could not be spoken")
            return sentence("no_voice", 503)
        samples = np.frombuffer(pcm, "<i2").astype(np.int16)
        return web.Response(
            body=wav_bytes(samples, _SPEECH_RATE),
            content_type="audio/wav",
            headers={"Cache-Control": "private, max-age=600"},
        )

    async def answered(self, heard: Heard) -> tuple[Understanding | None, dict[str, Any]]:
        """(what was understood, what the resident's page is shown) of a turn."""
        if self._waiting is not None and self._waiting.must_wait(heard, heard.session not in self._answered):
            try:
                await self._waiting.keep(heard)
            except Exception:
                log.exception("a turn that should wait was not kept; it is taken at once")
            else:
                return None, self._kept(heard)
        try:
            reply = (self._waiting and self._waiting.answer(heard.id)) or await self._dialogue.turn(heard)
        except Exception:
            log.exception("the dialogue broke on a browser's turn")
            told = await self._give_to_a_person(heard, "dialogue_failed")
            self._answered[heard.session] = OwnTurn(heard.id, heard.text, tuple(told["sentences"]), now())
            return None, told
        self._note(heard, reply)
        if self._waiting is not None:
            self._waiting.saw(heard, reply)
        said = ResidentReply.of(reply, self.speech_of(reply.text))
        return reply.understanding, shown(said, await self._cases.of_session(heard.session))

    def _note(self, heard: Heard, reply: Reply) -> None:
        self._answered[heard.session] = OwnTurn(heard.id, heard.text, reply.sentences, now())

    @property
    def again_s(self) -> int:
        """Whoever waits for an answer asks again after so many seconds."""
        return self._waiting.again_s if self._waiting is not None else 0

    def _kept(self, heard: Heard) -> dict[str, Any]:
        """It is committed, and answered when it is its turn: the same id asks for the answer."""
        told = (words().waiting,)
        self._answered[heard.session] = OwnTurn(heard.id, heard.text, told, now())
        return shown(ResidentReply(told, speech=self.speech_of(told[0]), again_s=self.again_s))

    async def _give_to_a_person(self, heard: Heard, reason: str) -> dict[str, Any]:
        try:
            await self._intake(heard, reason)
        except Exception:
            log.exception("the intake broke as well")
            raise Refused("lost", 500) from None
        failed = words().errors["failed"]
        return shown(ResidentReply((failed,), error=failed), await self._cases.of_session(heard.session))

    def with_answer(self, session: str, turns: Sequence[OwnTurn]) -> list[OwnTurn]:
        """A page's turns, with what was answered last: of danger, the words of safety come before the turn is over."""
        last = self._answered.get(session)
        if last is None:
            return list(turns)
        if last.id not in {one.id for one in turns}:
            return [*turns, last] if not turns or turns[-1].at <= last.at else list(turns)
        return [last if one.id == last.id and not one.sentences else one for one in turns]

    def speech_of(self, text: str) -> str | None:
        """Where the sound of something that Gege has said is; None where nothing is spoken."""
        if self._voice is None or not text:
            return None
        # The same sentence keeps its name, so that a page that is drawn again pushes nothing out.
        name = hashlib.blake2b(text.encode(), key=self._salt, digest_size=16).hexdigest()
        self._said[name] = text
        return f"/api/speech/{name}.wav"

    def _heard(self, values: Any, text: str, origin: str) -> Heard:
        session = session_of(values)
        caller, dialled, id = (values.get(name) or "" for name in ("caller", "dialled", "id"))
        if not all(isinstance(each, str) for each in (caller, dialled, id)):
            raise Refused("no_json")
        turn_id = id if _ID.fullmatch(id) else secrets.token_hex(12)
        return Heard(
            id=f"{session[:36]}-{turn_id}"[:64],
            session=session,
            text=text.strip(),
            caller=Caller.by(Channel.web, re.sub(r"[^0-9+]", "", plain(caller))[:20]),
            dialled=dialled if _DIALLED.fullmatch(dialled) else "",
            origin=origin,
        )
