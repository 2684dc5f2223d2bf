"""The turn: what was said is read against the open question, its acts are weighed, the matters of the call go on, and at
most one question is asked at the end (docs/decisions/0035-matters-and-flows.md)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import afterwards, asides, danger, money, outage_news, people, places, report
from actions.flows import flow_of, flows
from actions.matters import OVER, Matter
from actions.people import PATIENCE
from actions.site import Site
from actions.turn import Turn
from actions.understood import FALLBACK, SURE_OF_CHANGE, Act
from bot.sound.answers.yes_no import questions

#: characters at the head of a sentence in which 还有个事 says that another matter comes, and not that two do
_OPENING = 6
#: what is no longer than this, and was not understood, is a word of thanks when something was answered
_A_WORD = 4
#: characters of Gege's own words that are no chance
_ECHO = 5
#: the same question is asked so often; then it goes on with what there is
ASKED = 2
#: so often nobody hears the same
LOOP = 3
#: acts that are answered and bring nothing: who does nothing else is put through to a person
EMPTY = {"out_of_scope/swear", "out_of_scope/smalltalk", "out_of_scope/child", "out_of_scope"}
#: a second matter in one sentence is begun when it is so sure
SURE_OF_TWO = 0.75
#: a clause that is so sure needs no support of the whole sentence, any other that much
PLAINLY, SUPPORT = 0.9, 0.05
#: with a place beside it, what a sentence most likely is is asked about when it is so likely
DOUBTFUL = 0.25
#: and what has an answer of its own and needs no ticket
GUESSED = 0.45
#: and after danger was ruled out
DOUBTFUL_STILL = 0.03
#: and to begin with it has to be so sure
SURE_OF_A_WISH = 0.7
#: how a tale ends (帮帮我这个老人家, 喊师傅来一趟): a matter only when the whole sentence supports it
WISHES = {"care", "complaint", "callback"}
OUTAGE = "report_outage"
#: what a sentence is not that says 没电 and names no switch
_OF_THE_DARK = ("breaker_fault", "callback")
#: what is no matter of its own, whatever its probability
ASIDE = {"inform", "affirm", "deny", "nlu_fallback", "goodbye", "repeat_request"}


class Converse(Action):
    """Rasa calls it for every sentence (nlu/policy.py)."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def name(self) -> str:
        return "action_converse"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        await self.site.present.keep_fresh()
        turn = Turn(self.site, tracker, dispatcher, domain.get("responses"))
        converse(turn)
        return turn.events()


def every_action(site: Site) -> list[Action]:
    """The actions of domain.yml, made for one site."""
    return [Converse(site)]


def converse(turn: Turn) -> None:
    """Take one sentence; who hears the same for the third time hears something else, and a person is put on."""
    memory = turn.memory
    _converse(turn)
    said = turn.reply
    memory.replied_times = memory.replied_times + 1 if said and said == memory.replied else 1
    memory.replied = said
    if memory.replied_times >= LOOP and said:
        turn.question = ""
        turn.unsay()
        if not memory.given:
            people.give_up(turn)
        elif "utter_given_already" not in said:
            turn.say("utter_given_already")
        else:
            turn.say("utter_goodbye")
            turn.tell(ended=True)
        memory.replied, memory.replied_times = turn.reply, 1


def _converse(turn: Turn) -> None:
    if turn.unclear:
        if not danger.among_unknown_words(turn):
            _nothing(turn)
        return
    if any(step(turn) for step in _WHOLE):
        return
    brought = _answer(turn) or _more_of_it(turn)
    acts = _acts(turn, brought) if turn.matter is not None or not brought else []
    before = len(turn.matters)
    for act in acts:
        brought |= _take(turn, act)
    # Of several that one sentence tells, the first comes first.
    turn.matters[before:] = reversed(turn.matters[before:])
    if not brought and not turn.question:
        brought = _loose(turn)
    if not brought:
        _nothing(turn)
        return
    if acts and all(act.name in EMPTY for act in acts) and not turn.matters[before:]:
        turn.memory.nothing += 1
        if turn.memory.nothing >= PATIENCE:
            turn.unsay()
            people.give_up(turn)
            return
    else:
        turn.memory.nothing = 0
    _go_on(turn)


# -- what the whole sentence is --------------------------------------------------------------------------------------------


def _person(turn: Turn) -> bool:
    if turn.intent != "request_human" and not turn.site.words.says("wants_person", turn.text):
        return False
    people.put_on(turn)
    return True


