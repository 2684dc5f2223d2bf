"""Whoever speaks, on whatever channel, with whatever number: nothing that only the registry or another's case knows."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.identity.town import RARE, SHARED, STAFF_WORDS, TOWN, Town

REGISTRY = {secret for one in TOWN for secret in one.secrets()}
CHANNELS = st.sampled_from(["web", "web", "phone", "telegram", "wechat"])
#: registered numbers (one of them as a chat id too), other people's, none
NUMBERS = st.sampled_from([*(one.phone for one in TOWN[:2]), "18999990001", ""])
SENTENCES = st.sampled_from(
    [
        "停电了", "电线断了掉在路上", "漏保跳闸了", "我要投诉", "我屋里要移表", "我欠几多电费", "一度电几多钱", "我报的修到哪一步了",
        "不用来了,已经好了", "来电了不用来了", "还没弄好", "不满意", "满意", "还没来电", "来电了", "是的", "对", "不是", "没有糊味",
        "转人工", "他叫什么名字", "那一片归哪个管", "再讲一遍", "有人用制氧机", "不晓得", "谢谢,再见",
    ]
)  # fmt: skip
GUESSES = st.sampled_from(["户号{}停电了", "户号{}", "户号最后四位是{}", "户主叫{}", SHARED + "停电了,户主{}"])
STAYS = ("cancelled", "closed")


class Who:
    """One conversation: channel, number, what was said in it."""

    def __init__(self, channel: str, number: str, chats: dict[tuple[str, str], Who]) -> None:
        self.channel, self.number, self.said = channel, number, ""
        self.session = "s-" + uuid.uuid4().hex
        self.key: tuple[str, ...] = (channel, number) if channel != "web" and number else (self.session,)
        if channel in ("telegram", "wechat") and number:
            # a chat is one conversation for ever
            chats.setdefault((channel, number), self)


class Strangers(RuleBasedStateMachine):
    """Conversations, staff's work and looks at the page, in any order. `town` is set by the test."""

    town: Town
    talks = Bundle("talks")

    @initialize()
    def begin(self) -> None:
        self.town.fresh()
        self.chats: dict[tuple[str, str], Who] = {}
        self.words: dict[Any, set[str]] = {}
        self.notes: set[str] = set()

    @rule(target=talks, channel=CHANNELS, number=NUMBERS)
    def come(self, channel: str, number: str) -> Who:
        who = Who(channel, number, self.chats)
        return self.chats.get((channel, number), who)

    @rule(who=talks, sentence=SENTENCES)
    def say(self, who: Who, sentence: str) -> None:
        self._say(who, sentence)

    @rule(who=talks, home=st.sampled_from(TOWN), form=st.sampled_from(["{}", "{}停电了", "{}门口电线冒火花"]))
    def say_place(self, who: Who, home: Any, form: str) -> None:
        self._say(who, form.format(home.said))

    @rule(who=talks, home=st.sampled_from(TOWN), form=GUESSES)
    def guess(self, who: Who, home: Any, form: str) -> None:
        """Somebody else's 户号, digits or name. Who proves who they are over the telephone is another story."""
        if home.phone == who.number and "户" in form:
            return
        self._say(
            who, form.format(home.holder if "户主" in form else home.number[-4:] if "四位" in form else home.number)
        )

    @rule(who=talks, home=st.sampled_from(TOWN))
    def report(self, who: Who, home: Any) -> None:
        for sentence in ("停电了", home.said, "对", "对"):
            self._say(who, sentence)

    @rule(who=talks, ending=st.sampled_from([("不用来了,已经好了", "对"), ("不满意,还没弄好", "是的"), ("满意",)]))
    def end(self, who: Who, ending: tuple[str, ...]) -> None:
        for sentence in ending:
            self._say(who, sentence)

    @rule(who=talks)
    def ask(self, who: Who) -> None:
        """How far it is: nothing, for whoever has nothing of their own going on."""
        text = self._say(who, "我报的修到哪一步了")
        if not any(self._is_own(who, one) for one in self.town.desk.tickets(limit=200)):
            assert "讲的停电了" not in text and "师傅接了" not in text and "已经收到了" not in text, text

    @rule(who=talks, index=st.integers(0, 30))
    def tell_something(self, who: Who, index: int) -> None:
        """Words of one's own that nobody else may hear of."""
        secret = f"{RARE[index % len(RARE)]}鬼鬼{index}号钥匙"
        self._own(who).add(secret)
        self._say(who, f"停电了,我屋里没人,{secret}在花盆下面")

    @rule(index=st.integers(0, 19), act=st.sampled_from(["acknowledge", "resolve", "comment"]))
    def staff_work(self, index: int, act: str) -> None:
        tickets = self.town.desk.tickets(open_only=True, limit=20)
        if not tickets:
            return
        ticket = tickets[index % len(tickets)]
        note = f"员注{RARE[len(self.notes) % len(RARE)]}{len(self.notes)}"
        self.notes.add(note)
        desk, by = self.town.desk, ticket.owner if ticket.owner in ("M1", "M2") else "D1"
        if act == "comment":
            desk.comment(ticket.ticket_no, by, note)
        elif act == "resolve":
            desk.acknowledge(ticket.ticket_no, by)
            desk.resolve(ticket.ticket_no, by, note)
        else:
            desk.acknowledge(ticket.ticket_no, by)

    @rule(who=talks)
    def look(self, who: Who) -> None:
        """The page of any conversation whose name is known, and the pages that have no name."""
        for path in (f"/api/case?session={who.session.replace(':', '-')}", "/", "/phone", "/find/code", "/demo"):
            status, text = self.town.page(path)
            assert status == (404 if path == "/demo" else 200)
            self._clean(who, text)

    @invariant()
    def danger_is_ended_by_staff_alone(self) -> None:
        for ticket in self.town.desk.tickets(limit=50):
            if ticket.kind == "hazard":
                assert ticket.state not in STAYS or self._ended_by(ticket.ticket_no) != "resident"

    def _ended_by(self, ticket_no: str) -> str:
        return next((one.by for one in reversed(self.town.desk.activities(ticket_no)) if one.kind in STAYS), "")

    def _own(self, who: Who) -> set[str]:
        return self.words.setdefault(who.key, set())

    def _say(self, who: Who, sentence: str) -> str:
        who.said += sentence
        others = {one.ticket_no: one.state for one in self.town.desk.tickets(limit=100) if not self._is_own(who, one)}
        if who.channel == "web":
            text = str(self.town.web(who.session, sentence, who.number))
        else:
            reply = self.town.turn(who.channel, who.session, sentence, who.number)
            text = "".join(reply.sentences) + str(reply.detail)
        self._clean(who, text)
        for one in self.town.desk.tickets(limit=200):
            if one.ticket_no in others:
                assert one.state == others[one.ticket_no], f"{who.key} changed {one.ticket_no}: {sentence}"
        return text

    def _is_own(self, who: Who, ticket: Any) -> bool:
        if who.channel == "web" or not who.number:
            return bool(ticket.session.removeprefix("web-") == who.session)
        return (ticket.channel, ticket.reporter) == (who.channel, who.number) and ticket.assurance != "typed"

    def _clean(self, who: Who, text: str) -> None:
        """The invariant: no canary but one's own words."""
        for secret in REGISTRY | STAFF_WORDS | self.notes:
            if secret in text:
                assert secret in who.said, f"{who.key} was told {secret!r}: {text}"
        for key, words in self.words.items():
            if key != who.key:
                told = [word for word in words if word in text and word not in who.said]
                assert not told, f"{who.key} was told words of {key}: {text}"


#: the few steps of every day, and the many before a release
QUICK, LONG = (4, 25), (30, 40)


def let_loose(town: Town, examples: int, steps: int) -> None:
    Strangers.town = town
    run_state_machine_as_test(
        Strangers,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_nobody_is_told_what_only_the_registry_or_another_knows(town: Town) -> None:
    let_loose(town, *QUICK)


@pytest.mark.slow
def test_nobody_is_told_what_only_the_registry_or_another_knows_at_length(town: Town) -> None:
    let_loose(town, *LONG)


def test_the_canaries_sing(town: Town) -> None:
    """Where the registry is asked by the wrong people, the machine hears it."""
    machine = Strangers()
    Strangers.town = town
    machine.begin()
    who = Who("web", TOWN[0].phone, {})
    with pytest.raises(AssertionError, match="was told"):
        machine._clean(who, f"到四月,欠{next(iter(TOWN[0].money()))}")
    with pytest.raises(AssertionError, match="was told"):
        machine._clean(who, "注意:重点照顾户")
