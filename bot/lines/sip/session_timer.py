"""Session timers (RFC 4028): who refreshes a call, when, and when it is over because nobody did. Pure: time is given."""

from __future__ import annotations

from bot.foundation import untrusted
from bot.lines.sip.message import Message, parameter

#: the shortest interval that anybody may want (s; RFC 4028, 4)
LEAST_S = 90
#: who refreshes does so in the middle of the interval; who does not, ends the call so long (s) before its end
_BEFORE_S = 32.0


class SessionTimer:
    """The timer of one call; off until a peer wants one."""

    def __init__(self) -> None:
        #: seconds between refreshes; 0: no timer
        self.interval_s = 0
        #: we are the one who refreshes
        self.ours = False
        #: the peer may refresh by UPDATE as well, and so may we
        self.by_update = False
        self._since = 0.0

    @staticmethod
    def too_short(request: Message) -> bool:
        """Whether a request wants refreshes more often than anybody may; it is answered 422."""
        wanted = _interval(request)
        return wanted is not None and wanted < LEAST_S and "timer" in _tags(request, "supported")

    def asked(self, request: Message, now: float) -> list[tuple[str, str]]:
        """The peer's INVITE or UPDATE: the headers of our 200. Without a word of it there is no timer any more."""
        can = "timer" in _tags(request, "supported", "require")
        self._begin(request, now)
        if not self.interval_s:
            return []
        # Who cannot refresh has the timer from a proxy on the way: then we do.
        self.ours = not can or parameter(request.get("session-expires"), "refresher").lower() == "uas"
        name = "uas" if self.ours else "uac"
        headers = [("session-expires", f"{self.interval_s};refresher={name}")]
        return headers if self.ours else [*headers, ("require", "timer")]

    def answered(self, response: Message, now: float) -> None:
        """The 200 to our own INVITE or UPDATE."""
        self._begin(response, now)
        self.ours = parameter(response.get("session-expires"), "refresher").lower() != "uas"

    def _begin(self, message: Message, now: float) -> None:
        wanted = _interval(message) or 0
        # Shorter than anybody may want, from who does not know the rules: no timer.
        self.interval_s = wanted if wanted >= LEAST_S else 0
        if allowed := message.get("allow"):
            self.by_update = "UPDATE" in allowed.upper()
        self._since = now

    def headers(self) -> list[tuple[str, str]]:
        """What our own refresh says."""
        wanted = [("session-expires", f"{self.interval_s};refresher=uac"), ("min-se", str(LEAST_S))]
        return [("supported", "timer"), *(wanted if self.interval_s else [])]

    def lengthen(self, refusal: Message) -> bool:
        """422: the peer wants it less often; False when it does not say so."""
        least = untrusted.number(refusal.get("min-se").partition(";")[0].strip(), 6) or 0
        longer, self.interval_s = least > self.interval_s, max(self.interval_s, least)
        return longer

    def due(self, now: float) -> bool:
        """We are to refresh now."""
        return bool(self.interval_s) and self.ours and now - self._since >= self.interval_s / 2

    def over(self, now: float) -> bool:
        """Nobody has refreshed: the call is over."""
        lasts = self.interval_s - min(_BEFORE_S, self.interval_s / 3)
        return bool(self.interval_s) and now - self._since >= lasts


def _interval(message: Message) -> int | None:
    return untrusted.number(message.get("session-expires").partition(";")[0].strip(), 6)


def _tags(message: Message, *names: str) -> set[str]:
    return {tag.strip().lower() for name in names for value in message.all(name) for tag in value.split(",")}
