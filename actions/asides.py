"""What is asked on the way and needs no ticket: answered shortly, and the open question comes back."""

from __future__ import annotations

from collections.abc import Callable

from actions import afterwards, meter_display, money, outage_news
from actions.turn import Turn
from actions.understood import Act


def answer(turn: Turn, act: Act) -> bool:
    """Answer a question; False when it is none that Gege answers."""
    own = _OWN.get(act.name) or _OWN.get(act.intent)
    if own is not None:
        return own(turn, act)
    return knowledge(turn, act)


def knowledge(turn: Turn, act: Act) -> bool:
    """What the domain has a sentence for: `utter_<act>`; a topic is its examples and that sentence, and nothing else."""
    name = f"utter_{act.name}"
    if not turn.can_say(name):
        return False
    turn.say(name)
    return True


def _not_ours(turn: Turn, act: Act) -> bool:
    if knowledge(turn, act):
        return True
    if turn.matter is not None or act.confidence < _PLAINLY:
        return False
    turn.off_topic = True
    return False


def _meter_display(turn: Turn, act: Act) -> bool:
    """What somebody reads on the meter, as far as it is known."""
    if known := meter_display.sentence_for(turn.text):
        turn.say(known)
        return True
    return knowledge(turn, act)


#: what is plainly about something else is told so; with less it was not understood
_PLAINLY = 0.75


def _greet(turn: Turn, act: Act) -> bool:
    """A greeting is answered once; who says 喂 again and again is not heard."""
    if turn.memory.greeted and turn.matter is None:
        return False
    turn.memory.greeted = True
    if turn.matter is None:
        turn.say("utter_greet")
    return True


def _when_back(turn: Turn, act: Act) -> bool:
    """几时来电: the news of the outage that somebody is in; else it is a report."""
    return turn.matter is None and outage_news.still_in_it(turn)


def _planned(turn: Turn, act: Act) -> bool:
    return outage_news.planned(turn)


def _manager(turn: Turn, act: Act) -> bool:
    """Answers for the place in the sentence, else for the caller's own line or home, else asks where."""
    found = turn.locate(act.text)
    grid_no = found.grid_no if found.understood else _by_name(turn) or turn.likely_grid(turn.matter or turn.last_logged)
    if not tell_manager(turn, grid_no):
        if turn.matter is not None:
            return True  # where it is is asked for anyway, and who serves there is told when it is logged
        turn.memory.place = found.heard_place
        turn.say("utter_manager_where")
        turn.asks("manager")
    return True


def answer_manager(turn: Turn) -> bool:
    """The answer to "您讲的是哪一片?"."""
    found = turn.locate(turn.text, earlier=turn.memory.place)
    if not found.understood and turn.intent not in ("inform", "affirm", "deny"):
        return False
    turn.memory.place = ""
    if not tell_manager(turn, found.grid_no):
        station, phone = turn.station()
        turn.say("utter_manager_unknown", station=station, phone=phone)
    return True


def tell_manager(turn: Turn, grid_no: str | None) -> bool:
    """Say name and number of a grid's manager (they hang on the notice board); False when there is none."""
    person = turn.manager_of(grid_no)
    if person is None:
        return False
    turn.say("utter_manager", **turn.named(person))
    return True


def _by_name(turn: Turn) -> str | None:
    """The grid of the one manager whom the sentence calls by name (程师傅, or the whole name)."""
    named = [
        (grid_no, person)
        for grid_no, person in turn.site.registry.managers()
        if person.name in turn.text or f"{person.name[:1]}师傅" in turn.text or turn.address_of(person) in turn.text
    ]
    return named[0][0] if len({person.staff_no for _, person in named}) == 1 else None


def _status(turn: Turn, act: Act) -> bool:
    if turn.matter is not None and not turn.matter.ticket_no and not afterwards.own_tickets(turn):
        # 师傅几时到, in the middle of a report: when it is logged
        turn.say("utter_when_comes")
        return True
    return afterwards.status(turn)


def _cancel(turn: Turn, act: Act) -> bool:
    return afterwards.cancel(turn)


def _judged(turn: Turn, act: Act) -> bool:
    return afterwards.judged(turn)


def _arrears(turn: Turn, act: Act) -> bool:
    return knowledge(turn, act) or money.arrears(turn)


#: what is more than a sentence, by act or intent
_OWN: dict[str, Callable[[Turn, Act], bool]] = {
    "ask_tiered_pricing": money.price,
    "ask_arrears": _arrears,
    "report_outage/when_back": _when_back,
    "report_outage/planned": _planned,
    "ask_manager": _manager,
    "ask_ticket_status": _status,
    "cancel_report": _cancel,
    "rate_service": _judged,
    "greet": _greet,
    "out_of_scope": _not_ours,
    "out_of_scope/meter_display": _meter_display,
}
