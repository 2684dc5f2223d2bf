"""A matter from its first word to its ticket: begun, asked about in its flow's order, read back, logged after one yes."""

from __future__ import annotations

import re

from actions import outage_news, places
from actions.flows import Asked, Effect, flow_of
from actions.matters import LOGGED, OVER, Matter
from actions.turn import SURE, Turn
from actions.understood import SURE_OF_CHANGE
from bot.foundation.widths import both
from bot.sound.answers.yes_no import questions, says_more, yes_no
from bot.tickets.cards import TicketCard
from bot.tickets.labels import labels

#: complaints that are about whoever serves there
_OF_A_PERSON = ("complain/manager", "complain/waiting")
#: what is asked instead of what was read back
_QUESTIONS = (
    "report_outage/planned",
    "report_outage/when_back",
    "ask_tiered_pricing",
    "ask_ticket_status",
    "ask_manager",
)
#: answers that stay when the matter turns out to be another
_OF_THE_PLACE = ("own_home",)
#: a "no" to the read-back that often: a person takes over
DENIALS = 2
#: a place that no table has is no longer than so many characters
_A_NAME = 12
_CLAUSES = f"[{both(' ,。;!?')}、]"


def begin(turn: Turn, flow: str, act: str) -> Matter:
    """Put a new matter on the stack, with everything that is known of it already."""
    before = turn.matter or turn.last_logged
    matter = Matter(flow, act=act, utterance_id=turn.utterance_id)
    turn.matters.append(matter)
    if turn.memory.unheard:
        matter.said, turn.memory.unheard = turn.memory.unheard, []
    matter.hear(turn.text)
    if turn.memory.place:
        matter.place, turn.memory.place = turn.memory.place, ""
        known = turn.locate(matter.place)
        matter.settle(known.household_no, known.grid_no, known.ask)
    if before is not None and flow != "callback":
        matter.same_place_as(before)
    tell_all(turn, matter)
    if before is not None and matter.place == before.place and matter.place:
        matter.place_ask = before.place_ask
    told_already(turn, matter, turn.text)
    answered_beside(turn, matter)
    return matter


def tell_all(turn: Turn, matter: Matter) -> None:
    """What a sentence tells of a matter beside its kind: the place, who is ill, since when. The whole sentence does,
    also where one clause of it names the kind."""
    if matter.place:
        if places.names_one(turn, turn.text):
            places.correct_place(turn, matter, turn.text) or places.take_place(turn, matter, turn.text)
    else:
        places.take_place(turn, matter, turn.text)
    note_facts(turn, matter)


def note_facts(turn: Turn, matter: Matter) -> None:
    """What staff must know (words.yml, told): somebody breathes by a machine, a child, since when, another telephone."""
    for name, (value, urgent) in turn.site.words.told_in(turn.text).items():
        if name == "oxygen" and turn.answered("oxygen") == "no":
            continue
        matter.facts[name] = value
        matter.urgent |= urgent


def told_already(turn: Turn, matter: Matter, text: str) -> None:
    """What the first words of a matter answer already."""
    if matter.flow == "breaker_fault" and (smell := turn.answered("smell")):
        told = {"yes": "burnt", "no": "smelt"}.get(smell)
        if told and turn.site.words.says(told, text):
            take_effect(turn, matter, "smell", smell)


def introduce(turn: Turn, matter: Matter) -> None:
    """The sentence of its beginning, when its turn has come; a place that another matter of the call has is its own."""
    other = turn.last_logged
    if other is not None and not (matter.place or matter.household_no or matter.denied_place):
        matter.same_place_as(other)
    if matter.introduced:
        return
    matter.introduced = True
    own = f"utter_{matter.act}"
    if intro := own if turn.can_say(own) else turn.flow(matter).intro:
        turn.say(intro)


def change(turn: Turn, matter: Matter, flow: str, act: str) -> None:
    """不是停电,是空开烧了: the place stays, the matter is another."""
    matter.flow, matter.act = flow, act
    matter.hear(turn.text)
    matter.answers = {name: value for name, value in matter.answers.items() if name in _OF_THE_PLACE}
    matter.introduced = False
    tell_all(turn, matter)
    told_already(turn, matter, turn.text)


