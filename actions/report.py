"""The report form: what is still unknown is asked, read back, and logged after one yes."""

from __future__ import annotations

import re

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions import afterwards, outage_news
from actions.act import Act
from actions.turn import Turn
from bot.foundation.widths import both
from bot.grid.corrected import corrected
from bot.grid.location import Location
from bot.grid.places.sentence import is_whole
from bot.sound import numbers
from bot.sound.answers.names import person
from bot.tickets.labels import labels

#: questions about the place before Gege goes on with what it has (docs/promises.md: at most three before the report is logged)
PLACE_QUESTIONS = 3
#: a "no" to the read-back that often: a person takes over
DENIALS = 2
#: cases that end without a ticket: the switch stays on, the place is outside the county
SOLVED, ELSEWHERE = "solved", "elsewhere"
PUNCTUATION = both(" ,。.、")
#: intents that may fill the form; every other one is a digression that a rule answers
ANSWERING = {
    "inform", "affirm", "deny", "nlu_fallback", "report_outage", "report_breaker_fault", "indoor_repair",
    "open_account", "relocate_meter", "request_care", "complain", "rate_service", "greet", "ask_manager",
    "out_of_scope", "ask_arrears", "ask_ticket_status",
}  # fmt: skip
#: kinds that go to a person even when nobody said where
PLACE_OPTIONAL = {"complaint", "arrears", "reconnect"}


class OpenReport(Act):
    """Begins a case of the kind that the intent names, with everything the sentence already tells."""

    called = "action_open_report"

    def on(self, turn: Turn) -> list[EventType]:
        outage = turn.intent == "report_outage"
        if outage_news.take_oxygen(turn) or (outage and (afterwards.take(turn) or outage_news.still_in_it(turn))):
            # answered: the rule's form does not begin
            return [*turn.events, FollowupAction("action_listen")]
        begin_case(turn, turn.site.words.kinds.get(turn.intent, "unclear"))
        return turn.events


def begin_case(turn: Turn, kind: str, *, in_form: bool = False) -> None:
    """Forget the last case, remember the new one and say the sentence that belongs to its beginning.

    `in_form`: the form itself changes the matter and stays open."""
    words = turn.site.words
    place = turn.slot("place") if turn.form == "report_form" else None
    if not in_form:
        turn.leave_form()
    known = {name: turn.slot(name) for name in ("household_no", "grid_no", "own_home")} if place else {}
    turn.clear_case()
    turn.set("kind", kind)
    turn.set("said", turn.text)
    turn.set("utterance_id", turn.utterance_id)
    if place:  # "不是停电,是空开烧了": the place stays, the matter changes
        turn.set("place", place)
        for name, value in known.items():
            turn.set(name, value)
    take_place(turn, turn.text)
    if kind == "breaker_fault":
        smell = turn.answered("smell")
        if smell == "yes" and words.says("burnt", turn.text):
            turn.set("smell", "yes")
            turn.say("utter_smell_first")
        elif smell == "no" and words.says("smelt", turn.text):
            turn.set("smell", "no")
        return
    intro = {
        "new_account": "utter_intro_account_transfer" if words.says("transfer", turn.text) else "utter_intro_account",
        "meter_relocation": "utter_intro_meter",
        "indoor_repair": "utter_intro_indoor",
        "care": "utter_intro_care",
        "complaint": "utter_intro_complaint",
    }.get(kind)
    if intro:
        turn.say(intro)


def take_place(turn: Turn, text: str) -> Location | None:
    """Find the place in a text and remember what it settles; None when the text names none.

    A 户号 and a householder's name are kept as they were said: staff get the match (`Turn.open_ticket`)."""
    take_account(turn, text)
    if (householder := turn.entity("householder")) and not turn.slot("householder"):
        turn.set("householder", householder)
    earlier = turn.slot("place") or ""
    community = turn.slot("place_ask") == "community"
    found = turn.locate(text, earlier="" if community else earlier, behind=earlier if community else "")
    if found.outside:
        if turn.slot("outside") is None:
            turn.set("place_ask", None)
        place = turn.entity("place")
        turn.set("outside", place if found.outside in place else found.outside + place)
        return None
    heard = found.heard_place or turn.entity("place")
    if not heard and (not found.understood or found.grid_no is None):
        return None
    if heard and earlier and turn.slot("place_ask") not in (None, "place", "again", "hazard"):
        heard = joined(earlier, heard, community)
    turn.set("place", heard or earlier or text)
    turn.set("outside", None)
    turn.set("household_no", found.household_no)
    turn.set("grid_no", found.grid_no)
    whole = found.grid_no and is_whole(turn.slot("said") or "")  # 整栋楼都黑了: no door is asked
    turn.set("place_ask", None if whole else found.ask)
    return found


