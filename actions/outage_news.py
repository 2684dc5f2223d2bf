"""The known outage: told to whoever is in it before anything is asked, and joined with one yes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from actions.turn import Turn
from bot.database import now
from bot.sound.times import say_time
from bot.tickets.outages.desk import OutageCard

#: pending answer after somebody has joined an outage
OXYGEN = "oxygen"


def question(turn: Turn) -> str | None:
    """ "same_outage" when an outage is known where the caller is, told in this turn; None when there is none.

    Only what is public about the area is said. A caller whose number is linked to one home is taken to be there
    until they say otherwise: the answer decides, not the number."""
    hear_oxygen(turn)
    if turn.slot("same_outage") is not None:
        return None
    card = _known(turn)
    if card is None:
        return None
    if turn.slot("outage_told") != card.outage_no:
        tell(turn, card)
        turn.set("outage_told", card.outage_no)
    return "same_outage"


def _known(turn: Turn) -> OutageCard | None:
    outages = turn.site.desk.outages
    if household_no := turn.slot("household_no"):
        return outages.known(household_no)
    if place := turn.slot("place"):
        return outages.known(grid_no=turn.slot("grid_no"), place=place)
    homes = turn.own_households()
    if turn.slot("own_home") is None and len(homes) == 1:
        return outages.known(homes[0][0].household_no)
    return None


def tell(turn: Turn, card: OutageCard) -> None:
    """Since when, what is being done, until when."""
    at, zone = now(), ZoneInfo(turn.site.settings.site.timezone)
    until = card.expected_at(at)
    if card.planned:
        kind = "planned" if until else "planned_longer"
    elif not card.owner:
        kind = "called"
    else:
        kind = "estimated" if until else "working"
    said = {"since": say_time(card.started_at, at, zone), "until": say_time(until, at, zone) if until else ""}
    turn.say(f"utter_outage_{kind}", **said)


def take_same(turn: Turn, take_place: Any) -> bool:
    """The answer to "您家也是吗?": a yes joins, a no goes on as a report of its own, another place is looked at."""
    answer = turn.answered("same_outage")
    if answer is None:
        answer = {"affirm": "yes", "deny": "no"}.get(turn.intent)
    elsewhere = turn.slot("household_no"), turn.slot("place")
    if answer != "yes" and take_place(turn, turn.text) and (turn.slot("household_no"), turn.slot("place")) != elsewhere:
        turn.set("own_home", "no")
        return True
    if answer is None:
        return False
    turn.set("same_outage", answer)
    if answer == "yes" and not turn.slot("household_no") and not turn.slot("place"):
        [(home, _)] = turn.own_households()[:1]
        turn.set("own_home", "yes")
        turn.set("household_no", home.household_no)
        turn.set("grid_no", home.grid_no)
    return True


def join(turn: Turn) -> bool:
    """Log the report as one of the outage; False when the outage ended meanwhile, and it was logged for itself.

    Asks for oxygen machines last: who hangs up now is counted all the same."""
    urgent = turn.slot("oxygen") == "yes"
    facts = {"same_outage": "yes"}
    if urgent:
        facts["oxygen"] = "yes"
    ticket = turn.open_ticket("outage", facts=facts, urgent=urgent)
    if turn.site.desk.outages.of_ticket(ticket.ticket_no) is None:
        return False
    turn.say("utter_outage_joined")
    turn.say("utter_oxygen_first" if urgent else "utter_ask_oxygen")
    return True


def hear_oxygen(turn: Turn) -> None:
    """Somebody breathes by a machine: said at any moment, it makes the report urgent."""
    words = turn.site.words
    if words.says("oxygen", turn.text) and turn.answered("oxygen") != "no":
        turn.set("oxygen", "yes")


def take_oxygen(turn: Turn) -> bool:
    """The answer to the question after joining; False when nothing was asked or it is about something else."""
    if turn.form or turn.slot("pending") != OXYGEN:
        return False
    answer = turn.answered("oxygen") or {"affirm": "yes", "deny": "no"}.get(turn.intent)
    if answer is None:
        return False
    turn.set("pending", None)
    ticket_no = turn.slot("ticket_no")
    if answer == "yes" and ticket_no:
        turn.site.desk.add(ticket_no, note=turn.text, facts={"oxygen": "yes"}, urgent=True)
        turn.tell(ticket_no=ticket_no)
        turn.say("utter_oxygen_first")
    else:
        turn.say("utter_oxygen_none")
    return True


def still_in_it(turn: Turn) -> bool:
    """Somebody who has joined asks again (几时来电): they hear the news, and are not counted twice."""
    found = turn.locate(turn.text)
    if turn.form or found.understood or found.outside:
        return False
    desk = turn.site.desk
    for ticket in desk.open_of(turn.reporter):
        card = desk.outages.of_ticket(ticket.ticket_no) if ticket.kind == "outage" else None
        if card is not None and card.state in ("open", "announced"):
            desk.add(ticket.ticket_no, note=turn.text)
            turn.set("ticket_no", ticket.ticket_no)
            turn.tell(ticket_no=ticket.ticket_no)
            tell(turn, card)
            turn.say("utter_outage_counted")
            return True
    return False
