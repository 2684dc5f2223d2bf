"""A person takes a conversation over: the bot is silent, both are heard, danger is acted on, and it ends."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update

from bot.chat.models import Takeover
from bot.database import now
from bot.speech.port import HeardSpeech
from bot.tickets.models import Activity
from tests.chat.telegram_site import AMR, ASSISTANT, MANAGER, PNG, RESIDENT, Site, photo, voice_note


async def talking(site: Site) -> str:
    """The manager has pressed 回话 about the resident's ticket."""
    number = site.ticket()
    site.server.press(MANAGER, f"talk:{number}")
    await site.server.until(2)
    return number


def to(site: Site, chat: int) -> list[str]:
    return [form["text"] for form in site.server.of("sendMessage") if int(form["chat_id"]) == chat]


async def test_both_are_heard_and_the_bot_is_silent_until_it_ends(site: Site) -> None:
    number = await talking(site)
    assert site.tickets()[0].owner == "M24", "who talks has the ticket"
    assert to(site, RESIDENT) == ["程师傅来跟您讲了，您直接写在这里。"]
    site.server.message(RESIDENT, "几时来啊")
    await site.server.until(3)
    site.server.message(MANAGER, "在路上,十分钟")
    await site.server.until(4)
    assert to(site, MANAGER)[-1] == "居民：几时来啊" and to(site, RESIDENT)[-1] == "程师傅：在路上,十分钟"
    assert not site.heard, "the dialogue heard nothing"
    site.server.press(MANAGER, f"end:{number}")
    await site.server.until(6)
    assert "程师傅讲完了" in to(site, RESIDENT)[-1]
    site.server.message(RESIDENT, "好的")
    await site.server.until(7)
    assert to(site, RESIDENT)[-1] == "听到:好的"
    with site.database.reading() as session:
        talked = session.execute(select(Activity.by, Activity.note).where(Activity.kind == "talked")).all()
    assert [tuple(one) for one in talked] == [("resident", "几时来啊"), ("M24", "在路上,十分钟")]


async def test_danger_is_acted_on_while_a_person_talks(site: Site) -> None:
    await talking(site)
    site.server.message(RESIDENT, "表箱冒烟了")
    await site.server.until(5)
    assert to(site, RESIDENT)[-1] == "离远些。\n在哪里?"
    assert [one.kind for one in site.tickets()] == ["outage", "hazard"]
    assert "居民：表箱冒烟了" in to(site, MANAGER) and any("离远些" in one for one in to(site, MANAGER))
    site.server.message(RESIDENT, "沿河路边上")
    await site.server.until(7)
    assert [one.text for one in site.heard] == ["表箱冒烟了", "沿河路边上"], "where it is still reaches the dialogue"


async def test_danger_in_a_second_reading_of_a_voice_note_is_acted_on_while_a_person_talks(site: Site) -> None:
    await talking(site)
    site.recogniser.texts = [HeardSpeech("表箱毛烟了", ("表箱冒烟了",))]
    site.server.files["v1"] = voice_note()
    site.server.message(RESIDENT, voice={"file_id": "v1", "file_unique_id": "u", "duration": 2})
    await site.server.until(4)
    assert [(one.text, one.alternatives) for one in site.heard] == [("表箱毛烟了", ("表箱冒烟了",))]
    assert "居民：（语音）表箱毛烟了" in to(site, MANAGER)


async def test_while_a_person_talks_a_hardly_understood_note_is_theirs_to_hear_unless_it_may_be_danger(
    site: Site,
) -> None:
    await talking(site)
    site.recogniser.texts = [HeardSpeech("再见", unknown_share=0.6), HeardSpeech("冒烟", ("箱冒烟了",), 0.6)]
    for file in ("v1", "v2"):
        site.server.files[file] = voice_note()
        site.server.message(RESIDENT, voice={"file_id": file, "file_unique_id": file, "duration": 2})
    await site.server.until(5)
    assert [one for one in to(site, MANAGER) if "听不清" in one] == ["居民：（一段语音，听不清，在单子里）"] * 2
    assert [(one.text, one.unclear) for one in site.heard] == [("冒烟", True)]