def correct_place(turn: Turn, said: str) -> bool:
    """Put right what somebody says anew of a place that they have said before; False when they say nothing anew."""
    place = turn.slot("place") or ""
    if not place or not said:
        return False
    alone = turn.locate(said)
    name = re.sub(r"[0-9].*", "", alone.heard_place) if alone.understood else ""
    mended = alone.heard_place if len(name) > 1 and name not in place else corrected(place, said)
    if not mended or mended == place:
        return False
    found = turn.locate(mended)
    if not found.understood:
        return False
    turn.set("place", mended)
    turn.set("household_no", found.household_no)
    turn.set("grid_no", found.grid_no)
    turn.set("place_ask", found.ask)
    turn.set("own_home", "no")
    return True


def take_account(turn: Turn, text: str) -> bool:
    """Keep a 户号 as it was said; whether there is such a one is nobody's business here."""
    said = turn.entity("household_no") or turn.site.words.found("account", numbers.in_digits(text))
    if said:
        turn.set("account", said)
    return bool(said)


def joined(earlier: str, heard: str, first: bool) -> str:
    """Two parts of a place in the order in which it is said; a part that repeats the other is not doubled."""
    name = re.split("[0-9]", earlier)[0]
    if earlier in heard or (len(name) > 1 and name in heard):
        return heard
    if heard in earlier:
        return earlier
    return heard + earlier if first else earlier + heard


def next_question(turn: Turn) -> str | None:
    """The form's next slot for this case, None when nothing is left to ask."""
    kind = turn.slot("kind")
    if kind in (SOLVED, ELSEWHERE, "unclear"):
        return None
    if turn.slot("outside"):
        return _here(turn)
    if kind == "outage":
        if question := outage_news.question(turn):
            return question
        if turn.slot("same_outage") == "yes":
            return None
    if kind == "breaker_fault":
        if turn.slot("smell") is None:
            return "smell"
        if turn.slot("smell") == "no":
            if turn.slot("neighbours") is None:
                return "neighbours"
            if turn.slot("reset_done") is None and turn.site.words.says("residual_current", turn.slot("said") or ""):
                return "reset_done"
    if question := _where(turn):
        return question
    if kind == "hazard" or turn.slot("confirmed") == "yes":
        return None
    turn.set("readback", readback(turn))
    return "confirmed"


def _here(turn: Turn) -> str | None:
    """Whoever names a place outside the county hears who serves there, and is asked for one here; nothing is logged of
    what is not ours. A danger is logged already."""
    ask = {None: "outside", "outside": "place"}.get(turn.slot("place_ask"))
    if ask is None or (turn.slot("kind") == "hazard" and ask != "outside"):
        _elsewhere(turn)
        return None
    turn.set("place_ask", ask)
    return "place"


def _elsewhere(turn: Turn) -> None:
    if turn.slot("kind") != "hazard":
        turn.set("kind", ELSEWHERE)


def _where(turn: Turn) -> str | None:
    if turn.slot("household_no"):
        return None
    tries = turn.slot("place_tries") or 0
    place, ask = turn.slot("place"), turn.slot("place_ask")
    if place is None:
        homes = turn.own_households()
        if turn.slot("own_home") is None and len(homes) == 1 and turn.slot("kind") != "hazard":
            return "own_home"
        if tries >= PLACE_QUESTIONS - 1:
            return None
        if turn.slot("place_ask") != "again":
            turn.set("place_ask", "hazard" if turn.slot("kind") == "hazard" else "place")
        return "place"
    if turn.slot("kind") == "hazard":
        return None
    if ask not in (None, "householder") and tries < PLACE_QUESTIONS - 1:
        return "place"
    if turn.slot("householder") is None and ask is not None and tries < PLACE_QUESTIONS:
        return "householder"
    return None


def readback(turn: Turn) -> str:
    """What the resident said, in one clause; nothing that only the registry knows (promise 5)."""
    words, kind = turn.site.words, turn.slot("kind")
    what = words.smelling if kind == "breaker_fault" and turn.slot("smell") == "yes" else labels().spoken_kind(kind)
    where = turn.slot("place") or (words.own_home if turn.slot("own_home") == "yes" else "")
    name, account = turn.slot("householder"), turn.slot("account")
    said = words.readback_name.format(name=name) if name else ""
    number = words.readback_account.format(account=account) if account else ""
    return words.readback_comma.join(part for part in (where, number, said, what) if part)


