"""The dial plan as it is shipped, on a real Asterisk: whatever fails, the caller comes to a person, and hears it ring."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.bench.exchange.installed import ACCOUNT, STATION
from tests.exchange.gege import SENTENCE_S
from tests.exchange.needed import needs_asterisk
from tests.voice.town import ASSISTANT, MANAGER

pytestmark = [needs_asterisk, pytest.mark.slow]

#: China's ring tone pauses for four seconds; a test that measures silence lets it sound on
TONE = {"indications.conf": [("ring=450/1000,0/4000", "ring=450"), ("callwaiting=450/400,0/4000", "callwaiting=450")]}


async def test_the_caller_hears_ringing_until_the_case_was_whispered_and_then_the_person(station) -> None:
    async with station(changed=TONE) as site:
        caller, person = await site.whispered_to()
        person.sound.speaking = True
        connected = person.answered_at + SENTENCE_S
        await asyncio.sleep(SENTENCE_S + 2)
        assert person.number == MANAGER
        assert person.sound.loud(person.answered_at + 0.3, connected) > 1000, "the case is not whispered"
        assert caller.sound.longest_gap(person.began + 0.1, connected + 1.5, above=300) < 0.4
        assert caller.sound.longest_gap(person.began + 0.1, connected + 1.5) < 0.4
        await asyncio.sleep(2.5)
        person.hang_up()
        await asyncio.wait_for(caller.ended.wait(), 5)
        await site.gege.told("handed_over")


async def test_the_company_is_named_to_everybody_who_is_rung_and_the_caller_learns_nothing_new(station) -> None:
    async with station() as site:
        diverted = "Diversion: <sip:13900000099@carrier.example>;reason=no-answer"
        caller, person = await site.whispered_to(more=(diverted,))
        await asyncio.sleep(SENTENCE_S + 1)
        assert person.invite is not None
        for name in ("from", "p-asserted-identity"):
            assert ACCOUNT in person.invite.get(name) and "13971800123" not in person.invite.get(name)
        assert not person.invite.get("diversion")
        assert [each.method for each in caller.came if each.method] == [], "the caller's carrier is asked anew"
        assert not any("sip:s@" in value for each in caller.came for _, value in each.headers)


@pytest.mark.parametrize(
    ("behaviour", "status"), [(486, "BUSY"), (603, "CHANUNAVAIL"), (480, "NOANSWER"), (404, "CHANUNAVAIL")]
)
async def test_who_does_not_take_it_is_told_apart_and_the_next_one_is_rung(
    station, behaviour: int, status: str
) -> None:
    async with station() as site:
        site.carrier.behave = {MANAGER: behaviour}
        await site.asks_for_a_person()
        assert (await site.carrier.rings(2)).number == ASSISTANT
        assert f"{MANAGER} {status}" in site.gege.said


async def test_nobody_answers_and_the_next_one_is_rung(station) -> None:
    async with station(changed={"extensions.conf": [("GEGE_RING=25", "GEGE_RING=2")]}) as site:
        site.carrier.behave = {MANAGER: "ring"}
        await site.asks_for_a_person()
        first = await site.carrier.rings()
        assert (await site.carrier.rings(2)).number == ASSISTANT
        assert first.ended.is_set() and f"{MANAGER} NOANSWER" in site.gege.said


async def test_who_hangs_up_in_the_whisper_has_not_taken_it_and_the_caller_stays(station) -> None:
    async with station() as site:
        caller, person = await site.whispered_to()
        await asyncio.sleep(0.6)
        person.hang_up()
        second = await site.carrier.rings(2)
        assert second.number == ASSISTANT and not caller.ended.is_set()
        await asyncio.wait_for(second.answered.wait(), 5)
        await asyncio.sleep(SENTENCE_S + 0.5)
        assert not caller.ended.is_set()


async def test_a_new_caller_is_rung_through_although_gege_hangs(station) -> None:
    async with station() as site:
        site.gege.freeze()
        began = time.monotonic()
        caller = await site.carrier.call("07153391024")
        person = await site.carrier.rings()
        assert person.number == STATION and time.monotonic() - began < 6
        await asyncio.wait_for(caller.answered.wait(), 15)


async def test_a_caller_in_mid_call_is_rung_through_when_gege_hangs(station) -> None:
    async with station() as site:
        caller = await site.call()
        await asyncio.sleep(3)
        assert not site.carrier.rung
        site.gege.freeze()
        began = time.monotonic()
        person = await site.carrier.rings(within_s=12)
        assert time.monotonic() - began < 8
        await asyncio.wait_for(person.answered.wait(), 5)
        person.sound.speaking = True
        await asyncio.sleep(6)
        assert not caller.ended.is_set() and caller.sound.loud(time.monotonic() - 0.5, time.monotonic()) > 300


async def test_a_gege_that_answers_is_left_alone(station) -> None:
    async with station() as site:
        caller = await site.call()
        await asyncio.sleep(7)
        assert not site.carrier.rung and not caller.ended.is_set()
        assert "broke off" not in site.gege.said


async def test_a_killed_gege_costs_nobody_a_person_and_nobody_is_rung_twice(station) -> None:
    async with station(changed={"extensions.conf": [("GEGE_RING=25", "GEGE_RING=3")]}) as site:
        site.carrier.behave = {MANAGER: "ring"}
        caller = await site.asks_for_a_person()
        await site.carrier.rings()
        await site.gege.kill()
        second = await site.carrier.rings(2)
        assert second.number == STATION
        await asyncio.wait_for(second.answered.wait(), 5)
        await asyncio.sleep(0.5)
        assert not caller.ended.is_set() and [each.number for each in site.carrier.rung] == [MANAGER, STATION]


async def test_who_is_rung_hears_the_caller_when_gege_dies_in_the_whisper(station) -> None:
    async with station() as site:
        caller, person = await site.whispered_to()
        await asyncio.sleep(0.5)
        await site.gege.kill()
        caller.sound.speaking = True
        await asyncio.sleep(1.5)
        assert person.sound.loud(time.monotonic() - 0.5, time.monotonic()) > 300


async def test_who_answers_is_connected_although_gege_hangs_before_the_whisper(station) -> None:
    async with station() as site:
        site.carrier.rings_s = 1.0
        caller = await site.asks_for_a_person()
        person = await site.carrier.rings()
        site.gege.freeze()
        await asyncio.wait_for(person.answered.wait(), 5)
        caller.sound.speaking = True
        await asyncio.sleep(5.5)
        assert person.sound.loud(time.monotonic() - 0.5, time.monotonic()) > 300


async def test_a_full_gege_rings_its_first_one_at_once(station) -> None:
    async with station("address", "full") as site:
        caller = await site.carrier.call("07153391024")
        assert (await site.carrier.rings()).number == MANAGER
        await asyncio.wait_for(caller.answered.wait(), 8)


async def test_a_caller_who_hangs_up_while_it_rings_is_told_of(station) -> None:
    async with station() as site:
        site.carrier.behave = {MANAGER: "ring"}
        while_ringing = await site.asks_for_a_person(caller="13971800124")
        first = await site.carrier.rings()
        while_ringing.hang_up()
        await asyncio.wait_for(first.ended.wait(), 3)
        await site.gege.told("not_reached")
        assert "handed_over" not in site.gege.said


async def test_our_own_ringing_that_comes_back_is_busy_and_owes_nothing(station) -> None:
    async with station() as site:
        site.carrier.behave = {MANAGER: "ring"}
        await site.asks_for_a_person()
        await site.carrier.rings()
        diverted = f"Diversion: <sip:{MANAGER}@carrier.example>;reason=unconditional"
        forwarded = await site.carrier.call("07153391024", more=(diverted,))
        await asyncio.wait_for(forwarded.ended.wait(), 5)
        await asyncio.sleep(1)
        assert forwarded.final == 486 and "not_reached" not in site.gege.said and "report" not in site.gege.said


async def test_behind_a_registrar_people_are_rung_from_the_account(station) -> None:
    async with station("registrar") as site:
        await asyncio.wait_for(site.carrier.registered.wait(), 20)
        await site.asks_for_a_person(uri=site.carrier.contact)
        person = await site.carrier.rings()
        assert person.number == MANAGER and person.invite is not None
        assert person.invite.get("from").startswith(f"<sip:{ACCOUNT}@127.0.0.1>")


@pytest.mark.parametrize("number", ["+867153391024", "8607153391024", "07153391024", "7153391024"])
async def test_a_trunk_by_address_may_write_the_dialled_number_as_it_likes(station, number: str) -> None:
    async with station(changed={"pjsip_address.conf": [(f"from_user={ACCOUNT}", "from_user=07153390001")]}) as site:
        await site.asks_for_a_person(number=number)
        assert (await site.carrier.rings()).number == MANAGER


@pytest.mark.parametrize(
    ("uri", "more", "dialled"),
    [
        (ACCOUNT, {"to": "<sip:07153391077@carrier.example>"}, "07153391077"),
        (ACCOUNT, {"to": "<tel:+867153391077>"}, "07153391077"),
        (ACCOUNT, {"more": ("P-Called-Party-ID: <sip:+867153391077@ims.example>",)}, "07153391077"),
        ("s", {"to": '"1077" <sip:07153391077@carrier.example>'}, "07153391077"),
        ("anonymous", {}, ""),
    ],
)
async def test_behind_one_registered_number_a_header_says_what_was_dialled(station, uri, more, dialled) -> None:
    async with station("registrar") as site:
        await asyncio.wait_for(site.carrier.registered.wait(), 10)
        assert site.carrier.contact.startswith(f"sip:{ACCOUNT}@")
        await site.call(uri, uri=site.carrier.contact.replace(ACCOUNT, uri), **more)
        assert f" {dialled}" in site.gege.said


@pytest.mark.parametrize(
    "header",
    [
        "Diversion: <tel:+8613900000099>;reason=no-answer",
        "Diversion: <sip:13900000099@carrier.example>;reason=user-busy",
        "History-Info: <sip:13900000099@carrier.example?Reason=SIP%3Bcause%3D486>;index=1, <sip:07153391024@carrier.example>;index=1.1",
    ],
)
async def test_who_diverted_the_call_is_told(station, header: str) -> None:
    async with station() as site:
        await site.call(more=(header,))
        assert "13900000099" in site.gege.said
