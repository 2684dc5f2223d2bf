"""`gege bench guesses`: what somebody for whom nobody vouches learns by trying 户号, names, numbers and last digits.

Every guess is a conversation of its own on the page. Hits and misses are drawn so that the words themselves cannot tell them
apart: a name that is right at one place is the wrong one at another. What may not differ is what comes back (words, fields,
their order) and how long it takes."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bot.app.conversations import Conversations
from bot.app.parts import Parts
from bot.dialogue.port import Reply
from bot.grid.county import County
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard

Progress = Callable[[str], None]
#: answers one turn: (session, sentence, typed number) → everything that comes back
Ask = Callable[[str, str, str], Awaitable[Any]]

#: guesses after which the reports of the bench are cleared away, so that they make no outage of their own
_CLEARED = 120
#: shuffles of a permutation test
_SHUFFLES = 2_000


@dataclass(frozen=True)
class Guess:
    """One try: what is said, with the number that is typed; whether it is right."""

    kind: str
    right: bool
    turns: tuple[str, ...]
    caller: str = ""
    #: what is guessed: it stands in what is read back, and is taken out before answers are compared
    guessed: str = ""


@dataclass
class Outcome:
    """What came back for the hits and for the misses of one kind."""

    answers: dict[bool, list[str]] = field(default_factory=lambda: {True: [], False: []})
    seconds: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})

    def told_apart(self, dice: random.Random) -> dict[str, Any]:
        """How well hit and miss can be told apart, by what was answered and by how long it took."""
        from scipy.stats import ks_2samp

        hits, misses = self.answers[True], self.answers[False]
        fast, slow = self.seconds[True], self.seconds[False]
        return {
            "hits": len(hits),
            "misses": len(misses),
            "answers": len({*hits, *misses}),
            "apart": round(_apart(hits, misses), 4),
            "p_answers": round(_permuted(hits, misses, dice), 4),
            "ms_hit": round(1000 * median(fast), 2),
            "ms_miss": round(1000 * median(slow), 2),
            "p_time": round(float(ks_2samp(fast, slow).pvalue), 4),
        }


def _apart(hits: list[str], misses: list[str]) -> float:
    """Total variation: by so much more than half of the time whoever sees the answer is right about it (0: never)."""
    one, other = Counter(hits), Counter(misses)
    return sum(abs(one[each] / len(hits) - other[each] / len(misses)) for each in {*one, *other}) / 2


def _permuted(hits: list[str], misses: list[str], dice: random.Random) -> float:
    """How often answers that are dealt out by chance are as far apart."""
    seen = _apart(hits, misses)
    if not seen:
        return 1.0
    both = [*hits, *misses]
    worse = 0
    for _ in range(_SHUFFLES):
        dice.shuffle(both)
        worse += _apart(both[: len(hits)], both[len(hits) :]) >= seen - 1e-12
    return (worse + 1) / (_SHUFFLES + 1)


class Guesses:
    """Draws guesses about the households of a county."""

    def __init__(self, county: County, phones: Callable[[str], list[str]], seed: int = 1) -> None:
        self._county, self._phones, self._dice = county, phones, random.Random(seed)
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for row in range(county.size):
            self._by_name[county.place_of(row)].append(row)
        for name in [name for name, rows in self._by_name.items() if len({county.grids[row] for row in rows}) < 2]:
            del self._by_name[name]
        self._kinds = (self._account, self._name, self._number, self._last_digits, self._proof_name)

    def drawn(self) -> Iterator[Guess]:
        """Hits and misses in turn, kind by kind, for ever."""
        while True:
            for kind in self._kinds:
                yield from kind()

    def _row(self) -> int:
        return self._dice.randrange(self._county.size)

    def _account(self) -> Iterator[Guess]:
        row = self._row()
        number, place = self._county.numbers[row], self._county.place_of(row)
        wrong = self._no_account(number)
        ask = self._dice.choice(("户号{}停电了", "我的户号是{},漏保跳闸了", "户号{}欠了多少电费"))
        for guess, right in ((number, True), (wrong, False)):
            yield Guess("account", right, (ask.format(guess), place), guessed=guess)

    def _no_account(self, like: str) -> str:
        while True:
            number = like[:-6] + "".join(self._dice.choices("0123456789", k=6))
            if number not in self._county.row_of:
                return number

    def _name(self) -> Iterator[Guess]:
        """The householder's name where the place alone leaves two grids open."""
        place = self._dice.choice(list(self._by_name))
        one, other = (self._dice.choice(self._by_name[place]) for _ in range(2))
        strangers = [self._row() for _ in range(2)]
        names = [self._county.holders[row] for row in (one, other)]
        wrong = [self._county.holders[row] for row in strangers]
        here = {self._county.holders[row] for row in self._by_name[place]}
        # Each word stands once as a hit and once as a miss, at another place.
        for name in names:
            yield Guess("name", True, (f"{place}停电了", f"户主{name}", "对"), guessed=name)
        for name in wrong:
            if name not in here:
                yield Guess("name", False, (f"{place}停电了", f"户主{name}", "对"), guessed=name)

    def _registered(self) -> tuple[int, str]:
        while True:
            row = self._row()
            if phones := self._phones(self._county.numbers[row]):
                return row, phones[0]

    def _number(self) -> Iterator[Guess]:
        _, phone = self._registered()
        turns = self._dice.choice(
            (
                ("停电了", "是的", "对"),
                ("我欠几多电费", "就是这个号码"),
                ("我报的修到哪一步了",),
                ("不用来了,已经好了", "对"),
            )
        )
        yield Guess("number", True, turns, phone)
        yield Guess("number", False, turns, "199" + "".join(self._dice.choices("0123456789", k=8)))

    def _pairs(self, kind: str, words: Callable[[int], str], said: str) -> Iterator[Guess]:
        """Two households, each asked about with its own answer and with the other's."""
        (one, phone), (other, second) = self._registered(), self._registered()
        for row, number in ((one, phone), (other, second)):
            for guess in (one, other):
                word = words(guess)
                yield Guess(kind, row == guess, ("我欠几多电费", said.format(word)), number, word)

    def _last_digits(self) -> Iterator[Guess]:
        return self._pairs("last_digits", lambda row: self._county.numbers[row][-4:], "户号最后四位是{}")

    def _proof_name(self) -> Iterator[Guess]:
        return self._pairs("proof_name", lambda row: self._county.holders[row], "户主叫{}")


