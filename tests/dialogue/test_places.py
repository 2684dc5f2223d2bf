"""Where it is, in a conversation: outside the county, whole streets, villages, things that people live behind."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from bot.app.parts import Parts
from bot.grid.models import Contact, HouseholdContact
from tests.dialogue.test_stories import lonely_house, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAR = "武汉市洪山区珞喻路100号停电了"


def known(service: Parts) -> str:
    """A telephone that belongs to one household."""
    with service.database.reading() as session:
        phones = session.scalars(
            select(Contact.address)
            .join(HouseholdContact, HouseholdContact.contact_id == Contact.id)
            .where(Contact.channel == "phone", HouseholdContact.verifies)
        ).all()
    return next(one for one in phones if phones.count(one) == 1)


@pytest.mark.parametrize("no", ["不是", "没有", "就是武汉洪山区"])
async def test_a_place_outside_the_county_is_told_whom_to_call_and_makes_no_ticket(service: Parts, no: str) -> None:
    session = uuid.uuid4().hex
    say = talk(service, caller=known(service), session=session, dialled="grid_24")
    told = await say(FAR)
    assert "95598" in told.text and "对不对" not in told.text and told.question == "place"
    done = await say(no)
    assert "95598" in done.text and done.ticket_no is None and done.question is None
    assert service.desk.rest(session) == [], "nothing is left half told"


async def test_a_place_here_goes_on_after_one_outside(service: Parts) -> None:
    place, household_no = lonely_house(service)
    say = talk(service)
    await say(FAR)
    assert place in (await say(place)).text
    card = service.desk.ticket((await say("对")).ticket_no or "")
    assert card and card.household_no == household_no and card.place == place


async def test_who_hangs_up_after_a_place_outside_is_nobodys_of_a_grid(service: Parts) -> None:
    session = uuid.uuid4().hex
    say = talk(service, caller=known(service), session=session, dialled="grid_24")
    await say(FAR)
    await say("对")
    [card] = service.desk.rest(session)
    assert card.grid_no is None and "武汉" in card.place


async def test_a_call_that_breaks_off_there_is_not_for_the_dialled_grid(service: Parts) -> None:
    call = uuid.uuid4().hex
    service.desk.begin_call(call, caller="13971800123", dialled="grid_24", front_end="sip")
    await talk(service, session=call, dialled="grid_24")(FAR)
    [card] = service.desk.call_back(call)
    assert card.kind == "callback" and card.grid_no is None and "武汉" in card.place


async def test_danger_outside_the_county_is_still_danger_and_no_grids(service: Parts) -> None:
    say = talk(service, caller=known(service), dialled="grid_24")
    told = await say("武汉洪山区电线掉在地上了")
    card = service.desk.ticket(told.ticket_no or "")
    assert card and card.kind == "hazard" and card.urgent and card.grid_no is None and "武汉" in card.place
    assert "莫靠近" in told.text and "95598" in told.text


async def test_who_is_away_reports_for_home(service: Parts) -> None:
    say = talk(service)
    assert "95598" not in (await say("我在武汉打工,我妈屋里停电了")).text


async def test_a_thing_that_no_table_has_is_kept_in_the_words_of_whoever_lives_behind_it(service: Parts) -> None:
    say = talk(service)
    await say("屋里冇得电")
    read_back = await say("就在老农药厂后头,没得门牌")
    assert "老农药厂后头" in read_back.text and read_back.question == "confirmed"
    card = service.desk.ticket((await say("冇错")).ticket_no or "")
    assert card and card.place == "老农药厂后头" and card.grid_no is None


async def test_the_house_beside_is_not_the_house(service: Parts) -> None:
    place, household_no = lonely_house(service)
    say = talk(service)
    asked = [await say(f"{place}隔壁停电了")]
    while asked[-1].question != "confirmed" and len(asked) < 4:  # the own number, the householder
        asked.append(await say("不晓得"))
    read_back = asked[-1]
    assert f"{place}隔壁" in read_back.text
    card = service.desk.ticket((await say("对")).ticket_no or "")
    assert card and card.household_no != household_no and card.place == f"{place}隔壁"


async def test_of_two_houses_one_is_asked_for_and_only_that_one_is_read_back(service: Parts) -> None:
    place, _ = lonely_house(service)
    street = place.rstrip("0123456789号")
    other = next(one for one in service.registry.county.addresses if one.startswith(street) and one != place)
    say = talk(service)
    assert (await say(f"{place}或者{other.removeprefix(street)}停电了")).question == "place"
    read_back = await say(other.removeprefix(street))
    assert other in read_back.text and place not in read_back.text
