"""Repeating until somebody answers, and answering what is repeated: RFC 3261's timers. Pure: time is given."""

from __future__ import annotations

from collections import OrderedDict

from bot.lines.sip.message import Message, host_of

T1, T2, LASTS = 0.5, 4.0, 32.0
_MOST_FINALS = 20_000


class Repeats:
    """When something is sent again: after 0.5 s, doubling to 4 s, for 32 s."""

    def __init__(self, now: float) -> None:
        self._began, self._wait = now, T1
        self._next = now + T1

    def due(self, now: float) -> bool:
        """Whether it is to be sent again now."""
        if now < self._next or self.over(now):
            return False
        self._wait = min(self._wait * 2, T2)
        self._next = now + self._wait
        return True

    def over(self, now: float) -> bool:
        return now - self._began >= LASTS


Key = tuple[str, str, int, str, str]


def key_of(request: Message) -> Key:
    """The same for every repetition of a request, also for those of peers older than RFC 3261."""
    via = request.all("via")[0]
    host, port = host_of(via)
    return (request.branch, f"{host}:{port}", request.cseq[0], request.method, request.call_id)


class Finals:
    """Final responses, kept for 32 s: a repeated request gets the answer that it got before."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[float, bytes]] = OrderedDict()

    def keep(self, key: Key, response: bytes, now: float) -> None:
        self.forget(now)
        while len(self._kept) >= _MOST_FINALS:
            self._kept.popitem(last=False)
        self._kept[key] = (now, response)

    def find(self, key: Key, now: float) -> bytes | None:
        found = self._kept.get(key)
        return found[1] if found and now - found[0] < LASTS else None

    def forget(self, now: float) -> None:
        while self._kept and now - next(iter(self._kept.values()))[0] >= LASTS:
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)