# -- questions -----------------------------------------------------------------------------------------------------------


def next_question(turn: Turn, matter: Matter) -> str | None:
    """What is left to ask, in the order of its flow; None when it can be logged."""
    for asked in turn.flow(matter).asks:
        if matter.answers.get("elsewhere") or matter.answers.get("solved"):
            return None
        if question := _open(turn, matter, asked):
            return question
    return None


def _open(turn: Turn, matter: Matter, asked: Asked) -> str | None:
    if any(matter.answers.get(name) != value for name, value in asked.when.items()):
        return None
    if asked.said and not turn.site.words.says(asked.said, matter.words):
        return None
    if asked.ask == "same_outage":
        return outage_news.question(turn, matter)
    if matter.answers.get("same_outage") == "yes":
        return None
    if asked.ask == "where":
        return places.where(turn, matter)
    if asked.ask == "confirmed" and same_of_own(turn, matter):
        return None
    return asked.ask if asked.ask not in matter.answers else None


def same_of_own(turn: Turn, matter: Matter) -> TicketCard | None:
    """The caller's own open ticket that this repeats: it was read back when it was made."""
    same = _same(turn, matter) if matter.place or matter.household_no else None
    if same is None:
        return None
    return same if any(one.ticket_no == same.ticket_no for one in turn.site.desk.open_of(turn.reporter)) else None


def _same(turn: Turn, matter: Matter) -> TicketCard | None:
    """The open ticket of the same report, whoever made it; a complaint is always one of its own."""
    kind = turn.flow(matter).kind
    if kind == "complaint":
        return None
    return turn.site.desk.same_report(turn.reporter, kind, matter.household_no, matter.place)


def ask(turn: Turn, matter: Matter, question: str) -> None:
    """Ask it, in the words that its part of the place has."""
    turn.asks(question)
    if question == "confirmed":
        turn.say("utter_ask_confirmed", readback=readback(turn, matter))
    elif question == "proof" and turn.memory.proof_tries:
        turn.say("utter_ask_proof_again")
    elif question == "place":
        turn.say(f"utter_ask_place_{matter.place_ask or 'place'}")
    else:
        turn.say(f"utter_ask_{question}")


def readback(turn: Turn, matter: Matter) -> str:
    """What the resident said, in one clause; nothing that only the registry knows (promise 5)."""
    words = turn.site.words
    where = matter.place or (words.own_home if matter.answers.get("own_home") == "yes" else "")
    name = words.readback_name.format(name=matter.householder) if matter.householder else ""
    number = words.readback_account.format(account=matter.account) if matter.account else ""
    return words.readback_comma.join(part for part in (where, number, name, called(turn, matter)) if part)


def called(turn: Turn, matter: Matter) -> str:
    """What it is, in the words that were said rather than those of the nearest kind."""
    flow = turn.flow(matter)
    effects = (flow.answers.get(name, {}).get(value) for name, value in matter.answers.items())
    by_answer = next((one.called for one in effects if one and one.called), "")
    return by_answer or flow.of_act(flow.called, matter.act) or labels().spoken_kind(flow.kind)


# -- answers -------------------------------------------------------------------------------------------------------------


def answer(turn: Turn, matter: Matter, asked: str) -> bool:
    """Take the answer to a question of its flow; False when what was said is none."""
    own = {
        "same_outage": outage_news.answer_same,
        "own_home": places.answer_own_home,
        "place": places.answer_place,
        "householder": places.answer_householder,
        "confirmed": _confirmed,
    }.get(asked)
    if own is not None:
        taken = own(turn, matter)
    else:
        value = None if turn.site.words.says("asks_back", turn.text) else turn.yes_no(asked)
        taken = value is not None
        if value is not None:
            take_effect(turn, matter, asked, value)
            answered_beside(turn, matter)
            if not matter.place and turn.entity("place"):
                places.take_place(turn, matter, turn.text)
    if taken:
        found = turn.answer(asked) if asked in questions() else None
        matter.hear("" if found is not None and not says_more(found) else turn.text)
        note_facts(turn, matter)
    return taken


