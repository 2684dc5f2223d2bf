"""What residents say after the ticket: more about it, when does he come, the light is on or not, content or not."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from actions import outage_news, places, report
from actions.matters import LOGGED, OVER, Matter
from actions.turn import Turn
from bot.database import now
from bot.sound import numbers
from bot.tickets.cards import TicketCard
from bot.tickets.desk import TicketRefused
from bot.tickets.labels import labels
from bot.tickets.models import State

#: the case in hand stays in hand for the same contact so long after its call
IN_HAND = dt.timedelta(hours=4)
#: what was done of late is told to whoever asks how far it is; so many reports are looked through
_SETTLED_LATELY, _A_FEW = dt.timedelta(days=7), 10


def own_tickets(turn: Turn) -> list[TicketCard]:
    """The caller's open reports, newest first; of a caller for whom nobody vouches, those of this conversation."""
    return turn.site.desk.open_of(turn.reporter)


def in_hand(turn: Turn) -> TicketCard | None:
    """The case that something is added to: the last of this call, else the caller's own of the last hours."""
    if turn.last_logged is not None:
        return turn.site.desk.ticket(turn.last_logged.ticket_no)
    own = own_tickets(turn)
    return own[0] if own and now() - own[0].opened_at < IN_HAND else None


# -- more about it ---------------------------------------------------------------------------------------------------------


def add_to_it(turn: Turn) -> bool:
    """Another telephone, after three, a child in the house, the door number was wrong: it goes on the case in hand."""
    card = in_hand(turn)
    if card is None or turn.intent in ("affirm", "deny", "greet") and not turn.meant.more:
        return False
    matter = turn.last_logged or Matter(
        "unclear", place=card.place, household_no=card.household_no, grid_no=card.grid_no, ticket_no=card.ticket_no
    )
    before = matter.where
    other = turn.meant.whole.name in _NO_PLACE
    if not other and places.correct_place(turn, matter, turn.text) and matter.where != before:
        card = turn.correct_place(card.ticket_no, matter)
        turn.say("utter_place_corrected", place=matter.place)
        report.say_logged(turn, card)
        return True
    told = turn.site.words.told_in(turn.text)
    if not told and turn.intent not in _ADDS:
        return False
    report.note_facts(turn, matter)
    facts = {name: value for name, (value, _) in told.items()}
    turn.add(card.ticket_no, facts=facts, urgent=any(urgent for _, urgent in told.values()))
    turn.say("utter_oxygen_first" if "oxygen" in facts else "utter_noted", **turn.who_or_station(card))
    return True


#: what of it is told in numbers and is no door
_NO_PLACE = ("inform/time_wanted", "inform/call_other", "inform/wait")
#: what is said of the case in hand when a case is in hand
_ADDS = ("inform", "request_care")


# -- how far it is ---------------------------------------------------------------------------------------------------------


def status(turn: Turn) -> bool:
    """Tells how far the caller's last report is; nothing of anybody else's."""
    tickets = own_tickets(turn) or _settled_lately(turn)
    if not tickets:
        return _none_known(turn)
    ticket = tickets[0]
    turn.say(
        f"utter_status_{State.resolved if ticket.state == State.closed else ticket.state}",
        when=_when(turn, ticket.opened_at),
        what=labels().spoken_kind(ticket.kind),
        **turn.who_or_station(ticket),
    )
    if card := turn.site.desk.outages.of_ticket(ticket.ticket_no):
        outage_news.tell(turn, card)
    turn.tell(ticket_no=ticket.ticket_no)
    if ticket.state == "reported":
        turn.site.desk.called_again(ticket.ticket_no, turn.text, caller=turn.caller)
    return True


def _settled_lately(turn: Turn) -> list[TicketCard]:
    """Nothing is open: the caller's reports of the last days that somebody says are done, newest first."""
    own = turn.site.desk.tickets(reporter=turn.reporter, limit=_A_FEW)
    since = now() - _SETTLED_LATELY
    return [one for one in own if one.state in (State.resolved, State.closed) and one.opened_at > since]


def _none_known(turn: Turn) -> bool:
    turn.say("utter_status_none")
    turn.asks("what")
    return True


def _when(turn: Turn, at: dt.datetime) -> str:
    zone = ZoneInfo(turn.site.settings.site.timezone)
    local, today = at.astimezone(zone), now().astimezone(zone).date()
    days = (today - local.date()).days
    names = turn.site.words.days
    day = names[days] if days < len(names) else turn.site.words.long_ago
    return str(turn.site.words.at).format(day=day, hour=numbers.spoken(local.hour)) if days <= 1 else str(day)


def tell_phone_again(turn: Turn) -> bool:
    """Who has the case in hand, with the number once more; False when there is none."""
    card = in_hand(turn)
    if card is None:
        return False
    who = turn.who_serves(card)
    if who:
        turn.say("utter_phone_again", **who)
    else:
        station, phone = turn.station()
        turn.say("utter_phone_again_station", station=station, phone=phone)
    return True


# -- no longer needed ------------------------------------------------------------------------------------------------------


def cancel(turn: Turn) -> bool:
    """What is open is dropped when that is clear; a logged report after one yes."""
    matter = turn.matter
    if matter is not None and matter.flow != "hazard":
        matter.state = OVER
        turn.say("utter_cancel_form")
        return True
    if take(turn):
        return True
    tickets = own_tickets(turn)
    if not tickets:
        return _none_known(turn)
    turn.memory.ticket_no = tickets[0].ticket_no
    turn.say("utter_cancel_ask", what=labels().spoken_kind(tickets[0].kind))
    turn.asks("cancel")
    return True


