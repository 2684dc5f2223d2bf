"""How long Gege waits for a caller who pauses: the site's profile, what was asked, what is being said, how he has paused so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.database import Database, now
from bot.foundation.words import load
from bot.settings import Settings
from bot.sound.answers.asked import takes_yes_no
from bot.sound.numbers import NUMERALS, SIGNS, digits
from bot.voice.models import CallerPace
from bot.voice.turn import TurnRules

#: old callers need so much silence at least, whatever the site set (docs/promises.md: 0.9 to 1.5 s)
_ELDER_S = 0.9
#: cut off so often in one call, or in all, and Gege waits longer when he calls again
_OFTEN = 2
#: who has paused so long is waited for a little longer than that (factor, s)
_LONGER, _MARGIN_S = 1.1, 0.15
#: fewer digits are a house, not a number that is spelled
_SPELLED, _SPELLED_ALONE = 3, 5
_MOBILE = 11


def rules_of(settings: Settings) -> TurnRules:
    """The rules of a call before anything is known of its caller."""
    turns = settings.turns
    wait = settings.voice.end_of_speech
    if turns.profile == "elder":
        wait = max(wait, _ELDER_S)
    return TurnRules(end_of_speech=min(wait, turns.longest_wait), no_input=turns.no_input, longest=turns.longest_turn)


@dataclass(frozen=True)
class _Kind:
    """How long a pause may be in the answer to a kind of question (s)."""

    unfinished: float
    more: float


@dataclass(frozen=True)
class _GoingOn:
    """patience.yml."""

    places: tuple[str, ...]
    kinds: dict[str, _Kind]
    numbers: frozenset[str]
    digits: dict[str, int]
    listening: frozenset[str]


_DIGITS = "".join(NUMERALS) + "0123456789幺"


@cache
def _words() -> _GoingOn:
    return load(_GoingOn, Path(__file__).with_name("patience.yml"))


def goes_on(text: str) -> bool:
    """Whether a sentence that stops here is likely to go on: a number, an address, a name is being said."""
    words = _words()
    return bool(text) and (text[-1].isdigit() or text[-1] in SIGNS or text.endswith(words.places))


def lacks_digits(text: str, question: str) -> bool:
    """Whether a text stops in the middle of a number that is spelled digit by digit: a telephone number, what was asked for."""
    lead = text.rstrip(_DIGITS)
    spelled = digits(text[len(lead) :])
    # Three digits out of nothing are a house, or a dog.
    if len(spelled) < (_SPELLED if lead or question in _words().numbers else _SPELLED_ALONE):
        return False
    return len(spelled) < (_MOBILE if spelled[0] == "1" else _words().digits.get(question, _MOBILE - 1))


def only_listens(text: str) -> bool:
    """Whether a text is what somebody says who shows that he listens (嗯)."""
    return text in _words().listening


def _kind(question: str) -> str:
    """yes_no, number or words."""
    if question in _words().numbers:
        return "number"
    return "yes_no" if takes_yes_no(question) else "words"


class Patience:
    """The wait of one call: what is added to the rules, never beyond the site's longest and what patience.yml adds to that."""

    def __init__(self, settings: Settings) -> None:
        self._turns = settings.turns
        self._usual = rules_of(settings).end_of_speech
        #: for this caller
        self.added = 0.0

    def extra(self, question: str, partial: str, paused: float) -> float:
        """Seconds to add, given what was asked, what was understood so far, and this caller's longest pause (s)."""
        slow = paused * _LONGER + _MARGIN_S - self._usual if paused else 0.0
        wait = max(self.added, slow)
        spelling = lacks_digits(partial, question)
        kind = _words().kinds["number" if spelling else _kind(question)]
        if spelling:
            wait += kind.unfinished
        elif goes_on(partial):
            wait += min(kind.unfinished, self._turns.number_wait)
        return min(wait, max(0.0, self._turns.longest_wait - self._usual) + (kind.more if wait > 0 else 0.0))


class Absence:
    """The caller has gone to look at something ("等一下,我去看下"): he is waited for, and told so now and then."""

    def __init__(self, settings: Settings) -> None:
        self._turns = settings.turns
        #: seconds for which he is waited for yet
        self._left = 0.0

    @property
    def patience(self) -> float | None:
        """How long the next silence may be (s); None: as ever."""
        return self._turns.wait_told if self._left > 0 else None

    def begin(self, gone: bool) -> None:
        """A turn was answered: whether the caller asked to be waited for."""
        self._left = self._turns.longest_absence if gone else 0.0

    def waits(self) -> bool:
        """The silence has lasted its time; whether it may go on."""
        self._left = max(0.0, self._left - self._turns.wait_told)
        return self._left > 0


class CallerPaces:
    """What is remembered of callers' pace; every method blocks."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._turns = database, settings.turns

    def added(self, caller: str) -> float:
        """Seconds that this caller needs beyond the site's wait."""
        if not caller:
            return 0.0
        with self._database.reading() as session:
            pace = session.get(CallerPace, caller)
            return pace.added if pace else 0.0

    def learn(self, caller: str, cut_offs: int) -> None:
        """A call ended in which the caller was cut off so often."""
        if not caller:
            return
        with self._database.noting() as session:
            pace = session.get(CallerPace, caller)
            if pace is None:
                if not cut_offs:
                    return
                pace = CallerPace(caller=caller, calls=0, cut_off=0, added=0.0)
                session.add(pace)
            pace.calls += 1
            pace.cut_off += cut_offs
            pace.changed_at = now()
            if cut_offs >= _OFTEN or pace.cut_off >= _OFTEN * pace.calls:
                pace.added = min(pace.added + self._turns.cut_off_wait, 2 * self._turns.cut_off_wait)
