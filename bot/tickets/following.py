"""What a browser's page may follow: what was said and reported in it, and what a code opened that went to who reported."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable

from sqlalchemy import ColumnElement, ForeignKey, String, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.database import Base, Database, UTCDateTime, now
from bot.foundation.phone_numbers import phone_digits
from bot.foundation.untrusted import same
from bot.foundation.widths import plain
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Ticket, Utterance
from bot.tickets.owed import news, outbox
from bot.tickets.own_case import OwnCase, OwnTurn, own_cases, own_talk
from bot.tickets.reporter import Reporter
from bot.tickets.rules import Rules

#: a code is good for this long, and for so many tries
CODE_LIFE = dt.timedelta(minutes=10)
TRIES = 5
#: codes a day: to one reporter, and for one page
CODES_A_DAY = 3
#: a page is forgotten after this long; its browser forgets it sooner
KEPT = dt.timedelta(days=30)
#: reports of a number that its code opens are not older than this
_RECENT = dt.timedelta(days=30)
_NUMBER = re.compile(r"[A-Z]{1,4}\d{6,}")


class PageCall(Base):
    """A call that was made from a browser's page: what is reported in it is the page's to follow."""

    __tablename__ = "page_call"
    call_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    page: Mapped[str] = mapped_column(String(80), index=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)


class PageCode(Base):
    """A code that somebody asked for to follow a report on another browser. Asked for in vain it stands here as well, with no
    ticket: what a page is told must not say which."""

    __tablename__ = "page_code"
    id: Mapped[int] = mapped_column(primary_key=True)
    page: Mapped[str] = mapped_column(String(80), index=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    #: whom it went to; empty: nobody
    address: Mapped[str] = mapped_column(String(80), default="")
    code_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    tries: Mapped[int] = mapped_column(default=0)
    #: since then the page may follow
    opened_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class Following:
    """Pages are named by the random word that their browser keeps; every method blocks."""

    def __init__(self, database: Database, owed: Callable[[], None], rules: Rules) -> None:
        self._database, self._owed, self._rules = database, owed, rules

    def call_begun(self, page: str, call_id: str) -> None:
        """A call from this page: what comes of it is the page's."""
        with self._database.session() as session:
            session.merge(PageCall(call_id=call_id, page=page[:80], at=now()))

    def reports(self, page: str) -> list[OwnCase]:
        """What this page may follow, newest first."""
        with self._database.reading() as session:
            return own_cases(session, _whose(session, page))

    def newest(self, page: str) -> OwnCase | None:
        """The newest report that was made in this page's own conversation or calls, with all that was said there."""
        with self._database.reading() as session:
            ticket = _last(session, page)
            return own_cases(session, Ticket.id == ticket.id, ticket.session, 1)[0] if ticket else None

    def conversation(self, page: str) -> str:
        """The name of the page's conversation that reported last: the written one, or a call."""
        with self._database.reading() as session:
            ticket = _last(session, page)
            return ticket.session if ticket else page

    def talk(self, page: str) -> list[OwnTurn]:
        """What was written here and said in calls from here, oldest first."""
        with self._database.reading() as session:
            return own_talk(session, _conversations(session, page))

    def number(self, page: str) -> str:
        """Where to call back, as it was typed here last; empty when it was not."""
        with self._database.reading() as session:
            typed = select(Utterance.caller).where(Utterance.session == page, Utterance.caller != "")
            return session.scalar(typed.order_by(Utterance.heard_at.desc()).limit(1)) or ""

    def leave_number(self, page: str, ticket_no: str, number: str) -> bool:
        """Where to call back, of a report of this page that came without: typed, so it opens nothing."""
        typed = Caller.by(Channel.web, phone_digits(re.sub(r"[^0-9+]", "", plain(number))[:20]))
        if not typed.address:
            return False
        with self._database.session() as session:
            whose = _whose(session, page)
            ticket = session.scalar(select(Ticket).where(whose, Ticket.ticket_no == ticket_no).with_for_update())
            if ticket is None or ticket.reporter:
                return False
            ticket.reporter, ticket.channel = typed.address, str(Channel.web)
            ticket.assurance = str(typed.assurance)
            return True

    # ---- from another browser -------------------------------------------------------------------

    def ask(self, page: str, where: str, at: dt.datetime | None = None) -> None:
        """Somebody wants to follow a report on this page, by its number or the telephone it was reported with: a code goes to
        who reported it. Whether there is such a report, nobody can tell from here."""
        at, code = at or now(), f"{secrets.randbelow(10**6):06d}"
        with self._database.session() as session:
            ticket = _meant(session, plain(where).strip(), at)
            way = news.way(ticket, self._rules) if ticket is not None else None
            if ticket is None or way is None or not ticket.caller.vouched:
                ticket, way = None, ("", "")
            asked = select(func.count(PageCode.id)).where(PageCode.at > at - dt.timedelta(days=1))
            if (session.scalar(asked.where(PageCode.page == page)) or 0) >= CODES_A_DAY:
                return
            if way[1] and (session.scalar(asked.where(PageCode.address == way[1])) or 0) >= CODES_A_DAY:
                ticket, way = None, ("", "")
            session.add(
                PageCode(
                    page=page, ticket_id=ticket.id if ticket else None, address=way[1], code_hash=_hash(page, code), at=at
                )
            )  # fmt: skip
            if ticket is not None:
                told = outbox.Owed("page_code", ticket.id, channel=way[0], address=way[1], detail={"code": code})
                outbox.owe(session, [told], at)
        self._owed()

    def enter(self, page: str, code: str, at: dt.datetime | None = None) -> bool:
        """The code: whether this page may follow now. Wrong, too late, too often and never sent are one answer."""
        at = at or now()
        with self._database.session() as session:
            row = session.scalar(
                select(PageCode)
                .where(PageCode.page == page, PageCode.opened_at.is_(None))
                .order_by(PageCode.id.desc())
                .limit(1)
                .with_for_update()
            )
            if row is None or at - row.at > CODE_LIFE or row.tries >= TRIES:
                return False
            row.tries += 1
            right = same(_hash(page, re.sub(r"\D", "", plain(code))), row.code_hash)
            if not right or row.ticket_id is None:
                return False
            row.opened_at = at
            return True

    def forget(self, at: dt.datetime) -> None:
        """Pages and codes that are old."""
        with self._database.session() as session:
            session.execute(delete(PageCall).where(PageCall.at < at - KEPT))
            session.execute(delete(PageCode).where(PageCode.at < at - KEPT))


