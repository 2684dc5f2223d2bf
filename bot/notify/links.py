"""Signed links: what a message lets its reader do without signing in, once and for a while.

A link names its purpose, the ticket, the member of staff and when it ends, signed with the site's own key. Who forwards
it gives the press away, not the case: what is behind it (names, addresses) needs a sign-in."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import enum
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.database import Base, Database, UTCDateTime, now
from bot.foundation.errors import Refused
from bot.foundation.site_keys import hex_keys
from bot.foundation.untrusted import same

#: bytes of the signature that travel: 128 bits
_SIGNATURE = 16


class Purpose(enum.StrEnum):
    """What a link is good for; one for one purpose only."""

    take = "take"
    site = "site"
    done = "done"
    open = "open"
    sign_in = "sign_in"
    listen = "listen"
    correct = "correct"
    ring = "ring"
    rate = "rate"


#: how long a link lives
LIVES: dict[Purpose, dt.timedelta] = {
    Purpose.take: dt.timedelta(hours=24),
    Purpose.site: dt.timedelta(days=3),
    Purpose.done: dt.timedelta(days=7),
    Purpose.open: dt.timedelta(days=7),
    Purpose.sign_in: dt.timedelta(minutes=15),
    Purpose.listen: dt.timedelta(hours=24),
    Purpose.correct: dt.timedelta(days=7),
    Purpose.ring: dt.timedelta(days=7),
    # An unrated ticket closes after three days ([service.ratings] unrated_days); the page says when it is too late.
    Purpose.rate: dt.timedelta(days=7),
}
#: whoever has a shell on the server
SHELL = "shell"
#: these may be opened again: they lead to a sign-in, and do nothing themselves
MANY_TIMES = frozenset({Purpose.open, Purpose.listen, Purpose.correct, Purpose.ring})


class LinkUse(Base):
    """A link that has done its work."""

    __tablename__ = "link_use"
    nonce: Mapped[str] = mapped_column(String(24), primary_key=True)
    used_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)


class LinkMade(Base):
    """Who made a link that signs somebody in: themselves (登录), the duty desk for somebody, or a shell on the server."""

    __tablename__ = "link_made"
    nonce: Mapped[str] = mapped_column(String(24), primary_key=True)
    #: whom it lets in
    staff_no: Mapped[str] = mapped_column(String(40), index=True)
    #: a staff number, or SHELL
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now, index=True)


class LinkVoid(Base):
    """Links to a member of staff that were made before this do nothing any more: a telephone was lost, somebody left."""

    __tablename__ = "link_void"
    staff_no: Mapped[str] = mapped_column(String(40), primary_key=True)
    before: Mapped[dt.datetime] = mapped_column(UTCDateTime)


def void_links(session: Session, staff_no: str, at: dt.datetime) -> None:
    """Within a transaction: no link that somebody was sent until `at` works any more."""
    # A link carries milliseconds: one of the same moment is void, and one that is given right afterwards is not.
    session.merge(LinkVoid(staff_no=staff_no, before=at + dt.timedelta(milliseconds=1)))


class BadLink(Refused):
    """`reason` is forged, expired, used or void; what to tell a person is in words.yml."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Link:
    """What a token says. `ticket_no` is empty for a sign-in."""

    purpose: Purpose
    ticket_no: str
    staff_no: str
    expires_at: dt.datetime
    nonce: str
    #: when it was made
    made_at: dt.datetime


@dataclass(frozen=True)
class MadeLink:
    """A link that lets somebody in: who made it, when, and when it did so."""

    by: str
    at: dt.datetime
    used_at: dt.datetime | None


