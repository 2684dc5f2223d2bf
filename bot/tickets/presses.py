"""What staff can press: one table of verbs, what the desk does, in which states, and where each is offered."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bot.tickets import access
from bot.tickets.cards import TicketRefused
from bot.tickets.intake.channels import Channel
from bot.tickets.life.handling import Done, Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import State


class Button(enum.StrEnum):
    """What the desk does at a press: 接单, 到场, 已处理, 预计时间, 叫抢修班, 备注, 转派."""

    acknowledge = "acknowledge"
    on_site = "on_site"
    resolve = "resolve"
    estimate = "estimate"
    call_crew = "call_crew"
    comment = "comment"
    pass_on = "pass_on"


class Given(NamedTuple):
    """What was given with a press."""

    note: str = ""
    restore_at: dt.datetime | None = None
    #: staff number of who gets it
    to: str = ""

    @property
    def time(self) -> dt.datetime:
        if self.restore_at is None:
            raise TicketRefused("an estimate needs the time when it will be done")
        return self.restore_at


@dataclass(frozen=True)
class Press:
    """One verb, as it stands in a button's data and in a link; its words are texts.yml, staff.yml and words.yml."""

    verb: str
    #: what the desk does; None where a front end does something of its own (it shows a number, waits for a word)
    button: Button | None = None
    #: offered in these states, in the order of the table
    states: tuple[State, ...] = ()
    #: one press is all: nothing else (a time, a person) is needed
    alone: bool = False
    #: the page offers it, and a link does it with one tap, without signing in
    page: bool = False
    #: goes on in the chat that the report came by
    chat: bool = False


PRESSES = (
    Press("take", Button.acknowledge, (State.reported,), alone=True, page=True),
    Press("site", Button.on_site, (State.acknowledged,), alone=True, page=True),
    Press("done", Button.resolve, (State.acknowledged, State.on_site), alone=True, page=True),
    Press("talk", None, OPEN, chat=True),
    Press("eta", Button.estimate, (State.acknowledged, State.on_site)),
    Press("ring", None, OPEN),
    Press("pass", Button.pass_on, (State.reported, State.acknowledged)),
    Press("crew", Button.call_crew, (State.acknowledged, State.on_site), alone=True),
    Press("wrong", None, OPEN),
)

_BY_VERB = {press.verb: press for press in PRESSES}
_DOES: dict[Button, Callable[[Handling, Given], Done]] = {
    Button.acknowledge: lambda it, given: it.acknowledge(given.note),
    Button.on_site: lambda it, given: it.move(State.on_site, given.note),
    Button.resolve: lambda it, given: it.move(State.resolved, given.note),
    Button.estimate: lambda it, given: it.estimate(given.time, given.note),
    Button.call_crew: lambda it, given: it.call_crew(given.note),
    Button.comment: lambda it, given: it.comment(given.note),
    Button.pass_on: lambda it, given: it.pass_on(access.known(it.session, given.to), given.note),
}


def of_verb(verb: str) -> Press | None:
    """The line of a verb; None for what no button carries."""
    return _BY_VERB.get(verb)


def offered(state: str, channel: str) -> tuple[Press, ...]:
    """What staff can do with a ticket in `state` that was reported by `channel`."""
    return tuple(one for one in PRESSES if state in one.states and (not one.chat or Channel(channel).relayed))


def of_page(verb: str) -> Button | None:
    """What a page or a link does with a verb; None for what they do not do."""
    press = of_verb(verb)
    return press.button if press is not None and press.page else None


def do(it: Handling, button: Button, given: Given) -> Done:
    """Do what a button says. Raises TicketRefused for what the rules forbid."""
    return _DOES[button](it, given)