class ValidateReportForm(Act):
    """Takes an answer to the question that was asked; anything else is left to the rules."""

    called = "validate_report_form"

    def on(self, turn: Turn) -> list[EventType]:
        asked = turn.slot("requested_slot")
        if asked and turn.form == "report_form" and not self._take(turn, asked):
            return []
        question = next_question(turn)
        turn.asks(question)
        return [*turn.events, SlotSet("requested_slot", question)]

    def _take(self, turn: Turn, asked: str) -> bool:
        if turn.intent not in ANSWERING:
            return False
        taken: bool = getattr(self, f"_{asked}")(turn)
        if taken:
            turn.set("misheard", 0)
        return taken

    def _yes_no(self, turn: Turn, question: str) -> str | None:
        plain = {"affirm": "yes", "deny": "no"}.get(turn.intent)
        return turn.answered(question) or plain

    def _smell(self, turn: Turn) -> bool:
        answer = self._yes_no(turn, "smell")
        if answer is None:
            return False
        turn.set("smell", answer)
        if answer == "yes":
            turn.say("utter_smell_first")
        return True

    def _neighbours(self, turn: Turn) -> bool:
        answer = self._yes_no(turn, "neighbours")
        if answer is None:
            return False
        turn.set("neighbours", answer)
        if answer == "no":
            turn.set("kind", "outage")
            turn.say("utter_neighbours_dark")
        return True

    def _reset_done(self, turn: Turn) -> bool:
        answer = self._yes_no(turn, "reset_done")
        if answer is None:
            return False
        turn.set("reset_done", answer)
        if answer == "yes":
            turn.set("kind", SOLVED)
        return True

    def _same_outage(self, turn: Turn) -> bool:
        return outage_news.take_same(turn, take_place)

    def _own_home(self, turn: Turn) -> bool:
        if take_place(turn, turn.text) or turn.slot("outside"):
            turn.set("own_home", "no")
            return True
        answer = self._yes_no(turn, "own_home")
        if answer is None:
            return False
        turn.set("own_home", answer)
        if answer == "yes":
            [(home, _)] = turn.own_households()[:1]
            turn.set("household_no", home.household_no)
            turn.set("grid_no", home.grid_no)
        return True

    def _place(self, turn: Turn) -> bool:
        tries = (turn.slot("place_tries") or 0) + 1
        turn.set("place_tries", tries)
        outside = turn.slot("outside")
        turn.set("outside", None)
        if take_place(turn, turn.text):
            return True
        if outside or turn.slot("outside"):
            self._not_here(turn, outside)
            return True
        if (name := spoken_name(turn.text)) and name != turn.text.strip(PUNCTUATION) and not turn.slot("householder"):
            # 姓王, 户主是王小二: whose house it is, instead of where; a bare name may be a place
            turn.set("householder", name)
            return True
        if turn.intent == "affirm" and turn.slot("pending"):
            # "no" to the read-back, then "yes": the place that was read back stays
            turn.set("place", turn.slot("pending"))
            turn.set("place_ask", None)
            return True
        if turn.slot("account") and take_account(turn, turn.text):
            # The number alone says nobody where it is: asked for, as often as of anybody else.
            turn.set("place_ask", "again")
            return True
        if turn.intent in ("inform", "nlu_fallback", "out_of_scope", "deny", "affirm") and turn.text:
            # Not in the registry: a village, a landmark. Kept as it was said; the station knows its own.
            if turn.intent == "inform" and len(turn.text) >= 3 and turn.answered("place") is None:
                turn.set("place", (turn.slot("place") or "") + turn.text)
                turn.set("place_ask", None)
            elif turn.slot("place") is None:
                turn.set("place_ask", "again")
            else:
                turn.set("place_ask", "householder")
            return True
        return False

    def _not_here(self, turn: Turn, told: str | None) -> None:
        """The answer to "您要报的是崇阳这边的地方吗?" that names none of the county's places; `told`: what was named
        before, None when it is named now for the first time."""
        again = turn.slot("outside")
        answer = self._yes_no(turn, "place")
        if not again and answer is None and turn.intent == "inform" and len(turn.text) >= 3:
            # A village or a landmark: kept as it was said; the station knows its own.
            turn.set("place", turn.text)
            turn.set("place_ask", None)
            return
        turn.set("outside", again or told)
        if told and (again or answer == "no"):
            _elsewhere(turn)

    def _householder(self, turn: Turn) -> bool:
        tries = (turn.slot("place_tries") or 0) + 1
        turn.set("place_tries", tries)
        name = turn.entity("householder") or spoken_name(turn.text)
        if not name and (turn.intent == "deny" or turn.answered("householder") in ("unknown", "no")):
            turn.set("householder", "")
            return True
        if not name:
            # Another part of the place instead of a name is as good; anything else is not asked for twice.
            if turn.intent != "inform":
                return False
            take_place(turn, turn.text)
            turn.set("place_ask", None if turn.slot("household_no") else "householder")
            turn.set("householder", "" if turn.slot("place_tries") >= PLACE_QUESTIONS else None)
            return True
        turn.set("householder", name)
        return True

    def _confirmed(self, turn: Turn) -> bool:
        words = turn.site.words
        kind_now = words.kinds.get(turn.intent)
        found = turn.answer("confirmed")
        answer = "no" if turn.intent == "deny" else found.value if found else None
        # 对,不过是208号 is a correction, 不对,是208号 and 沿河路208号 too: it is read back anew.
        rest = found.rest if found and found.value == "yes" else turn.text
        if (answer or turn.intent == "inform") and correct_place(turn, rest):
            return True
        if answer == "no":
            turn.set("denied", (turn.slot("denied") or 0) + 1)
            if kind_now and kind_now != turn.slot("kind"):
                begin_case(turn, kind_now, in_form=True)
                return True
            if turn.slot("denied") >= DENIALS:
                turn.set("confirmed", "yes")
                turn.set("kind", "unclear")
                return True
            place = turn.slot("place")
            turn.set("pending", place)
            turn.set("place", None)
            turn.set("household_no", None)
            turn.set("own_home", "no")
            if take_place(turn, turn.text) is None and not turn.slot("outside"):
                turn.set("place_ask", "again")
                turn.set("place_tries", 0 if place else turn.slot("place_tries"))
            return True
        if answer is None and (name := turn.entity("householder")) and not turn.slot("householder"):
            turn.set("householder", name)
            return True
        if kind_now and kind_now != turn.slot("kind") and turn.confidence > 0.6 and answer is None:
            begin_case(turn, kind_now, in_form=True)
            return True
        if answer == "yes" or turn.intent == "affirm" or kind_now == turn.slot("kind"):
            turn.set("confirmed", "yes")
            return True
        return (turn.intent == "inform" or bool(turn.entity("place"))) and self._added(turn)

    def _added(self, turn: Turn) -> bool:
        """More of the place, said when it was read back: a bay of the village, a landmark."""
        earlier = turn.slot("place") or ""
        found = take_place(turn, turn.text)
        if found is not None and not found.understood and earlier:
            turn.set("place", joined(earlier, turn.slot("place"), False))
        return found is not None