def _conversations(session: Session, page: str) -> list[str]:
    """What was written here, and the calls from here."""
    return [page, *session.scalars(select(PageCall.call_id).where(PageCall.page == page))]


def _last(session: Session, page: str) -> Ticket | None:
    """The newest report of them."""
    own = Ticket.session.in_(_conversations(session, page))
    return session.scalar(select(Ticket).where(own).order_by(Ticket.id.desc()).limit(1))


def _whose(session: Session, page: str) -> ColumnElement[bool]:
    """The condition on a page's reports: its own conversations, and what a code opened: all that this number reported lately."""
    conditions: list[ColumnElement[bool]] = [Ticket.session.in_(_conversations(session, page))]
    opened = select(Ticket, PageCode.opened_at).join(PageCode, PageCode.ticket_id == Ticket.id)
    for ticket, at in session.execute(opened.where(PageCode.page == page, PageCode.opened_at.is_not(None))):
        # What the number reports afterwards is its own affair again: its owner may have let somebody look once.
        lately = (Ticket.opened_at > at - _RECENT) & (Ticket.opened_at <= at)
        conditions.append(Reporter.of(ticket).owns() & (lately | (Ticket.id == ticket.id)))
    return or_(*conditions)


def _meant(session: Session, where: str, at: dt.datetime) -> Ticket | None:
    """The newest report with this number, or of this telephone."""
    number = where.upper().replace(" ", "")
    if _NUMBER.fullmatch(number):
        return session.scalar(select(Ticket).where(Ticket.ticket_no == number))
    digits = phone_digits(re.sub(r"[^0-9+]", "", where))
    if not 7 <= len(digits) <= 20:
        return None
    whose = Reporter(Caller.by(Channel.phone, digits)).owns()
    return session.scalar(
        select(Ticket).where(whose, Ticket.opened_at > at - _RECENT).order_by(Ticket.id.desc()).limit(1)
    )


def _hash(page: str, code: str) -> str:
    return hashlib.sha256(f"{page}:{code}".encode()).hexdigest()
