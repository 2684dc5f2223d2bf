"""Danger is a mode: from its first word everything belongs to it, until a person takes over or it is said twice to be over.

Safety words come first, chosen by what is in danger and never by the name of a place; then the urgent ticket with whatever
is known; then the question where. A resident's word never ends a danger ticket: staff look (docs/promises.md)."""

from __future__ import annotations

import re
from functools import cache

from actions import people, places, report
from actions.flows import flow_of
from actions.matters import LOGGED, Matter
from actions.site import load_words
from actions.turn import Turn
from bot.sound.answers.grammar import Grammar
from bot.sound.site import channel as site_channel
from bot.tickets.cards import TicketCard
from bot.tickets.intake.danger import danger_in, may_speak_of_danger, speaks_of_electricity
from bot.tickets.models import Kind

HAZARD = "report_hazard"
#: the words of a sentence name danger, and the model finds it this likely at least: acted on
_WITH_WORDS = 0.1
#: where most of it is taken for speech about anything else
_A_LITTLE = 0.02
#: and asked about when it is this sure
_MAYBE = 0.45
#: without such a word a short sentence has to be this sure
_WITHOUT = 0.6
#: a clause without such a word has to be so sure, and the whole sentence has to be this likely
_PLAIN, _SUPPORT = 0.9, 0.05
#: who only wants somebody to come says nothing of why
_NO_REASON = (None, "callback", "care", "complaint")
#: characters that are left of a sentence that says nothing but hurry
_LITTLE = 3
#: whatever else the model takes it for: who is hit by current waits for no question
_AT_ONCE = ("shock", "car", "neutral")


def kind_of(turn: Turn, text: str) -> str | None:
    """What is in danger, by the words of a sentence without its place: the road called 泉水巷 is no water."""
    if not may_speak_of_danger(text):
        return None
    place = turn.locate(text).heard_place or turn.entity("place")
    return danger_in(text, place)


@cache
def _phrases(table: str) -> Grammar:
    phrases: dict[str, tuple[str, ...]] = getattr(load_words(), table)
    return Grammar({name: list(said) for name, said in phrases.items()}, [], [])


def _sounds_of(turn: Turn, table: str, said: str = "") -> str | None:
    """What of a table of phrases a badly heard sentence sounds of."""
    names = tuple(getattr(load_words(), table))
    found = _phrases(table).read([said] if said else [turn.text, *turn.alternatives], names, site_channel())
    return found.value if found is not None else None


def heard_kind(turn: Turn, said: str = "") -> str | None:
    """The kind of danger that a badly heard sentence (this one) sounds of; for one that is known to speak of danger."""
    return _sounds_of(turn, "danger_phrases", said)


def _asks(turn: Turn) -> str:
    """What is asked in danger, by its words, else by its sound; "" for nothing."""
    text = turn.site.words.without("hurry", turn.text) or turn.text
    return turn.site.words.topic("danger_questions", text, "") or _sounds_of(turn, "danger_asks") or ""


def take(turn: Turn) -> bool:
    """What a sentence has to do with danger; False when it has nothing to do with it."""
    if turn.asked == "danger" and turn.memory.maybe_danger:
        return _asked_about(turn)
    if turn.memory.in_danger:
        return _goes_on(turn)
    found = _found(turn)
    if found is None:
        return False
    if found == "ask":
        if _wordless(turn):
            if turn.memory.wondered:
                return False  # asked about once; what sounds so again is not understood, and kept for a person
            turn.memory.wondered = True
        turn.memory.maybe_danger = turn.text
        turn.say("utter_is_it_danger")
        turn.asks("danger")
        return True
    begin(turn, found, turn.text)
    return True


def _wordless(turn: Turn) -> bool:
    """Nothing in the sentence speaks of danger or of electricity: only the model takes it for danger."""
    return kind_of(turn, turn.text) is None and not speaks_of_electricity(turn.text)


