"""One turn as an action sees it: what was said, by whom, and what the case holds so far."""

from __future__ import annotations

from typing import Any, NamedTuple

from rasa_sdk import Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.site import Site
from bot.grid.dialled import grid_of_numbers
from bot.grid.location import HouseholdCard, Location, PersonCard
from bot.sound.answers.grammar import Answer
from bot.sound.answers.yes_no import yes_no
from bot.tickets.desk import Report, TicketCard
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.reporter import GRID_TOLD, Reporter

#: what belongs to one case and is forgotten when the next begins
CASE_SLOTS = (
    "kind", "said", "utterance_id", "place", "place_ask", "place_tries", "household_no", "grid_no", "householder", "account",
    "own_home", "smell", "neighbours", "reset_done", "confirmed", "denied", "readback", "pending", "misheard",
    "same_outage", "outage_told", "oxygen", "outside",
)  # fmt: skip

#: parts of a place whose likely answers the telephone's recogniser is told
_BY_KIND = ("community", "group")
#: an answer that is likelier than this is taken; it is read back before anything hangs on it
SURE = 0.6


class _Matched(NamedTuple):
    """What a ticket is told of household and grid, and the facts beside them."""

    household_no: str | None
    grid_no: str | None
    facts: dict[str, Any]


class Turn:
    """Reads slots and the latest message, collects the events of an action."""

    def __init__(self, site: Site, tracker: Tracker, dispatcher: CollectingDispatcher) -> None:
        self.site = site
        self.tracker = tracker
        self.dispatcher = dispatcher
        self.events: list[EventType] = []
        message = tracker.latest_message or {}
        self.intent: str = (message.get("intent") or {}).get("name") or ""
        self.confidence: float = (message.get("intent") or {}).get("confidence") or 0.0
        self.entities: list[dict[str, Any]] = message.get("entities") or []
        user = tracker.get_last_event_for("user") or {}
        heard: dict[str, Any] = user.get("metadata") or {}
        text: str = message.get("text") or ""
        # What holds nothing to understand reaches Rasa as a mark of ours; people read what was said.
        self.text: str = heard.get("text", "") if text.startswith("/") else text
        self.caller = Caller.from_json(heard.get("caller") or {})
        self.utterance_id: str | None = heard.get("id") or None
        self.alternatives: tuple[str, ...] = tuple(heard.get("alternatives", ()))
        self._dialled: str = heard.get("dialled", "")
        self._diverting: str = heard.get("diverting", "")
        #: what was looked up in this turn already: an outage that is told and the report that begins ask the same
        self._located: dict[tuple[str, str, str], Location] = {}

    # -- answers ----------------------------------------------------------------------------------
    def answer(self, question: str) -> Answer[str] | None:
        """The answer to a question, and what else was said; None for no answer to it. An intent decides nothing here."""
        found = yes_no(question, self.text, self.alternatives)
        return found if found is not None and found.probability >= SURE else None

    def answered(self, question: str) -> str | None:
        """Yes, no or unknown to a question, as text."""
        found = self.answer(question)
        return found.value if found is not None else None

    # -- slots ------------------------------------------------------------------------------------
    def slot(self, name: str) -> Any:
        return self.tracker.slots.get(name)

    def set(self, name: str, value: Any) -> None:
        """Remember a value now and, through the returned events, after the action."""
        self.tracker.slots[name] = value
        self.events.append(SlotSet(name, value))

    def clear_case(self) -> None:
        for name in CASE_SLOTS:
            if self.slot(name) is not None:
                self.set(name, None)

    def leave_form(self) -> None:
        if self.tracker.active_loop.get("name"):
            self.events += [ActiveLoop(None), SlotSet("requested_slot", None)]

    @property
    def form(self) -> str | None:
        name: str | None = self.tracker.active_loop.get("name")
        return name

    def asks(self, question: str | None) -> None:
        """Tell the telephone what is asked now: its recogniser may know the likely answers (bot/speech/phrases.yml)."""
        by_kind = question == "place" and self.slot("place_ask") in _BY_KIND
        self.tell(asks=self.slot("place_ask") if by_kind else question or "")

    def resume(self) -> None:
        """Ask again what the open form was asking, after a digression was answered."""
        if self.form and (asked := self.slot("requested_slot")):
            self.asks(asked)
            self.say(f"utter_ask_{self.form}_{asked}")
            # The form counts as rejected in this turn; made active anew, it takes the next answer.
            self.events += [ActiveLoop(self.form), FollowupAction("action_listen")]

    # -- speaking ---------------------------------------------------------------------------------
    def say(self, response: str, **values: Any) -> None:
        self.dispatcher.utter_message(response=response, **values)

    def tell(self, **facts: Any) -> None:
        """Facts for the service beside the words: ticket_no, hand_over, ended …"""
        self.dispatcher.utter_message(json_message=facts)

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
        return (self.slot("verified") or []) if self.may_prove else []

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

    @property
    def likely_grid(self) -> str | None:
        """The grid to hand over to when nothing better is known: the case, the line, the caller's own home.

        What is outside the county is nobody's here, whoever calls and whatever was dialled."""
        if grid_no := self.slot("grid_no") or (None if self.slot("outside") else self.grid_hint):
            return str(grid_no)
        if self.slot("outside"):
            return None
        grids = {card.grid_no for card, _ in self.own_households()}
        return grids.pop() if len(grids) == 1 else None

    def station(self) -> tuple[str, str]:
        """(what the station is called, its telephone number)."""
        site = self.site.settings.site
        return site.station, site.station_phone

    # -- tickets ----------------------------------------------------------------------------------
    def open_ticket(self, kind: str, **values: Any) -> TicketCard:
        """Log a report about what this turn and the case hold; committed when it returns."""
        grid_told = self.slot("grid_no") or self.likely_grid
        found = self._for_staff(kind, grid_told)
        household_no = values.pop("household_no", found.household_no)
        facts = {**self.account_facts(household_no), **found.facts, **values.pop("facts", {})}
        fields: dict[str, Any] = {
            "said": self.slot("said") or self.text,
            "session": self.tracker.sender_id,
            "caller": self.caller,
            "utterance_id": self.utterance_id,
            "place": self.slot("place") or self.slot("outside") or "",
            "householder": self.slot("householder") or "",
            "household_no": household_no,
            "grid_no": found.grid_no or grid_told,
            "facts": facts,
        }
        fields.update(values)
        ticket = self.site.desk.report(Report(kind=kind, **fields))
        self.set("ticket_no", ticket.ticket_no)
        self.tell(ticket_no=ticket.ticket_no)
        return ticket

    def _for_staff(self, kind: str, grid_told: str | None) -> _Matched:
        """Household and grid as the 户号 and the householder's name have them, which the caller hears nothing of.

        A complaint is not led anywhere by a name: it may be about whoever serves there."""
        household_no, grid_no = self.slot("household_no"), self.slot("grid_no")
        name, account = self.slot("householder") or "", self.slot("account") or ""
        facts: dict[str, Any] = {"household_no_said": account} if account else {}
        if self.slot("outside") or (not name and not account):
            return _Matched(household_no, grid_no, facts)
        registry = self.site.registry
        by_account = registry.account_in(account) if account else None
        if place := self.slot("place"):
            by_name = registry.locate(place, grid_hint=self.grid_hint, householder=name or None)
            household_no = by_name.household_no if name else household_no
            matched = by_name.grid_no if name else None
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
        """{manager, phone} of the ticket's owner when that is a grid's manager, else None (the station).

        A manager whom only a 户号 or a householder's name led to is not named."""
        if GRID_TOLD in ticket.facts:
            person = self.manager_of(ticket.facts[GRID_TOLD])
        else:
            person = self.site.registry.person(ticket.owner) if ticket.owner else None
        if person is None or person.role != "manager":
            return None
        return {"manager": self.address_of(person), "phone": person.phone}

    def address_of(self, person: PersonCard) -> str:
        """How residents call a manager: the surname and 师傅."""
        return str(self.site.words.address).format(surname=person.name[:1])
