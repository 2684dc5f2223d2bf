"""Residents and staff on Telegram, against a double of its server; a scripted dialogue, real tickets in SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import re
import sys
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, update

from bot.chat import fetching
from bot.chat.inbox import Inbox, Kept
from bot.chat.models import Attachment, OwedAnswer
from bot.database import now
from bot.foundation.backoff import Backoff
from bot.recordings.files import open_file
from bot.settings import Settings
from bot.speech.port import HeardSpeech
from bot.tickets.models import Activity, Utterance
from tests.chat.telegram_site import AMR, ASSISTANT, MANAGER, PNG, RESIDENT, STRANGER, Site, photo, voice_note


async def test_start_explains_itself_and_offers_the_frequent_reports(site: Site) -> None:
    site.server.message(RESIDENT, "/start")
    (text,) = await site.server.until(1)
    assert "格格" in text and "自动" in text and len(text) < 250
    board = json.loads(site.server.of("sendMessage")[0]["reply_markup"])["keyboard"]
    assert [key["text"] if isinstance(key, dict) else key for row in board for key in row] == [
        "停电",
        "开关坏了",
        "电费",
        "危险",
        "找人",
    ]


async def test_the_boards_code_names_the_grid(site: Site) -> None:
    site.server.message(RESIDENT, "/start grid_24")
    await site.server.until(1)
    site.server.message(RESIDENT, "屋里停电了")
    await site.server.until(2)
    assert site.heard[-1].dialled == "grid_24" and site.tickets()[-1].grid_no == "24"


async def test_an_update_that_comes_again_is_taken_once(site: Site) -> None:
    taken = site.server.message(RESIDENT, "屋里停电了")
    await site.server.until(1)
    site.server.replays += [taken, taken]
    assert len(await site.server.quiet()) == 1 and len(site.tickets()) == 1


async def test_what_could_not_be_written_down_is_not_confirmed_and_comes_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, failed = Inbox.keep, []

    def once(inbox: Inbox, updates: Sequence[Kept]) -> list[Kept]:
        if updates and not failed:
            failed.append(updates)
            raise OSError("the disk is full")
        return keep(inbox, updates)

    monkeypatch.setattr(Inbox, "keep", once)
    site.server.message(RESIDENT, "屋里停电了")
    assert await site.server.until(1) == ["记下了。"] and failed and len(site.tickets()) == 1


async def test_what_was_fetched_is_not_lost_when_the_service_is_killed(site: Site) -> None:
    site.dialogue.stuck = True
    site.server.message(RESIDENT, "屋里停电了")
    site.server.message(RESIDENT, "快点来")
    async with asyncio.timeout(10):
        await site.dialogue.begun.wait()
        while site.server.updates:  # Telegram has forgotten them
            await asyncio.sleep(0.02)
    await site.kill()
    site.dialogue.stuck = False
    await site.start()
    assert await site.server.until(2) == ["记下了。", "听到:快点来"] and len(site.tickets()) == 1


async def test_an_answer_that_was_not_sent_when_the_service_is_killed_is_sent_afterwards(site: Site) -> None:
    site.server.bad["sendMessage"] = [_too_many(60)]
    site.server.message(RESIDENT, "屋里停电了")
    await site.server.until(1)
    await site.server.quiet()
    await site.kill()
    with site.database.session() as session:
        session.execute(update(OwedAnswer).values(due_at=now()))
    await site.start()
    assert await site.server.until(2) == ["记下了。"] * 2 and len(site.tickets()) == 1


def _answers(site: Site) -> list[OwedAnswer]:
    with site.database.reading() as session:
        return list(session.scalars(select(OwedAnswer)))


def _too_many(seconds: int) -> web.Response:
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": seconds}}
    return web.json_response(body, status=429)


async def test_an_answer_that_is_refused_for_a_moment_comes_later_and_in_order(site: Site) -> None:
    hiccup = web.json_response({"ok": False, "error_code": 502, "description": "Bad Gateway"}, status=502)
    site.server.bad["sendMessage"] = [_too_many(1), hiccup]
    for text in ("一", "二", "三"):
        site.server.message(RESIDENT, text)
    sent = await site.server.until(5)
    assert sent == ["听到:一", "听到:一", "听到:一", "听到:二", "听到:三"]


async def test_a_chat_that_is_refused_for_a_while_does_not_hold_up_another(site: Site) -> None:
    site.server.bad["sendMessage"] = [_too_many(3000)]
    site.server.message(RESIDENT, "一")
    await site.server.until(1)
    site.server.message(RESIDENT + 1, "二")
    assert await site.server.until(2) == ["听到:一", "听到:二"]
    async with asyncio.timeout(10):
        while not (waiting := _answers(site)) or waiting[0].due_at - waiting[0].created_at < dt.timedelta(minutes=50):
            await asyncio.sleep(0.02)


async def test_what_fails_for_a_moment_is_tried_again(site: Site) -> None:
    site.dialogue.broken = 2
    site.server.message(RESIDENT, "屋里停电了")
    assert await site.server.until(1) == ["记下了。"]


@pytest.mark.slow
async def test_what_fails_again_and_again_reaches_a_person_and_those_behind_it_are_heard(site: Site) -> None:
    site.dialogue.broken = 5
    site.server.message(RESIDENT, "屋里停电了")
    site.server.message(RESIDENT, "在吗")
    said = await site.server.until(2)
    assert "95598" in said[0] and said[1] == "听到:在吗"
    assert [(one.kind, one.said) for one in site.tickets()] == [("unclear", "屋里停电了")]


async def test_an_update_that_makes_no_sense_holds_nobody_up(site: Site) -> None:
    site.server.updates.append({"update_id": site.server.next_id(), "message": {"chat": {"id": RESIDENT}}})
    site.server.message(RESIDENT, "屋里停电了")
    assert await site.server.until(1) == ["记下了。"]


def nested(depth: int) -> object:
    found: object = 1
    for _ in range(depth):
        found = {"a": [found]}
    return found


PRIVATE = {"id": RESIDENT, "type": "private"}
ODD: dict[str, object] = {
    "message is a word": {"message": "停电"},
    "message is a list": {"message": [1]},
    "press is a number": {"callback_query": 5},
    "press of a word": {"callback_query": {"message": "x"}},
    "chat is a word": {"message": {"chat": "x"}},
    "chat of a word": {"message": {"chat": {"id": "x"}}},
    "chat of nothing": {"message": {"chat": {"id": True}}},
    "a number of thirty digits": {"message": {"chat": PRIVATE, "message_id": 10**30}},
    "a number of five thousand digits": {"message": {"chat": PRIVATE, "date": 10**5000}},
    "deep": {"message": {"chat": PRIVATE, "message_id": 1, "entities": nested(20)}},
    "deeper than anybody reads": {"message": {"chat": PRIVATE, "message_id": 1, "x": nested(400)}},
    "half a character": {"message": {"chat": PRIVATE, "message_id": 1, "date": 1, "text": "停电\ud800"}},
    "a character that ends strings": {"message": {"chat": PRIVATE, "message_id": 1, "date": 1, "text": "停\x00电"}},
    "no message id": {"message": {"chat": PRIVATE, "text": "停电"}},
    "an id in its text": {"message": {"chat": PRIVATE, "message_id": 10**30, "text": '"update_id": 99999999'}},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
async def test_an_odd_update_is_not_fetched_for_ever(site: Site, odd: dict[str, object]) -> None:
    with _long_numbers():
        site.server.updates.append({"update_id": site.server.next_id(), **odd})
        site.server.message(RESIDENT + 1, "屋里停电了")
        async with asyncio.timeout(20):
            while "记下了。" not in site.server.sent():
                await asyncio.sleep(0.02)
            while site.server.updates:  # confirmed: asked for what comes after it
                await asyncio.sleep(0.02)


@contextlib.contextmanager
def _long_numbers() -> Iterator[None]:
    """The server of this test may write numbers that Python reads no longer."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


