"""A stranger guesses 户号, names, numbers and last digits: hit and miss come back alike, in words, fields, order and time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from bot.bench.guesses import Ask, Outcome, by_dialogue, run_guesses, verdict
from tests.identity.town import TOWN, Town

#: chance alone is below this: of the answers, which are drawn by a fixed seed, and of times, which are not
UNLIKELY, HARDLY_EVER = 0.001, 0.00001


def by_page(town: Town) -> Ask:
    """Turns through the page's own door; everything of its JSON but names that are drawn by lot."""

    async def ask(session: str, text: str, caller: str) -> Any:
        body = {"session": session.removeprefix("web-"), "text": text, "caller": caller, "id": uuid.uuid4().hex}
        async with town.client.post("/api/turn", json=body) as answer:
            found = await answer.json()
            case = {key: value for key, value in (found["case"] or {}).items() if not key.endswith("_at")}
            return [
                answer.status,
                list(found),
                found["sentences"],
                found["hand_over"],
                found["ended"],
                list(case.items()),
            ]

    return ask


def assert_alike(guess: Callable[[int], dict[str, Outcome]]) -> None:
    """`guess` is asked again where only the time was apart: what betrays anything does so each time, a busy machine once."""
    for seed in (3, 4, 5):
        told = verdict(guess(seed))
        if all(_alike_in_time(one) for one in told.values()):
            break
    assert set(told) == {"account", "name", "number", "last_digits", "proof_name"}
    for kind, one in told.items():
        # A number that is typed stands in no sentence: there every answer must be the same.
        assert one["apart"] == 0 or kind != "number", told
        assert one["p_answers"] > UNLIKELY and _alike_in_time(one), told


def _alike_in_time(one: dict[str, Any]) -> bool:
    hit, miss = one["ms_hit"], one["ms_miss"]
    return bool(one["p_time"] > HARDLY_EVER and hit < 1.5 * miss and miss < 1.5 * hit)


def test_a_few_guesses_through_the_page_learn_nothing(town: Town) -> None:
    found = town.run(run_guesses(town.service, by_page(town), 60))
    for kind, one in verdict(found).items():
        assert one["p_answers"] > UNLIKELY and (one["apart"] == 0 or kind != "number"), (kind, one)


@pytest.mark.slow
def test_guesses_through_the_page_learn_nothing(town: Town) -> None:
    assert_alike(lambda seed: town.run(run_guesses(town.service, by_page(town), 200, seed=seed)))


@pytest.mark.slow
def test_guesses_through_the_dialogue_learn_nothing(town: Town) -> None:
    assert_alike(lambda seed: town.run(run_guesses(town.service, by_dialogue(town.service), 600, seed=seed + 1)))


def test_an_oracle_would_be_heard(town: Town) -> None:
    """A reply that is three milliseconds or one word different for a hit is found."""
    hits = {one.phone for one in TOWN}

    async def oracle(session: str, text: str, caller: str) -> Any:
        await asyncio.sleep(0.004 if caller in hits else 0.001)
        return ["我们认得您" if caller in hits else "您屋里在哪里?"]

    told = verdict(town.run(run_guesses(town.service, oracle, 240)))["number"]
    assert told["p_answers"] < UNLIKELY and told["p_time"] < HARDLY_EVER and told["apart"] == 1
