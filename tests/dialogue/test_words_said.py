"""Every sentence of Gege's: short, plain, one question at most, no word that is never said, nothing promised that no code keeps."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from bot.tickets.intake.danger import _table
from tests.dialogue.said import Sentence, acts, callers, domain, functions, intros, others, reaches, sayers

QUESTION, COMMA = "\uff1f", "\uff0c"
EVERY = (*domain(), *others())
#: words of the company's, never a resident's; 验证码 stands in the warning that nobody asks for one
NEVER = ("工单", "意图", "识别", "验证", "马上到", "已解决", "欠费", "nlu", "None", "系统")
WARNING = "我们不会问您要密码、验证码"
#: who has proven to be of the household hears what it owes; everybody may hear that a debt comes first
OWED = {"utter_arrears_owed", "utter_open_account/transfer"}
#: characters that a sentence may have, without what is filled in and without marks
LONGEST, LONGER = 45, 75
#: what may be longer: what saves a life, the price table, and what is said when the machine is broken
LONG = ("utter_hazard_", "utter_safety_", "utter_danger_", "utter_price_table", "utter_written_later")


def ids(sentences: tuple[Sentence, ...]) -> list[str]:
    return [f"{one.name}[{one.channel}]" if one.channel else one.name for one in sentences]


every = pytest.mark.parametrize("said", EVERY, ids=ids(EVERY))
of_the_dialogue = pytest.mark.parametrize("said", domain(), ids=ids(domain()))


@every
def test_words_that_residents_never_hear_are_in_no_sentence(said: Sentence) -> None:
    text = said.text.replace(WARNING, "")
    assert not [word for word in NEVER if word in text]
    assert "欠" not in text or said.name in OWED


@of_the_dialogue
def test_a_sentence_asks_one_thing_and_ends_with_it(said: Sentence) -> None:
    assert said.text.count(QUESTION) <= 1
    assert QUESTION not in said.text or said.text.endswith(QUESTION), "the last thing that is heard is answered"


@every
def test_a_sentence_can_be_kept_in_mind(said: Sentence) -> None:
    for message in said.text.split("\n"):
        spoken = re.sub(r"\{\w+\}|[^\w]", "", message)
        assert len(spoken) <= (LONGER if said.name.startswith(LONG) else LONGEST), len(spoken)


@every
def test_keys_are_spoken_of_by_telephone_only_and_never_needed(said: Sentence) -> None:
    if re.search("按(?:[0-9*#]|[零一二三四五六七八九](?!下|个))", said.text):
        telephone = said.channel == "phone" or said.name.startswith("bot/voice/calling_prompts.yml")
        assert telephone and "讲" in said.text, "who cannot press says it"
        assert len(re.findall("按", said.text)) <= 2, "nobody keeps more keys in mind"
    if re.search("回[0-9]", said.text):
        assert said.channel != "phone"


@of_the_dialogue
def test_every_sentence_is_said_by_somebody(said: Sentence) -> None:
    assert said.name in intros() or said.name.removeprefix("utter_") in acts() or sayers(said.name)


def test_what_code_and_flows_say_has_words() -> None:
    names = {one.name for one in domain()}
    said = {name for one in functions().values() for name in one.says if not name.endswith("*")} | intros()
    assert said <= names, sorted(said - names)


def test_every_danger_has_its_words_with_rasa_and_without() -> None:
    texts = {one.name: one.text for one in domain()}
    for kind in (*_table().kinds, "smell", "other"):
        without, with_help = texts[f"utter_safety_{kind}"], texts[f"utter_hazard_{kind}"]
        assert "叫人" not in without, "nothing is done yet when it is said"
        first = re.split("[。！]", without)[0]
        assert first in with_help and with_help.endswith("我已经在叫人。")
    assert "120" in texts["utter_hazard_shock"] and "莫用手拉" in texts["utter_safety_shock"]
    assert "119" in texts["utter_hazard_fire"] and "莫用水" in texts["utter_safety_fire"]
    assert "八米" in texts["utter_hazard_line"] and "莫下车" in texts["utter_safety_car"]


# -- promises --------------------------------------------------------------------------------------------------------------

#: what becomes a row that a person is told of
TOLD = {
    "turn.open_ticket",
    "desk.called_again",
    "desk.also_reported",
    "desk.add",
    "desk.correct_place",
    "answers.answer",
}
#: the machine failed: the intake makes a ticket, or it made one when the turn came before
TO_A_PERSON = {"spool.intake", "turns.FOR_A_PERSON"}
#: words that promise something → what in code keeps it; whoever says the words calls one of these, or everybody who calls
#: the sayer does
KEPT: dict[str, set[str]] = {
    "我已经在叫人|我在叫人|已经在叫人|等人来|等师傅": {"turn.open_ticket", "desk.add", "spool.put"},
    "我?(?:单独|都|也|已经)?记[下上]": TOLD | TO_A_PERSON,
    "看得到": TOLD | TO_A_PERSON,
    "会联系您|我请(?:\\{manager\\}|值班的人)联系您|我交给": TOLD | TO_A_PERSON,
    "我又?告诉(?:\\{manager\\}|值班的人|师傅)|这个我也告诉|地方也告诉他们": TOLD | {"desk.cancel"},
    "我告诉监督的人": {"answers.answer"},
    "我再催他": {"desk.called_again"},
    "我请师傅打登记的电话跟您讲": {"turn.open_ticket"},
    "来电了我们会找您": {"turn.open_ticket", "desk.add"},
    "在叫人修": {"outages.known", "outages.of_ticket"},
    "我再?(?:帮您|给您)找人": {"turn.open_ticket", "desk.add"},
    "我给(?:您的网格员|值班的人)打电话": {"people.reach"},
    "我(?:等您)": {"turn.tell"},
    # what a flow says when it begins, of what is logged when all is asked
    "问清楚了\uff0c我就(?:告诉|报给|报上去|请)": {"turn.open_ticket"},
    "师傅会(?:跟您讲|联系您)|师傅要先到现场|师傅到现场": {"turn.open_ticket"},
    "不经他的手": {"report.mark_complained_of"},
    # what is offered, to whoever says so
    "就讲“找人”\uff0c我请网格员帮您问": {"people.put_on"},
    "再跳您跟我讲\uff0c我喊师傅来看": {"turn.open_ticket"},
    "等我记下来\uff0c师傅会联系您": {"report.finish"},
    "值班的人帮您查": {"turn.station"},
}
#: what looks like a promise of Gege's; 告诉我 asks the resident
PROMISE = re.compile(
    "我们?(?:这就|再|又|已经|就|都|给|帮|请|在|也)*(?:告诉(?!我)|催|请|报给|报上|喊|交给|(?<!没)记(?!得)|找|叫|转给|等|打给|给)"
    "|(?<!没)记下|记上|(?<!不)会(?:联系|找|跟您)|会?有人会?(?:跟|再|听|找|联系)|再跟您联系|已经告诉|也告诉|师傅(?:会|要先|来看|到现场看)"
    "|等人来|等师傅|在叫人|看得到|帮您|打给您|不经他"
)


@pytest.mark.parametrize("said", [one for one in domain() if PROMISE.search(one.text)], ids=lambda one: one.name)
def test_every_promise_is_kept_by_code(said: Sentence) -> None:
    for promise in PROMISE.finditer(said.text):
        rows = [
            keeping
            for phrase, keeping in KEPT.items()
            for found in re.finditer(phrase, said.text)
            if found.start() <= promise.start() < found.end()
        ]
        assert rows, f"{promise.group()} is promised, and no row of the table says who keeps it"
        for name in sayers(said.name):
            assert any(_keeps(name, keeping) for keeping in rows), (
                f"{name} says {promise.group()}, and calls none of {sorted(set().union(*rows))}"
            )


def _keeps(name: str, keeping: set[str]) -> bool:
    above = callers(name)
    return reaches(name, keeping) or bool(above) and all(reaches(one, keeping) for one in above)


#: promises beside the dialogue → the code that keeps them
HANDED_OVER = "bot.telephone.handover:HandOvers.decided"
ANSWERED = "bot.tickets.owed.answers:Answers.press"
KEPT_ELSEWHERE: dict[str, str] = {
    "bot/voice/prompts.yml:silence": "bot.voice.call:PhoneCall._silent",
    "bot/voice/prompts.yml:failed": HANDED_OVER,
    "bot/voice/prompts.yml:known_open": "bot.voice.known_outages:KnownOutages.__call__",
    "bot/voice/prompts.yml:message_kept": "bot.voice.message_taking:MessageTaking._message",
    "bot/voice/prompts.yml:message_lost": HANDED_OVER,
    "bot/voice/prompts.yml:stopping": "bot.tickets.desk:TicketDesk.call_back",
    "bot/voice/prompts.yml:not_reached": "bot.telephone.ring_plan:CallPlan.next",
    "bot/voice/prompts.yml:nobody_reached": "bot.voice.settling:Settling.look",
    "bot/chat/words.yml:not_heard": "bot.chat.residents:Residents._for_a_person",
    "bot/chat/words.yml:not_playable": "bot.chat.residents:Residents._for_a_person",
    "bot/chat/words.yml:no_recogniser": "bot.chat.residents:Residents._for_a_person",
    "bot/chat/words.yml:too_big.voice": "bot.chat.residents:Residents._missing",
    "bot/chat/words.yml:lost.voice": "bot.chat.residents:Residents._missing",
    "bot/chat/words.yml:talk.noted": "bot.chat.store:ChatShelf.keep_picture",
    "bot/chat/words.yml:answers.bad": ANSWERED,
    "bot/chat/words.yml:answers.not_fixed": ANSWERED,
    "bot/chat/words.yml:answers.dark": ANSWERED,
    "bot/chat/words.yml:answers.again": ANSWERED,
    "bot/web/words.yml:errors.failed": "bot.web.conversation:Conversation._give_to_a_person",
    "bot/web/staff.yml:rate.told.bad": ANSWERED,
    "bot/web/staff.yml:rate.told.not_fixed": ANSWERED,
    "bot/notify/texts.yml:ask_rating": ANSWERED,
    "bot/notify/texts.yml:news_restored": ANSWERED,
    "labels:own_states.reported.whole": "bot.tickets.desk:TicketDesk.report",
    "labels:own_states.reported.step": "bot.tickets.desk:TicketDesk.report",
}


def test_promises_beside_the_dialogue_name_what_keeps_them() -> None:
    promised = {one.name for one in others() if PROMISE.search(one.text)}
    assert promised == set(KEPT_ELSEWHERE), promised ^ set(KEPT_ELSEWHERE)
    for keeper in set(KEPT_ELSEWHERE.values()):
        module, _, name = keeper.partition(":")
        kept: object = import_module(module)
        for part in name.split("."):
            kept = getattr(kept, part)
        assert callable(kept)