def among_unknown_words(turn: Turn) -> bool:
    """A turn of which too little was understood: a word of danger in it is no report, it is asked about; whoever is not
    understood then either gets a person at once. False where it has nothing to do with danger."""
    memory = turn.memory
    if memory.in_danger:
        matter = next((one for one in reversed(turn.matters) if one.flow == "hazard" and one.ticket_no), None)
        return matter is not None and _not_understood(turn, matter)
    asked = turn.asked == "danger" and bool(memory.maybe_danger)
    if not asked and not _names_danger(turn):
        return False
    memory.maybe_danger = memory.maybe_danger or turn.text or turn.alternatives[0]
    if memory.maybe_danger not in memory.unheard:
        memory.unheard.append(memory.maybe_danger)
    memory.nothing += 1
    if memory.nothing >= people.PATIENCE:
        people.give_up(turn, noted=True)
        return True
    if asked:
        turn.say("utter_again")
    turn.say("utter_is_it_danger")
    turn.asks("danger")
    return True


def _names_danger(turn: Turn) -> bool:
    """By its words, in any reading: what a model makes of chance words is chance."""
    says = turn.site.words.says
    return any(danger_in(one) or says("danger_itself", one) for one in (turn.text, *turn.alternatives))


def _not_understood(turn: Turn, matter: Matter) -> bool:
    """In the middle of a danger: what stood out is on its ticket, and nothing is concluded from it."""
    if turn.text:
        _add(turn, matter)
    return _nothing_new(turn, matter)


def _found(turn: Turn) -> str | None:
    """The kind of danger, "ask" where it may be one, None."""
    meant = turn.meant
    if turn.asked and meant.answer and not meant.more:
        return None  # the answer to what was asked
    if turn.site.words.says("danger_itself", turn.text):
        return "other"
    kind = kind_of(turn, turn.text)
    if kind is None and all(one.intent != HAZARD for one in (meant.whole, *meant.clauses)):
        return None
    likely = max(meant.ranking.get(HAZARD, 0.0), meant.confidence if meant.whole.intent == HAZARD else 0.0)
    if kind is None and any(flow_of(one.name) not in _NO_REASON and one.confidence >= _PLAIN for one in meant.clauses):
        return None  # a clause says plainly what it is, and none says danger in words
    if kind is None and places.names_one(turn, turn.text):
        if turn.asked == "place":
            return None  # where it is, as it was asked
        if likely < _PLAIN and heard_kind(turn) is None:
            return None  # 江南水岸…停电了: nothing but the name of a place speaks of water
    if kind is None and (not _beyond_hurry(turn) or turn.site.words.told_in(turn.text)):
        return None
    if meant.whole.intent == HAZARD:
        sure = likely >= _WITHOUT or kind is not None
        if sure and kind is None:
            # In the middle of something else a sentence without a word of danger is asked about, and anywhere one without
            # a word of electricity: that may be the television.
            doubtful = turn.asked or turn.matter or turn.last_logged or likely < _PLAIN or _wordless(turn)
            kind = heard_kind(turn) or ("ask" if doubtful else "other")
        return (kind or "other") if sure else "ask" if likely >= _MAYBE else None
    for clause in meant.clauses:
        # Torn out of its sentence a scrap (还骂人) may be anything: it is danger by its words, or with the whole's support.
        if (
            clause.intent == HAZARD
            and clause.confidence >= _WITHOUT
            and (danger_in(clause.text) or (likely >= _SUPPORT and clause.confidence >= _PLAIN))
        ):
            return kind or heard_kind(turn) or "ask"
    if kind in _AT_ONCE:
        return kind
    if kind is not None and (likely >= _WITH_WORDS or _among_ours(turn, likely)):
        return kind if meant.whole.name == "nlu_fallback" else "ask"
    return None


def _among_ours(turn: Turn, likely: float) -> bool:
    """Words name danger, and of what is left beside speech about anything else danger is the most: badly heard, no television."""
    return likely >= _A_LITTLE and likely >= (1 - turn.meant.ranking.get("out_of_scope", 0.0)) / 2


def _beyond_hurry(turn: Turn) -> bool:
    """Whether more is said than that somebody is in a hurry (快来人啊, 急死人了)."""
    scraps = [one.text for one in turn.meant.clauses if one.intent == HAZARD] or [turn.text]
    return any(len(re.sub(r"\W", "", turn.site.words.without("hurry", one))) > _LITTLE for one in scraps)


def _asked_about(turn: Turn) -> bool:
    said, turn.memory.maybe_danger = turn.memory.maybe_danger, ""
    answer = turn.yes_no("danger")
    if answer is not None:
        turn.memory.nothing = 0  # who answers is understood
    # Who names danger and then the place has answered: only a no stands against the word.
    if answer == "yes" or _found(turn) not in (None, "ask") or (answer is None and kind_of(turn, said)):
        begin(
            turn, kind_of(turn, turn.text) or kind_of(turn, said) or heard_kind(turn, said) or "other", said, turn.text
        )
        return True
    if turn.matter is not None:
        turn.matter.hear(said)
    elif said not in turn.memory.unheard:
        turn.memory.unheard.append(said)
    return False