def _hopeless(turn: Turn) -> bool:
    """Somebody does not want to live: a person at once, whatever else was said."""
    if turn.meant.whole.name != "out_of_scope/self_harm":
        return False
    asides.knowledge(turn, turn.meant.whole)
    people.put_on(turn, urgent=True)
    return True


#: somebody is away from the telephone for a moment
_AWAY = {"inform/wait": "utter_wait", "inform/pass_over": "utter_pass_over"}


def _wait(turn: Turn) -> bool:
    """等一下,我去看下: the question stays, nothing is counted, the telephone has patience."""
    if turn.meant.whole.name not in _AWAY or turn.meant.answer is not None:
        return False
    turn.say(_AWAY[turn.meant.whole.name])
    turn.tell(wait=True)
    if turn.asked:
        turn.asks(turn.asked)
    return True


def _repeat(turn: Turn) -> bool:
    """Says the last answer once more."""
    if turn.intent != "repeat_request":
        return False
    if turn.meant.whole.name == "repeat_request/phone" and turn.matter is None and afterwards.tell_phone_again(turn):
        return True
    said = turn.last_said
    for text in said:
        turn.say_again(text)
    if not said:
        turn.say("utter_nothing_to_repeat")
    if turn.asked:
        turn.asks(turn.asked)
    return True


def _goodbye(turn: Turn) -> bool:
    """Thanks or goodbye. Nobody who told us something and leaves is forgotten (promise 1)."""
    if turn.intent != "goodbye":
        return False
    leaving = turn.site.words.says("goodbye", turn.text)
    if turn.matter is not None and not leaving and not turn.memory.in_danger:
        return False
    if turn.memory.in_danger and not leaving:
        turn.say("utter_danger_noted", **turn.who_or_station(afterwards.in_hand(turn)))
        return True
    report.as_it_stands(turn)
    turn.say("utter_goodbye")
    turn.tell(ended=True)
    return True


def _parrot(turn: Turn) -> bool:
    """Gege's own words, typed back or heard as an echo, say nothing."""
    said = plain_words(turn.text)
    if len(said) < _ECHO or said not in plain_words("".join(turn.last_said)):
        return False
    _nothing(turn, keep=False)
    return True


def plain_words(text: str) -> str:
    """Without punctuation and spaces."""
    return re.sub(r"[\W_]+", "", text)


#: what settles a turn before anything else is looked at, in this order
_WHOLE: tuple[Callable[[Turn], bool], ...] = (_parrot, _hopeless, _person, danger.take, _wait, _repeat, _goodbye)


# -- the answer to what was asked --------------------------------------------------------------------------------------------


def _answer(turn: Turn) -> bool:
    """Take the answer to the open question; False when nothing was asked, or something else was said."""
    asked = turn.asked
    if own := _ASKED.get(asked):
        return own(turn)
    matter = turn.matter
    if not asked or matter is None:
        return False
    if _is_another(turn, matter):
        if asked == "confirmed" and flow_of(turn.meant.whole.name) is None and _denies(turn):
            matter.state = OVER  # 不对,我问的是明天停不停电: a question, and nothing to log
        return False
    if asked == "proof":
        return money.answer_proof(turn, matter)
    return report.answer(turn, matter, asked)


def _more_of_it(turn: Turn) -> bool:
    """What staff must know of the case in hand (another telephone, after three, a child in the house), whatever else the
    sentence looks like."""
    if (
        turn.matter is not None
        or turn.asked
        or turn.intent == "cancel_report"
        or not turn.site.words.told_in(turn.text)
    ):
        return False
    flow = flow_of(turn.meant.whole.name)
    return flow in (None, "care") and afterwards.add_to_it(turn)


def _is_another(turn: Turn, matter: Matter) -> bool:
    """Whether a sentence begins, or asks, something of its own instead of answering."""
    act = turn.meant.whole
    instead = flow_of(act.name) not in (None, matter.flow) and act.confidence >= SURE_OF_TWO
    if turn.asked == "confirmed" and instead and turn.answered("confirmed") == "no":
        return True  # 不是停电,是空开烧坏了: what it is instead is said with the no
    if turn.meant.answer or act.intent in ASIDE or act.confidence < SURE_OF_CHANGE:
        return False
    if turn.asked in questions() and turn.answer(turn.asked):
        return False
    if flow := flow_of(act.name):
        return flow != matter.flow and turn.asked != "place"
    return True


