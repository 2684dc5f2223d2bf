"""Look-ups that no address is in, or a hidden one, and registries as they should not be: an answer, and nobody who is wrong."""

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.bench.bad_input import BadInput, bad_inputs, odd_registries, write_registry
from bot.bench.homes import Home, homes_in
from bot.database import Database, open_database
from bot.grid.importer import import_csv
from bot.grid.location import Location
from bot.grid.registry import Registry
from bot.grid.sample import write_sample

#: the goal is 50 ms on an idle machine (`gege bench locate --only bad`); tests share theirs
PATIENCE_S = 0.5

Load = Callable[[list[Home]], Registry]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    opened: list[Database] = []

    def one(homes: list[Home]) -> Registry:
        folder = tmp_path_factory.mktemp("registry")
        opened.append(open_database(f"sqlite:///{folder}/gege.sqlite"))
        opened[-1].migrate()
        if homes:
            for file in reversed(write_registry(folder, homes)):
                import_csv(opened[-1], file)
        return Registry.load(opened[-1])

    yield one
    for database in opened:
        database.dispose()


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Home]:
    return list(homes_in(write_sample(tmp_path_factory.mktemp("sample"), 8_000)[0]))


@pytest.fixture(scope="module")
def registry(homes: list[Home], load: Load) -> Registry:
    return load(homes)


def look(registry: Registry, one: BadInput) -> Location:
    """A look-up whose time is held; the best of three, because others run on this machine."""
    times = []
    for _ in range(3):
        gc.collect(0)
        began = time.perf_counter()
        found = registry.locate(one.text, alternatives=one.alternatives, earlier=one.earlier)
        times.append(time.perf_counter() - began)
        if times[-1] < PATIENCE_S:
            break
    assert min(times) < PATIENCE_S, (one.kind, one.text[:40], min(times))
    return found


def test_bad_input_is_answered_in_time_and_names_nobody_who_is_wrong(registry: Registry, homes: list[Home]) -> None:
    for one in bad_inputs(homes):
        found = look(registry, one)
        assert found.household_no in (None, one.right or None), (one.kind, one.text[:60], found.household_no)
        if one.right and found.grid_no:
            assert found.grid_no == registry.county.grids[registry.county.row_of[one.right]], (one.kind, one.text[:60])
        if one.kind in ("nonsense", "another script", "only digits", "one thing for ever"):
            assert found.grid_no is None, (one.kind, one.text[:60])


@pytest.mark.parametrize(
    "kind", ["traditional characters", "in a monologue", "twenty alternatives", "empty alternatives"]
)
def test_an_address_in_something_is_found(registry: Registry, homes: list[Home], kind: str) -> None:
    asked = [one for one in bad_inputs(homes) if one.kind == kind]
    firsts = [look(registry, one).candidates[:1] for one in asked]
    right = [bool(first) and first[0].household_no == one.right for one, first in zip(asked, firsts, strict=True)]
    assert sum(right) >= 0.9 * len(right), [one.text[-60:] for one, fine in zip(asked, right, strict=True) if not fine]


def test_an_empty_registry_answers_nothing_of_anybody(load: Load, homes: list[Home]) -> None:
    empty = load([])
    for one in bad_inputs(homes):
        found = look(empty, one)
        assert (found.household_no, found.grid_no, found.candidates) == (None, None, ()), one.kind


@pytest.mark.parametrize("name", odd_registries())
def test_an_odd_registry_stands_bad_input_too(load: Load, homes: list[Home], name: str) -> None:
    own = odd_registries()[name]
    registry = load(own)
    # What is hidden in these sentences is in another county, so nobody here is meant; only in its own may one be certain.
    for one in bad_inputs(homes):
        assert look(registry, one).household_no is None, (name, one.kind, one.text[:60])
    for one in bad_inputs(own):
        assert look(registry, one).household_no in (None, one.right or None), (name, one.kind, one.text[:60])


def test_the_only_household_of_a_registry_is_not_whoever_calls(load: Load) -> None:
    registry = load(odd_registries()["one"])
    assert registry.locate("沿江路二百零六号").household_no == "9000001"
    for text in ("沿江路二百零八号", "沿江路", "沿河街二百零六号", "206号", "停电了", "我屋里冇得电", "甲社区"):
        assert registry.locate(text).household_no is None, text


def test_ten_thousand_doors_of_a_street_are_told_apart(load: Load) -> None:
    registry = load(odd_registries()["one street"])
    for number, said in ((9_999, "九千九百九十九"), (1_001, "一千零一"), (206, "二百零六"), (10_000, "一万")):
        found = look(registry, BadInput("", f"我住沿江路{said}号"))
        assert found.candidates and found.candidates[0].household_no == f"9{number:06}", said
    assert look(registry, BadInput("", "沿江路停电了")).household_no is None


def test_numbers_that_are_wrong_or_missing_keep_nobody_else_from_being_found(load: Load, tmp_path: Path) -> None:
    wrong = odd_registries()["wrong numbers"]
    registry = load([*wrong, Home("1", "钱学", "甲社区", "", "柳堤街45号", "2")])
    assert registry.locate("柳堤街四十五号").household_no == "1"
    twins = {home.household_no for home in wrong if "206" in home.address or "二百零六" in home.address}
    assert registry.locate("沿江路206号").household_no in (None, *twins)
    assert registry.locate("沿江路207号").household_no is None