async def test_a_voice_note_is_kept_and_understood(site: Site) -> None:
    site.server.files["v1"] = voice_note()
    voice = {"file_id": "v1", "file_unique_id": "u", "duration": 2, "file_size": 900}
    site.server.message(RESIDENT, voice=voice)
    assert await site.server.until(1) == ["记下了。"]
    recording = site.heard[-1].recording
    assert site.heard[-1].alternatives == ("别的",), "every reading counts"
    assert site.heard[-1].text == "我屋里停电了" and (site.home / recording).stat().st_size > 1000


async def test_a_voice_note_that_was_hardly_understood_reaches_the_dialogue_as_such(site: Site) -> None:
    site.server.files["v1"] = voice_note()
    site.recogniser.texts = [HeardSpeech("起火", unknown_share=0.5)]
    site.server.message(RESIDENT, voice={"file_id": "v1", "file_unique_id": "u", "duration": 2})
    await site.server.until(1)
    assert site.heard[-1].unclear and site.heard[-1].recording


async def test_a_voice_note_is_heard_as_the_answer_to_what_was_asked(site: Site) -> None:
    site.server.files["v1"] = voice_note()
    site.server.message(RESIDENT, "表箱冒烟了")
    await site.server.until(1)
    site.server.message(RESIDENT, voice={"file_id": "v1", "file_unique_id": "u", "duration": 2})
    await site.server.until(2)
    assert site.recogniser.questions == ["place"]


