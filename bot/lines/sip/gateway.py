"""Who connects our calls, who we are to them, and proving it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from bot.lines.sip import digest
from bot.lines.sip.endpoint import Address
from bot.lines.sip.message import Message, host_port

#: who we are to an exchange that wants no account
GEGE = "gege"
#: what stands in an address' user part as it is (RFC 3261, 25.1)
_PLAIN = "-_.!~*'()&=+$,;?/"


@dataclass(frozen=True)
class Account:
    """Who we are to an exchange that calls us: its account, where it wants one, and the company's number."""

    user: str = GEGE
    password: str = field(default="", repr=False)
    number: str = ""
    #: whether those who are rung may be told the caller's number
    shows_caller: bool = False

    def at(self, address: Address) -> Gateway:
        """The exchange at this address as the one who connects our calls."""
        return Gateway(
            address, host_port(*address), self.user, self.password, number=self.number, shows_caller=self.shows_caller
        )


@dataclass(frozen=True)
class Gateway:
    """Who connects our calls: a trunk, or the exchange that calls came from."""

    #: where requests go
    address: Address
    #: host (and port) in the addresses of those who are rung
    domain: str
    user: str = GEGE
    password: str = field(default="", repr=False)
    #: the company's number there, when the account has another name
    number: str = ""
    #: whether those who are rung may be told the caller's number (carriers allow it to few)
    shows_caller: bool = False

    @property
    def name(self) -> str:
        """Who we are in From and Contact: the company's number, else the account."""
        return quote(self.number or self.user, safe=_PLAIN)

    @property
    def us(self) -> str:
        """Our address there."""
        return f"<sip:{self.name}@{self.domain}>"


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
