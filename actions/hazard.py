"""Danger: safety words at once, an urgent ticket with whatever is known, the place afterwards."""

from __future__ import annotations

from rasa_sdk.events import EventType, FollowupAction

from actions.act import Act
from actions.report import take_place
from actions.turn import Turn
from bot.database import now
from bot.tickets.cards import TicketCard
from bot.tickets.intake.unclear import ONE_MATTER
from bot.tickets.models import Kind


class Hazard(Act):
    """Speaks first, then logs: manager and assistant are told by the ticket's own rules."""

    called = "action_hazard"

    def on(self, turn: Turn) -> list[EventType]:
        again = turn.form == "report_form" and turn.slot("kind") == "hazard"
        place = turn.slot("place") if turn.form == "report_form" else None
        turn.say("utter_hazard_" + turn.site.words.topic("hazard", turn.text, "other"))
        if again:
            if take_place(turn, turn.text) and turn.slot("ticket_no"):
                turn.set("place_ask", None)
            ticket_no = turn.slot("ticket_no")
            turn.site.desk.add(ticket_no, note=turn.text, place=turn.slot("place") or "", grid_no=turn.slot("grid_no"))
            turn.tell(ticket_no=ticket_no)
            turn.leave_form()
            return [*turn.events, FollowupAction("report_form")]
        earlier = {name: turn.slot(name) for name in ("household_no", "grid_no")}
        turn.clear_case()
        turn.set("kind", "hazard")
        turn.set("said", turn.text)
        if place:
            turn.set("place", place)
            for name, value in earlier.items():
                turn.set(name, value)
        take_place(turn, turn.text)
        ticket = _left_on_file(turn) or turn.open_ticket("hazard", urgent=True)
        if turn.slot("place"):
            if who := turn.who_serves(ticket):
                turn.say("utter_added", **who)
            else:
                turn.say("utter_added_station")
            turn.leave_form()
            turn.clear_case()
            return turn.events
        turn.leave_form()
        return [*turn.events, FollowupAction("report_form")]


def _left_on_file(turn: Turn) -> TicketCard | None:
    """The danger of this conversation that the dialogue knows nothing of: the machine that heard it died, or failed, and
    the intake made its ticket. Said again, it is the same danger."""
    desk = turn.site.desk
    ticket_no = desk.open_of_session(turn.tracker.sender_id, Kind.hazard, now() - ONE_MATTER)
    if ticket_no is None or ticket_no == turn.slot("ticket_no"):
        return None
    card = desk.add(
        ticket_no,
        note=turn.text,
        place=turn.slot("place") or "",
        household_no=turn.slot("household_no"),
        grid_no=turn.slot("grid_no"),
    )
    turn.set("ticket_no", ticket_no)
    turn.tell(ticket_no=ticket_no)
    return card
