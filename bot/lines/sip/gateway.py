"""Who connects our calls, and proving to them who we are."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.lines.sip import digest
from bot.lines.sip.endpoint import Address
from bot.lines.sip.message import Message


@dataclass(frozen=True)
class Gateway:
    """Who connects our calls: a trunk, or the exchange that calls came from."""

    #: where requests go
    address: Address
    #: host (and port) in the addresses of those who are rung
    domain: str
    user: str = "gege"
    password: str = field(default="", repr=False)


def proven(
    request: Message, answer: Message, gateway: Gateway, via: str, *, number: int = 0, again: bool = False
) -> Message | None:
    """The request once more, with the proof that `answer` (401, 407) asks for; None when we have none, or when the one
    that was given is not accepted (`again`: one was given already)."""
    challenge = digest.challenge_of(answer)
    if challenge is None or not gateway.password or (again and not challenge.stale):
        return None
    return authorised(request, challenge, gateway, via, number)


def authorised(request: Message, challenge: digest.Challenge, gateway: Gateway, via: str, number: int = 0) -> Message:
    """The same request once more, with the answer to a challenge: a transaction of its own; `number` its CSeq (default:
    the next)."""
    old_number, method = request.cseq
    number = number or old_number + 1
    name, value = digest.answer(challenge, method, request.uri, gateway.user, gateway.password)
    headers = [
        (key, {"via": via, "cseq": f"{number} {method}"}.get(key, old))
        for key, old in request.headers if key not in ("authorization", "proxy-authorization")
    ]  # fmt: skip
    return Message(method=method, uri=request.uri, headers=[*headers, (name, value)], body=request.body)
