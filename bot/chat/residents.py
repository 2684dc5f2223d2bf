"""A resident in a messenger, whichever it is: what they send becomes a turn of the dialogue, and nothing is lost."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from bot.chat.outgoing import Said
from bot.chat.store import ChatShelf, NotAPicture
from bot.chat.takeover import Takeovers, Talk
from bot.chat.words import words
from bot.database import now
from bot.dialogue.danger import HAZARD
from bot.dialogue.port import Dialogue
from bot.foundation.recent import Recent
from bot.notify.harmless import harmless
from bot.notify.masking import mask
from bot.notify.texts import button
from bot.recordings.files import keep_file
from bot.recordings.room import keep_recording, name_for
from bot.settings import Settings
from bot.speech.audio import AudioRefused, Sound, read_sent
from bot.speech.decoder import AMR_MAGIC
from bot.speech.port import HeardSpeech, Likely, Recogniser, RecogniserFailed
from bot.tickets.cards import TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.danger import danger_in
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.unclear import ForAPerson, Intake
from bot.tickets.reporter import Reporter

log = logging.getLogger(__name__)

_RATE = 16_000
#: one voice note, seconds
_LONGEST_S = 300.0
#: chats whose open question is remembered
_REMEMBERED = 1000


@dataclass(frozen=True)
class Incoming:
    """One message of a resident. `id` is unique with its messenger; the same id twice is the same message."""

    channel: str
    chat: str
    id: str
    text: str = ""
    voice: bytes | None = None
    picture: bytes | None = None
    location: tuple[float, float] | None = None
    contact: bool = False
    #: "voice" or "picture" when that is too large for the messenger to hand over, or could not be fetched
    too_big: str = ""
    lost: str = ""

    @property
    def session(self) -> str:
        return f"{self.channel}:{self.chat}"

    @property
    def caller(self) -> Caller:
        return Caller.by(self.channel, self.chat)

    @property
    def reporter(self) -> Reporter:
        return Reporter(self.caller, self.session)

    def heard(self, text: str, recording: str = "", part: str = "") -> Heard:
        """What came, to be kept; `part` tells the pieces of one message apart."""
        id = f"{self.channel}-{self.id}{part}"
        return Heard(id, self.session, text, caller=self.caller, recording=recording)

    def says(self, *sentences: str, board: bool = False) -> list[Said]:
        """Sentences for this chat, as one message."""
        return [Said(self.channel, self.chat, "\n".join(sentences), board=board)] if any(sentences) else []


class Residents:
    """`answer` says what to show."""

    def __init__(
        self,
        dialogue: Dialogue,
        desk: TicketDesk,
        shelf: ChatShelf,
        recogniser: Recogniser | None,
        settings: Settings,
        takeovers: Takeovers,
        intake: Intake | None = None,
    ) -> None:
        """`intake`: where goes what nobody here understands."""
        self._intake = intake or ForAPerson(desk)
        self._dialogue, self._desk, self._shelf = dialogue, desk, shelf
        self._recogniser, self._settings, self._takeovers = recogniser, settings, takeovers
        #: session → what was asked last: a voice note is likely to answer it
        self._asked: Recent[str, str] = Recent(_REMEMBERED)

    async def answer(self, message: Incoming) -> list[Said]:
        """What to show, to the resident and to whoever talks to them. Raises what goes wrong here: try again."""
        talk = await asyncio.to_thread(self._takeovers.of_resident, message.channel, message.chat, now())
        if talk is not None:
            return await self._relayed(message, talk)
        return message.says(*await self._answer(message))

    async def failed(self, message: Incoming) -> list[Said]:
        """It went wrong here too often: a person looks at it."""
        try:
            await self._for_a_person(message, "", "dialogue_failed")
        except Exception:
            log.exception("message %s of %s reaches nobody", message.id, message.channel)
        return message.says(words().failed)

    def pressed(self, message: Incoming, data: str) -> list[Said]:
        """A button below a question of ours: "good:GD…"."""
        answers = words().answers
        try:
            done = self._desk.answers.press(data, message.reporter)
        except TicketRefused:
            return message.says(answers["none"])
        return message.says(answers[done.answer] if done.fresh else answers["again"])

    def start(self, message: Incoming, payload: str) -> list[Said]:
        """The first screen; `payload` is what the board's code carries ("grid_24")."""
        if payload:
            self._shelf.opened(message.session, payload[:40])
        return message.says(words().start.strip(), board=True)

    async def _answer(self, message: Incoming) -> list[str]:
        if message.too_big or message.lost:
            return await self._missing(message)
        if message.voice is not None:
            return await self._voice(message, message.voice)
        if message.picture is not None:
            return await self._picture(message, message.picture)
        if message.location is not None:
            return self._place(message.location)
        if message.contact:
            return [words().contact]
        if message.text.strip():
            return await self._turn(message, message.text)
        return [words().unknown_kind]

    async def _missing(self, message: Incoming) -> list[str]:
        """A file did not come. What was written with it counts; a voice note that nobody heard goes to a person."""
        kind = message.too_big or message.lost
        told = (words().too_big if message.too_big else words().lost)[kind]
        if message.text.strip():
            return [told, *await self._turn(message, message.text)]
        if kind == "voice":
            await self._for_a_person(message, "", "no_file")
        return [told]

    async def _turn(self, message: Incoming, text: str, recording: str = "") -> list[str]:
        return await self._spoken(message, HeardSpeech(text), recording)

    async def _spoken(self, message: Incoming, speech: HeardSpeech, recording: str = "") -> list[str]:
        heard = Heard(
            id=f"{message.channel}-{message.id}",
            session=message.session,
            text=speech.text,
            alternatives=speech.alternatives,
            caller=message.caller,
            dialled=await asyncio.to_thread(self._shelf.dialled, message.session),
            recording=recording,
            ear=speech.ear,
            unclear=speech.unclear,
        )
        reply = await self._dialogue.turn(heard)
        self._asked[message.session] = str(reply.detail.get("asks") or reply.question or "")
        if reply.ticket_no:
            await asyncio.to_thread(self._shelf.claim_pictures, message.session, reply.ticket_no)
        return list(reply.sentences)

    async def _voice(self, message: Incoming, data: bytes) -> list[str]:
        """Kept first, then understood; what is not understood a person hears."""
        try:
            sound = await asyncio.to_thread(read_sent, data, _RATE, longest_s=_LONGEST_S)
        except AudioRefused:
            # In a format that nobody here can play: whoever has the case downloads it.
            ticket_no = await self._for_a_person(message, "", "not_playable")
            await asyncio.to_thread(self._keep_bytes, message, data, ticket_no)
            return [words().not_playable]
        recording = await asyncio.to_thread(self._keep, message, sound)
        if self._recogniser is None:
            await self._for_a_person(message, recording, "no_recogniser")
            return [words().no_recogniser]
        try:
            heard = await self._recognise(message, sound)
        except RecogniserFailed:
            heard = None
        if heard is None or not heard.text:
            await self._for_a_person(message, recording, "not_heard")
            return [words().not_heard]
        return await self._spoken(message, heard, recording)

    async def _recognise(self, message: Incoming, sound: Sound) -> HeardSpeech:
        assert self._recogniser is not None
        session = self._recogniser.begin(sound.rate, Likely(self._asked.get(message.session, "")))
        pcm = sound.samples.astype("<i2").tobytes()
        for at in range(0, len(pcm), sound.rate):
            await session.feed(pcm[at : at + sound.rate])
        return await session.finish()

    def _keep(self, message: Incoming, sound: Sound) -> str:
        name = name_for(message.channel, message.id)
        try:
            return keep_recording(self._settings, name, sound.samples.astype("<i2").tobytes(), sound.rate)
        except FileExistsError:
            return name  # the same message again
        except Exception:
            log.exception("a voice note could not be kept")
            return ""

    def _keep_bytes(self, message: Incoming, data: bytes, ticket_no: str) -> None:
        kind = "amr" if data.startswith(AMR_MAGIC) else "sound"
        digest = hashlib.sha256(data).hexdigest()
        name = keep_file(self._settings, name_for("files", message.channel, message.id), data)
        self._shelf.attach(message.session, ticket_no, name, kind, digest)

    async def _for_a_person(self, message: Incoming, recording: str, reason: str) -> str:
        """Somebody listens, and calls or writes back. → the ticket's number"""
        return await self._intake(message.heard(message.text, recording), reason) or ""

    # ---- while a person talks -------------------------------------------------------------------

    async def _relayed(self, message: Incoming, talk: Talk) -> list[Said]:
        """The bot is silent, and staff read what the resident sends. Danger is acted on all the same."""
        shown, heard, sentences = await self._to_relay(message, talk)
        spoken = heard.text
        await asyncio.to_thread(self._write_down, message, talk, shown, spoken)
        said = words().talk
        # What the two write stays with the messenger that they share; another one gets it masked.
        text = shown if Channel(talk.channel).company == Channel(talk.staff_channel).company else mask(shown)
        text = harmless(text)
        end = ((button("end"), f"end:{talk.ticket_no}"),)
        staff = [Said(talk.staff_channel, talk.staff_chat, said.to_staff.format(text=text), end)]
        if spoken and await self._dangerous(heard, message, talk):
            answer = await self._spoken(message, heard)
            sentences += answer
            staff.append(Said(talk.staff_channel, talk.staff_chat, said.answered.format(text="".join(answer))))
        return [*message.says(*sentences), *staff]

    async def _to_relay(self, message: Incoming, talk: Talk) -> tuple[str, HeardSpeech, list[str]]:
        """(what staff read, the resident's own words, what the resident is told)."""
        said, written = words().talk, HeardSpeech(message.text)
        if message.too_big or message.lost:
            told = (words().too_big if message.too_big else words().lost)[message.too_big or message.lost]
            return message.text or said.other, written, [told]
        if message.voice is not None:
            heard = await self._words_of(message, message.voice, talk)
            understood = heard.text and not heard.unclear
            return said.voice.format(text=heard.text) if understood else said.voice_unheard, heard, []
        if message.picture is not None:
            try:
                await asyncio.to_thread(self._shelf.keep_picture, message.session, talk.ticket_no, message.picture)
            except NotAPicture:
                return message.text or said.other, written, [words().not_a_picture]
            return said.picture.format(text=message.text), written, []
        kind = "place" if message.location is not None else "contact" if message.contact else "other"
        return message.text or getattr(said, kind), written, []

    async def _words_of(self, message: Incoming, data: bytes, talk: Talk) -> HeardSpeech:
        """What was heard in a voice note, which is kept with the ticket; nothing when nobody here can hear it."""
        try:
            sound = await asyncio.to_thread(read_sent, data, _RATE, longest_s=_LONGEST_S)
        except AudioRefused:
            await asyncio.to_thread(self._keep_bytes, message, data, talk.ticket_no)
            return HeardSpeech("")
        recording = await asyncio.to_thread(self._keep, message, sound)
        await asyncio.to_thread(self._desk.keep, message.heard("", recording, "-sound"))
        try:
            return await self._recognise(message, sound) if self._recogniser else HeardSpeech("")
        except RecogniserFailed:
            return HeardSpeech("")

    def _write_down(self, message: Incoming, talk: Talk, shown: str, spoken: str) -> None:
        if self._desk.keep(message.heard(spoken, part="-talk")):
            self._desk.talked(talk.ticket_no, "resident", shown[:1000])
        self._takeovers.wrote(talk, now())

    async def _dangerous(self, heard: HeardSpeech, message: Incoming, talk: Talk) -> bool:
        """Danger is spoken of in any reading, or was since the person took over: then where it is has to be asked."""
        readings = dict.fromkeys((heard.text, *heard.alternatives))
        if heard.unclear and any(danger_in(reading) for reading in readings):
            return True  # it is asked about
        for reading in [] if heard.unclear else readings:
            if (await self._dialogue.parse(reading)).intent == HAZARD:
                return True
        mine = await asyncio.to_thread(self._desk.open_of, message.reporter)
        return any(card.kind == "hazard" and card.opened_at >= talk.begun_at for card in mine)

    async def _picture(self, message: Incoming, data: bytes) -> list[str]:
        mine = await asyncio.to_thread(self._desk.open_of, message.reporter)
        ticket_no = mine[0].ticket_no if mine else ""
        try:
            await asyncio.to_thread(self._shelf.keep_picture, message.session, ticket_no, data)
        except NotAPicture:
            return [words().not_a_picture]
        if message.text.strip():
            return await self._turn(replace(message, picture=None), message.text)
        return [words().photo_kept if mine else words().photo_first]

    def _place(self, spot: tuple[float, float]) -> list[str]:
        nearest = nearest_community(self._settings.home / "communities.csv", *spot)
        return [words().location.format(community=nearest) if nearest else words().no_places]


def nearest_community(file: Path, latitude: float, longitude: float) -> str | None:
    """The community whose point is nearest, from the site's file (name,lat,lon); None without a usable one."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as rows:
            points = [(row["name"], float(row["lat"]), float(row["lon"])) for row in csv.DictReader(rows)]
    except (OSError, KeyError, ValueError, TypeError):
        return None
    # Within a county a degree of longitude at 29.5° north is 0.87 of one of latitude.
    return min(
        points, key=lambda point: (point[1] - latitude) ** 2 + (0.87 * (point[2] - longitude)) ** 2, default=(None,)
    )[0]