#: questions that belong to no flow
_ASKED: dict[str, Callable[[Turn], bool]] = {
    "cancel": afterwards.answer_cancel,
    "oxygen": outage_news.answer_oxygen,
    "not_fixed": afterwards.answer_not_fixed,
    "manager": asides.answer_manager,
    "planned": outage_news.planned,
}


# -- what else was said -----------------------------------------------------------------------------------------------------


def _acts(turn: Turn, answered: bool) -> list[Act]:
    """The acts of a sentence that are matters or questions, each once, matters first.

    The whole counts unless its clauses say more surely what it is made of: what somebody wants of whom at the end of a
    story (你喊师傅来) is not what the story tells. Beside an answer only a clause that plainly begins something counts:
    what else is said then is grumbling (收钱倒是快)."""
    whole, found = turn.meant.whole, list[Act]()
    if whole.intent == "cancel_report" and not answered:
        return [whole]  # 来电了,师傅不用来了: the light that is on again is no matter
    clauses = sorted((one for one in turn.meant.clauses if _counts(turn, one)), key=_rank, reverse=True)
    if answered:
        clauses = [one for one in clauses if _beside(turn, one)]
    elif whole.intent not in ASIDE:
        found.append(_what_it_tells(whole, clauses))
    for act in clauses:
        if all(_apart(act, other) for other in found):
            found.append(act)
    if not answered and turn.matter is None and _is_dark(turn):
        # A switch that nobody spoke of did not trip (造纸厂宿舍7栋停电了), and who shall come is to come for the dark.
        found = [Act(OUTAGE, one.confidence, turn.text) if flow_of(one.name) in _OF_THE_DARK else one for one in found]
    if all(flow_of(one.name) is None for one in found) and not answered and (doubtful := _doubtful(turn)):
        found = [doubtful]
    if answered and found and turn.matter is not None:
        # An answer told at length is no matter of its own: 停电了 to "您家也是吗?"
        found = [one for one in found if _group(one) != flows()[turn.matter.flow].group]
    found.sort(key=lambda act: flow_of(act.name) is None)
    if any(flow_of(one.name) not in (None, "callback") for one in found) or turn.matter is not None:
        # Who wants somebody to come for what they have just told wants nothing else.
        found = [one for one in found if flow_of(one.name) != "callback"]
    return found


def _is_dark(turn: Turn) -> bool:
    """Whether a sentence says that there is no power, and names no switch."""
    words = turn.site.words
    return bool(words.says("no_power", turn.text)) and not words.says("switch", turn.text)


def _doubtful(turn: Turn) -> Act | None:
    """What a sentence that names a place most likely is, though nobody is sure of it: it is read back, and costs one no."""
    guess = turn.meant.guess
    if not turn.meant.whole.understood and guess.intent == "out_of_scope" and guess.confidence >= GUESSED:
        return guess if turn.can_say(f"utter_{guess.name}") else None  # a word of advice costs nothing when it is wrong
    no_danger = turn.meant.whole.intent == danger.HAZARD
    if turn.meant.whole.understood and not no_danger:
        return None
    placed = places.names_one(turn, turn.text)
    if (placed or (turn.matter is None and turn.last_logged is None)) and turn.site.words.says("no_power", turn.text):
        return Act(OUTAGE, DOUBTFUL, turn.text)
    if not placed:
        return None
    left = {name: likely for name, likely in turn.meant.ranking.items() if name not in (FALLBACK, danger.HAZARD)}
    flowing = {name: likely for name, likely in left.items() if flow_of(name) not in (None, *WISHES)}
    best = max(flowing, key=lambda name: flowing[name], default=None)
    if best is None or flowing[best] < (DOUBTFUL_STILL if no_danger else DOUBTFUL):
        return None
    return Act(best, flowing[best], turn.text)


def _what_it_tells(whole: Act, clauses: list[Act]) -> Act:
    """The whole, or the clause that outranks it: 停电 beats 老人要帮忙 (DESIGN.md's precedence is the flows' `rank`), a
    matter beats the wish at the end of its tale, and what is sure beats what is not."""
    own = _rank(whole)
    better = max((one for one in clauses if flow_of(one.name)), key=_rank, default=None)
    if better is None or not flow_of(whole.name):
        doubtful = whole.confidence < SURE_OF_TWO or flow_of(whole.name) is None
        return better if better is not None and doubtful and _apart(better, whole) else whole
    if _group(better) == _group(whole):
        return better if _rank(better) > own else whole
    wish = flow_of(whole.name) in WISHES and flow_of(better.name) not in WISHES
    return better if wish or whole.confidence < SURE_OF_TWO else whole


