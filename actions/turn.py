"""One turn as the conversation sees it: what was said, by whom, and what the call holds so far."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, NamedTuple

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.flows import Flow, flows
from actions.matters import LOGGED, Matter, matters_of, memory_of
from actions.site import Site
from actions.understood import Understood, understood
from bot.foundation.widths import both
from bot.grid.dialled import grid_of_numbers
from bot.grid.location import HouseholdCard, Location, PersonCard
from bot.sound.answers.grammar import Answer
from bot.sound.answers.yes_no import says_more, yes_no
from bot.sound.numbers import in_digits
from bot.tickets.desk import Report, TicketCard
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Kind
from bot.tickets.reporter import GRID_TOLD, Reporter

#: parts of a place whose likely answers the telephone's recogniser is told
_BY_KIND = ("community", "street", "number", "building", "unit", "room", "group", "outside")
#: an answer that is likelier than this is taken; it is read back before anything hangs on it
SURE = 0.6
#: a sentence of one syllable is an answer when it is no longer than so many characters
_DRONE = 12
#: and one that stands in a longer sentence when it is likelier than this
_SURE_OF_MORE = 0.8
_CLAUSE = re.compile("[^" + both(",。!?;、") + "]+")


class _Matched(NamedTuple):
    """What a ticket is told of household and grid, and the facts beside them."""

    household_no: str | None
    grid_no: str | None
    facts: dict[str, Any]


class Turn:
    """Reads the call's memory and the latest message, collects what is said and what changes."""

    def __init__(
        self, site: Site, tracker: Tracker, dispatcher: CollectingDispatcher, responses: dict[str, Any] | None = None
    ) -> None:
        """`responses`: what the domain can say, by name."""
        self.site = site
        self.tracker = tracker
        self._dispatcher = dispatcher
        self._responses = responses or {}
        message = tracker.latest_message or {}
        user = tracker.get_last_event_for("user") or {}
        heard: dict[str, Any] = user.get("metadata") or {}
        text: str = message.get("text") or ""
        self.meant: Understood = understood(message)
        self.intent: str = self.meant.intent
        self.confidence: float = self.meant.confidence
        self.entities: list[dict[str, Any]] = message.get("entities") or []
        # What holds nothing to understand reaches Rasa as a mark of ours; people read what was said.
        self.text: str = heard.get("text", "") if text.startswith("/") else text
        self.caller = Caller.from_json(heard.get("caller") or {})
        self.utterance_id: str | None = heard.get("id") or None
        self.alternatives: tuple[str, ...] = tuple(heard.get("alternatives", ()))
        #: the ear understood too little of it: `text` is what stood out, perhaps by chance
        self.unclear: bool = bool(heard.get("unclear"))
        self._dialled: str = heard.get("dialled", "")
        self._diverting: str = heard.get("diverting", "")
        self.matters: list[Matter] = matters_of(tracker.slots.get("matters"))
        self.memory = memory_of(tracker.slots.get("memory"))
        #: the question that was open when this was said
        self.asked: str = tracker.slots.get("question") or ""
        #: the question that is open now
        self.question: str = ""
        #: something was said in this turn that is worth saying
        self.spoke = False
        #: it is plainly about something else
        self.off_topic = False
        self._said: list[str] = []
        #: what was looked up in this turn already: an outage that is told and the report that begins ask the same
        self._located: dict[tuple[str, str, str], Location] = {}

    # -- the call's memory ------------------------------------------------------------------------
    @property
    def matter(self) -> Matter | None:
        """The open matter that is spoken of: the last that was begun."""
        return next((one for one in reversed(self.matters) if one.open), None)

    @property
    def last_logged(self) -> Matter | None:
        """The last matter of this call that has become a ticket."""
        return next((one for one in reversed(self.matters) if one.ticket_no), None)

    def flow(self, matter: Matter) -> Flow:
        return flows()[matter.flow]

    def events(self) -> list[EventType]:
        """What Rasa keeps of the turn."""
        return [
            SlotSet("matters", [one.as_json() for one in self.matters]),
            SlotSet("memory", self.memory.as_json()),
            SlotSet("question", self.question or None),
            SlotSet("unfinished", self._unfinished()),
        ]

    def _unfinished(self) -> list[dict[str, Any]]:
        """What becomes a ticket when nobody says anything more (bot/tickets/life/broken_off.py)."""
        left = [self._form(one) for one in self.matters if one.open]
        if (self.memory.unheard and not self.matters) or self.memory.unheard_danger:
            left.append(self._form(self.unheard_matter()))
        return left

    def unheard_matter(self) -> Matter:
        """What was said and not understood, as a matter of its own; what may have been danger makes it urgent."""
        return Matter(
            "unclear",
            said=list(self.memory.unheard),
            place=self.memory.place,
            utterance_id=self.utterance_id,
            urgent=self.memory.unheard_danger,
        )

    def _form(self, matter: Matter) -> dict[str, Any]:
        form: dict[str, Any] = {
            "kind": self.flow(matter).kind,
            "said": matter.words,
            "place": matter.place,
            "outside": matter.outside,
            "householder": matter.householder or "",
            "household_no": matter.household_no,
            "grid_no": matter.grid_no or (None if matter.outside else self.grid_hint),
            "ticket_no": matter.ticket_no,
            "utterance_id": matter.utterance_id,
            "facts": self.facts_of(matter),
            "urgent": matter.urgent,
        }
        return {name: value for name, value in form.items() if value}

    def facts_of(self, matter: Matter) -> dict[str, Any]:
        """What staff are told with a matter: answers that its flow names, and what was said on the way."""
        answered = {name: matter.answers[name] for name in self.flow(matter).facts if matter.answers.get(name)}
        finer = {"act": matter.act} if "/" in matter.act else {}
        return {**answered, **finer, **matter.facts}

    # -- answers ----------------------------------------------------------------------------------
    def answer(self, question: str) -> Answer[str] | None:
        """The answer to a question, and what else was said; None for no answer to it. An intent decides nothing here."""
        if len(self.text) > _DRONE and len(set(self.text)) <= 2:
            return None  # 啊啊啊啊啊
        by_the_way = self.site.words.found("by_the_way", self.text)
        text = self.text.removeprefix(by_the_way)
        if (apart := self._in_a_clause(question, text)) is not None:
            return apart
        found = yes_no(question, text, self.alternatives)
        if found is None or found.probability < SURE or (says_more(found) and found.probability < _SURE_OF_MORE):
            return None
        return found

    @staticmethod
    def _in_a_clause(question: str, text: str) -> Answer[str] | None:
        """The answer that is one whole clause, the last or the first: 收钱倒是快,对."""
        clauses = [one for one in _CLAUSE.finditer(text) if one.group().strip()]
        if len(clauses) < 2:
            return None
        # 嗯,不是: what is hummed first is no answer. 是的,我爸用呼吸机的: what is said first is.
        first_first = len(clauses[0].group()) > 1
        for clause in (clauses[0], clauses[-1]) if first_first else (clauses[-1], clauses[0]):
            found = yes_no(question, clause.group())
            if found is not None and found.probability >= SURE and not says_more(found):
                return replace(found, text=text, stretches=(clause.span(),))
        return None

    def answered(self, question: str) -> str | None:
        """Yes, no or unknown to a question, as text."""
        found = self.answer(question)
        return found.value if found is not None else None

    def yes_no(self, question: str) -> str | None:
        """The same; where no phrase is known for it, what the whole sentence is (affirm, deny)."""
        return self.answered(question) or {"affirm": "yes", "deny": "no"}.get(self.intent)

    def asks(self, question: str) -> None:
        """What is open from now on. The telephone's recogniser may know the likely answers (bot/speech/phrases.yml)."""
        self.question = question
        matter = self.matter
        part = matter.place_ask if question == "place" and matter else None
        self.tell(asks=part if part in _BY_KIND else question)

    # -- speaking ---------------------------------------------------------------------------------
    def say(self, response: str, **values: Any) -> None:
        self.spoke = True
        self._said.append(f"{response} {values or ''}")
        self._dispatcher.utter_message(response=response, **values)

    @property
    def reply(self) -> str:
        """What is said in this turn, to tell it from another turn's."""
        return " ".join(self._said)

    @property
    def last_said(self) -> list[str]:
        """What Gege said to the sentence before this one, message by message."""
        said: list[str] = []
        users = 0
        for event in reversed(self.tracker.events):
            users += event.get("event") == "user"
            if users == 2:
                break
            if users == 1 and event.get("event") == "bot" and event.get("text"):
                said.insert(0, str(event["text"]))
        return said

    def unsay(self) -> None:
        """Say none of it."""
        self._said.clear()
        self._dispatcher.messages[:] = [
            one for one in self._dispatcher.messages if not (one.get("response") or one.get("text"))
        ]

    def say_again(self, text: str) -> None:
        """What was said before, once more."""
        self.spoke = True
        self._said[:] = [self.memory.replied]
        self._dispatcher.utter_message(text=text)

    def can_say(self, response: str) -> bool:
        """Whether the domain has it."""
        return response in self._responses

    def tell(self, **facts: Any) -> None:
        """Facts for the service beside the words: ticket_no, hand_over, ended …"""
        self._dispatcher.utter_message(json_message=facts)

    # -- who and where ----------------------------------------------------------------------------
    @property
    def grid_hint(self) -> str | None:
        """The grid that the dialled or diverting number, or a QR code, names (docs/telephone.md)."""
        return grid_of_numbers(self.site.registry, self._dialled, self._diverting)

    @property
    def reporter(self) -> Reporter:
        """Whose reports may be spoken of."""
        return Reporter(self.caller, self.tracker.sender_id)

    def own_households(self) -> list[tuple[HouseholdCard, bool]]:
        """Households of the number or chat that is vouched for; none of a number that somebody typed."""
        return self.site.registry.households_of(self.caller.contact)

    @property
    def verified(self) -> list[str]:
        """Households whose own people this caller has proven to belong to; never on a page that anybody may open."""
        return self.memory.verified if self.may_prove else []

    @property
    def may_prove(self) -> bool:
        return self.caller.vouched and self.caller.channel is not Channel.web

    def entity(self, name: str) -> str:
        """The longest value of an entity in this sentence, or ""."""
        return max((str(e["value"]) for e in self.entities if e["entity"] == name), key=len, default="")

    def locate(self, text: str, *, earlier: str = "", behind: str = "") -> Location:
        """Where a text points by the places that it names: neither a 户号 nor a householder's name tells a caller anything.

        `earlier` was said before and `behind` belongs behind what is said now: the street, when the community was asked.
        The caller's own vouched contact only helps to choose, it never decides alone."""
        asked = text, earlier, behind
        if asked not in self._located:
            self._located[asked] = self._locate(*asked)
        return self._located[asked]

    def _locate(self, text: str, earlier: str, behind: str) -> Location:
        registry, hint, contact = self.site.registry, self.grid_hint, self.caller.contact
        others = self.alternatives
        if behind:
            text, others = f"{text},{behind}", tuple(f"{one},{behind}" for one in others)
        found = registry.locate(text, alternatives=others, grid_hint=hint, earlier=earlier, as_said=True)
        if found.understood and found.household_no is None and contact is not None:
            narrowed = registry.locate(
                text, alternatives=others, caller=contact, grid_hint=hint, earlier=earlier, as_said=True
            )
            if narrowed.household_no or (narrowed.grid_no and not found.grid_no):
                return narrowed
        return found

    def manager_of(self, grid_no: str | None) -> PersonCard | None:
        """The manager of a grid, or who stands in."""
        people = self.site.present.staff(grid_no, "manager") if grid_no else []
        return people[0] if people else None

    def likely_grid(self, matter: Matter | None = None) -> str | None:
        """The grid to hand over to when nothing better is known: the case, the line, the caller's own home.

        What is outside the county is nobody's here, whoever calls and whatever was dialled."""
        outside = matter is not None and bool(matter.outside)
        elsewhere = matter is not None and (bool(matter.place) or matter.flow == "hazard")
        if grid_no := (matter.grid_no if matter else None) or (None if outside else self.grid_hint):
            return str(grid_no)
        if outside or elsewhere:
            return None  # somebody else's place, or a danger that may be anywhere, is not the caller's own home
        grids = {card.grid_no for card, _ in self.own_households()}
        return grids.pop() if len(grids) == 1 else None

    def station(self) -> tuple[str, str]:
        """(what the station is called, its telephone number)."""
        site = self.site.settings.site
        return site.station, site.station_phone

    # -- tickets ----------------------------------------------------------------------------------
    def open_ticket(self, matter: Matter, kind: str = "", **values: Any) -> TicketCard:
        """Log a matter as it stands; committed with the turn. `values` are fields of `Report` that differ."""
        kind = kind or self.flow(matter).kind
        grid_told = self.likely_grid(matter)
        found = self._for_staff(matter, kind, grid_told)
        household_no = values.pop("household_no", found.household_no)
        complained = {"complained_of": self.memory.complained_of} if self.memory.complained_of else {}
        facts = {
            **self.account_facts(household_no), **found.facts, **self.facts_of(matter), **complained,
            **values.pop("facts", {}),
        }  # fmt: skip
        fields: dict[str, Any] = {
            "said": matter.words or self.text,
            "session": self.tracker.sender_id,
            "caller": self.caller,
            "utterance_id": self.utterance_id,
            "place": matter.place or matter.outside,
            "householder": matter.householder or "",
            "household_no": household_no,
            "grid_no": found.grid_no or grid_told,
            "facts": facts,
            "urgent": matter.urgent,
        }
        fields.update(values)
        ticket = self._more_of_the_same(kind, fields) or self.site.desk.report(Report(kind=kind, **fields))
        matter.ticket_no, matter.state = ticket.ticket_no, LOGGED
        self.tell(ticket_no=ticket.ticket_no)
        return ticket

    def _more_of_the_same(self, kind: str, fields: dict[str, Any]) -> TicketCard | None:
        """What nobody understood goes to the person who has what nobody understood before in this conversation, whether a
        turn failed then or brought nothing; a complaint of somebody stays apart."""
        if kind != Kind.unclear or self.memory.complained_of:
            return None
        earlier = self.site.desk.open_of_session(self.tracker.sender_id, kind)
        if earlier is None:
            return None
        names = ("place", "householder", "household_no", "grid_no", "facts", "urgent")
        return self.site.desk.add(earlier, note=fields["said"], **{name: fields[name] for name in names})

    def add(self, ticket_no: str, **more: Any) -> TicketCard:
        """Put what was said now on a ticket; `more` as in `TicketDesk.add`."""
        card = self.site.desk.add(ticket_no, note=self.text, **more)
        self.tell(ticket_no=card.ticket_no)
        return card

    def correct_place(self, ticket_no: str, matter: Matter) -> TicketCard:
        """A ticket is where the matter is, from now on."""
        card = self.site.desk.correct_place(
            ticket_no, place=matter.place, household_no=matter.household_no, grid_no=matter.grid_no, note=self.text
        )
        self.tell(ticket_no=card.ticket_no)
        return card

    def _for_staff(self, matter: Matter, kind: str, grid_told: str | None) -> _Matched:
        """Household and grid as the 户号 and the householder's name have them, which the caller hears nothing of.

        A complaint is not led anywhere by a name: it may be about whoever serves there."""
        household_no, grid_no = matter.household_no, matter.grid_no
        name, account = matter.householder or "", matter.account
        facts: dict[str, Any] = {"household_no_said": account} if account else {}
        if matter.outside or (not name and not account) or (name and in_digits(matter.place)[:1].isdigit()):
            # 1单元801 of somebody's name may be anywhere
            return _Matched(household_no, grid_no, facts)
        registry = self.site.registry
        by_account = registry.account_in(account) if account else None
        if matter.place:
            by_name = registry.locate(matter.place, grid_hint=self.grid_hint, householder=name or None)
            household_no = by_name.household_no if name else household_no
            matched = by_name.grid_no if by_name.household_no else None
        else:
            matched = None
        if kind == "complaint":
            return _Matched(household_no if grid_no else None, grid_no, facts)
        if household_no is None and (card := registry.household(by_account) if by_account else None):
            household_no, matched = (card.household_no, matched or card.grid_no)
        grid_no = grid_no or matched
        if grid_no and grid_no != grid_told:
            facts[GRID_TOLD] = grid_told or ""
        return _Matched(household_no, grid_no, facts)

    def account_facts(self, household_no: str | None) -> dict[str, Any]:
        """What helps the manager to decide; never spoken to the caller."""
        card = self.site.registry.household(household_no) if household_no else None
        if card is None:
            return {}
        facts: dict[str, Any] = {}
        if card.balance < 0:
            facts["owed"] = {"amount": str(-card.balance), "months": card.months_owed}
        if "vulnerable" in card.tags:
            facts["vulnerable"] = True
        return facts

    def who_serves(self, ticket: TicketCard) -> dict[str, str] | None:
        """{manager, whole_name, phone} of the ticket's owner when that is a grid's manager, else None (the station).

        A manager whom only a 户号 or a householder's name led to is not named."""
        if GRID_TOLD in ticket.facts:
            person = self.manager_of(ticket.facts[GRID_TOLD])
        else:
            person = self.site.registry.person(ticket.owner) if ticket.owner else None
        if person is None or person.role != "manager":
            return None
        if person.staff_no in self.memory.complained_of:
            return None
        return self.named(person)

    def who_or_station(self, ticket: TicketCard | None) -> dict[str, str]:
        """The same, or the station's people; they too where there is no ticket."""
        station = self.site.words.station
        who = self.who_serves(ticket) if ticket is not None else None
        return who or {"manager": station, "whole_name": station, "phone": self.station()[1]}

    def named(self, person: PersonCard) -> dict[str, str]:
        """How a manager is spoken of, and their telephone."""
        whole = self.site.words.spoken_name.format(name=person.name)
        return {"manager": self.address_of(person), "whole_name": whole, "phone": person.phone}

    def address_of(self, person: PersonCard) -> str:
        """How residents call a manager: the surname and 师傅."""
        return str(self.site.words.address).format(surname=person.name[:1])