def begin(turn: Turn, kind: str, *said: str) -> None:
    """Safety words, then the ticket, then the place."""
    memory, before = turn.memory, turn.matter or turn.last_logged
    turn.say(f"utter_hazard_{kind}")
    memory.dangers, memory.in_danger = [kind], True
    matter = Matter("hazard", act=HAZARD, utterance_id=turn.utterance_id, urgent=True)
    if memory.unheard:
        matter.said, memory.unheard = memory.unheard, []
    for sentence in said:
        matter.hear(sentence)
    matter.hear(turn.text)
    if before is not None:
        # What was begun is of this: the danger at the house of the outage is one ticket, with all that was said.
        matter.same_place_as(before)
        if before.open and turn.flow(before).group == "power":
            matter.said = [*before.said, *[one for one in matter.said if one not in before.said]]
            matter.facts.update(before.facts)
            turn.matters.remove(before)
    known_place = matter.where
    places.correct_place(turn, matter, turn.text) or places.take_place(turn, matter, turn.text)
    if known_place[2] and matter.grid_no is None and not matter.outside:
        matter.place, matter.household_no, matter.grid_no = known_place  # 门口的电箱: by the house that is known
    report.note_facts(turn, matter)
    turn.matters.append(matter)
    ticket, known = _on_file(turn, matter), True
    if ticket is None:
        ticket, known = turn.open_ticket(matter, facts={"danger": kind}), False
    matter.state = LOGGED
    if known:
        turn.say("utter_danger_known")
    if matter.place and not matter.outside:
        _say_who(turn, ticket)
    else:
        _ask_where(turn, matter)


def _on_file(turn: Turn, matter: Matter) -> TicketCard | None:
    """The danger that is known already: of this conversation, of this caller's earlier call, of a neighbour."""
    desk = turn.site.desk
    ticket_no = desk.open_of_session(turn.tracker.sender_id, Kind.hazard)
    if ticket_no:
        matter.ticket_no = ticket_no
        return _add(turn, matter)
    card = desk.same_danger(turn.reporter, matter.place, matter.household_no, matter.grid_no)
    if card is None:
        return None
    matter.ticket_no = card.ticket_no
    own = any(one.ticket_no == card.ticket_no for one in desk.open_of(turn.reporter))
    tell = desk.called_again if own else desk.also_reported
    card = tell(card.ticket_no, matter.words, caller=turn.caller, facts=turn.facts_of(matter))
    turn.tell(ticket_no=card.ticket_no)
    if own and not matter.place:
        # Whose own report it is knows where it is.
        matter.place, matter.household_no, matter.grid_no = card.place, card.household_no, card.grid_no
    elif matter.place and matter.place not in card.place:
        card = (
            desk.correct_place(card.ticket_no, place=matter.place, grid_no=matter.grid_no, note=turn.text)
            if own
            else card
        )
    return card


def _add(turn: Turn, matter: Matter) -> TicketCard:
    return turn.add(
        matter.ticket_no,
        place=matter.place,
        household_no=matter.household_no,
        grid_no=matter.grid_no,
        urgent=True,
        facts=turn.facts_of(matter),
    )


def _ask_where(turn: Turn, matter: Matter) -> None:
    if matter.outside:
        matter.place_ask = "outside"
    else:
        matter.place_ask = "hazard" if not matter.place_tries else "again"
    turn.say(f"utter_ask_place_{matter.place_ask}")
    matter.place_tries += 1
    turn.question = "place"
    turn.tell(asks="place")


def _say_who(turn: Turn, ticket: TicketCard) -> None:
    if who := turn.who_serves(ticket):
        turn.say("utter_added", **who)
    else:
        turn.say("utter_added_station")


# -- in the middle of it --------------------------------------------------------------------------------------------------


