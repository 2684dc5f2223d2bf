"""The known outage: told to whoever is in it before anything is asked, and joined with one yes; and the planned one."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from actions.matters import LOGGED, Matter
from actions.places import at_home, take_place
from actions.turn import Turn
from bot.database import now
from bot.sound.times import say_time
from bot.tickets.outages.desk import OutageCard


def question(turn: Turn, matter: Matter) -> str | None:
    """ "same_outage" when an outage is known where the caller is, told in this turn; None when there is none.

    Only what is public about the area is said. A caller whose number is linked to one home is taken to be there
    until they say otherwise: the answer decides, not the number."""
    if "same_outage" in matter.answers or matter.outside:
        return None
    card = _known(turn, matter)
    if card is None:
        return None
    if matter.outage_told != card.outage_no:
        tell(turn, card)
        matter.outage_told = card.outage_no
    return "same_outage"


def _known(turn: Turn, matter: Matter) -> OutageCard | None:
    outages = turn.site.desk.outages
    if matter.household_no:
        return outages.known(matter.household_no)
    if matter.place:
        return outages.known(grid_no=matter.grid_no, place=matter.place)
    homes = turn.own_households()
    if "own_home" not in matter.answers and len(homes) == 1:
        return outages.known(homes[0][0].household_no)
    return None


def tell(turn: Turn, card: OutageCard) -> None:
    """Since when, what is being done, until when."""
    at, zone = now(), ZoneInfo(turn.site.settings.site.timezone)
    until = card.expected_at(at)
    if card.planned and card.started_at > at:
        kind = "announced"
    elif card.planned:
        kind = "planned" if until else "planned_longer"
    elif not card.owner:
        kind = "called"
    else:
        kind = "estimated" if until else "working"
    said = {"since": say_time(card.started_at, at, zone), "until": say_time(until, at, zone) if until else ""}
    turn.say(f"utter_outage_{kind}", **said)


def answer_same(turn: Turn, matter: Matter) -> bool:
    """The answer to "您家也是吗?": a yes joins, a no goes on as a report of its own, another place is looked at."""
    answer = turn.yes_no("same_outage")
    elsewhere = matter.household_no, matter.place
    if answer != "yes" and take_place(turn, matter, turn.text) and (matter.household_no, matter.place) != elsewhere:
        matter.answers["own_home"] = "no"
        return True
    if answer is None:
        return False
    matter.answers["same_outage"] = answer
    if answer == "yes" and not matter.household_no and not matter.place:
        at_home(turn, matter)
    return True


def join(turn: Turn, matter: Matter) -> bool:
    """Log the report as one of the outage; False when the outage ended meanwhile, and it was logged for itself.

    Asks for oxygen machines last: who hangs up now is counted all the same."""
    ticket = turn.open_ticket(matter, "outage", facts={"same_outage": "yes"})
    if turn.site.desk.outages.of_ticket(ticket.ticket_no) is None:
        return False
    turn.say("utter_outage_joined")
    if matter.urgent:
        turn.say("utter_oxygen_first")
    else:
        turn.memory.ticket_no = ticket.ticket_no
        turn.say("utter_ask_oxygen")
        turn.asks("oxygen")
    return True


def answer_oxygen(turn: Turn) -> bool:
    """The answer to the question after joining; False when it is about something else."""
    answer, ticket_no = turn.yes_no("oxygen"), turn.memory.ticket_no
    if answer is None:
        return False
    if answer == "yes" and ticket_no:
        turn.add(ticket_no, facts={"oxygen": "yes"}, urgent=True)
        turn.say("utter_oxygen_first")
    else:
        turn.say("utter_oxygen_none")
    return True


def still_in_it(turn: Turn) -> bool:
    """Somebody who has joined asks again (几时来电): they hear the news, and are not counted twice."""
    found = turn.locate(turn.text)
    if turn.matter is not None or found.understood or found.outside:
        return False
    desk = turn.site.desk
    for ticket in desk.open_of(turn.reporter):
        card = desk.outages.of_ticket(ticket.ticket_no) if ticket.kind == "outage" else None
        if card is not None and card.state in ("open", "announced"):
            turn.add(ticket.ticket_no)
            tell(turn, card)
            turn.say("utter_outage_counted")
            return True
    return False


def planned(turn: Turn) -> bool:
    """ "明天是不是要停电?": what is announced for the place, the caller's line or home; nothing is logged of a question."""
    matter = Matter("outage", said=[turn.text], state=LOGGED)
    take_place(turn, matter, turn.text)
    homes = turn.own_households()
    household_no = matter.household_no or (homes[0][0].household_no if len(homes) == 1 and not matter.place else None)
    grid_no = matter.grid_no or (None if household_no else turn.likely_grid(matter))
    card = _known(turn, matter) if matter.place else None
    card = card or turn.site.desk.outages.announced(household_no=household_no, grid_no=grid_no, place=matter.place)
    if card is not None:
        tell(turn, card)
        return True
    if not household_no and not grid_no and not matter.place:
        if turn.asked == "planned" or turn.matter is not None:
            return False  # asked where, and told something else; or where is asked for anyway
        turn.say("utter_planned_where")
        turn.asks("planned")
        return True
    turn.say("utter_planned_none")
    return True
