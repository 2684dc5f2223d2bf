"""People: who serves a place, and a person instead of the machine."""

from __future__ import annotations

from rasa_sdk.events import EventType

from actions.act import Act
from actions.turn import Turn
from bot.tickets.intake.channels import Channel


def tell_manager(turn: Turn, grid_no: str | None) -> bool:
    """Say name and number of a grid's manager (they hang on the notice board); False when there is none."""
    person = turn.manager_of(grid_no)
    if person is None:
        return False
    turn.say("utter_manager", manager=turn.address_of(person), phone=person.phone)
    return True


class AskManager(Act):
    """Answers for the place in the sentence, else for the caller's own line or home, else asks where."""

    called = "action_ask_manager"

    def on(self, turn: Turn) -> list[EventType]:
        found = turn.locate(turn.text)
        grid_no = found.grid_no if found.understood else self._by_name(turn) or turn.likely_grid
        if not tell_manager(turn, grid_no):
            turn.set("pending", "manager")
            turn.set("place", found.heard_place or None)
            turn.say("utter_manager_where")
        turn.resume()
        return turn.events

    def _by_name(self, turn: Turn) -> str | None:
        """The grid of the one manager whom the sentence calls by name (程师傅, or the whole name)."""
        named = [
            (grid_no, person)
            for grid_no, person in turn.site.registry.managers()
            if person.name in turn.text or turn.address_of(person) in turn.text
        ]
        return named[0][0] if len({person.staff_no for _, person in named}) == 1 else None


class RequestHuman(Act):
    """A person takes over: on the telephone the manager is rung, in a chat a call-back is owed (promise 3)."""

    called = "action_request_human"

    def on(self, turn: Turn) -> list[EventType]:
        kind = turn.slot("kind") if turn.form == "report_form" else None
        said = turn.slot("said") if kind else turn.text
        ticket = None
        if kind == "hazard" and turn.slot("ticket_no"):
            turn.site.desk.add(turn.slot("ticket_no"), note=turn.text)
            ticket = turn.site.desk.ticket(turn.slot("ticket_no"))
        ticket = ticket or turn.open_ticket("callback", said=said)
        who = turn.who_serves(ticket)
        station, phone = turn.station()
        turn.tell(hand_over=True, hand_over_to=who["phone"] if who else phone)
        call = "_call" if turn.caller.channel is Channel.phone else ""
        if who:
            turn.say(f"utter_hand_over{call}", **who)
        else:
            turn.say(f"utter_hand_over{call}_station", phone=phone)
        turn.leave_form()
        turn.clear_case()
        return turn.events