async def test_a_broken_voice_note_reaches_a_person(site: Site) -> None:
    site.server.files["v1"] = b"OggS" + b"\x00" * 50
    site.server.message(RESIDENT, voice={"file_id": "v1", "file_unique_id": "u", "duration": 2})
    (text,) = await site.server.until(1)
    assert "有人" in text and site.tickets()[-1].kind == "unclear" and site.tickets()[-1].reporter == str(RESIDENT)


async def test_the_bytes_of_a_voice_note_that_cannot_be_played_are_kept_sealed(site: Site) -> None:
    site.server.files["v1"] = AMR
    site.server.message(RESIDENT, voice={"file_id": "v1", "file_unique_id": "u", "duration": 2})
    assert "留下来了" in (await site.server.until(1))[0]
    (sound,) = site.shelf.sounds(site.tickets()[-1].ticket_no)
    assert (sound.kind, sound.by) == ("amr", "resident")
    assert AMR not in (site.home / sound.file).read_bytes()
    assert open_file(Settings(home=site.home), sound.file) == AMR


async def test_a_file_that_the_network_loses_for_a_moment_is_fetched_again(site: Site) -> None:
    site.server.bad["getFile"] = [_too_many(1)]
    site.server.files["p1"] = PNG
    site.ticket()
    site.server.message(RESIDENT, photo=photo())
    assert "跟您报的事放在一起" in (await site.server.until(1))[0]


@pytest.mark.parametrize(("kind", "sentence"), [("voice", "没传过来"), ("photo", "照片没传过来")])
async def test_a_file_that_does_not_come_is_told_and_a_voice_reaches_a_person(
    site: Site, kind: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.fetch, "__defaults__", (Backoff(0.01, 0.01, tries=3),))
    site.server.bad["getFile"] = [web.Response(status=502) for _ in range(3)]
    body = {"voice": {"file_id": "v1", "file_unique_id": "u", "duration": 2}} if kind == "voice" else {"photo": photo()}
    site.server.message(RESIDENT, **body)
    assert sentence in (await site.server.until(1))[0] and len(site.server.of("getFile")) == 3
    assert [one.kind for one in site.tickets()] == (["unclear"] if kind == "voice" else [])


async def test_what_is_written_below_a_picture_that_is_too_large_counts(site: Site) -> None:
    site.server.message(RESIDENT, photo=photo(21_000_000), caption="屋里停电了")
    (said,) = await site.server.until(1)
    assert "太大" in said and "记下了" in said and site.tickets()[0].kind == "outage"


async def test_a_picture_before_the_report_belongs_to_it(site: Site) -> None:
    site.server.files["p1"] = PNG
    photo = [{"file_id": "p1", "file_unique_id": "u", "width": 1, "height": 1, "file_size": 72}]
    site.server.message(RESIDENT, photo=photo)
    assert "什么事" in (await site.server.until(1))[0]
    site.server.message(RESIDENT, "屋里停电了")
    await site.server.until(2)
    (picture,) = site.shelf.pictures(site.tickets()[-1].ticket_no)
    assert (site.home / picture.file).read_bytes() == PNG and picture.by == "resident"


