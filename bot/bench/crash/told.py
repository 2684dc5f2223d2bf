"""What residents and staff saw, kept outside of the service: the other side of every promise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Told:
    """Sessions are named as tickets name them ("web-…", "telegram:…", "wechat:…"); numbers are telephone numbers."""

    #: conversation → words in which they were told that it is logged
    acknowledged: dict[str, str] = field(default_factory=dict)
    conversations: set[str] = field(default_factory=set)
    #: conversations in which something was answered without a word
    empty: list[str] = field(default_factory=list)
    #: numbers of callers who heard Gege, said nothing, and whose call broke off
    broken_calls: list[str] = field(default_factory=list)
    #: numbers of callers who spoke after they had heard Gege
    spoken_calls: list[str] = field(default_factory=list)
    #: tickets whose 接单 Gege has answered
    taken: set[str] = field(default_factory=set)
    #: ids of messages that the gateway has taken
    delivered: set[int] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    #: what failed around the service, and how often
    troubles: Counter[str] = field(default_factory=Counter)
    #: `side:point` → deaths there; "" are those at a moment of chance
    died: Counter[str] = field(default_factory=Counter)
    #: chosen places that no transaction came by in time
    missed: Counter[str] = field(default_factory=Counter)
    starts_s: list[float] = field(default_factory=list)

    def heard(self, session: str, reply: str, door: str) -> None:
        """An answer came."""
        self.answers[door] += 1
        if not reply.strip():
            self.empty.append(session)
        if any(word in reply for word in PROMISES):
            self.acknowledged[session] = reply


#: words that promise that it reaches somebody
PROMISES = ("记下了", "在叫人", "等机器好了才报", "告诉他们了")