def answer_cancel(turn: Turn) -> bool:
    """The answer to "先前讲的不用管了,对不对?"; False when it is none."""
    answer = turn.yes_no("cancel")
    if answer is None and turn.intent == "cancel_report":
        answer = "yes"
    if answer is None:
        return False
    own = {ticket.ticket_no: ticket for ticket in own_tickets(turn)}
    if answer == "yes" and (ticket := own.get(turn.memory.ticket_no)):
        _call_off(turn, ticket)
    else:
        turn.say("utter_cancel_kept")
    return True


def _call_off(turn: Turn, ticket: TicketCard) -> None:
    """What is no longer needed ends; danger is looked at all the same: the word goes to staff, who confirm it."""
    desk = turn.site.desk
    if ticket.kind == "hazard":
        desk.add(ticket.ticket_no, note=turn.site.words.said_solved, facts={"said_solved": True})
        turn.say("utter_danger_stays")
    else:
        desk.cancel(ticket.ticket_no)
        turn.say("utter_cancelled")
    turn.tell(ticket_no=ticket.ticket_no)


# -- after the work --------------------------------------------------------------------------------------------------------


def take(turn: Turn) -> bool:
    """An answer in plain words to what this caller was last asked; False when nothing was asked, or it is no answer."""
    if turn.matter is not None or turn.asked not in ("", "not_fixed"):
        return False
    awaited = turn.site.desk.answers.awaited(turn.reporter)
    if awaited is None:
        return False
    ticket, question = awaited
    if question == "light":
        return _light(turn, ticket.ticket_no)
    if turn.site.words.says("not_fixed", turn.text):
        return reopen(turn, ticket.ticket_no)
    return False


def _light(turn: Turn, ticket_no: str) -> bool:
    answer = turn.answered("light")
    if answer is None and turn.caller.channel.writable:
        # In a chat the question stands right above; on the telephone a bare yes may mean anything.
        answer = {"affirm": "yes", "deny": "no"}.get(turn.intent)
    found = turn.locate(turn.text)
    if answer not in ("yes", "no") or found.understood or found.outside:
        return False
    answers = turn.site.desk.answers
    if answer == "yes":
        answers.answer(ticket_no, "lit", turn.reporter)
        turn.tell(ticket_no=ticket_no)
        turn.say("utter_light_on")
        return True
    opened = answers.answer(ticket_no, "dark", turn.reporter, turn.text).opened
    fresh = turn.site.desk.ticket(opened) if opened else None
    if fresh is None:
        return False
    turn.tell(ticket_no=fresh.ticket_no)
    turn.matters.append(Matter("outage", said=[turn.text], ticket_no=fresh.ticket_no, state=LOGGED, place=fresh.place))
    if who := turn.who_serves(fresh):
        turn.say("utter_light_dark", **who)
    else:
        turn.say("utter_light_dark_station", phone=turn.station()[1])
    return True


def reopen(turn: Turn, ticket_no: str) -> bool:
    """It is not settled: whoever had it has it again."""
    try:
        found = turn.site.desk.answers.answer(ticket_no, "not_fixed", turn.reporter, turn.text)
    except TicketRefused:
        return False
    ticket = found.ticket
    turn.tell(ticket_no=ticket.ticket_no)
    if who := turn.who_serves(ticket):
        turn.say("utter_not_fixed", **who)
    else:
        turn.say("utter_not_fixed_station", phone=turn.station()[1])
    return True


def rate(turn: Turn) -> bool:
    """Rate the caller's last resolved ticket; False when there is none that can still be rated."""
    answers = turn.site.desk.answers
    ticket = answers.ratable(turn.reporter)
    if ticket is None:
        return False
    answer = turn.site.words.topic("rating", turn.text, "good")
    try:
        rated = answers.answer(ticket.ticket_no, answer, turn.reporter, turn.text)
    except TicketRefused:
        return False
    turn.tell(ticket_no=ticket.ticket_no)
    if answer != "bad":
        turn.say("utter_thanks_rating")
    elif rated.ticket.state == "resolved":
        turn.say("utter_rating_sorry_ask")
        turn.memory.ticket_no = ticket.ticket_no
        turn.asks("not_fixed")
    else:
        turn.say("utter_rating_sorry")
    return True


def answer_not_fixed(turn: Turn) -> bool:
    """The answer to "是还没弄好吗?"; False when it is none."""
    answer = turn.answered("not_fixed") or {"affirm": "yes", "deny": "no"}.get(turn.intent)
    if answer == "yes" and turn.memory.ticket_no and reopen(turn, turn.memory.ticket_no):
        return True
    if answer is None:
        return False
    turn.say("utter_rating_kept")
    return True


def judged(turn: Turn) -> bool:
    """Praise or blame: rates what can be rated; blame of nothing that is on file begins a complaint (False then)."""
    judgement = turn.site.words.topic("rating", turn.text, "")
    if take(turn) or (judgement and rate(turn)):
        return True
    if judgement in ("", "bad"):
        return False
    if card := in_hand(turn):
        turn.add(card.ticket_no)
    turn.say("utter_thanks_rating")
    return True
