"""A village speaks as no table foresees. Sixty corrections later its households are found; another village's as before."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from bot.database import Database
from bot.dialogue.training import fingerprint
from bot.grid.models import Community, Household
from bot.grid.registry import Registry
from bot.learning.book import CorrectionBook
from bot.learning.learn import Learning
from bot.settings import Settings
from bot.sound import site
from bot.sound.channel import Channel, prior
from bot.sound.draws import heard_as
from bot.tickets.desk import TicketDesk
from tests.learning.quick_bench import QuickBench, figures
from tests.sound.village import village
from tests.tickets.county import AT, on_sqlite, outage

VILLAGE = village({"g": "b", "l": "m", "h": "p", "q": "d"}, {"ang": "ong", "ian": "uan"})
#: as everybody around speaks: half of what the prior makes of dialect
ACCENT = Channel.of(*((np.eye(len(table)) + table) / 2 for table in (prior().initials, prior().finals)))
STREETS = {
    "白泉社区": ["白泉街", "香山街", "金塘路", "青山巷", "港口路", "高枧街", "横山路", "黄龙街"],
    "联合社区": ["联合路", "前进街", "强国路", "光荣街", "浪口路", "华陂街", "雨山路", "兰田路"],
}
#: Chinese numerals, as a recogniser writes what it takes for words
NUMBERS = {"6": "六", "18": "十八", "35": "三十五", "206": "二百零六", "341": "三百四十一"}
SAID = ["我屋里在{}{}号,停电了", "{}{}号没有电", "喂,我是{}{}号的,电表坏了"]
pytestmark = on_sqlite


@pytest.fixture
def wide_county(county: Database) -> Database:
    """The county of the tickets' rules, and two communities with eight streets each."""
    with county.session() as session:
        number = 0
        for id, (name, streets) in enumerate(STREETS.items(), start=20):
            session.add(Community(id=id, name=name))
            session.flush()
            for street in streets:
                for door in NUMBERS:
                    number += 1
                    session.add(
                        Household(
                            household_no=f"43{number:08}",
                            householder="王建国",
                            community_id=id,
                            address=f"{street}{door}号",
                            transformer_id=1,
                            grid_no="24" if id == 20 else "7",
                            tags=[],
                            balance=Decimal(0),
                            months_owed=0,
                        )
                    )
    return county


def sentences(registry: Registry, speech: Channel, count: int, seed: int) -> list[tuple[str, str, str]]:
    """(what was said, what was heard, household)."""
    dice, county, found = np.random.default_rng(seed), registry.county, []
    for _ in range(count):
        row = int(dice.integers(1, len(county.numbers)))
        street, door = county.addresses[row].removesuffix("号"), ""
        while street[-1].isdigit():
            street, door = street[:-1], street[-1] + door
        said = str(dice.choice(SAID)).format(street, NUMBERS[door])
        found.append((said, heard_as(said, speech, dice), county.numbers[row]))
    return found


def first(registry: Registry, those: list[tuple[str, str, str]]) -> float:
    """The share of sentences whose household is the one that is found, or the first that may be meant."""

    def found(text: str) -> str | None:
        place = registry.locate(text)
        return place.household_no or next((one.household_no for one in place.candidates), None)

    return sum(found(heard) == number for _, heard, number in those) / len(those)


def test_a_village_is_understood_after_sixty_corrections_and_another_is_not_worse(
    wide_county: Database, desk: TicketDesk, book: CorrectionBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / f"dialogue-{fingerprint()}.tar.gz").write_text("model")
    settings = Settings(home=tmp_path, dialogue={"models": str(tmp_path / "base")})  # type: ignore[arg-type]
    registry = Registry.load(wide_county)
    later, elsewhere = sentences(registry, VILLAGE, 150, 2), sentences(registry, ACCENT, 150, 3)
    before = first(registry, later), first(registry, elsewhere)
    for number, (said, heard, _) in enumerate(sentences(registry, VILLAGE, 60, 1)):
        ticket = desk.report(outage(said=heard, session=f"s-{number}", reporter=f"138{number:08}")).ticket_no
        book.write(ticket, "M1", words=said, at=AT + dt.timedelta(minutes=number))

    learning = Learning(settings, wide_county, lambda line: None, QuickBench(figures(), figures()))
    run = learning.learn()

    assert run.decision == "in_service", run.reason
    after = first(registry, later), first(registry, elsewhere)
    print(f"this village {before[0]:.1%} → {after[0]:.1%}, another {before[1]:.1%} → {after[1]:.1%}")
    assert after[0] >= before[0] + 0.15
    assert after[1] >= before[1] - 0.02
    learning.back()
    assert site.channel() is prior() and first(registry, later) == before[0]