def _rank(act: Act) -> int:
    flow = flow_of(act.name)
    return flows()[flow].rank if flow else 0


def _beside(turn: Turn, act: Act) -> bool:
    """Whether a clause beside an answer begins something: it says so (另外, 还有个事), or is plainly another matter."""
    if turn.site.words.says("another_matter", turn.text):
        return True
    flow = flow_of(act.name)
    if flow in [one.flow for one in turn.matters if one.ticket_no]:
        return False
    return act.confidence >= PLAINLY and (flow not in WISHES if flow else act.intent != "out_of_scope")


def _counts(turn: Turn, act: Act) -> bool:
    """Whether a clause is a matter or a question of its own: it says so plainly, or the whole sentence may be that too."""
    if act.intent in ASIDE or act.intent in ("greet", danger.HAZARD) or turn.site.words.says("denied", act.text):
        return False
    flow = flow_of(act.name)
    if flow == "complaint" and turn.meant.whole.name == "rate_service/praise":
        return False
    plain = act.confidence >= PLAINLY and flow is not None and flow not in WISHES
    # 还有个事,… at its head begins one, and no second.
    apart = turn.site.words.says("another_matter", turn.text[_OPENING:])
    if flow is not None and act.confidence >= SURE_OF_CHANGE and apart:
        return True
    if turn.meant.whole.intent in ASIDE and flow is not None:
        plain = True  # 我家住…,户主…,没电了: the whole only tells where
    return plain or (act.confidence >= SURE_OF_TWO and turn.meant.ranking.get(act.intent, 0.0) >= SUPPORT)


def _group(act: Act) -> str:
    flow = flow_of(act.name)
    return flows()[flow].group if flow else act.name


def _apart(one: Act, other: Act) -> bool:
    """Whether two acts of one sentence are two matters: a dark house and its burnt switch are one."""
    return one.intent != other.intent and _group(one) != _group(other)


#: who waits for what was reported
_WAITS = "complain/waiting"


def _take(turn: Turn, act: Act) -> bool:
    """A matter or a question; False when Gege can do nothing with it."""
    flow = flow_of(act.name)
    if flow is None:
        taken = asides.answer(turn, act)
        turn.memory.answered |= taken
        if taken or act.intent not in ("rate_service", "report_outage"):
            return taken
        flow = {"rate_service": "complaint", "report_outage": "outage"}[act.intent]
        if flow == "complaint" and turn.site.words.topic("rating", act.text, "") != "bad":
            return False
    waits = act.name == _WAITS and turn.matter is None and not turn.site.words.says("complains", turn.text)
    if waits and afterwards.in_hand(turn) is not None and afterwards.status(turn):
        return True  # 怎么还没人来, of what was reported this morning: how far it is, and it is told again
    if (
        act.intent == "report_outage"
        and turn.matter is None
        and (afterwards.take(turn) or outage_news.still_in_it(turn))
    ):
        return True
    return _matter(turn, flow, act)


def _matter(turn: Turn, flow: str, act: Act) -> bool:
    """The same matter again, another face of it, or a new one."""
    open_one = turn.matter
    if open_one is not None and turn.asked and open_one.flow != flow and _denies(turn):
        # 不是这个事,要销户: what was read back was none
        report.change(turn, open_one, flow, act.name)
        return True
    if open_one is not None and flows()[open_one.flow].group in (flows()[flow].group, "unclear", "person"):
        if open_one.flow == flow:
            open_one.hear(turn.text)
            if "/" in act.name and "/" not in open_one.act:
                open_one.act = act.name
            report.tell_all(turn, open_one)
            return True
        if flow == "care" and open_one.flow not in ("indoor_repair", "unclear", "callback"):
            # who is ill belongs to the dark house: outage and breaker beat care
            open_one.hear(turn.text)
            report.note_facts(turn, open_one)
            return True
        if act.confidence >= SURE_OF_CHANGE or open_one.flow in ("unclear", "callback"):
            report.change(turn, open_one, flow, act.name)
            return True
    if open_one is None and _repeats(turn, flow, act):
        return True
    if flow in WISHES and act.confidence < SURE_OF_A_WISH:
        return False  # 那个,我要报一下: nobody knows yet what it is
    report.begin(turn, flow, act.name)
    return True


def _denies(turn: Turn) -> bool:
    words = turn.site.words
    if turn.asked != "confirmed":
        return bool(words.says("no_such_matter", turn.text))
    return bool(words.says("denied", turn.text)) or turn.answered("confirmed") == "no"


