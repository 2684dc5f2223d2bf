"""What residents say after the work: the light is on or not, content or not, not fixed at all."""

from __future__ import annotations

from actions.turn import Turn
from bot.tickets.desk import TicketRefused

#: pending answer after somebody was not content
NOT_FIXED = "not_fixed"


def take(turn: Turn) -> bool:
    """An answer in plain words to what this caller was last asked; False when nothing was asked, or it is no answer."""
    if turn.form or turn.slot("pending") not in (None, NOT_FIXED):
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
    turn.set("ticket_no", fresh.ticket_no)
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
    turn.set("pending", None)
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
        turn.set("pending", NOT_FIXED)
        turn.set("ticket_no", ticket.ticket_no)
    else:
        turn.say("utter_rating_sorry")
    return True


def take_not_fixed(turn: Turn) -> bool:
    """The answer to "是还没弄好吗?"."""
    if turn.form or turn.slot("pending") != NOT_FIXED:
        return False
    turn.set("pending", None)
    answer = turn.answered(NOT_FIXED) or {"affirm": "yes"}.get(turn.intent)
    if answer == "yes" and turn.slot("ticket_no"):
        return reopen(turn, turn.slot("ticket_no"))
    turn.say("utter_rating_kept")
    return True
