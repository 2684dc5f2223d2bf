"""What is refused before anybody looks at the call that it is about: RFC 3261, 8.2, and its extensions. Pure."""

from __future__ import annotations

from collections.abc import Container

from bot.lines.sip.message import Message, parameter
from bot.lines.sip.session_timer import LEAST_S, SessionTimer

#: extensions that a peer may require. Of 100rel there is nothing to do: no provisional answer of ours is reliable, for
#: there is none but 100. PRACK is not offered.
_KNOWN = {"timer", "100rel"}
#: who ends something is not refused for its words
_NEVER = ("ACK", "CANCEL", "BYE")

Refusal = tuple[int, list[tuple[str, str]]]


def refusal(request: Message, calls: Container[str]) -> Refusal | None:
    """Code and headers; None when the request may be looked at. `calls`: the Call-IDs of those that are open."""
    if request.method in _NEVER:
        return None
    unknown = [tag for tag in request.all("require") if tag.lower() not in _KNOWN]
    if unknown:
        return 420, [("unsupported", ", ".join(unknown))]
    if request.method in ("INVITE", "UPDATE") and SessionTimer.too_short(request):
        return 422, [("min-se", str(LEAST_S))]
    if parameter(request.get("to"), "tag"):
        return None
    if request.uri.lower().startswith("sips:"):
        return 416, []  # TLS ends before us, if there is any
    if request.get("max-forwards").strip() == "0":
        return 483, []
    if request.method == "INVITE" and (replaced := request.get("replaces")):
        # Nobody takes over a call with Gege (RFC 3891): who is in it goes on.
        return (501 if replaced.partition(";")[0].strip() in calls else 481), []
    return None