def _repeats(turn: Turn, flow: str, act: Act) -> bool:
    """Whether it is the case in hand that is spoken of once more: the same kind, and no other house."""
    last = turn.last_logged
    if last is None or flows()[last.flow].group != flows()[flow].group:
        return False
    if turn.site.words.says("another_matter", turn.text):
        return False
    if report.other_house(turn, last, act.text):
        return False
    if flow not in (last.flow, "care"):
        return False
    return afterwards.add_to_it(turn) or _said_again(turn, last)


def _said_again(turn: Turn, last: Matter) -> bool:
    turn.say("utter_noted", **turn.who_or_station(turn.add(last.ticket_no)))
    return True


def _loose(turn: Turn) -> bool:
    """What belongs to no question: more of the case in hand, or a place before anybody knows what it is about."""
    matter = turn.matter
    if matter is not None:
        if turn.intent == "goodbye":
            return True
        found = places.correct_place(turn, matter, turn.text) or bool(places.take_place(turn, matter, turn.text))
        told = bool(turn.site.words.told_in(turn.text))
        if found or told:
            matter.hear(turn.text)
            report.note_facts(turn, matter)
        return found or told
    if afterwards.take(turn) or afterwards.add_to_it(turn):
        return True
    short = len(turn.text) <= _A_WORD and turn.intent in ("out_of_scope", "nlu_fallback")
    if (turn.last_logged or turn.memory.answered) and (turn.intent in ("affirm", "deny") or short):
        turn.say("utter_anything_more")
        return True
    return _place_first(turn)


def _place_first(turn: Turn) -> bool:
    """A place, with or without something before it that was not understood: it is kept, and a person may get both."""
    found = turn.locate(turn.text)
    if turn.intent not in ("inform", "nlu_fallback") or not (found.understood and found.heard_place):
        return False
    if turn.memory.unheard:
        report.begin(turn, "unclear", "")
        return True
    turn.memory.place = found.heard_place
    turn.memory.unheard.append(turn.text)
    turn.say("utter_what_there")
    turn.asks("what")
    return True


# -- at the end --------------------------------------------------------------------------------------------------------------


def _go_on(turn: Turn) -> None:
    """Log what is complete; ask the one question of the matter that is spoken of, else of the one before it."""
    while (matter := turn.matter) is not None and not turn.question:
        report.introduce(turn, matter)
        question = report.next_question(turn, matter)
        if question is None:
            report.finish(turn, matter)
            continue
        part = f"{question}/{matter.place_ask}" if question == "place" else question
        # A read-back that was put right is another; what is asked again and again is not, whatever was heard meanwhile.
        name = f"{len(turn.matters)}/{part}/{matter.place if question == 'confirmed' else ''}"
        turn.memory.times = turn.memory.times + 1 if turn.memory.asked == name else 1
        turn.memory.asked = name
        if turn.memory.times > ASKED and question != "proof":  # how often it may be tried is the proofs' own rule
            people.give_up(turn)
            return
        report.ask(turn, matter, question)
    if not turn.spoke:
        turn.say("utter_anything_more")


#: a yes or a greeting to nothing is kept with its utterance and makes no ticket
_SAYS_NOTHING = ("affirm", "deny", "greet", "goodbye")


def _nothing(turn: Turn, *, keep: bool = True) -> None:
    """A turn that brought nothing: asked again once, then a person gets everything that was said (promise 3).

    `keep`: what was said may mean something to a person."""
    memory, matter = turn.memory, turn.matter
    memory.nothing += 1
    if not keep:
        pass
    elif matter is not None:
        if not turn.unclear:
            matter.hear(turn.text)
    elif turn.last_logged is not None and turn.text.strip():
        turn.site.desk.add(turn.last_logged.ticket_no, note=turn.text)
    elif turn.text.strip() and turn.intent not in _SAYS_NOTHING and not turn.off_topic:
        memory.unheard.append(turn.text)
    if memory.nothing >= PATIENCE:
        people.give_up(turn, noted=True)
        return
    if turn.off_topic:
        turn.say("utter_not_ours")
        return
    if matter is None and turn.intent in ("affirm", "deny", "inform", "greet"):
        turn.say("utter_what_else")
        turn.asks("what")
        return
    if matter is None or not turn.asked:
        turn.say("utter_not_understood")
        turn.asks(turn.asked or "what")
        return
    turn.say("utter_again")
    if turn.asked in _ASKED:
        turn.asks(turn.asked)
    else:
        report.ask(turn, matter, turn.asked)
