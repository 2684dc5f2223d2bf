"""What a stranger tried on the page, in a chat and on the telephone, one test for each way that was once open."""

from __future__ import annotations

import uuid

import pytest

from bot.tickets.desk import TicketRefused
from tests.identity.town import SHARED, STAFF_WORDS, TOWN, Town

VICTIM = TOWN[0]
VULNERABLE = TOWN[1]
SAID = "屋里就我一个老人家,钥匙在门口花盆下面"


def reported(town: Town, number: str, channel: str = "phone") -> str:
    """Somebody reports an outage at home; the ticket's number."""
    session = uuid.uuid4().hex
    for text in (f"停电了,{SAID}", VICTIM.said, "对"):
        reply = town.turn(channel, session, text, number)
    assert reply.ticket_no
    return str(reply.ticket_no)


def of(replies: list[str]) -> str:
    return "".join(replies)


def test_d1_a_typed_number_reads_cancels_reopens_and_rates_nothing(town: Town) -> None:
    number = "18999990001"
    ticket_no = reported(town, number)
    for turns in (
        ["我报的修到哪一步了"],
        ["不用来了,已经好了", "对"],
        ["不满意,还没弄好"],
        ["满意"],
    ):
        heard = of(town.talk("web", *turns, number=number))
        assert SAID not in heard and VICTIM.said not in heard and "程" not in heard, turns
    found = town.desk.ticket(ticket_no)
    assert found and found.state == "reported"
    town.desk.acknowledge(ticket_no, "M1")
    town.desk.resolve(ticket_no, "M1")
    for text in ("不满意,还没弄好", "满意", "还没来电"):
        town.talk("web", text, number=number)
    found = town.desk.ticket(ticket_no)
    assert found and found.state == "resolved"
    town.talk("phone", "不满意,还没弄好", "是的", number=number)
    found = town.desk.ticket(ticket_no)
    assert found and found.state == "reported", "whose it is has it reopened"
    assert "停电" in of(town.talk("phone", "我报的修到哪一步了", number=number))


def test_d1_a_report_made_on_the_page_belongs_to_its_own_conversation(town: Town) -> None:
    session = "own-" + uuid.uuid4().hex
    town.talk("web", "停电了", TOWN[2].said, "对", number="18999990002", session=session)
    assert "停电" in of(town.talk("web", "我报的修到哪一步了", session=session))
    assert "没查到" in of(town.talk("web", "我报的修到哪一步了", number="18999990002"))
    assert "没查到" in of(town.talk("phone", "我报的修到哪一步了", number="18999990002"))
    assert "不用来" in of(town.talk("web", "来电了不用来了", "是的", session=session))


@pytest.mark.parametrize("channel", ["phone", "web", "telegram"])
def test_d1_nobodys_word_ends_a_danger(town: Town, channel: str) -> None:
    session, number = "danger-" + uuid.uuid4().hex, f"1899998{TOWN.index(VICTIM):02d}{len(channel):02d}"
    town.talk(channel, "电线断了掉在路上", VICTIM.said, number=number, session=session)
    (ticket,) = [one for one in town.desk.tickets() if one.session.endswith(session)]
    heard = of(town.talk(channel, "不用来了,已经好了", "对", number=number, session=session))
    assert "现场看过" in heard and "不用来了。" not in heard
    found = town.desk.ticket(ticket.ticket_no)
    assert found and found.state == "reported" and found.facts["said_solved"] is True
    for act in (town.desk.cancel, town.desk.close):
        with pytest.raises(TicketRefused):
            act(ticket.ticket_no)
    assert "resident" not in {
        one.by for one in town.desk.activities(ticket.ticket_no) if one.kind in ("cancelled", "closed")
    }


def test_d2_no_arrears_on_the_page_whatever_is_proven(town: Town) -> None:
    for proof in (VICTIM.holder, f"户主叫{VICTIM.holder}", VICTIM.number[-4:], VICTIM.number):
        heard = of(town.talk("web", "我欠几多电费", proof, "一度电几多钱", number=VICTIM.phone))
        assert not [one for one in VICTIM.money() if one in heard], proof


def test_d2_many_guesses_in_one_breath_are_no_answer(town: Town) -> None:
    who = TOWN[4]
    names = ",".join([*[one.holder for one in TOWN if one is not who][:9], who.holder])
    digits = " ".join(one.number[-4:] for one in TOWN)
    for many in (names, digits, names.replace(",", ""), f"{TOWN[5].number[-4:]},{who.number[-4:]}"):
        heard = of(town.talk("phone", "我欠几多电费", many, number=who.phone))
        assert not [one for one in who.money() if one in heard], many
    assert speaks_of_money(town, who, f"户号最后四位是{who.number[-4:]}"), "and not one of them was counted"


def speaks_of_money(town: Town, who: object, answer: str, channel: str = "phone", number: str = "") -> bool:
    heard = of(town.talk(channel, "我欠几多电费", answer, number=number or who.phone))  # type: ignore[attr-defined]
    return bool([one for one in who.money() if one in heard])  # type: ignore[attr-defined]


