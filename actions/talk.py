"""The rest of a conversation: earlier reports, courtesy, what is not ours, what was not understood."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from rasa_sdk.events import ActiveLoop, EventType, FollowupAction

from actions import afterwards, outage_news
from actions.act import Act
from actions.people import tell_manager
from actions.turn import Turn
from bot.database import now
from bot.sound import numbers
from bot.tickets.desk import TicketCard
from bot.tickets.labels import labels

#: turns in a row that may stay not understood before a person gets the case (promise 3)
MISHEARD = 2


def resumed(turn: Turn) -> list[EventType]:
    """The events of a digression that was answered; the open form asks its question again."""
    turn.resume()
    return turn.events


def own_tickets(turn: Turn) -> list[TicketCard]:
    """The caller's open reports, newest first; of a caller for whom nobody vouches, those of this conversation."""
    return turn.site.desk.open_of(turn.reporter)


class Status(Act):
    """Tells how far the caller's last report is; nothing of anybody else's."""

    called = "action_status"

    def on(self, turn: Turn) -> list[EventType]:
        tickets = own_tickets(turn)
        if not tickets:
            turn.say("utter_status_none")
            return resumed(turn)
        ticket = tickets[0]
        station, phone = turn.station()
        who = turn.who_serves(ticket) or {"manager": turn.site.words.station, "phone": phone}
        turn.say(
            f"utter_status_{ticket.state}",
            when=self._when(turn, ticket.opened_at),
            what=labels().spoken_kind(ticket.kind),
            **who,
        )
        if card := turn.site.desk.outages.of_ticket(ticket.ticket_no):
            outage_news.tell(turn, card)
        turn.tell(ticket_no=ticket.ticket_no)
        if ticket.state == "reported":
            turn.site.desk.add(ticket.ticket_no, note=turn.text)
        return resumed(turn)

    def _when(self, turn: Turn, at: dt.datetime) -> str:
        zone = ZoneInfo(turn.site.settings.site.timezone)
        local, today = at.astimezone(zone), now().astimezone(zone).date()
        days = (today - local.date()).days
        names = turn.site.words.days
        day = names[days] if days < len(names) else turn.site.words.long_ago
        return str(turn.site.words.at).format(day=day, hour=numbers.spoken(local.hour)) if days <= 1 else str(day)


class Cancel(Act):
    """A form in progress is dropped at once; a logged report after one yes."""

    called = "action_cancel"

    def on(self, turn: Turn) -> list[EventType]:
        if turn.form and turn.slot("kind") != "hazard":
            turn.say("utter_cancel_form")
            turn.leave_form()
            turn.clear_case()
            return turn.events
        if afterwards.take(turn):
            return turn.events
        turn.leave_form()
        tickets = own_tickets(turn)
        if not tickets:
            turn.say("utter_status_none")
            return turn.events
        turn.clear_case()
        turn.set("pending", "cancel")
        turn.set("ticket_no", tickets[0].ticket_no)
        turn.say("utter_cancel_ask", what=labels().spoken_kind(tickets[0].kind))
        return turn.events


def call_off(turn: Turn, ticket: TicketCard) -> None:
    """What is no longer needed ends; danger is looked at all the same: the word goes to staff, who confirm it."""
    desk = turn.site.desk
    if ticket.kind == "hazard":
        desk.add(ticket.ticket_no, note=turn.site.words.said_solved, facts={"said_solved": True})
        turn.say("utter_danger_stays")
    else:
        desk.cancel(ticket.ticket_no)
        turn.say("utter_cancelled")
    turn.tell(ticket_no=ticket.ticket_no)


class LooseAnswer(Act):
    """A yes, a no or a place outside a form: an answer to what is pending, else Gege asks what the matter is."""

    called = "action_loose_answer"

    def on(self, turn: Turn) -> list[EventType]:
        if turn.form:
            return not_understood(turn)
        if outage_news.take_oxygen(turn) or afterwards.take_not_fixed(turn) or afterwards.take(turn):
            return turn.events
        pending = turn.slot("pending")
        turn.set("pending", None)
        cancel = pending == "cancel" and (turn.answered("cancel") or {"affirm": "yes", "deny": "no"}.get(turn.intent))
        if cancel:
            own = {ticket.ticket_no: ticket for ticket in own_tickets(turn)}
            if cancel == "yes" and (ticket := own.get(turn.slot("ticket_no"))):
                call_off(turn, ticket)
            else:
                turn.say("utter_cancel_kept")
            return turn.events
        if pending == "manager":
            found = turn.locate(turn.text, earlier=turn.slot("place") or "")
            if not tell_manager(turn, found.grid_no):
                station, phone = turn.station()
                turn.say("utter_manager_unknown", station=station, phone=phone)
            turn.set("place", None)
            return turn.events
        turn.say("utter_what_else")
        return turn.events


