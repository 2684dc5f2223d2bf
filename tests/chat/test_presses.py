"""One table says what can be pressed when; every button of it has its words wherever it is offered."""

from __future__ import annotations

import pytest

from bot.chat.words import words
from bot.notify.links import LIVES, Purpose
from bot.notify.texts import button
from bot.tickets import presses
from bot.tickets.models import State
from bot.web.staff import _pages


@pytest.mark.parametrize("press", presses.PRESSES, ids=lambda press: press.verb)
def test_a_button_has_its_words_wherever_it_is_offered(press: presses.Press) -> None:
    assert button(press.verb) not in ("", press.verb)
    outcomes = {"fresh", "already", "late"}
    if press.button is not None:
        assert outcomes <= words().staff.told[press.verb].keys()
    if press.page:
        assert outcomes | {"ask", "button"} <= _pages.words["verbs"][press.verb].keys()
        assert Purpose(press.verb) in LIVES


def test_whatever_a_command_of_wecom_says_is_a_button() -> None:
    verbs = set(words().wecom.verbs.values()) - {"end"}
    assert verbs <= {press.verb for press in presses.PRESSES}


@pytest.mark.parametrize(
    ("state", "channel", "verbs"),
    [
        ("reported", "phone", "take ring pass wrong"),
        ("reported", "telegram", "take talk ring pass wrong"),
        ("acknowledged", "phone", "site done eta ring pass crew wrong"),
        ("on_site", "wechat", "done talk eta ring crew wrong"),
        ("closed", "telegram", ""),
    ],
)
def test_what_is_offered_depends_on_the_state_and_on_the_way_it_came(state: str, channel: str, verbs: str) -> None:
    assert [press.verb for press in presses.offered(state, channel)] == verbs.split()


def test_what_is_offered_can_be_done() -> None:
    """No state offers what the desk then refuses: taking twice, arriving before it was taken."""
    after = {"take": State.reported, "site": State.acknowledged}
    for press in presses.PRESSES:
        if press.verb in after:
            assert press.states == (after[press.verb],)
        assert not {State.closed, State.cancelled, State.merged} & set(press.states)