def shape(reply: Reply) -> Any:
    """All of a reply that leaves the dialogue, but for the running number of a ticket."""
    return [
        list(reply.sentences), reply.hand_over, reply.hand_over_to, reply.ended, reply.question,
        reply.ticket_no is not None, sorted(reply.detail),
    ]  # fmt: skip


def by_dialogue(service: Parts) -> Ask:
    """Turns of the page, given to the dialogue itself."""

    async def ask(session: str, text: str, caller: str) -> Any:
        heard = Heard(uuid.uuid4().hex, session, text, caller=Caller.by(Channel.web, caller))
        return shape(await service.dialogue.turn(heard))

    return ask


async def run_guesses(
    service: Parts, ask: Ask, count: int, progress: Progress = lambda line: None, seed: int = 1
) -> dict[str, Outcome]:
    """Try `count` guesses in random order; → what came back, by kind."""
    drawn = Guesses(service.registry.county, service.registry.phones_of, seed).drawn()
    found: dict[str, Outcome] = defaultdict(Outcome)
    dice, conversations = random.Random(seed), Conversations(service, own=True)
    done = 0
    while done < count:
        batch = await asyncio.to_thread(lambda most: [next(drawn) for _ in range(most)], min(_CLEARED, count - done))
        dice.shuffle(batch)
        for guess in batch:
            answers, took = [], 0.0
            session = f"web-{uuid.uuid4().hex}"
            for text in guess.turns:
                begun = time.perf_counter()
                answers.append(await ask(session, text, guess.caller))
                took += time.perf_counter() - begun
            told = repr(answers)
            found[guess.kind].answers[guess.right].append(told.replace(guess.guessed, "…") if guess.guessed else told)
            found[guess.kind].seconds[guess.right].append(took)
        done += len(batch)
        await conversations.fresh()
        progress(f"{done} of {count} guesses")
    return dict(found)


def verdict(found: dict[str, Outcome], seed: int = 1) -> dict[str, Any]:
    """By kind: how far apart hit and miss are, with what chance would make of it."""
    dice = random.Random(seed)
    return {kind: outcome.told_apart(dice) for kind, outcome in found.items()}