def not_understood(turn: Turn) -> list[EventType]:
    """Ask again once, then give it to a person."""
    if outage_news.take_oxygen(turn) or afterwards.take(turn):
        return turn.events
    misheard = (turn.slot("misheard") or 0) + 1
    if misheard < MISHEARD:
        turn.set("misheard", misheard)
        turn.set("said", turn.slot("said") or turn.text)
        turn.say("utter_not_understood")
        if turn.form:
            turn.events += [ActiveLoop(turn.form), FollowupAction("action_listen")]
        return turn.events
    said = " / ".join(text for text in dict.fromkeys((turn.slot("said"), turn.text)) if text)
    ticket = turn.open_ticket("unclear", said=said)
    station, phone = turn.station()
    who = turn.who_serves(ticket)
    turn.tell(hand_over=True, hand_over_to=who["phone"] if who else phone)
    if who:
        turn.say("utter_not_understood_again", **who)
    else:
        turn.say("utter_not_understood_again_station", phone=phone)
    turn.leave_form()
    turn.clear_case()
    return turn.events


class NotUnderstood(Act):
    """Once: asked again with a way out by key. Twice: a person gets it, with what was heard."""

    called = "action_not_understood"

    def on(self, turn: Turn) -> list[EventType]:
        return not_understood(turn)


class Repeat(Act):
    """Says the last answer once more."""

    called = "action_repeat"

    def on(self, turn: Turn) -> list[EventType]:
        said: list[str] = []
        users = 0
        for event in reversed(turn.tracker.events):
            if event.get("event") == "user":
                users += 1
                if users == 2 or said:
                    break
            elif event.get("event") == "bot" and event.get("text"):
                said.insert(0, event["text"])
        for text in said:
            turn.dispatcher.utter_message(text=text)
        if not said:
            turn.say("utter_nothing_to_repeat")
        if turn.form:
            turn.events += [ActiveLoop(turn.form), FollowupAction("action_listen")]
        return turn.events


class Greet(Act):
    called = "action_greet"

    def on(self, turn: Turn) -> list[EventType]:
        if not turn.form:
            turn.say("utter_greet")
        return resumed(turn)


class Goodbye(Act):
    """Thanks or goodbye; a form that still needs an answer is asked once more instead of ending."""

    called = "action_goodbye"

    def on(self, turn: Turn) -> list[EventType]:
        if turn.form == "report_form" and not turn.site.words.says("goodbye", turn.text):
            return resumed(turn)
        if turn.form == "report_form" and turn.slot("kind") != "hazard":
            # Nobody who told us something and leaves is forgotten (promise 1).
            turn.open_ticket(turn.slot("kind") or "unclear")
        turn.leave_form()
        turn.clear_case()
        turn.say("utter_goodbye")
        turn.tell(ended=True)
        return turn.events


class Rate(Act):
    """Rates the caller's last resolved report; of one that is not resolved the words are kept with it."""

    called = "action_rate"

    def on(self, turn: Turn) -> list[EventType]:
        if turn.form:
            return not_understood(turn)
        if afterwards.take(turn) or afterwards.rate(turn):
            return turn.events
        tickets = turn.site.desk.tickets(reporter=turn.reporter, limit=1)
        if tickets:
            turn.site.desk.add(tickets[0].ticket_no, note=turn.text)
        bad = turn.site.words.topic("rating", turn.text, "good") == "bad"
        turn.say("utter_rating_sorry" if bad else "utter_thanks_rating")
        return turn.events


class NotOurs(Act):
    """Says whose it is, and still offers the manager."""

    called = "action_not_ours"

    def on(self, turn: Turn) -> list[EventType]:
        topic = turn.site.words.topic("not_ours", turn.text, "")
        turn.say(f"utter_not_ours_{topic}" if topic else "utter_not_ours")
        return resumed(turn)
