"""One SIP dialog: tags, route, numbers of requests. Pure."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from urllib.parse import quote

from bot.lines.sip.message import Message, host_of, parameter, uri_of


@dataclass
class Dialog:
    """What both ends of a call agreed to call it; makes our requests within it."""

    call_id: str
    #: From and To of our requests, with tags
    local: str
    remote: str
    target: str
    routes: list[str] = field(default_factory=list)
    #: where requests go (address of the next hop)
    peer: tuple[str, int] = ("", 0)
    own_cseq: int = 0
    their_cseq: int = -1

    @property
    def tags(self) -> tuple[str, str]:
        return parameter(self.local, "tag"), parameter(self.remote, "tag")

    @classmethod
    def answering(cls, invite: Message, tag: str, source: tuple[str, int]) -> Dialog:
        """The dialog that an INVITE to us begins."""
        contact = invite.all("contact")
        target = uri_of(contact[0]) if contact else uri_of(invite.get("from"))
        to = invite.get("to")
        return cls(
            invite.call_id, f"{to};tag={tag}", invite.get("from"), target, invite.all("record-route"), source,
            their_cseq=invite.cseq[0],
        )  # fmt: skip

    @classmethod
    def asking(cls, invite: Message, accepted: Message, source: tuple[str, int]) -> Dialog:
        """The dialog that our INVITE and the 200 to it made."""
        contact = accepted.all("contact")
        target = uri_of(contact[0]) if contact else invite.uri
        return cls(
            invite.call_id, invite.get("from"), accepted.get("to"), target,
            list(reversed(accepted.all("record-route"))), source, own_cseq=invite.cseq[0],
        )  # fmt: skip

    def knows(self, request: Message) -> bool:
        """Whether a request belongs to it."""
        own, theirs = parameter(request.get("to"), "tag"), parameter(request.get("from"), "tag")
        return request.call_id == self.call_id and (own, theirs) == self.tags

    def refresh(self, request: Message) -> None:
        """A re-INVITE or UPDATE may move the peer."""
        if contact := request.all("contact"):
            self.target = uri_of(contact[0])

    @property
    def replacing(self) -> str:
        """A Refer-To value: call whoever this dialog is with, in place of it (RFC 3891: tags as that end sees them)."""
        own, theirs = self.tags
        header = quote(f"{self.call_id};to-tag={theirs};from-tag={own}", safe="")
        return f"<{self.target}{'&' if '?' in self.target else '?'}Replaces={header}>"

    @property
    def next_hop(self) -> tuple[str, int]:
        """Host and port that the route, or the peer's Contact, names."""
        return host_of(uri_of(self.routes[0]) if self.routes else self.target)

    def request(self, method: str, via: str, cseq: int | None = None) -> Message:
        """Our next request; `cseq` names an older one (ACK, CANCEL)."""
        if cseq is None:
            self.own_cseq += 1
            cseq = self.own_cseq
        uri, routes = self.target, list(self.routes)
        if routes and ";lr" not in uri_of(routes[0]).lower():
            # A strict router of the old kind wants to be named first.
            uri, routes = uri_of(routes[0]), [*routes[1:], f"<{self.target}>"]
        headers = [("via", via), ("max-forwards", "70"), *(("route", route) for route in routes)]
        headers += [("from", self.local), ("to", self.remote), ("call-id", self.call_id), ("cseq", f"{cseq} {method}")]
        return Message(method=method, uri=uri, headers=[*headers, ("user-agent", "Gege")])


def new_branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)


def new_tag() -> str:
    return secrets.token_hex(6)
