"""The page's API: a typed or spoken turn, the reply's sound, and the ticket of the conversation."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections import OrderedDict
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from aiohttp import web

from bot.dialogue.port import Dialogue, Heard, Reply
from bot.recordings.keys import KeyRefused
from bot.recordings.room import keep_recording, name_for
from bot.settings import Settings
from bot.speech.audio import AudioRefused, Sound, read_audio, wav_bytes
from bot.speech.recognise import HeardSpeech, Recogniser, RecogniserFailed
from bot.speech.speak import Voice, VoiceFailed
from bot.tickets.desk import TicketDesk
from bot.voice.intake import Intake
from bot.web.guard import Refused, sentence
from bot.web.view import NoticeText, case_view, reply_view
from bot.web.words import words

log = logging.getLogger(__name__)

MAX_BODY = 10 * 1024 * 1024
_MAX_TEXT = 5000
_LONGEST_S = 120.0
_SPEECH_RATE = 16000
_REMEMBERED = 1000
_SESSION = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DIALLED = re.compile(r"[A-Za-z0-9_+-]{0,40}")


class Conversation:
    """Handlers of one site. It remembers which ticket belongs to which browser, and what Gege said."""

    def __init__(
        self,
        dialogue: Dialogue,
        recogniser: Recogniser | None,
        voice: Voice | None,
        desk: TicketDesk,
        settings: Settings,
        intake: Intake,
        text_of: NoticeText,
    ) -> None:
        self._dialogue, self._recogniser, self._voice = dialogue, recogniser, voice
        self._desk, self._settings, self._intake, self._text_of = desk, settings, intake, text_of
        self._zone = ZoneInfo(settings.site.timezone)
        self._tickets: OrderedDict[str, str] = OrderedDict()
        self._said: OrderedDict[str, str] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/start", self.start),
            web.post("/api/turn", self.turn),
            web.post("/api/voice", self.spoken),
            web.get("/api/case", self.case),
            web.get("/api/speech/{id}.wav", self.speech),
            web.get("/healthz", self.health),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "hears": self._recogniser is not None, "speaks": self._voice is not None})

    async def start(self, _request: web.Request) -> web.Response:
        """What the page needs to know before the first turn."""
        return web.json_response(
            {
                "site": self._settings.site.name,
                "line": words().site_line,
                "caller": words().sample_caller,
                "examples": words().examples,
                "hears": self._recogniser is not None,
                "speaks": self._voice is not None,
            }
        )

    async def turn(self, request: web.Request) -> web.Response:
        """`{session, text, caller?, dialled?, id?}`; the same id twice is one turn."""
        try:
            body = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise Refused("no_json") from None
        if not isinstance(body, dict):
            raise Refused("no_json")
        text = body.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Refused("empty")
        if len(text) > _MAX_TEXT:
            raise Refused("too_long", 413)
        return web.json_response(await self._answer(self._heard(body, text)))

    async def spoken(self, request: web.Request) -> web.Response:
        """Body: a sound file, or raw little-endian samples as `audio/l16` with `rate` in the query."""
        if self._recogniser is None:
            raise Refused("no_recogniser", 503)
        heard = self._heard(request.query, "")
        data = await request.read()
        try:
            sound = await asyncio.to_thread(self._sound, request, data)
        except AudioRefused as refused:
            log.info("a browser's sound was refused: %s", refused)
            raise Refused("no_sound") from refused
        recording = await asyncio.to_thread(self._keep, heard.id, sound)
        heard = replace(heard, recording=recording)
        try:
            speech = await self._recognise(sound)
        except RecogniserFailed:
            log.exception("a browser's turn was not recognised")
            return web.json_response(await self._give_to_a_person(heard, "recogniser_failed"), status=500)
        heard = replace(heard, text=speech.text, alternatives=speech.alternatives)
        answer = await self._answer(heard)
        answer["heard"] = {
            "text": speech.text,
            "alternatives": list(speech.alternatives),
            "unknown_share": round(speech.unknown_share, 3),
            "seconds": round(speech.seconds, 2),
        }
        return web.json_response(answer)

    async def case(self, request: web.Request) -> web.Response:
        """The ticket of this browser's conversation as it stands now."""
        session = self._session(request.query)
        return web.json_response(await self._case(self._tickets.get(session)))

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

    async def _answer(self, heard: Heard) -> dict[str, Any]:
        try:
            reply = await self._dialogue.turn(heard)
        except Exception:
            log.exception("the dialogue broke on a browser's turn")
            return await self._give_to_a_person(heard, "dialogue_failed")
        if reply.ticket_no:
            self._remember(self._tickets, heard.session, reply.ticket_no)
        answer = reply_view(reply)
        answer.update(await self._case(self._tickets.get(heard.session)))
        answer["speech"] = self._speech_of(reply)
        return answer

    async def _give_to_a_person(self, heard: Heard, reason: str) -> dict[str, Any]:
        try:
            ticket_no = await self._intake(heard, reason)
        except Exception:
            log.exception("the intake broke as well")
            raise Refused("lost", 500) from None
        if ticket_no:
            self._remember(self._tickets, heard.session, ticket_no)
        failed = words().errors["failed"]
        found = await self._case(ticket_no)
        return {
            "error": failed,
            "reply": failed,
            "sentences": [failed],
            "understanding": None,
            "speech": None,
            **found,
        }

    async def _case(self, ticket_no: str | None) -> dict[str, Any]:
        return await asyncio.to_thread(case_view, self._desk, ticket_no, self._zone, self._text_of)

    def _speech_of(self, reply: Reply) -> str | None:
        if self._voice is None or not reply.text:
            return None
        name = secrets.token_urlsafe(16)
        self._remember(self._said, name, reply.text)
        return f"/api/speech/{name}.wav"

    def _remember(self, kept: OrderedDict[str, str], key: str, value: str) -> None:
        kept[key] = value
        kept.move_to_end(key)
        if len(kept) > _REMEMBERED:
            kept.popitem(last=False)

    def _session(self, values: Any) -> str:
        session = values.get("session")
        if not isinstance(session, str) or not _SESSION.fullmatch(session):
            raise Refused("no_session")
        return f"web-{session}"

    def _heard(self, values: Any, text: str) -> Heard:
        session = self._session(values)
        caller, dialled, id = (values.get(name) or "" for name in ("caller", "dialled", "id"))
        if not all(isinstance(each, str) for each in (caller, dialled, id)):
            raise Refused("no_json")
        turn_id = id if _SESSION.fullmatch(id) else secrets.token_hex(12)
        return Heard(
            id=f"{session[:36]}-{turn_id}"[:64],
            session=session,
            text=text.strip(),
            caller=re.sub(r"[^0-9+]", "", caller)[:20],
            channel="web",
            dialled=dialled if _DIALLED.fullmatch(dialled) else "",
        )

    def _sound(self, request: web.Request, data: bytes) -> Sound:
        if request.content_type == "audio/l16":
            rate = int(asked) if (asked := request.query.get("rate", "16000")).isdecimal() else 0
            samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)
            if not 8000 <= rate <= 48000 or len(samples) > _LONGEST_S * rate or len(samples) == 0:
                raise AudioRefused("raw samples of no use")
            return Sound(samples, rate)
        return read_audio(data, _SPEECH_RATE, longest_s=_LONGEST_S)

    def _keep(self, id: str, sound: Sound) -> str:
        """Kept before it is understood; the page says that it is recorded."""
        name = name_for("web", id)
        try:
            return keep_recording(self._settings, name, sound.samples.astype("<i2").tobytes(), sound.rate)
        except FileExistsError:
            return name  # the same turn, sent again
        except (OSError, KeyRefused):
            log.exception("a browser's sound could not be recorded")
            return ""

    async def _recognise(self, sound: Sound) -> HeardSpeech:
        assert self._recogniser is not None
        session = self._recogniser.begin(sound.rate)
        pcm = sound.samples.astype("<i2").tobytes()
        step = sound.rate // 2 * 2
        for at in range(0, len(pcm), step):
            await session.feed(pcm[at : at + step])
        return await session.finish()