async def test_a_script_called_a_picture_is_not_kept(site: Site) -> None:
    site.server.files["p1"] = b"<script>alert(1)</script>"
    document = {"file_id": "p1", "file_unique_id": "u", "mime_type": "image/png", "file_size": 25}
    site.server.message(RESIDENT, document=document)
    assert "不是照片" in (await site.server.until(1))[0]
    with site.database.reading() as session:
        assert not session.scalars(select(Attachment)).all()


async def test_twenty_megabytes_are_refused_plainly_and_nothing_is_fetched(site: Site) -> None:
    photo = [{"file_id": "p1", "file_unique_id": "u", "width": 1, "height": 1, "file_size": 21_000_000}]
    site.server.message(RESIDENT, photo=photo)
    assert "太大" in (await site.server.until(1))[0] and not site.server.of("getFile")


async def test_a_place_names_the_nearest_community(site: Site) -> None:
    site.server.message(RESIDENT, location={"latitude": 29.55, "longitude": 114.04})
    assert "哪个社区" in (await site.server.until(1))[0]
    (site.home / "communities.csv").write_text(
        "name,lat,lon\n桃溪社区,29.551,114.041\n白泉社区,29.60,114.10\n", "utf-8"
    )
    site.server.message(RESIDENT, location={"latitude": 29.55, "longitude": 114.04})
    assert "桃溪社区" in (await site.server.until(2))[1]


async def test_a_group_is_sent_away_and_not_listened_to(site: Site) -> None:
    site.server.message(-77, "屋里停电了", chat_type="group")
    site.server.message(-77, "/start", chat_type="group")
    assert await site.server.until(1) == ["请私下跟我讲，群里我不回话。"]
    assert not site.heard


# ---- staff --------------------------------------------------------------------------------------


async def test_a_manager_takes_a_ticket_and_goes_on_by_button(site: Site) -> None:
    number = site.ticket()
    site.server.press(MANAGER, f"take:{number}")
    assert "归您管" in (await site.server.until(1))[0]
    edited = json.loads(site.server.of("editMessageReplyMarkup")[0]["reply_markup"])["inline_keyboard"]
    assert f"site:{number}" in [key["callback_data"] for row in edited for key in row]
    site.server.press(MANAGER, f"done:{number}")
    await site.server.until(2)
    site.server.message(MANAGER, "<b>换了保险</b>")
    assert "记下了" in (await site.server.until(3))[2]
    with site.database.reading() as session:
        notes = session.scalars(select(Activity.note).where(Activity.note != "")).all()
    assert site.tickets()[0].state == "resolved" and "<b>换了保险</b>" in notes and not site.heard


async def test_a_picture_after_done_is_the_staffs_own(site: Site) -> None:
    number = site.ticket()
    site.desk.acknowledge(number, "M24")
    site.server.press(MANAGER, f"done:{number}")
    await site.server.until(1)
    site.server.files |= {"p1": PNG, "p2": PNG + b"2"}
    site.server.message(MANAGER, photo=photo(), caption="换了保险")
    site.server.message(MANAGER, photo=photo(file="p2"))
    site.server.message(MANAGER, "两张都是")
    said = await site.server.until(4)
    assert [number in one for one in said] == [True] * 4
    assert [one.by for one in site.shelf.pictures(number)] == ["M24", "M24"]
    with site.database.reading() as session:
        notes = session.scalars(select(Activity.note).where(Activity.kind == "commented")).all()
    assert notes == ["（照片）换了保险", "（照片）", "两张都是"] and not site.heard


async def test_a_word_is_still_waited_for_after_a_restart(site: Site) -> None:
    number = site.ticket()
    site.desk.acknowledge(number, "M24")
    site.server.press(MANAGER, f"done:{number}")
    await site.server.until(1)
    await site.settled()
    await site.kill()
    await site.start()
    site.server.message(MANAGER, "换了保险")
    assert "记下了" in (await site.server.until(2))[1] and not site.heard


async def test_two_at_once_are_one_outcome_and_both_are_told(site: Site) -> None:
    number = site.ticket()
    site.server.press(MANAGER, f"take:{number}")
    site.server.press(ASSISTANT, f"take:{number}")
    said = await site.server.until(2)
    assert sum("归您管" in one for one in said) == 1 and sum("已经接了" in one for one in said) == 1


