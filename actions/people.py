"""A person instead of the machine: whoever has the case is rung or told, never somebody whom the caller complained of."""

from __future__ import annotations

from actions import afterwards, report
from actions.matters import Matter
from actions.turn import Turn
from bot.tickets.cards import TicketCard
from bot.tickets.intake.channels import Channel

#: turns in a row that may bring nothing before a person gets the case (promise 3)
PATIENCE = 2


def put_on(turn: Turn, *, urgent: bool = False) -> None:
    """On the telephone the person is rung, in a chat a call-back is owed; what is open is logged as it stands."""
    card = report.as_it_stands(turn) or _in_hand(turn)
    if card is None or urgent:
        matter = Matter("callback", said=[turn.text], utterance_id=turn.utterance_id, urgent=urgent)
        turn.matters.append(matter)
        card = turn.open_ticket(matter)
    else:
        turn.add(card.ticket_no, facts={"wants_a_person": True})
    who = reach(turn, card)
    call = "_call" if turn.caller.channel is Channel.phone else ""
    if who:
        turn.say(f"utter_hand_over{call}", **who)
    else:
        turn.say(f"utter_hand_over{call}_station", phone=turn.station()[1])


def give_up(turn: Turn, *, noted: bool = False) -> None:
    """Two turns brought nothing: everything that was said goes to a person, as it stands (promise 3).

    `noted`: what was said now is on the case in hand already, or says nothing."""
    card = report.as_it_stands(turn)
    if card is None and (card := _in_hand(turn)):
        if noted or not turn.text:
            turn.tell(ticket_no=card.ticket_no)
        else:
            turn.add(card.ticket_no)
    if card is None:
        matter = Matter("unclear", said=[turn.text], utterance_id=turn.utterance_id)
        turn.matters.append(matter)
        card = turn.open_ticket(matter)
    turn.memory.nothing = 0
    if who := reach(turn, card):
        turn.say("utter_not_understood_again", **who)
    else:
        turn.say("utter_not_understood_again_station", phone=turn.station()[1])


def _in_hand(turn: Turn) -> TicketCard | None:
    """The case that this call has made already: wanting a person for it is no second case."""
    return afterwards.in_hand(turn) if turn.last_logged is not None else None


def reach(turn: Turn, card: TicketCard) -> dict[str, str] | None:
    """Hand over to whoever has it and may hear of it; None for the station."""
    who = turn.who_serves(card)
    person = None if who else turn.site.desk.whom_to_reach(card.ticket_no)
    turn.memory.given = True
    turn.tell(hand_over=True, hand_over_to=who["phone"] if who else person.phone if person else turn.station()[1])
    return who