class Links:
    """Makes and reads links with the site's key."""

    def __init__(self, key: bytes, database: Database, public_url: str = "", earlier: Sequence[bytes] = ()) -> None:
        """`earlier`: keys that still verify what they signed, until they are retired."""
        if len(key) < 32:
            raise ValueError("a signing key needs 32 bytes")
        self._keys, self._database = (key, *earlier), database
        self._public_url = public_url.rstrip("/")

    def url(self, purpose: Purpose, ticket_no: str, staff_no: str, at: dt.datetime | None = None) -> str:
        """An address to send; empty when the site has not said how it is reached ([web] public_url)."""
        if not self._public_url:
            return ""
        return f"{self._public_url}/t/{self.token(purpose, ticket_no, staff_no, at)}"

    def sign_in_url(self, staff_no: str, by: str, at: dt.datetime | None = None) -> str:
        """An address that lets somebody in, once; `by` whom it was made is a row before it exists. Blocks."""
        if not self._public_url:
            return ""
        made, nonce = at or now(), _nonce()
        with self._database.session() as session:
            session.add(LinkMade(nonce=nonce, staff_no=staff_no, by=by, at=made))
        return f"{self._public_url}/t/{self.token(Purpose.sign_in, '', staff_no, made, nonce=nonce)}"

    def sign_ins(self, staff_no: str, limit: int = 10) -> list[MadeLink]:
        """Links that were made to let somebody in, the latest first. Blocks."""
        query = (
            select(LinkMade, LinkUse.used_at)
            .outerjoin(LinkUse, LinkUse.nonce == LinkMade.nonce)
            .where(LinkMade.staff_no == staff_no)
            .order_by(LinkMade.at.desc(), LinkMade.nonce)
        )
        with self._database.reading() as session:
            return [MadeLink(one.by, one.at, used) for one, used in session.execute(query.limit(limit))]

    def token(
        self,
        purpose: Purpose,
        ticket_no: str,
        staff_no: str,
        at: dt.datetime | None = None,
        life: dt.timedelta | None = None,
        nonce: str = "",
    ) -> str:
        """A signed token that begins to age at `at`."""
        made = at or now()
        expires = int((made + (life or LIVES[purpose])).timestamp())
        said = [purpose, ticket_no, staff_no, expires, nonce or _nonce(), round(made.timestamp(), 3)]
        body = json.dumps(said, separators=(",", ":")).encode()
        return f"{_text(body)}.{_text(self._sign(body))}"

    def read(self, token: str, at: dt.datetime | None = None) -> Link:
        """What a token says, unless it is forged, too old or void. Does not look whether it was used. Raises BadLink."""
        try:
            body, signature = (_bytes(part) for part in token.split("."))
        except (ValueError, binascii.Error):
            raise BadLink("forged") from None
        if not any(same(signature, _signed(key, body)) for key in self._keys):
            raise BadLink("forged")
        purpose, ticket_no, staff_no, expires, nonce, *made = json.loads(body)
        expires_at = dt.datetime.fromtimestamp(expires, dt.UTC)
        if (at or now()) >= expires_at:
            raise BadLink("expired")
        # One of before 1.0 does not say when it was made: as if it had its whole life.
        since = dt.datetime.fromtimestamp(made[0], dt.UTC) if made else expires_at - LIVES[Purpose(purpose)]
        if staff_no and self._void(staff_no, since):
            raise BadLink("void")
        return Link(Purpose(purpose), ticket_no, staff_no, expires_at, nonce, since)

    def redeem(self, token: str, at: dt.datetime | None = None) -> Link:
        """Read a token and use it up; of two presses at once one wins. Raises BadLink."""
        link = self.read(token, at)
        if link.purpose in MANY_TIMES:
            return link
        try:
            with self._database.session() as session:
                session.add(LinkUse(nonce=link.nonce, used_at=at or now()))
        except IntegrityError:
            raise BadLink("used") from None
        return link

    def _void(self, staff_no: str, made_at: dt.datetime) -> bool:
        with self._database.reading() as session:
            row = session.get(LinkVoid, staff_no)
            return row is not None and made_at < row.before

    def _sign(self, body: bytes) -> bytes:
        return _signed(self._keys[0], body)


def _signed(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, b"gege-link:" + body, hashlib.sha256).digest()[:_SIGNATURE]


def site_keys(home: Path) -> tuple[bytes, ...]:
    """The site's signing keys, the newest first: it signs, the others still verify (`gege keys rotate`)."""
    return hex_keys(home / "keys" / "links.key")


def site_key(home: Path) -> bytes:
    """The site's signing key, made when it is first needed; readable by the service alone."""
    return site_keys(home)[0]


def _nonce() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(9)).decode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