async def test_voice_pictures_and_what_cannot_be_heard_reach_the_person_and_the_ticket(site: Site) -> None:
    number = await talking(site)
    site.server.files |= {"v1": voice_note(), "v2": AMR, "p1": PNG}
    for file in ("v1", "v2"):
        site.server.message(RESIDENT, voice={"file_id": file, "file_unique_id": "u", "duration": 2})
    site.server.message(RESIDENT, photo=photo(), caption="就这个")
    await site.server.until(5)
    assert to(site, MANAGER)[1:] == [
        "居民：（语音）我屋里停电了",
        "居民：（一段语音，听不清，在单子里）",
        "居民：（照片，放进单子了）就这个",
    ]
    assert len(site.desk.recordings(number)) == 1 and [one.kind for one in site.shelf.sounds(number)] == ["amr"]
    assert [one.by for one in site.shelf.pictures(number)] == ["resident"] and not site.heard


async def test_a_restart_interrupts_nobody(site: Site) -> None:
    await talking(site)
    await site.settled()
    await site.kill()
    await site.start()
    site.server.message(MANAGER, "还在吗")
    await site.server.until(3)
    assert to(site, RESIDENT)[-1] == "程师傅：还在吗"


async def test_silence_gives_the_resident_back_and_a_late_word_goes_nowhere(site: Site) -> None:
    await talking(site)
    with site.database.session() as session:
        session.execute(update(Takeover).values(last_at=now() - dt.timedelta(minutes=31)))
    site.server.message(RESIDENT, "还在吗")
    await site.server.until(3)
    assert to(site, RESIDENT)[-1] == "听到:还在吗"
    site.server.message(MANAGER, "来了")
    await site.server.until(4)
    assert "没转过去" in to(site, MANAGER)[-1] and to(site, RESIDENT)[-1] == "听到:还在吗"


async def test_one_person_at_a_time_talks_to_a_resident(site: Site) -> None:
    number = await talking(site)
    site.server.press(ASSISTANT, f"talk:{number}")
    await site.server.until(3)
    assert "程归正在跟他讲" in to(site, ASSISTANT)[0]


async def test_a_note_that_is_waited_for_is_not_sent_to_the_resident(site: Site) -> None:
    number = await talking(site)
    site.server.press(MANAGER, f"done:{number}")
    await site.server.until(3)
    site.server.message(MANAGER, "换了保险")
    await site.server.until(4)
    site.server.message(MANAGER, "您看看亮了没有")
    await site.server.until(5)
    assert to(site, RESIDENT)[1:] == ["程师傅：您看看亮了没有"]


async def test_what_staff_send_beside_words_goes_nowhere_and_they_are_told(site: Site) -> None:
    await talking(site)
    site.server.files |= {"v1": voice_note(), "p1": PNG}
    site.server.message(MANAGER, voice={"file_id": "v1", "file_unique_id": "u", "duration": 2})
    site.server.message(MANAGER, photo=photo())
    await site.server.until(4)
    assert ["只收得到字" in one for one in to(site, MANAGER)[1:]] == [True, True]
    assert len(to(site, RESIDENT)) == 1 and len(site.tickets()) == 1 and not site.heard


async def test_the_end_may_be_written_as_well(site: Site) -> None:
    await talking(site)
    site.server.message(MANAGER, "结束")
    await site.server.until(4)
    assert "讲完了" in to(site, RESIDENT)[-1] and "我接着管" in to(site, MANAGER)[-1]


async def test_a_telephone_is_not_written_to(site: Site) -> None:
    number = site.ticket(channel="phone")
    site.server.press(MANAGER, f"talk:{number}")
    assert "请打电话" in (await site.server.until(1))[0] and not to(site, RESIDENT)