def answered_beside(turn: Turn, matter: Matter) -> None:
    """What a sentence answers beside what was asked, or before it is asked: 没味,隔壁也有电."""
    for clause in re.split(_CLAUSES, turn.text):
        about = turn.site.words.topic("about", clause, "")
        if about in matter.answers or all(asked.ask != about for asked in turn.flow(matter).asks):
            continue
        found = yes_no(about, clause)
        if found is not None and found.probability >= SURE:
            take_effect(turn, matter, about, found.value)


def take_effect(turn: Turn, matter: Matter, question: str, value: str) -> None:
    """Keep an answer, and do what its flow says that it does."""
    matter.answers[question] = value
    effect: Effect | None = turn.flow(matter).answers.get(question, {}).get(value)
    if effect is None:
        return
    if effect.say:
        turn.say(effect.say)
    matter.urgent |= effect.urgent
    if effect.becomes:
        facts = turn.facts_of(matter)
        matter.flow, matter.act = effect.becomes, ""
        matter.facts = {**facts, **matter.facts}
    if effect.ends:
        matter.answers["solved"] = "yes"


def _confirmed(turn: Turn, matter: Matter) -> bool:
    """The answer to the read-back: yes, no, or straight away what is right."""
    found = turn.answer("confirmed")
    words = turn.site.words
    value = found.value if found else "no" if turn.intent == "deny" and words.says("wrong", turn.text) else None
    # 对,不过是208号 is a correction, 不对,是208号 and 沿河路208号 too: it is read back anew.
    rest = found.rest if found and found.value == "yes" else turn.text
    if places.correct_place(turn, matter, rest):
        return True
    beside = found is not None and (says_more(found) or words.topic("about", turn.text, ""))
    if value == "unknown" or (value == "no" and beside and not words.says("wrong", turn.text)):
        return True  # 没得味: told beside, and denies nothing of what was read back
    if value == "no":
        act = turn.meant.whole
        if act.understood and act.confidence >= SURE_OF_CHANGE:
            if flow_of(act.name) not in (None, matter.flow):
                return False  # 不是这个事,要销户: the conversation changes what it is about
            if flow_of(act.name) is None and act.name in _QUESTIONS:
                matter.state = OVER  # 不对,我问的是明天停不停电: a question, and nothing to log
                return False
        return _denied(turn, matter)
    if value is None and (name := turn.entity("householder")) and not matter.householder:
        matter.householder = name
        return True
    if value == "yes" or turn.intent == "affirm":
        matter.answers["confirmed"] = "yes"
        return True
    if turn.intent == "deny":
        return True  # 隔壁没人住
    return (turn.intent == "inform" or bool(turn.entity("place"))) and _more_of_the_place(turn, matter)


def _denied(turn: Turn, matter: Matter) -> bool:
    words = turn.site.words
    if words.says("no_such_matter", turn.text):
        if turn.last_logged is not None or words.says("no_more", turn.text):
            matter.state = OVER  # 没得别的事: what was read back was none
            turn.say("utter_anything_more")
        else:
            matter.flow, matter.act = "unclear", ""
            matter.answers["confirmed"] = ""
            turn.say("utter_what_there")
            turn.asks("what")
        return True
    matter.denied += 1
    if matter.denied >= DENIALS:
        matter.flow, matter.act = "unclear", ""
        matter.answers["confirmed"] = "yes"
        return True
    place = matter.place
    matter.denied_place, matter.place = place, ""
    matter.household_no = matter.grid_no = None
    matter.answers["own_home"] = "no"
    if places.take_place(turn, matter, turn.text) is None and not matter.outside:
        matter.place_ask = "again"
        matter.place_tries = 0 if place else matter.place_tries
    return True