def spoken_name(text: str) -> str:
    """The name in an answer to "户主叫什么名字?": 户主是王建国啊 → 王建国; "" when there is none."""
    found = person(text)
    return found.value.whole if found else ""


class SubmitReport(Act):
    """Logs the case (or adds to the ticket that a hazard opened at once) and says who comes."""

    called = "action_submit_report"

    def on(self, turn: Turn) -> list[EventType]:
        kind = turn.slot("kind") or "unclear"
        pending = None
        if kind == SOLVED:
            turn.say("utter_reset_worked")
        elif kind == ELSEWHERE:
            turn.say("utter_outside")
        elif kind == "hazard":
            self._add_place(turn)
        elif turn.slot("same_outage") == "yes" and outage_news.join(turn):
            pending = None if turn.slot("oxygen") else outage_news.OXYGEN
        else:
            self._log(turn, kind)
        turn.clear_case()
        if pending:
            turn.set("pending", pending)
        return turn.events

    def _log(self, turn: Turn, kind: str) -> None:
        facts = {
            name: turn.slot(name)
            for name in ("smell", "neighbours", "reset_done", "same_outage", "oxygen")
            if turn.slot(name)
        }
        urgent = "yes" in (turn.slot("smell"), turn.slot("oxygen"))
        # After an outage that ended while we talked the ticket is there already: one utterance makes one.
        ticket = turn.open_ticket(kind, facts=facts, urgent=urgent)
        if kind == "unclear":
            turn.tell(hand_over=True)
        if who := turn.who_serves(ticket):
            turn.say("utter_logged", **who)
        else:
            station, phone = turn.station()
            turn.say("utter_logged_station", station=station, phone=phone)

    def _add_place(self, turn: Turn) -> None:
        ticket = turn.site.desk.add(
            turn.slot("ticket_no"),
            place=turn.slot("place") or "",
            household_no=turn.slot("household_no"),
            grid_no=turn.slot("grid_no"),
            note=turn.text,
        )
        turn.tell(ticket_no=ticket.ticket_no)
        if turn.slot("grid_no") and ticket.grid_no != turn.slot("grid_no"):
            # The line that was dialled named another grid than the place: those who serve the place are told too.
            ticket = turn.open_ticket("hazard", urgent=True)
        if who := turn.who_serves(ticket):
            turn.say("utter_added", **who)
        else:
            turn.say("utter_added_station")
