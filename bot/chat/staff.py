"""Staff in a messenger: what a button does, and what is said to whoever pressed it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.calling.call_backs import CallBacks
from bot.chat.awaited_word import Wait, Waiting
from bot.chat.outgoing import Said
from bot.chat.store import ChatShelf, NotAPicture
from bot.chat.takeover import Takeovers, Talk
from bot.chat.words import words
from bot.database import now
from bot.doors.devices import PASSWORD_ROLES
from bot.grid.location import PersonCard
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.learning.book import CorrectionBook, learning_words, why
from bot.learning.rules import CorrectionRefused
from bot.notify.links import Links, Purpose
from bot.notify.masking import surname
from bot.notify.texts import button
from bot.sound.times import TimeRefused, read_time
from bot.tickets import presses
from bot.tickets.cards import NotYours, Pressed, TicketCard, TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.labels import labels
from bot.tickets.models import State

#: the messenger and the chat in which staff press and write
Where = tuple[str, str]
NOWHERE: Where = ("", "")


@dataclass(frozen=True)
class Shown:
    """What to show: a sentence, and buttons (label, data) below it."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()
    #: something changed: the buttons of the message that was pressed are out of date
    fresh: bool = False
    #: what others are shown at the same time
    also: tuple[Said, ...] = ()


