"""Whatever residents say in whatever order: never an apology, never a loop, one question at most, and no promise without a row."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app.conversations import Conversations
from bot.app.parts import running
from bot.app.site_copy import copied
from bot.foundation.widths import both
from bot.settings import Settings
from bot.tickets.intake.channels import Channel
from tests.dialogue.story import Story, faults, play

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

#: sentences of all kinds; {place} is a house
SENTENCES = """
停电了 / 屋里冇得电,{place} / {place} / 就在{place}后头 / 空开跳了推不上 / 漏保跳闸了,一股糊味 / 电压低得很 / 灯一闪一闪
电线断了掉在地上 / 插座冒烟了 / 我爹触电了 / 火灭了,没事了 / 能不能用水泼 / 我去拉他 / 几时来人
欠几多电费 / 电费几多钱一度 / 手机上怎么交 / 交了钱几时送电 / 我要发票 / 换了手机号要改登记的 / 电表不走字
想移电表 / 要装充电桩 / 过户要么手续 / 灯坏了 / 我八十了一个人住 / 屋里有人吸氧
我要投诉 / 你们师傅态度太差 / 换个师傅 / 满意 / 不满意 / 来电了不用来了 / 怎么还没人来 / 再讲一遍电话 / 师傅姓么子
对 / 不对 / 是的 / 不是 / 没有 / 有 / 不晓得 / 嗯 / 门牌错了,是12号 / 不是这里 / 户主王建国 / 姓李
等一下 / 讲慢点 / 你是机器人吧 / 我让我崽跟你讲 / 喂 / 你好 / 谢谢 / 再见 / 转人工 / 找个人
自来水停了 / 有人打电话要我转账 / 几点开门 / 今天好冷 / 你个蠢猪 / ? / 38 / 哈哈哈哈 / 明天停不停电
下午三点以后来 / 打我这个电话13900005678
"""
POOL = [one.strip() for line in SENTENCES.splitlines() for one in line.split(" / ") if one.strip()]
CONVERSATIONS, TURNS, SEED = 200, 12, 20261128
#: who waits, or repeats, leaves the question open without asking it anew
LEFT_OPEN = ("您去看", "您让他讲")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talks(county: Path, dialogue_model: Path) -> AsyncIterator[tuple[Conversations, list[str]]]:
    with copied(Settings(home=county)) as settings:
        async with running(settings, relay=False) as service:
            numbers = service.registry.county.numbers
            cards = (service.registry.household(numbers[at]) for at in range(0, len(numbers), 97))
            places = [f"{card.compound}{card.address}" for card in cards if card]
            yield Conversations(service, own=True), places


def _wandering(places: list[str]) -> list[Story]:
    dice = random.Random(SEED)
    found = []
    for at in range(CONVERSATIONS):
        place = dice.choice(places)
        # some sentences are said again and again, as people do
        few = dice.sample(POOL, dice.choice([2, 5, len(POOL)]))
        turns = [dice.choice(few).format(place=place) for _ in range(dice.randint(3, TURNS))]
        channel = dice.choice([Channel.phone, Channel.web, Channel.terminal])
        found.append(Story(str(at), turns, caller=f"130130{at:05d}", channel=channel))
    return found


async def test_no_order_of_sentences_breaks_a_conversation(talks: tuple[Conversations, list[str]]) -> None:
    conversations, places = talks
    wrong: list[str] = []
    for story in _wandering(places):
        played = await play(conversations, story)
        found = faults(story, played)
        for reply, question in zip(played.replies, played.questions, strict=True):
            asks = any(mark in reply for mark in both("?"))
            if asks and not question:
                found.append(f"asked, and no question is open: {reply}")
            if question and not asks and not any(one in reply for one in LEFT_OPEN):
                found.append(f"{question} is open, and nothing was asked: {reply}")
        if found:
            wrong.append("\n".join([f"conversation {story.name}", *found, *played.transcript]))
    assert not wrong, f"{len(wrong)} of {CONVERSATIONS}:\n\n" + "\n\n".join(wrong[:10])
