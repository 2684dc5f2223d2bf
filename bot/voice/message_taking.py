"""When parts of a call fail, or nobody is free to understand: everything is said after a tone, for a person to hear."""

from __future__ import annotations

from collections.abc import Sequence

from bot.lines.tones import beep
from bot.tickets.intake.heard import Heard
from bot.voice.call_parts import CallParts
from bot.voice.ear import Gone, Left, Said
from bot.voice.keypad import Keyed
from bot.voice.prompts import prompts
from bot.voice.record import TurnStory

#: a message with less voice than this (s) says nothing
_MESSAGE_S = 0.5


class MessageTaking:
    """Takes a message in one call; every method returns the call's outcome."""

    def __init__(self, call: CallParts) -> None:
        self._call = call

    async def broken(self, turn: TurnStory, heard: Heard, reason: str) -> str:
        """What was said is kept at once; then everything may be said after the tone, for a person to hear."""
        turn.ticket_no = await self._call.keep(heard, reason)
        self._call.story.ticket_no = turn.ticket_no or self._call.story.ticket_no
        turn.said = [prompts().message]
        self._call.tell_turn(turn)
        return await self._message([prompts().message], reason)

    async def no_seat(self) -> str:
        """Nobody is free to understand: what is known of the area is told, if it was not yet, then a message is taken."""
        known = (await self._call.known()).sentences
        deaf = self._call.recogniser is None
        first = prompts().message if deaf else prompts().storm
        left = [each for each in known if each not in self._call.lately]
        return await self._message([*left, first], "no_recogniser" if deaf else "storm")

    async def _message(self, sentences: Sequence[str], reason: str) -> str:
        await self._call.speak(sentences, firm=len(sentences))
        await self._call.line.play(beep(self._call.line.rate)).over.wait()
        self._call.ear.take_message()
        person, left, gone = False, Left("", 0.0), False
        while True:
            self._call.waiting = True
            noticed = await self._call.ear.inbox.get()
            self._call.waiting = False
            if isinstance(noticed, Left):
                left = noticed
                break
            if isinstance(noticed, Gone):
                gone = True
                break
            if isinstance(noticed, Said) and (noticed.speech.text or noticed.failed):
                # Said while the tone was announced: it is a part of the message.
                speech = noticed.speech
                earlier = self._call.heard(
                    speech.text, speech.alternatives, noticed.recording, speech.ear, speech.unclear
                )
                self._call.story.ticket_no = await self._call.keep(earlier, reason) or self._call.story.ticket_no
        turn = self._call.new_turn(TurnStory(recording=left.recording))
        kept = self._call.story.ticket_no
        if left.voiced >= _MESSAGE_S:
            kept = turn.ticket_no = await self._call.keep(self._call.heard("", (), left.recording), reason)
        self._call.story.ticket_no = kept or self._call.story.ticket_no
        self._call.tell_turn(turn)
        while not self._call.ear.inbox.empty():
            noticed = self._call.ear.inbox.get_nowait()
            gone = gone or isinstance(noticed, Gone)
            person = person or (isinstance(noticed, Keyed) and noticed.digits == "0")
        if gone:
            return "message" if kept else "hung_up"
        if person or kept is None:
            return await self._call.hand_over(turn, [prompts().failed if kept else prompts().message_lost])
        await self._call.speak([prompts().message_kept], turn, firm=1)
        return "message"