@dataclass
class StaffChat:
    """One for all messengers."""

    desk: TicketDesk
    registry: Registry
    links: Links | None
    zone: ZoneInfo
    waiting: Waiting
    shelf: ChatShelf
    takeovers: Takeovers
    #: where what was heard wrong is written down to learn from; without it the history has it alone
    book: CorrectionBook | None = None
    #: puts through who presses 打电话; without it there is only the number to be looked at
    call_backs: CallBacks | None = None

    @property
    def _takers(self) -> dict[str, Callable[[Wait, str, dt.datetime], Shown]]:
        """Who takes the word that is waited for, by kind of `Wait`. A taker that wants no further word ends it."""
        return {"comment": self._comment, "wrong": self._wrong, "estimate": self._estimate}

    def press(self, staff_no: str, data: str, where: Where = NOWHERE, at: dt.datetime | None = None) -> Shown:
        """A button: "take:GD…", "eta:GD…:60", "pass:GD…:M12", pressed in the chat `where`. Never raises for what a
        button may carry."""
        at = at or now()
        said = words().staff
        verb, _, rest = data.partition(":")
        number, _, choice = rest.partition(":")
        person = self.registry.person(staff_no)
        if person is None or person.role == Role.supervisor:
            return Shown(said.refused)
        try:
            ticket = self.desk.access.look(number, staff_no, at)
            if ticket is None:
                return Shown(said.gone)
            if verb in ("talk", "end"):
                return self._talk(person, ticket, where, at) if verb == "talk" else self.end(staff_no)
            return self._press(person, ticket, verb, choice, at)
        except NotYours:
            return Shown(said.not_yours)
        except TicketRefused:
            return Shown(said.refused)

    def _press(self, person: PersonCard, ticket: TicketCard, verb: str, choice: str, at: dt.datetime) -> Shown:
        said, number, me = words().staff, ticket.ticket_no, person.staff_no
        press = presses.of_verb(verb)
        if press is not None and press.alone and press.button:
            done = self.desk.press(number, press.button, me, at=at)
            if verb == "done" and done.fresh:
                self.waiting.begin(me, number, "comment", at)
            return self._told(verb, done)
        if verb == "eta" and choice:
            self.waiting.begin(me, number, "estimate", at)
            text = choice + words().minutes if choice.isdigit() else choice
            return self._estimate(Wait(me, number, "estimate", at), text, at)
        if verb == "eta":
            self.waiting.begin(me, number, "estimate", at)
            return Shown(
                said.ask_eta.format(no=number),
                tuple((label, f"eta:{number}:{minutes}") for minutes, label in words().etas.items()),
            )
        if verb == "pass" and choice:
            done = self.desk.press(number, "pass_on", me, to=choice, at=at)
            if done.fresh:
                self.waiting.begin(me, number, "comment", at)
            return self._told("pass", done, to=self._name(choice))
        if verb == "pass":
            return Shown(said.ask_pass.format(no=number), self._others(person, ticket))
        if verb == "wrong":
            self.waiting.begin(me, number, "wrong", at)
            return Shown(said.ask_wrong.format(no=number))
        if verb == "kind":
            return self._kind(me, number, choice)
        if verb == "ring":
            return self._ring(person, ticket)
        return Shown(said.refused)

    def _ring(self, person: PersonCard, ticket: TicketCard) -> Shown:
        """打电话: Gege rings whoever pressed and puts through; where that is not possible the number can be looked at."""
        said, number = words().staff, ticket.ticket_no
        begun = self.call_backs.begin(ticket, person) if self.call_backs is not None else "off"
        url = self.links.url(Purpose.ring, number, person.staff_no) if self.links else ""
        where = said.ring.format(no=number, url=url) if url else said.ring_nowhere.format(no=number)
        told = said.ringing.get(begun, "")
        return Shown(f"{told.format(no=number)}\n{where}" if told else where)

    def write(self, staff_no: str, text: str, at: dt.datetime | None = None) -> Shown | None:
        """A word of staff: it belongs to what they pressed last; None when nothing is waited for."""
        at = at or now()
        if not text.strip():
            return None
        if text.strip() == words().staff.sign_in_word:
            return self._sign_in(staff_no)
        wait, talking = self.waiting.of(staff_no, at), self.takeovers.of_staff(staff_no, at)
        if talking and (wait is None or wait.since < talking[0].begun_at):
            if text.strip() == button("end"):
                return self.end(staff_no)
            return self._relay(*talking, text.strip(), at)
        if wait is None or wait.kind not in self._takers:
            return None
        try:
            return self._takers[wait.kind](wait, text.strip(), at)
        except TicketRefused:
            self.waiting.end(staff_no)
            return Shown(words().staff.refused)

    def _sign_in(self, staff_no: str) -> Shown:
        """登录: a link for this person, once; who needs a password gets the way to it."""
        said, person = words().staff, self.registry.person(staff_no)
        url = self.links.sign_in_url(staff_no, staff_no) if self.links is not None and person is not None else ""
        if not url:
            return Shown(said.sign_in_nowhere)
        if person is not None and person.role in PASSWORD_ROLES:
            return Shown(said.sign_in_desk.format(url=f"{url.partition('/t/')[0]}/desk/sign-in"))
        return Shown(said.sign_in.format(url=url))

    def _estimate(self, wait: Wait, text: str, at: dt.datetime) -> Shown:
        """A time in their own words. It stays waited for: who sees the echo and meant another writes again."""
        here = at.astimezone(self.zone)
        try:
            until = read_time(text, here)
        except TimeRefused as refused:
            return Shown(words().staff.bad_time[refused.doubt])
        done = self.desk.press(wait.ticket_no, "estimate", wait.staff_no, restore_at=until, at=at)
        if self.takeovers.of_staff(wait.staff_no, at):
            self.waiting.end(wait.staff_no)  # what they write next is for the resident
        else:
            self.waiting.begin(wait.staff_no, wait.ticket_no, "estimate", at)
        return self._told("eta", done, when=_when(until, here))

    def picture(
        self, staff_no: str, session: str, data: bytes, text: str = "", at: dt.datetime | None = None
    ) -> Shown | None:
        """A picture of staff: it belongs to what they pressed last, and more of them, and a word, may follow; None when
        nothing is waited for."""
        at, said = at or now(), words().staff
        wait = self.waiting.of(staff_no, at)
        if wait is None or wait.kind != "comment":
            return self.no_words(staff_no, at)
        try:
            self.shelf.keep_picture(session, wait.ticket_no, data, by=staff_no)
        except NotAPicture:
            return Shown(words().not_a_picture)
        try:
            self.desk.press(wait.ticket_no, "comment", staff_no, note=f"{said.photo}{text.strip()[:1000]}", at=at)
        except TicketRefused:
            return Shown(said.refused)
        return Shown(said.photo_kept.format(no=wait.ticket_no))

    def no_words(self, staff_no: str, at: dt.datetime | None = None) -> Shown | None:
        """A picture or a voice note while they talk to a resident: only words go through; None when they do not talk."""
        talking = self.takeovers.of_staff(staff_no, at or now())
        return Shown(words().staff.talk.words_only) if talking and not talking[1] else None

    # ---- talking to the resident ----------------------------------------------------------------

    def _talk(self, person: PersonCard, ticket: TicketCard, where: Where, at: dt.datetime) -> Shown:
        """回话: from now on a person talks, and the bot is silent. Who talks has the ticket."""
        said, number = words().staff.talk, ticket.ticket_no
        if not ticket.caller.channel.relayed or where == NOWHERE:
            return Shown(said.no_chat.format(no=number))
        if ticket.state in (State.closed, State.cancelled, State.merged):
            return Shown(said.late.format(no=number))
        before = self.takeovers.of_staff(person.staff_no, at)
        talk = Talk(ticket.channel, ticket.reporter, number, person.staff_no, *where, begun_at=at, last_at=at)
        if other := self.takeovers.begin(talk):
            return Shown(said.busy.format(no=number, who=self._name(other.staff_no)))
        if ticket.state == State.reported:
            self.desk.press(number, "acknowledge", person.staff_no, at=at)
        also = [resident_hears(talk, "begun", person.name)]
        if before and not before[1] and before[0].chat != talk.chat:
            also.append(resident_hears(before[0], "ended", person.name))
        return Shown(said.begun.format(no=number), end_button(number), also=tuple(also))

    def end(self, staff_no: str) -> Shown:
        """结束: the bot answers the resident again."""
        said, talk = words().staff.talk, self.takeovers.end(staff_no)
        if talk is None:
            return Shown(said.none)
        return Shown(said.ended.format(no=talk.ticket_no), also=(resident_hears(talk, "ended", self._name(staff_no)),))

    def _relay(self, talk: Talk, over: bool, text: str, at: dt.datetime) -> Shown:
        """What staff write goes to the resident, and into the history."""
        if over:
            self.takeovers.end(talk.staff_no)
            again = ((button("talk"), f"talk:{talk.ticket_no}"),)
            return Shown(words().staff.talk.over.format(no=talk.ticket_no), again)
        self.takeovers.wrote(talk, at)
        self.desk.talked(talk.ticket_no, talk.staff_no, text, at)
        return Shown("", also=(resident_hears(talk, "to_resident", self._name(talk.staff_no), text),))

    # ---- what was waited for --------------------------------------------------------------------

    def _comment(self, wait: Wait, text: str, at: dt.datetime) -> Shown:
        note = f"{words_of_kind(wait.kind)}{text[:1000]}"
        self.desk.press(wait.ticket_no, "comment", wait.staff_no, note=note, at=at)
        self.waiting.end(wait.staff_no)
        return Shown(words().staff.noted.format(no=wait.ticket_no))

    def _wrong(self, wait: Wait, text: str, at: dt.datetime) -> Shown:
        """The right words: the history keeps them, and what can be learned from is a correction."""
        noted = self._comment(wait, text, at)
        return self._correct(self.book, wait.staff_no, wait.ticket_no, text, at) if self.book else noted

    def _correct(self, book: CorrectionBook, me: str, number: str, text: str, at: dt.datetime) -> Shown:
        """The right words, to learn from; what kind of case that is, is asked for."""
        said = words().staff
        try:
            kept = book.write(number, me, words=text.strip(), at=at)
        except CorrectionRefused as refused:
            return Shown(said.not_learned.format(no=number, why=why(refused.reason, "zh")))
        kinds = [kind for kind in learning_words().intents if kind != "callback"]
        choices = [(labels().kind(kind), f"kind:{number}:{kept.id}.{kind}") for kind in kinds]
        return Shown(said.corrected.format(no=number), tuple(choices))

    def _kind(self, me: str, number: str, choice: str) -> Shown:
        said = words().staff
        correction, _, kind = choice.partition(".")
        if self.book is None or not correction.isascii() or not correction.isdigit():
            return Shown(said.refused)
        try:
            kept = self.book.complete(int(correction), me, kind=kind)
        except CorrectionRefused:
            return Shown(said.refused)
        told = said.second_person if kept.state == "waiting" else said.noted
        return Shown(told.format(no=number))

    def _told(self, verb: str, done: Pressed, to: str = "", when: str = "") -> Shown:
        text = (
            words()
            .staff.told[verb][done.outcome]
            .format(
                no=done.ticket_no,
                who=done.who_name or done.who,
                since=done.since.astimezone(self.zone).strftime("%H:%M"),
                to=to,
                when=when,
            )
        )
        following = tuple(
            (button(one.verb), f"{one.verb}:{done.ticket_no}") for one in presses.offered(done.state, done.channel)
        )
        return Shown(text, following, fresh=True)

    def _others(self, person: PersonCard, ticket: TicketCard) -> tuple[tuple[str, str], ...]:
        grid = ticket.grid_no or ""
        near: list[Any] = [*self.registry.staff(grid, Role.manager), *self.registry.staff(grid, Role.assistant)]
        people = {one.staff_no: one for one in [*near, *self.registry.duty()] if one.staff_no != person.staff_no}
        return tuple((one.name, f"pass:{ticket.ticket_no}:{number}") for number, one in list(people.items())[:8])

    def _name(self, staff_no: str) -> str:
        person = self.registry.person(staff_no)
        return person.name if person else ""


def resident_hears(talk: Talk, name: str, staff_name: str, text: str = "") -> Said:
    """A sentence of words.yml about, or from, whoever talks to the resident."""
    said = words().talk
    family = surname(staff_name)
    who = said.master.format(surname=family) if family else said.somebody
    return Said(talk.channel, talk.chat, getattr(said, name).format(who=who, text=text))


def end_button(number: str) -> tuple[tuple[str, str], ...]:
    """Below what is said while a person talks."""
    return ((button("end"), f"end:{number}"),)


def _when(instant: dt.datetime, here: dt.datetime) -> str:
    """今天15点30分: an instant as it is echoed."""
    names = words().days
    ahead = (instant.date() - here.date()).days
    day = names[ahead] if ahead < len(names) else words().date.format(month=instant.month, day=instant.day)
    clock = words().clock.minutes if instant.minute else words().clock.full
    return day + clock.format(hour=instant.hour, minute=instant.minute)


def words_of_kind(kind: str) -> str:
    """What stands before a word that corrects; nothing before a comment."""
    return words().corrects if kind == "wrong" else ""