async def test_a_press_after_the_end_is_answered(site: Site) -> None:
    number = site.ticket()
    site.desk.cancel(number)
    site.server.press(MANAGER, f"take:{number}")
    assert "已经了结" in (await site.server.until(1))[0] and site.tickets()[0].state == "cancelled"


async def test_an_estimate_is_chosen_by_button_and_told_to_the_resident(site: Site) -> None:
    number = site.ticket()
    site.desk.acknowledge(number, "M24")
    site.server.press(MANAGER, f"eta:{number}")
    await site.server.until(1)
    asked = json.loads(site.server.of("sendMessage")[0]["reply_markup"])["inline_keyboard"]
    assert next(key["callback_data"] for row in asked for key in row) == f"eta:{number}:30"
    site.server.press(MANAGER, f"eta:{number}:60")
    await site.server.until(2)
    assert site.desk.estimated(number) is not None
    templates = [one.template for one in site.desk.notifications(number)]
    assert "news_estimate" in templates


async def test_an_estimate_is_written_echoed_and_corrected(site: Site) -> None:
    number = site.ticket()
    site.desk.acknowledge(number, "M24")
    site.server.press(MANAGER, f"eta:{number}")
    await site.server.until(1)
    for text in ("昨天", "13天前", "33天后", "明早八点", "不对,明早九点半"):
        site.server.message(MANAGER, text)
    said = await site.server.until(6)
    assert ["没看懂" in one for one in said[1:]] == [True, True, False, False, True]
    assert "一个月" in said[3] and "明天8点" in said[4]
    site.server.message(MANAGER, "明早九点半")
    assert "明天9点30分" in (await site.server.until(7))[6]
    until = site.desk.estimated(number)
    assert until and until.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%H:%M") == "09:30"
    assert not site.heard


async def test_ringing_leads_to_the_page_with_the_number(site: Site) -> None:
    number = site.ticket()
    site.server.press(MANAGER, f"ring:{number}")
    (said,) = await site.server.until(1)
    (address,) = re.findall(r"https://gege\.example/t/(\S+)", said)
    link = site.links.read(address)
    assert (link.purpose, link.ticket_no, link.staff_no) == ("ring", number, "M24")


async def test_passing_on_offers_the_grid_and_the_duty_desk(site: Site) -> None:
    number = site.ticket()
    site.server.press(MANAGER, f"pass:{number}")
    await site.server.until(1)
    offered = json.loads(site.server.of("sendMessage")[0]["reply_markup"])["inline_keyboard"]
    assert {key["callback_data"] for row in offered for key in row} == {f"pass:{number}:A24", f"pass:{number}:D1"}
    site.server.press(MANAGER, f"pass:{number}:A24")
    await site.server.until(2)
    assert site.tickets()[0].owner == "A24"


async def test_what_was_heard_wrong_is_noted(site: Site) -> None:
    number = site.ticket()
    site.server.press(MANAGER, f"wrong:{number}")
    await site.server.until(1)
    site.server.message(MANAGER, "是空开烧了,不是停电")
    await site.server.until(2)
    with site.database.reading() as session:
        assert "听错了，应是：是空开烧了,不是停电" in session.scalars(select(Activity.note)).all()


async def test_a_stranger_who_presses_or_guesses_learns_nothing(site: Site) -> None:
    number = site.ticket()
    for data in (f"take:{number}", "take:GD0000000000", "boom", ":::", "take:" + "9" * 50):
        site.server.press(STRANGER, data)
    assert await site.server.quiet() == [] and site.tickets()[0].state == "reported"
    assert len(site.server.of("answerCallbackQuery")) == 5
    assert all("text" not in form for form in site.server.of("answerCallbackQuery"))


async def test_staff_link_themselves_once_with_a_code(site: Site) -> None:
    code = site.shelf.new_code("D1")
    site.server.message(700, f"/link {code.lower()}")
    assert "值班" in (await site.server.until(1))[0] and site.shelf.staff_no("telegram", "700") == "D1"
    site.server.message(701, f"/link {code}")
    assert "不对" in (await site.server.until(2))[1]


async def test_guessing_codes_ends_after_five(site: Site) -> None:
    code = site.shelf.new_code("D1")
    for _ in range(5):
        assert site.shelf.link("telegram", "700", "WRONG234") is None
    assert site.shelf.link("telegram", "700", code) is None
    assert site.shelf.link("telegram", "701", code) == "值班"


