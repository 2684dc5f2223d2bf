"""What holds of every turn: it is a row first, a failing machine hands over to a person, and nobody hears the registry."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from bot.app.parts import Parts
from bot.dialogue.port import Reply
from bot.grid.models import Contact, Household, HouseholdContact
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.models import Utterance
from tests.dialogue.test_stories import lonely_house, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def broken_rasa(service: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    if service.settings.dialogue.adapter != "embedded":
        pytest.skip("Rasa runs in a process of its own, where a test breaks nothing")
    from rasa.core.agent import Agent

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the model is broken")

    for name in ("parse_message", "handle_message"):
        monkeypatch.setattr(Agent, name, broken)


def row(service: Parts, id: str) -> Utterance:
    with service.database.reading() as session:
        found = session.get(Utterance, id)
        assert found is not None, "what was said is not there"
        return found


async def test_what_cannot_be_understood_is_kept_whole_and_given_to_a_person(service: Parts, broken_rasa: None) -> None:
    heard = Heard(
        uuid.uuid4().hex, uuid.uuid4().hex, "屋里停电了", alternatives=("屋里停店了",), recording="recordings/c/turn-01.sealed",
        caller=Caller.by("phone", "13971800123"), dialled="grid_24",
    )  # fmt: skip
    reply = await service.dialogue.turn(heard)
    kept = row(service, heard.id)
    assert (kept.text, kept.alternatives, kept.recording) == (heard.text, list(heard.alternatives), heard.recording)
    ticket = service.desk.ticket(reply.ticket_no or "")
    assert ticket and ticket.kind == "unclear" and reply.hand_over and reply.text


async def test_a_turn_that_opens_no_ticket_is_a_row_as_well(service: Parts) -> None:
    id = uuid.uuid4().hex
    reply = await talk(service)("你好", "你号", id=id)
    assert reply.ticket_no is None and row(service, id).alternatives == ["你号"]


def registered(service: Parts) -> tuple[str, Household]:
    """A telephone that belongs to one household alone."""
    with service.database.reading() as session:
        rows = session.execute(
            select(Contact.address, Household)
            .join(HouseholdContact, HouseholdContact.contact_id == Contact.id)
            .join(Household, Household.household_no == HouseholdContact.household_no)
            .where(Contact.channel == "phone", HouseholdContact.verifies, Household.balance < 0)
        ).all()
    alone = [(phone, house) for phone, house in rows if [number for number, _ in rows].count(phone) == 1]
    return alone[0]


def assert_nothing_of_the_registry(replies: list[Reply], household: Household) -> None:
    said = "".join(reply.text for reply in replies)
    for known in (household.householder, household.household_no, household.household_no[-4:], household.address):
        assert known not in said, known


async def test_a_known_caller_hears_neither_name_nor_address_before_proof(service: Parts) -> None:
    phone, household = registered(service)
    say = talk(service, caller=phone)
    replies = [await say("我屋里停电了"), await say("是的")]
    while replies[-1].ticket_no is None and len(replies) < 5:
        replies.append(await say("对"))
    ticket = service.desk.ticket(replies[-1].ticket_no or "")
    assert ticket and ticket.household_no == household.household_no, "it was found"
    assert_nothing_of_the_registry(replies, household)


async def test_a_place_is_read_back_as_it_was_said_not_as_the_registry_has_it(service: Parts) -> None:
    address, household_no = lonely_house(service)
    with service.database.reading() as session:
        household = session.get_one(Household, household_no)
    said = address.replace("桃溪", "逃西")  # as a recogniser may write it
    assert said != address
    say = talk(service)
    replies = [await say("我屋里停电了"), await say(said), await say("对")]
    ticket = service.desk.ticket(replies[-1].ticket_no or "")
    assert ticket and ticket.household_no == household_no, "it was found"
    assert said in replies[1].text
    assert_nothing_of_the_registry(replies, household)


async def test_a_contact_whose_link_does_not_verify_proves_nothing(service: Parts) -> None:
    phone, household = registered(service)
    with service.database.session() as session:
        link = session.scalars(
            select(HouseholdContact)
            .join(Contact, Contact.id == HouseholdContact.contact_id)
            .where(Contact.address == phone, HouseholdContact.household_no == household.household_no)
        ).one()
        link.verifies = False
    try:
        say = talk(service, caller=phone)
        replies = [await say("我欠几多电费"), await say(household.householder), await say(household.household_no[-4:])]
        said = "".join(reply.text for reply in replies)
        assert "私事" in replies[0].text and "最后四位" not in said
        assert "块" not in said and "欠了" not in said
    finally:
        with service.database.session() as session:
            session.merge(link).verifies = True
