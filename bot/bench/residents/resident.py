"""A simulated resident: an agenda of things to say (Schatzmann et al., 2007), answers to what she was asked, and a temper.

She hears only words: of Gege's reply nothing but its sentences, and whether a person was put on. What she does is drawn
from her own dice, so the same seed says the same to the same replies."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from bot.bench.residents.county import County
from bot.bench.residents.goals import Goal
from bot.bench.residents.hearing import asked, fits_home, fits_matters, logged, not_understood, whole_address
from bot.bench.residents.phrasing import Phrasing
from bot.bench.residents.words import dangers, matters, personas, questions, sentences
from bot.foundation.widths import plain

#: turns after which anybody hangs up
LONGEST = 18
#: how often one conversation is led astray in each way
_ASTRAY = 2
#: how often a matter is said again before the next one, or the goodbye
_AGAIN = 4
_PARTS = ("community", "street", "number", "building", "unit", "room", "group")


@dataclass(frozen=True)
class Act:
    """What one turn does: `name` (open, again, answer, second, fact, after, danger, person, astray, deaf, wait, vague,
    thanks, bye), `about` (a matter, a question, a fact)."""

    name: str
    about: str = ""


@dataclass
class Resident:
    """One resident in one call. `begin()`, then `next()` with every reply, until it says None: she hangs up."""

    goal: Goal
    county: County
    dice: random.Random
    #: acts to come, the next one last
    agenda: list[Act] = field(default_factory=list)
    at: int = 0
    place_told: bool = False
    turns: int = 0
    stuck: int = 0
    begged: int = 0

    def __post_init__(self) -> None:
        self.persona = personas()[self.goal.persona]
        self.phrasing = Phrasing(self.goal, self.county.homes, self.dice)
        self._astray = {"strays": 0, "asks_back": 0, "deaf": 0, "waits": 0}
        self._last = ("", "")
        self._slip = ""
        self._away = self._strayed = False
        self._again = 0
        self._told: set[str] = set()
        #: matters that she said, and those that are with somebody for all she can hear
        self._said: set[str] = set()
        self._done: set[str] = set()
        self.agenda = [Act("bye"), Act("thanks")] if self._chance(0.6) else []
        if self.goal.kinds[0].kinds and self._chance(self.persona.after):
            self.agenda.append(Act("after"))
        self.agenda += [Act("second", name) for name in reversed(self.goal.matters[1:])]
        self.agenda += [Act("fact", self.goal.fact)] if self.goal.fact else []
        for danger in self.goal.kinds[0].danger and [self.goal.kinds[0].danger] or []:
            ways = list(dangers()[danger].asked)
            self.agenda += [Act("danger", way) for way in ways if self._chance(0.5)][:1]

    def begin(self) -> tuple[Act, str]:
        """Her first sentence."""
        self.turns = 1
        name = self.goal.matters[0]
        if name != "person" and self._chance(self.persona.vague):
            return Act("vague"), self.phrasing.beside(self.phrasing.one_of(sentences().vague))
        self._said.add(name)
        return Act("open", name), self.phrasing.beside(self._opening(name))

    def next(self, replies: str, person: bool, ended: bool) -> tuple[Act, str] | None:
        """What she says to a reply; None when she hangs up."""
        self.turns += 1
        reply = plain(replies)
        if person or ended or self.turns > LONGEST or self.begged > 2:
            return None
        question = asked(reply)
        self._listens(question, reply)
        progress = self._progress(question, reply)
        if not progress and self.stuck >= self.persona.patience or self.begged:
            self.begged += 1
            return Act("person"), self.phrasing.matter("person", again=self.begged > 1)
        # Nobody says something else twice running.
        self._strayed = not self._strayed and bool(question)
        if self._strayed and question and (astray := self._goes_astray(question)):
            return astray
        self._strayed = False
        act, said = self._answer(question, reply) if question else self._goes_on(reply)
        if act.name == "hang_up":
            return None
        if act.name in ("again", "second"):
            self._said.add(act.about)
        if self._away:
            said, self._away = self.phrasing.one_of(sentences().waited) + said, False
        return act, self.phrasing.beside(said) if act.name not in ("thanks", "bye", "person") else said

    # -- temper -----------------------------------------------------------------------------------------------------
    def _chance(self, share: float) -> bool:
        return self.dice.random() < share

    def _listens(self, question: str | None, reply: str) -> None:
        """Marks the matter in hand as done when it sounds so."""
        name = self.goal.matters[self.at]
        if name not in self._said:
            return
        answered = not matters()[name].kinds and question in (None, "alone", "satisfied")
        answered |= question is None and matters()[name].may
        if logged(reply) or answered and not not_understood(reply):
            self._done.add(name)

    def _progress(self, question: str | None, reply: str) -> bool:
        """Whether the call goes on; counts how long it does not."""
        stands = not_understood(reply) or (question or "", reply) == self._last
        self._last = (question or "", reply)
        self.stuck = self.stuck + 1 if stands else max(0, self.stuck - 1)
        return not stands

    def _goes_astray(self, question: str) -> tuple[Act, str] | None:
        words = sentences()
        for way, said, act in (
            ("deaf", words.deaf, Act("deaf", question)),
            ("asks_back", words.asks_back, Act("astray", question)),
            ("strays", words.strays, Act("astray", question)),
        ):
            if self._astray[way] < _ASTRAY and self._chance(getattr(self.persona, way)):
                self._astray[way] += 1
                return act, self.phrasing.one_of(said)
        looks = question in ("smell", "neighbours", "reset", "holder", "number", "community")
        if looks and not self._astray["waits"] and self._chance(self.persona.waits):
            self._astray["waits"], self._away = 1, True
            return Act("wait", question), self.phrasing.one_of(words.waits)
        return None

    # -- her own acts -----------------------------------------------------------------------------------------------
    def _opening(self, name: str) -> str:
        place = self._place() if self._chance(self.persona.place) else ""
        fact = ""
        if self.goal.fact and self._chance(0.3):
            fact = self._fact()
        also = ""
        if (
            len(self.goal.matters) > 1
            and not self.goal.kinds[1].danger
            and self._chance(self.persona.tale or self.persona.more)
        ):
            also = self.phrasing.one_of(sentences().second).format(say=self.phrasing.matter(self.goal.matters[1]))
        return self.phrasing.opening(name, place, also, fact)

    def _fact(self) -> str:
        self.agenda = [act for act in self.agenda if act.name != "fact"]
        return self.phrasing.one_of(sentences().facts[self.goal.fact])

    def _goes_on(self, reply: str) -> tuple[Act, str]:
        """Nothing was asked: the next thing on the agenda, or what was not taken up again."""
        name = self.goal.matters[self.at]
        if name not in self._done and self._again < _AGAIN:
            self._again += 1
            return Act("again", name), self._restated()
        if not self.agenda:
            return Act("hang_up"), ""
        act = self.agenda.pop()
        if act.name == "second":
            self.at, self._again = self.goal.matters.index(act.about), 0
            told = self.phrasing.matter(act.about, self.phrasing.place() if matters()[act.about].danger else "")
            return act, self.phrasing.one_of(sentences().second).format(say=told)
        if act.name == "fact":
            return act, self.phrasing.one_of(sentences().facts[act.about])
        if act.name == "danger":
            return act, self.phrasing.one_of(sentences().in_danger[act.about])
        return act, self.phrasing.one_of(getattr(sentences(), act.name))

    def _restated(self) -> str:
        """The matter in other words, with the place when she gave none or nobody took it."""
        name = self.goal.matters[self.at]
        said = self.phrasing.matter(name, again=True)
        if name != "person" and matters()[name].kinds and self._chance(0.5):
            said += "," + self.phrasing.placed(self._place())
        return said

    # -- answers ----------------------------------------------------------------------------------------------------
    def _answer(self, question: str, reply: str) -> tuple[Act, str]:
        act = Act("answer", question)
        words = sentences()
        if question == "confirm":
            return self._confirms(reply)
        if question in ("which", "what", "?"):
            return self._goes_on(reply)
        if question == "alone":
            rest = any(one.name in ("second", "fact", "danger") for one in self.agenda)
            return self._goes_on(reply) if rest else (act, self.phrasing.one_of(words.answers["alone"]))
        if question == "place":
            return act, self._tells_place()
        if question in _PARTS:
            return act, self._tells_part(question)
        if question in ("holder", "proof", "account"):
            return act, self._tells_holder(question)
        return act, self._short(question)

    def _confirms(self, reply: str) -> tuple[Act, str]:
        words, act = sentences(), Act("answer", "confirm")
        if not fits_matters(reply, self.goal):
            if self.goal.matters[self.at] in self._done:
                return Act("corrects", "matter"), self.phrasing.one_of(words.nothing_else)
            return Act("corrects", "matter"), self.phrasing.one_of(words.not_that).format(
                right=self.phrasing.matter(self.goal.matters[self.at], again=True)
            )
        of_the_number = re.search(questions()["own_home"], reply) and self.goal.reporter != "own"
        slipped = bool(self._slip) and not whole_address(reply, self.goal.home)
        if of_the_number or slipped or not fits_home(reply, self.goal.home, self.county.places):
            self._slip = ""
            whole = of_the_number or self._chance(0.6)
            right = self.phrasing.place() if whole else self.phrasing.part("number")
            return Act("corrects", "place"), self.phrasing.one_of(words.corrects).format(right=right)
        if self.goal.fact and any(one.name == "fact" for one in self.agenda) and self._chance(0.3):
            return act, f"{self.phrasing.yes()},{self._fact()}"
        return act, self.phrasing.yes()

    def _place(self) -> str:
        """The whole place, once with a slip of the tongue where the persona slips."""
        self.place_told = True
        # Nothing is read back in danger: a slip would stay.
        slips = "slip" not in self._told and not self.goal.dangers and self._chance(self.persona.slips)
        if slips and (wrong := self.phrasing.wrong_numbers()):
            self._told.add("slip")
            self._slip = wrong
            return self.phrasing.place(wrong)
        place = self.phrasing.place()
        if self._chance(self.persona.fixes) and (wrong := self.phrasing.wrong_numbers()):
            return self.phrasing.one_of(sentences().fixes).format(wrong=self.phrasing.place(wrong), right=place)
        return place

    def _tells_place(self) -> str:
        if "pieces" not in self._told and self._chance(self.persona.pieces):
            self._told.add("pieces")
            return self.phrasing.placed(self.goal.home.place if self._chance(0.7) else self.goal.home.community)
        placed = self.phrasing.placed(self._place())
        if self._chance(self.persona.more):
            placed += "," + self.phrasing.holder()
        return placed

    def _tells_part(self, question: str) -> str:
        if question == "community" and self._chance(self.persona.unknown):
            return self.phrasing.one_of(sentences().unknown)
        said = self.phrasing.part(question) or self.phrasing.one_of(sentences().answers["no_number"])
        if self._chance(self.persona.more):
            said += "," + self.phrasing.holder()
        return said

    def _tells_holder(self, question: str) -> str:
        unknown = self.persona.unknown * (0.5 if self.goal.reporter == "own" else 1)
        if self._chance(unknown) or question == "account":
            return self.phrasing.one_of(sentences().unknown)
        return self.phrasing.holder()

    def _short(self, question: str) -> str:
        """The answers to questions with few answers."""
        answers = sentences().answers
        burnt = "breaker_burnt" in self.goal.matters
        if question == "own_home" and self.goal.reporter != "own":
            said = self.phrasing.one_of(answers["own_home_no"])
            return f"{said},{self.phrasing.placed(self._place())}" if self._chance(0.4) else said
        if question in ("smell", "neighbours", "reset") and self._chance(self.persona.unknown):
            return self.phrasing.one_of(answers["reset_unknown"] if question == "reset" else sentences().unknown)
        if question == "danger":
            return self.phrasing.yes() if self.goal.dangers or burnt else self.phrasing.one_of(sentences().no)
        if question == "cancel":
            return self.phrasing.yes() if "all_well" in self.goal.matters else self.phrasing.one_of(sentences().no)
        true = {
            "own_home": "own_home_yes",
            "smell": "smell_yes" if burnt else "smell_no",
            "neighbours": "neighbours_yes" if self.goal.neighbours_have else "neighbours_no",
            "reset": "reset_no",
            "oxygen": "oxygen_yes" if self.goal.fact == "oxygen" else "oxygen_no",
            "hurt": "hurt_yes" if "shock" in self.goal.dangers else "hurt_no",
            "who": "who",
            "here": "here",
            "since": "since",
            "satisfied": "satisfied",
        }
        if question == "phone":
            return self.phrasing.one_of(sentences().phone)
        if question in true:
            return self.phrasing.one_of(answers[true[question]])
        return self.phrasing.yes()