@pytest.mark.slow
async def test_a_lost_answer_and_a_bad_gateway_lose_nothing(site: Site) -> None:
    site.server.bad["getUpdates"] = [web.Response(status=502), web.json_response({"ok": False}, status=500)]
    site.server.bad["sendMessage"] = [
        web.json_response(
            {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}, status=403
        )
    ]
    site.server.message(RESIDENT, "屋里停电了")
    site.server.message(RESIDENT + 1, "电费几多")
    await site.server.until(2)
    assert len(site.tickets()) == 1
    with site.database.reading() as session:
        assert session.scalars(select(Utterance.text)).all() == ["屋里停电了"]


async def test_a_manager_who_writes_is_a_resident_like_all(site: Site) -> None:
    site.server.message(MANAGER, "我屋里停电了")
    assert await site.server.until(1) == ["记下了。"]


async def test_a_resident_is_asked_afterwards_and_answers_by_button(site: Site) -> None:
    number = site.ticket()
    site.desk.acknowledge(number, "M24")
    site.desk.resolve(number, "M24")
    (asked,) = [one for one in site.desk.notifications(number) if one.template == "ask_rating"]
    assert asked.role == "resident"
    site.server.press(STRANGER, f"good:{number}")
    site.server.press(RESIDENT, f"good:{number}")
    site.server.press(RESIDENT, f"good:{number}")
    await site.server.until(3)
    told: dict[int, list[str]] = {STRANGER: [], RESIDENT: []}
    for form in site.server.of("sendMessage"):  # two chats, in whatever order
        told[int(form["chat_id"])].append(form["text"])
    assert told == {STRANGER: ["这一条不用点了。有事您讲。"], RESIDENT: ["谢谢您！", "记下了，一回就行。"]}


async def test_a_no_brings_the_ticket_back(site: Site) -> None:
    number = site.ticket()
    site.desk.acknowledge(number, "M24")
    site.desk.resolve(number, "M24")
    site.server.press(RESIDENT, f"not_fixed:{number}")
    assert "还没好" in (await site.server.until(1))[0] and site.tickets()[0].state == "reported"


# ---- delivered by Telegram ----------------------------------------------------------------------


async def test_telegram_delivers_with_our_secret_and_nobody_else_does(site: Site) -> None:
    await site.kill()
    site.webhook = "https://gege.example/telegram"
    await site.start()
    async with asyncio.timeout(10):
        while not site.server.of("setWebhook"):
            await asyncio.sleep(0.02)
    (asked,) = site.server.of("setWebhook")
    assert asked["url"] == site.webhook and not site.server.of("getUpdates")[1:]
    body = site.server.message(RESIDENT, "屋里停电了")
    secret = {"X-Telegram-Bot-Api-Secret-Token": asked["secret_token"]}
    app = web.Application()
    app.router.add_routes(site.chat.routes())
    async with TestClient(TestServer(app)) as telegram:
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "guessed"}):
            assert (await telegram.post("/telegram", json=body, headers=headers)).status == 403
        assert (await telegram.post("/telegram", data=b"{", headers=secret)).status == 400
        for _ in range(2):  # it brings again what it thinks did not arrive
            assert (await telegram.post("/telegram", json=body, headers=secret)).status == 200
        assert await site.server.until(1) == ["记下了。"]
        await site.settled()
        site.dialogue.stuck = True
        site.dialogue.begun.clear()
        more = site.server.message(RESIDENT, "快点来")
        assert (await telegram.post("/telegram", json=more, headers=secret)).status == 200
        await asyncio.wait_for(site.dialogue.begun.wait(), 10)

        def full(inbox: Inbox, updates: Sequence[Kept]) -> list[Kept]:
            raise OSError("the disk is full")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Inbox, "keep", full)
            lost = site.server.message(RESIDENT, "在吗")
            assert (await telegram.post("/telegram", json=lost, headers=secret)).status == 500, "it must bring it again"
    site.server.updates.clear()
    await site.kill()
    site.dialogue.stuck = False
    await site.start()
    assert await site.server.until(2) == ["记下了。", "听到:快点来"] and len(site.tickets()) == 1