def _more_of_the_place(turn: Turn, matter: Matter) -> bool:
    """More of the place, said when it was read back: a bay of the village, a landmark."""
    earlier = matter.place
    found = places.take_place(turn, matter, turn.text)
    if found is not None and not found.understood and earlier:
        matter.place = places.joined(earlier, matter.place, False)
    if found is None and turn.site.words.says("place_marks", turn.text) and len(turn.text) <= _A_NAME:
        matter.place = places.joined(earlier, turn.text.strip(places.PUNCTUATION), False)
        return True
    return found is not None


# -- the ticket ----------------------------------------------------------------------------------------------------------


def finish(turn: Turn, matter: Matter) -> None:
    """Nothing is left to ask: log it, and say who comes."""
    matter.state = OVER
    if matter.answers.get("solved"):
        return
    if matter.answers.get("elsewhere"):
        turn.say("utter_outside")
        return
    if matter.flow == "hazard":
        return
    if matter.answers.get("same_outage") == "yes" and outage_news.join(turn, matter):
        return
    flow = turn.flow(matter)
    again = same_of_own(turn, matter)
    ticket = logged(turn, matter)
    if again is not None:
        turn.say("utter_logged_before", **turn.who_or_station(ticket))
        return
    if matter.flow == "unclear":
        turn.tell(hand_over=True, hand_over_to=turn.who_or_station(ticket)["phone"])
    if flow.logged:
        turn.say(flow.logged, **turn.who_or_station(ticket))
    else:
        say_logged(turn, ticket)


def logged(turn: Turn, matter: Matter) -> TicketCard:
    """Its ticket: a new one, or that of the same report which is open already."""
    if turn.flow(matter).kind == "complaint":
        mark_complained_of(turn, matter)
    same = _same(turn, matter)
    if same is None:
        return turn.open_ticket(matter)
    card = turn.site.desk.called_again(same.ticket_no, matter.words, caller=turn.caller, facts=turn.facts_of(matter))
    matter.ticket_no, matter.state = card.ticket_no, LOGGED
    turn.tell(ticket_no=card.ticket_no)
    return card


def mark_complained_of(turn: Turn, matter: Matter) -> None:
    """Whom it is about has no part in this call any more, nor in what was logged of it before."""
    desk = turn.site.desk
    about = desk.complained_of(matter.words, turn.likely_grid(matter))
    if not about and matter.act in _OF_A_PERSON and (person := turn.manager_of(turn.likely_grid(matter))):
        about = [person.staff_no]  # however badly it was heard: what nobody came for is whose grid it is
    turn.memory.complained_of = list(dict.fromkeys([*turn.memory.complained_of, *about]))
    if about:
        for other in turn.matters:
            if other.ticket_no:
                desk.complaint_about(other.ticket_no, about)


def say_logged(turn: Turn, ticket: TicketCard) -> None:
    """Who has it, with the number twice; once in a call is enough."""
    station, phone = turn.station()
    who = turn.who_serves(ticket)
    number = who["phone"] if who else phone
    if number == turn.memory.named:
        turn.say("utter_logged_too", **turn.who_or_station(ticket))
        return
    turn.memory.named = number
    if who:
        turn.say("utter_logged", **who)
    else:
        turn.say("utter_logged_station", station=station, phone=phone)


def as_it_stands(turn: Turn) -> TicketCard | None:
    """Log whatever is open, without another question (a person takes over, somebody leaves); the last of them."""
    card = None
    for matter in turn.matters:
        if matter.open and matter.flow != "hazard":
            card = logged(turn, matter)
    if (turn.memory.unheard and card is None) or turn.memory.unheard_danger:
        unheard = turn.unheard_matter()
        turn.memory.unheard, turn.memory.place = [], ""
        turn.matters.append(unheard)
        card = turn.open_ticket(unheard)
    return card


def other_house(turn: Turn, matter: Matter, text: str) -> bool:
    """Whether a sentence names another place than the matter's; a garbled name of the same one is none."""
    found = turn.locate(text)
    if not found.understood:
        return False
    pairs = ((found.household_no, matter.household_no), (found.grid_no, matter.grid_no))
    return any(one and other and one != other for one, other in pairs)
