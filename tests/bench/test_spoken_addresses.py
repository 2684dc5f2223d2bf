"""The sentences that look-ups are measured on: the same every time, of two principles, about two counties."""

import hashlib
import random
from pathlib import Path

import pytest

from bot.bench import near_sounds, noise
from bot.bench.homes import Home, Homes, door_parts, homes_in, spoken_numbers
from bot.bench.other_county import spoken_queries, write_other_county
from bot.database import Database
from bot.grid.importer import import_csv
from bot.grid.registry import Registry
from bot.grid.sample import write_sample

SENTENCE = "我屋里在桃溪社区沿河路二百零六号"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Homes:
    return homes_in(write_sample(tmp_path_factory.mktemp("sample"), 1_600)[0])


@pytest.fixture(scope="module")
def other_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_other_county(tmp_path_factory.mktemp("other"), 2_000)


@pytest.fixture(scope="module")
def other(other_files: tuple[Path, Path]) -> Homes:
    return homes_in(other_files[0])


def test_the_table_of_near_sounds_is_the_one_that_the_figures_were_made_with() -> None:
    digest = hashlib.sha256(near_sounds.FILE.read_bytes()).hexdigest()
    assert digest == near_sounds.DIGEST, (
        "a new table makes old figures incomparable: measure anew, then write its digest"
    )


def test_near_sounds_come_from_sound() -> None:
    near = {meant: [heard for heard, _ in rows[1:6]] for meant, rows in near_sounds.near_sounds().items()}
    assert len(near) > 400 and "lin" in near["li"] and "nong" in near["dong"] and "xi" not in near["hao"]


@pytest.mark.parametrize("misheard", [near_sounds.misheard, noise.misheard])
def test_noise_is_seeded_and_grows_with_its_strength(misheard: near_sounds.Misheard) -> None:
    def changed(strength: float) -> int:
        dice = random.Random(3)
        return sum(misheard(SENTENCE, strength, dice) != SENTENCE for _ in range(40))

    assert misheard(SENTENCE, 1.0, random.Random(1)) == misheard(SENTENCE, 1.0, random.Random(1))
    assert misheard(SENTENCE, 0.0, random.Random(1)) == SENTENCE
    assert 0 < changed(0.1) < changed(1.0)


def test_marks_and_numerals_are_misheard_too_and_characters_come_and_go() -> None:
    dice = random.Random(2)
    heard = [near_sounds.misheard(SENTENCE, 1.0, dice) for _ in range(200)]
    for character in SENTENCE:
        assert any(character not in one for one in heard), character
    assert min(map(len, heard)) < len(SENTENCE) < max(map(len, heard))


def test_a_registry_and_its_file_make_the_same_sentences(sqlite_database: Database, tmp_path: Path) -> None:
    files = write_sample(tmp_path, 800)
    for file in reversed(files):
        import_csv(sqlite_database, file)
    registry, homes = Registry.load(sqlite_database), homes_in(files[0])
    for strength in (0.0, 1.0):
        of_registry = [query.text for query in noise.queries(registry, 20, strength, 5)]
        assert of_registry == [query.text for query in noise.queries(homes, 20, strength, 5)]


def test_the_other_county_has_every_shape_and_can_be_imported(
    other_files: tuple[Path, Path], other: Homes, database: Database
) -> None:
    for file in reversed(other_files):
        import_csv(database, file)
    assert Registry.load(database).county.size == len(other) > 1_900
    doors = [home.compound + home.address for home in other]
    for shape in ("附", "之", "栋", "幢", "号楼", "座", "-", "组", "湾", "塆", "一号"):
        assert any(shape in door for door in doors), shape
    assert any(not home.numbers for home in other), "bays without numbers"
    assert any(other.several_communities(home) for home in other)


def test_no_name_of_the_other_county_is_one_of_the_sample(sample: Homes, other: Homes) -> None:
    def names(homes: Homes) -> set[str]:
        return {name for home in homes for name in (home.place, home.community) if name}

    assert not names(sample) & names(other)


def test_the_other_countys_sentences_name_the_place(other: Homes) -> None:
    for query in spoken_queries(other, 100, 3):
        home = other.by_number[query.household_no]
        assert home.place in query.text
        assert not other.several_communities(home) or home.community in query.text


def test_numbers_are_spoken_in_several_ways() -> None:
    dice = random.Random(1)
    said = {spoken_numbers("5栋2单元301室", dice) for _ in range(60)}
    assert {"五栋二单元三零幺室", "五栋二单元三零一", "5栋二单元301"} & said and len(said) > 6
    assert any("杠" in spoken_numbers("2-1-301", dice) for _ in range(5))


def test_the_numbers_behind_a_place_are_parts() -> None:
    def parts(compound: str, address: str) -> list[str]:
        return door_parts(Home("1", "", "", compound, address, ""))

    assert parts("四季花城", "5栋2单元301室") == ["5栋", "2单元", "301室"]
    assert parts("", "胜利街12号附3号") == ["12号", "附3号"]
    assert parts("香庭", "2-1-301") == ["2-", "1-", "301"]
    assert parts("公寓", "A座801室") == ["A座", "801室"]