def test_d2_three_failures_a_day_end_it_over_sessions_numbers_and_channels(town: Town) -> None:
    who = TOWN[6]
    for _ in range(3):
        assert not speaks_of_money(town, who, "户号最后四位是9876")
    first, second = (town.talk("phone", "我欠几多电费", number=who.phone) for _ in range(2))
    assert first == second and "登记的电话" in first[0] and "最后四位" not in first[0]
    assert not speaks_of_money(town, who, who.number[-4:])
    assert not speaks_of_money(town, who, who.number[-4:], "terminal"), "another channel"
    assert not speaks_of_money(town, who, who.number[-4:], number=f"+86{who.phone}"), "another way to write it"


def test_d3_the_page_tells_nothing_of_whom_to_look_after(town: Town) -> None:
    for opening in (f"{VULNERABLE.said}停电了", f"户号{VULNERABLE.number}漏保跳闸了", "停电了"):
        session = "d3-" + uuid.uuid4().hex
        heard = of(
            town.talk("web", opening, "没有糊味", VULNERABLE.said, "对", "对", number=VULNERABLE.phone, session=session)
        )
        heard += town.page(f"/api/case?session={session}")[1] + town.page("/")[1]
        assert not [word for word in STAFF_WORDS if word in heard]
        assert VULNERABLE.holder not in heard
    assert town.page("/demo")[0] == 404 and town.page("/mine/0123456789abcdef")[0] == 404


def test_d4_a_number_of_an_account_asks_for_the_place_like_any_other(town: Town) -> None:
    there, nowhere = TOWN[8].number, "4211899999"
    # Two callers, each with a first call: what somebody has reported before is their own to hear.
    for channel, numbers in (("web", ("", "")), ("phone", ("18999990004", "18999990005"))):
        for turns in (["户号{}停电了", SHARED], ["停电了", "户号{}", "程家湾", "对"], ["户号{}欠了多少电费"]):
            hit, miss = (
                of(town.talk(channel, *(text.format(one) for text in turns), number=number)).replace(one, "…")
                for one, number in zip((there, nowhere), numbers, strict=True)
            )
            assert hit.split("'speech'")[0] == miss.split("'speech'")[0]


def test_d4_staff_are_told_what_the_caller_is_not(town: Town) -> None:
    session = "d4-" + uuid.uuid4().hex
    who = TOWN[3]
    heard = town.talk("web", f"户号{who.number}停电了", "程家湾", "没得门牌", "对", "对", session=session)
    (ticket,) = [one for one in town.desk.tickets() if one.session.endswith(session)]
    assert ticket.household_no == who.number and ticket.grid_no == who.grid
    assert ticket.facts["household_no_said"] == who.number and ticket.owner == f"M{who.grid}"
    told = (
        of(heard)
        + of(town.talk("web", "我报的修到哪一步了", session=session))
        + town.page(f"/api/case?session={session}")[1]
    )
    assert "1370000000" not in told and "程师傅" not in told and "卢师傅" not in told and "0715-3390000" in told


def test_d5_a_householders_name_routes_behind_the_scenes(town: Town) -> None:
    here = [one for one in TOWN if one.compound == SHARED]
    hit, miss = here[0], next(one for one in TOWN if one.compound != SHARED and one.holder[0] == here[0].holder[0])
    heard, owners = [], []
    for who in (hit, miss):
        session = "d5-" + uuid.uuid4().hex
        said = of(town.talk("web", f"{SHARED}停电了", f"户主{who.holder}", "不晓得", "对", "对", session=session))
        heard.append(said.replace(who.holder, "…").replace(session, ""))
        owners += [one.owner for one in town.desk.tickets() if one.session.endswith(session)]
    assert heard[0] == heard[1]
    assert owners[0] == f"M{hit.grid}", "the right manager has it all the same"


def test_d6_a_typed_number_that_is_registered_is_asked_what_everybody_is_asked(town: Town) -> None:
    for turns in (["停电了", "是的", "对"], ["我欠几多电费", "就是这个号码"], ["那一片归哪个管"]):
        hit, miss = (of(town.talk("web", *turns, number=number)) for number in (TOWN[9].phone, "19912345678"))
        assert hit == miss, turns
    assert "登记的那一家" in of(town.talk("phone", "停电了", number=TOWN[9].phone)), "an old caller answers one yes"


def test_d7_a_chat_id_that_reads_like_a_number_is_not_that_number(town: Town) -> None:
    who = TOWN[10]
    for chat in (who.phone, f"+86{who.phone}", f"0086{who.phone}"):
        assert not speaks_of_money(town, who, who.number[-4:], "telegram", chat)
        assert "登记的那一家" not in of(
            town.talk("telegram", "停电了", number=chat, session=f"telegram:{chat}-{uuid.uuid4()}")
        )
    for form in (f"+86{who.phone}", f"0086{who.phone}", f"86{who.phone}"):
        assert "登记的那一家" in of(town.talk("phone", "停电了", number=form)), form


def test_d8_strangers_share_no_number(town: Town) -> None:
    assert "1390715" not in town.page("/")[1] + town.page("/phone")[1] + town.page("/static/resident.js")[1]
    number = "13907150000"
    town.talk("web", f"停电了,{SAID}", TOWN[11].said, "对", number=number)
    heard = of(town.talk("web", "我报的修到哪一步了", number=number))
    assert "没查到" in heard and SAID not in heard and TOWN[11].said not in heard
