"""The prompt studio: staff record, one by one, the sentences that Gege says; it speaks with them at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from aiohttp import web

from bot.foundation import bodies
from bot.foundation.words import load
from bot.settings import Settings
from bot.speech.audio import Samples, wav_bytes
from bot.speech.proposals import Proposals
from bot.speech.recorded import RecordedPrompts
from bot.speech.speak import Voice, VoiceFailed
from bot.speech.studio_take import RATE, TakeRefused, accept
from bot.voice.repertoire import Repertoire, Saying, repertoire
from bot.web.guard import Refused
from bot.web.pages import Pages
from bot.web.words import words

log = logging.getLogger(__name__)

_pages, _studio = Pages("trouble.yml"), Pages("studio.yml")
#: a breath after a whole sentence, as after one that the machine speaks (s)
_BREATH_S = 0.3


class SignedIn(Protocol):
    """Somebody of the staff, known by the sign-in."""

    @property
    def staff_no(self) -> str: ...

    @property
    def role(self) -> str: ...


#: who has signed in on this browser; None for a stranger
StaffOf = Callable[[web.Request], Awaitable[SignedIn | None]]


@dataclass(frozen=True)
class StudioWords:
    """studio.yml: why a take is not kept."""

    title: str
    refused: dict[str, str]


@cache
def studio_words() -> StudioWords:
    return load(StudioWords, Path(__file__).with_name("studio.yml"))


class Studio:
    """Handlers of one site. Without `staff_of` it is closed, on every address."""

    def __init__(
        self, settings: Settings, voice: Voice | None, sayings: Repertoire, staff_of: StaffOf | None = None
    ) -> None:
        self._settings, self._voice, self._sayings, self._staff_of = settings.prompts, voice, sayings, staff_of
        self._recorded = RecordedPrompts(Path(settings.home) / "prompts")
        self._proposals = Proposals(Path(settings.home) / "prompts")

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/studio", self.page),
            web.get("/api/studio", self.listing),
            web.get("/api/studio/{name}.wav", self.listen),
            web.get("/api/studio/{name}/sample.wav", self.sample),
            web.put("/api/studio/{name}", self.record),
            web.delete("/api/studio/{name}", self.remove),
            web.get("/api/studio/{name}/proposal.wav", self.listen_to_proposal),
            web.post("/api/studio/{name}/proposal", self.take_proposal),
            web.delete("/api/studio/{name}/proposal", self.bin_proposal),
        ]

    async def page(self, request: web.Request) -> web.StreamResponse:
        closed, _ = await self._closed(request)
        if closed:
            return _pages.page("trouble.html", 403, say=words().errors[closed], back="/")
        return _studio.page("studio.html")

    async def listing(self, request: web.Request) -> web.Response:
        """Groups in the order of recording, each with its sentences and which of them are recorded."""
        await self._staff(request)
        return web.json_response(await asyncio.to_thread(self._listing))

    async def listen(self, request: web.Request) -> web.Response:
        """A recording as it is kept."""
        await self._staff(request)
        saying = await self._saying(request)
        found = await asyncio.to_thread(self._recorded.find, saying.text)
        if found is None:
            raise Refused("not_found", 404)
        return _wav(wav_bytes(found.samples, found.rate))

    async def sample(self, request: web.Request) -> web.Response:
        """How a caller would hear the sentence now, with invented values."""
        await self._staff(request)
        saying = await self._saying(request)
        if self._voice is None:
            raise Refused("no_voice", 503)
        try:
            pcm = await self._voice.say(saying.sample or saying.text, RATE)
        except VoiceFailed:
            log.exception("a sample could not be spoken")
            raise Refused("no_voice", 503) from None
        return _wav(wav_bytes(np.frombuffer(pcm, "<i2").astype(np.int16), RATE))

    async def record(self, request: web.Request) -> web.Response:
        """The body is a sound file. Answers what was kept, or 422 with the reason in plain words."""
        staff = await self._staff(request)
        saying = await self._saying(request)
        data = await bodies.body(request)
        try:
            kept = await asyncio.to_thread(self._keep, saying, data)
        except TakeRefused as refused:
            return _refusal(refused.name, 422)
        except OSError:
            log.exception("a take could not be kept")
            return _refusal("disk", 507)
        log.info("prompt %s recorded by %s", saying.name, staff.staff_no)
        return web.json_response(kept)

    async def remove(self, request: web.Request) -> web.Response:
        """The machine speaks it again."""
        staff = await self._staff(request)
        saying = await self._saying(request)
        try:
            await asyncio.to_thread(self._recorded.remove, saying.text)
        except OSError:
            log.exception("a recording could not be removed")
            return _refusal("disk", 507)
        log.info("prompt %s removed by %s", saying.name, staff.staff_no)
        return web.json_response(self._view(saying))

    async def listen_to_proposal(self, request: web.Request) -> web.Response:
        """A sound that is offered and not in use (bot/speech/proposals.py)."""
        await self._staff(request)
        found = await asyncio.to_thread(self._proposals.find, (await self._saying(request)).text)
        if found is None:
            raise Refused("not_found", 404)
        return _wav(wav_bytes(found.samples, found.rate))

    async def take_proposal(self, request: web.Request) -> web.Response:
        """It becomes the recording, as if a manager had read it."""
        return await self._decide(request, "taken", self._take)

    async def bin_proposal(self, request: web.Request) -> web.Response:
        """It is deleted and not offered again."""
        return await self._decide(request, "thrown away", self._bin)

    async def _decide(
        self, request: web.Request, what: str, act: Callable[[Saying], dict[str, Any] | None]
    ) -> web.Response:
        staff = await self._staff(request)
        saying = await self._saying(request)
        try:
            left = await asyncio.to_thread(act, saying)
        except OSError:
            log.exception("a proposal could not be %s", what)
            return _refusal("disk", 507)
        if left is None:
            return _refusal("no_proposal", 409)
        log.info("proposal %s %s by %s", saying.name, what, staff.staff_no)
        return web.json_response(left)

    # ---- who may --------------------------------------------------------------------------------

    async def _closed(self, request: web.Request) -> tuple[str, SignedIn | None]:
        """(the sentence that says why not, who it is); the first is empty for those who may record."""
        if self._staff_of is None:
            return "studio_no_sign_in", None
        staff = await self._staff_of(request)
        if staff is None:
            return "studio_closed", None
        return ("" if str(staff.role) in self._settings.recorders else "studio_not_yours"), staff

    async def _staff(self, request: web.Request) -> SignedIn:
        closed, staff = await self._closed(request)
        if closed or staff is None:
            raise Refused(closed, 403)
        return staff

    # ---- blocking -------------------------------------------------------------------------------

    def _listing(self) -> dict[str, Any]:
        groups = {name: {"name": name, **asdict(about), "items": []} for name, about in repertoire().groups.items()}
        for saying in self._sayings.sentences():
            groups[saying.group]["items"].append(self._view(saying))
        return {
            "groups": [group for group in groups.values() if group["items"]],
            "longest_s": self._settings.longest_s,
        }

    def _view(self, saying: Saying) -> dict[str, Any]:
        file = self._recorded.file(saying.text)
        proposal = self._proposals.file(saying.text)
        return {
            "name": saying.name,
            "text": saying.text,
            "whole": saying.whole,
            "context": saying.context,
            "sample": saying.sample,
            # Also the version of its sound, so that a browser never plays the old one.
            "recorded": _version(file),
            "proposed": _version(proposal),
        }

    def _keep(self, saying: Saying, data: bytes) -> dict[str, Any]:
        return self._kept(saying, accept(data, self._settings.loudness, self._settings.longest_s))

    def _kept(self, saying: Saying, samples: Samples) -> dict[str, Any]:
        if saying.whole:
            samples = np.concatenate([samples, np.zeros(int(_BREATH_S * RATE), np.int16)])
        self._recorded.keep(saying.text, samples, RATE)
        return {**self._view(saying), "seconds": round(len(samples) / RATE, 2)}

    def _take(self, saying: Saying) -> dict[str, Any] | None:
        found = self._proposals.find(saying.text)
        if found is None:
            return None
        left = self._kept(saying, found.samples)
        self._proposals.taken(saying.text)
        return left

    def _bin(self, saying: Saying) -> dict[str, Any] | None:
        if self._proposals.file(saying.text) is None:
            return None
        self._proposals.bin(saying.text)
        return self._view(saying)

    async def _saying(self, request: web.Request) -> Saying:
        name = request.match_info["name"]
        found = await asyncio.to_thread(self._sayings.sentences)
        saying = next((each for each in found if each.name == name), None)
        if saying is None:
            raise Refused("not_found", 404)
        return saying


def _version(file: Path | None) -> int | None:
    return file.stat().st_mtime_ns // 1_000_000 if file else None


def _refusal(name: str, status: int) -> web.Response:
    return web.json_response({"error": studio_words().refused[name], "name": name}, status=status)


def _wav(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="audio/wav", headers={"Cache-Control": "no-store"})
