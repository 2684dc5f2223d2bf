"""What no address is, and what hides one: sentences and registries that a look-up has to stand, quickly and without naming
anybody who was not meant. `gege bench locate --only bad` measures them, tests/grid/test_bad_input.py holds them."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.bench.homes import Home
from bot.foundation.words import load
from bot.grid.sample import HOUSEHOLD_COLUMNS, STAFF_COLUMNS

_FILE = Path(__file__).with_name("bad_input.yml")
#: as much as a page lets anybody type
LONGEST = 5_000


@dataclass(frozen=True)
class BadInput:
    """A look-up, and the only household that may come out as certain ("" for none)."""

    kind: str
    text: str
    alternatives: tuple[str, ...] = ()
    earlier: str = ""
    right: str = ""


@dataclass(frozen=True)
class _Words:
    """bad_input.yml."""

    scripts: tuple[str, ...]
    nonsense: tuple[str, ...]
    repeated: tuple[str, ...]
    monologue: tuple[str, ...]
    traditional: dict[str, str]
    doors_nobody_has: tuple[str, ...]


def _words() -> _Words:
    return load(_Words, _FILE)


def bad_inputs(homes: Sequence[Home], seed: int = 7) -> Iterator[BadInput]:
    """Look-ups about a county's homes, those in streets where an address is hidden in something."""
    words, dice = _words(), random.Random(f"bad/{seed}")
    for text in ("", " ", *words.nonsense):
        yield BadInput("nonsense", text)
    for text in words.scripts:
        yield BadInput("another script", text)
        yield BadInput("another script", (text * LONGEST)[:LONGEST])
    for text in words.repeated:
        yield BadInput("one thing for ever", (text * LONGEST)[:LONGEST])
    for length in (1, 4, 11, 18, LONGEST):
        yield BadInput("only digits", "".join(dice.choice("123456789") for _ in range(length)))
        yield BadInput("only numerals", "".join(dice.choice("一二三四五六七八九十百零幺两") for _ in range(length)))
    common = [character for sentence in words.monologue for character in sentence]
    yield BadInput("long", "".join(dice.choice(common) for _ in range(LONGEST)))
    streets = [home for home in homes if not home.compound and home.numbers]
    for home in dice.sample(streets, min(12, len(streets))):
        yield from _hidden(home, words, dice)
    for home in dice.sample(streets, min(4, len(streets))):
        for door in words.doors_nobody_has:
            if any((one.place, one.numbers) == (home.place, door) for one in streets):
                continue
            yield BadInput("a number that nobody has", f"{home.community}{home.place}{door}")


def _hidden(home: Home, words: _Words, dice: random.Random) -> Iterator[BadInput]:
    """An address in something: it may come out as certain, no other may."""
    place, right = home.community + home.address, home.household_no
    traditional = "".join(words.traditional.get(character, character) for character in place)
    yield BadInput("traditional characters", traditional, right=right)
    before, after = dice.sample(words.monologue, 2)
    yield BadInput("in a monologue", f"{before}我住{place},{after}", right=right)
    yield BadInput("in a long monologue", f"{before * 12}我住{place},{after * 12}"[:LONGEST], right=right)
    yield BadInput("the same again and again", (f"{place}," * LONGEST)[:LONGEST], right=right)
    yield BadInput("twenty alternatives", place, tuple(f"{place}的{number}"[:-1] for number in range(20)), right=right)
    yield BadInput("twenty other alternatives", place, tuple(words.monologue[:1] * 20), right=right)
    yield BadInput("long alternatives", place, tuple((one * LONGEST)[:LONGEST] for one in words.repeated), right=right)
    yield BadInput("empty alternatives", place, ("",) * 20, right=right)
    yield BadInput("nothing but empty ones", "", ("", " ", ""))
    yield BadInput("much was said before", place, earlier=(after * LONGEST)[:LONGEST], right=right)


# -- registries --------------------------------------------------------------------------------------


def odd_registries() -> dict[str, list[Home]]:
    """Registries that somebody may import: one household, a street with 10,000, numbers wrong or missing."""
    doors = (
        "",
        "号",
        "无",
        "0号",
        "-号",
        "99999999999号",
        "206号206号",
        "(空)",
        "二百零六号",
        "206",
        "2-0-6",
        "A号",
    )
    street = "沿江路"
    return {
        "one": [Home("9000001", "王建国", "甲社区", "", f"{street}206号", "1")],
        "one street": [
            Home(f"9{number:06}", "王建国", "甲社区", "", f"{street}{number}号", str(1 + number % 7))
            for number in range(1, 10_001)
        ],
        "one building": [
            Home(f"8{number:06}", "李梅", "甲社区", "凤凰城", f"1栋1单元{number}室", "1") for number in range(1, 1001)
        ],
        "wrong numbers": [
            Home(
                f"7{number:06}", "赵强", "甲社区", compound, (f"{street}{door}" if not compound else door) or "无", "1"
            )
            for number, (compound, door) in enumerate((c, d) for c in ("", "凤凰城") for d in doors)
        ],
    }


def write_registry(folder: Path, homes: Sequence[Home]) -> tuple[Path, Path]:
    """households.csv and staff.csv to be imported; → their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "households.csv", folder / "staff.csv"
    with files[0].open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HOUSEHOLD_COLUMNS)
        for home in homes:
            writer.writerow(
                (
                    home.household_no, home.holder, "", home.community, home.compound, home.address, "T1", "F1",
                    home.grid_no, "", "0", 0, 0,
                )
            )  # fmt: skip
    with files[1].open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(STAFF_COLUMNS)
        for grid in dict.fromkeys(home.grid_no for home in homes):
            writer.writerow((f"M{grid}", "程师傅", "manager", f"1350000{int(grid):04}", grid, "", "", ""))
    return files