def _goes_on(turn: Turn) -> bool:
    """Whatever is said now goes on the danger ticket; what is asked about the danger is answered."""
    matter = next((one for one in reversed(turn.matters) if one.flow == "hazard"), None)
    if matter is None or not matter.ticket_no:
        turn.memory.in_danger = False
        return False
    matter.hear(turn.text)
    report.note_facts(turn, matter)
    question = _asks(turn)
    kind = kind_of(turn, turn.text) if question not in ("water", "switch") else None
    placed = _place(turn, matter)
    if over := _over(turn, matter, question or kind):
        return over
    # What is said of the danger is added to its ticket, a person who waits hears of it.
    card = turn.site.desk.ticket(matter.ticket_no) if placed else _add(turn, matter)
    if kind and not question:
        # What is new is answered as a danger is, what was told before once more without the promise that was given.
        turn.say(f"utter_safety_{kind}" if kind in turn.memory.dangers else f"utter_hazard_{kind}")
    if kind and kind not in turn.memory.dangers:
        turn.memory.dangers.append(kind)
    if question:
        turn.say(f"utter_danger_{question}", **turn.who_or_station(card))
    if placed and card and not question:
        _say_who(turn, card)
    if not (question or kind or placed):
        return _nothing_new(turn, matter)
    turn.memory.nothing = 0
    if not matter.place and matter.place_tries < places.PLACE_QUESTIONS:
        _ask_where(turn, matter)
    return True


def _place(turn: Turn, matter: Matter) -> bool:
    """A place that was not known, or a finer or another one: the ticket has it, and whoever serves it is told."""
    before = matter.where
    if matter.outside and turn.asked == "place" and turn.yes_no("place") == "yes":
        matter.outside, matter.place_ask = "", "hazard"  # it is here: 我在深圳打工 was the caller
    if not matter.place:
        taken = places.take_place(turn, matter, turn.text) is not None
        if not taken and turn.asked == "place" and turn.intent == "inform" and len(turn.text) > 2:
            matter.place, taken = turn.text, True
    else:
        taken = (places.correct_place(turn, matter, turn.text) or _finer(turn, matter)) and matter.where != before
    if taken:
        turn.correct_place(matter.ticket_no, matter)
    return taken


def _finer(turn: Turn, matter: Matter) -> bool:
    """A place beside the one that is known: another one, or more of it."""
    found = turn.locate(turn.text)
    heard = found.heard_place
    if not (found.understood and heard and heard not in matter.place and (found.grid_no or found.household_no)):
        return False
    matter.place = places.joined(matter.place, heard, False) if found.grid_no == matter.grid_no else heard
    matter.settle(found.household_no, found.grid_no or matter.grid_no, None)
    return True


def _over(turn: Turn, matter: Matter, still: str | None) -> bool:
    """没事了, 灭了, 我看错了: asked about once; said twice the call goes on, and staff look all the same."""
    calm = turn.meant.whole.intent == "cancel_report" or turn.site.words.says("danger_over", turn.text)
    if turn.asked == "over":
        answer = turn.answered("over") or turn.yes_no("over")
        if answer == "yes" or (calm and answer != "no"):
            turn.site.desk.add(matter.ticket_no, note=turn.site.words.said_solved, facts={"said_solved": True})
            turn.memory.in_danger, turn.memory.nothing = False, 0
            turn.tell(ticket_no=matter.ticket_no)
            turn.say("utter_danger_stays")
            return True
        return False
    if calm and not still:
        _add(turn, matter)
        turn.memory.nothing = 0
        turn.say("utter_ask_over")
        turn.asks("over")
        return True
    return False


def _nothing_new(turn: Turn, matter: Matter) -> bool:
    """A word in danger that brings nothing: kept, the place asked for; the second time a person is put on."""
    memory = turn.memory
    if turn.meant.whole.intent in ("goodbye", "repeat_request"):
        return False
    memory.nothing += 1
    who = turn.who_or_station(turn.site.desk.ticket(matter.ticket_no))
    if memory.nothing >= 2 and not matter.place or memory.nothing >= 3:
        memory.nothing = 0
        turn.tell(hand_over=True, hand_over_to=who["phone"])
        turn.say("utter_danger_hand_over", **who)
        return True
    if matter.place:
        if turn.intent not in ("affirm", "deny", "goodbye") and memory.dangers:
            # Whatever it was: what matters most is said once more.
            turn.say(f"utter_safety_{memory.dangers[-1]}")
        turn.say("utter_danger_noted", **who)
    else:
        turn.say("utter_danger_where_unknown")
        _ask_where(turn, matter)
    return True
