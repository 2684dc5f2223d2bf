"""The first noise generator keeps places where they were, comes out the same again, and grows stranger with its strength."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bench.simulator import Characters, Source, Words, distort
from bot.settings import PROJECT

SENTENCE = "我屋里停电了,沿河路二百零六号,隔壁变压器在冒烟"


@pytest.fixture(scope="module", params=["characters", "words"])
def source(request: pytest.FixtureRequest) -> Source:
    return Characters() if request.param == "characters" else Words()


@given(text=st.text(max_size=80), strength=st.floats(0, 1), seed=st.integers())
def test_the_length_stays_so_that_places_stay_marked(text: str, strength: float, seed: int, source: Source) -> None:
    assert len(distort(text, strength, random.Random(seed), source)) == len(text)


def test_a_seed_makes_the_same_sentence_again(source: Source) -> None:
    assert distort(SENTENCE, 1, random.Random(5), source) == distort(SENTENCE, 1, random.Random(5), source)


def test_strength_nought_changes_nothing_and_more_changes_more(source: Source) -> None:
    def changed(strength: float) -> int:
        heard = [distort(SENTENCE, strength, random.Random(seed), source) for seed in range(50)]
        return sum(a != b for text in heard for a, b in zip(text, SENTENCE, strict=True))

    assert changed(0) == 0
    assert changed(0.3) < changed(0.6) < changed(1.0)


def test_digits_and_letters_are_left_alone(source: Source) -> None:
    heard = distort("GD2611230001 在 206 号", 1.0, random.Random(1), source)
    assert heard.startswith("GD2611230001 ") and " 206 " in heard


@pytest.mark.slow
def test_the_two_sources_write_differently() -> None:
    characters, words = Characters(), Words()
    one = [distort(SENTENCE, 1, random.Random(seed), characters) for seed in range(20)]
    other = [distort(SENTENCE, 1, random.Random(seed), words) for seed in range(20)]
    assert not set(one) & set(other)


def test_nothing_that_serves_or_trains_knows_how_it_is_measured() -> None:
    rooms = [*(PROJECT / "bot").iterdir(), PROJECT / "nlu", PROJECT / "actions"]
    served = [file for room in rooms if room.name not in ("bench", "commands") for file in room.rglob("*.py")]
    assert len(served) > 200
    for file in served:
        text = file.read_text("utf-8")
        assert "bot.bench" not in text and "hearing.yml" not in text, file
