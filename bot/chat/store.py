"""The messengers' rows: what was seen, who is linked, which pictures came."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.chat.models import Attachment, ChatOpening, KfCursor, LinkCode, LinkTry, SeenUpdate, StaffWait, Takeover
from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.foundation.files import write_whole
from bot.foundation.pictures import PICTURES, picture_kind
from bot.grid.models import Staff

#: no letters and digits that look alike
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LIFE = dt.timedelta(minutes=15)
#: wrong codes from one chat in an hour
TRIES = 5
#: messengers deliver an update again for so long (微信客服 three days, Telegram one), and a few more
_REPEATED = dt.timedelta(days=7)
#: column of Staff for a channel
_ADDRESS = {"telegram": Staff.telegram_id, "wecom": Staff.wecom}


@dataclass(frozen=True)
class Attached:
    """A file of a ticket, below GEGE_HOME. `by` is "resident" or a staff number."""

    file: str
    kind: str
    by: str


class NotAPicture(Refused):
    """The bytes are no picture, whatever their name says."""


class ChatShelf:
    """Reads and writes them; every command is one transaction."""

    def __init__(self, database: Database, home: Path) -> None:
        self._database, self._home = database, home

    def seen(self, update: str) -> bool:
        """Whether an update was taken before, also before a restart."""
        with self._database.reading() as session:
            return session.get(SeenUpdate, update) is not None

    def remember(self, update: str, at: dt.datetime | None = None) -> None:
        """Never take this update again."""
        with self._database.noting() as session:
            session.merge(SeenUpdate(id=update, at=at or now()))

    def tidy(self, at: dt.datetime) -> None:
        """Forget what can no longer matter at `at`."""
        before = at - _REPEATED
        with self._database.noting() as session:
            session.execute(delete(SeenUpdate).where(SeenUpdate.at < before))
            session.execute(delete(LinkTry).where(LinkTry.at < before))
            session.execute(delete(LinkCode).where(LinkCode.expires_at < before))
            session.execute(delete(StaffWait).where(StaffWait.since < before))
            session.execute(delete(Takeover).where(Takeover.last_at < before))

    def opened(self, chat: str, dialled: str) -> None:
        with self._database.noting() as session:
            session.merge(ChatOpening(chat=chat, dialled=dialled))

    def dialled(self, chat: str) -> str:
        """The grid whose board this chat was opened from ("grid_24"), or nothing."""
        with self._database.reading() as session:
            row = session.get(ChatOpening, chat)
            return row.dialled if row else ""

    def cursor(self, open_kfid: str) -> str:
        """How far a 微信客服 account was read."""
        with self._database.reading() as session:
            row = session.get(KfCursor, open_kfid)
            return row.cursor if row else ""

    def move_cursor(self, open_kfid: str, cursor: str) -> None:
        with self._database.noting() as session:
            session.merge(KfCursor(open_kfid=open_kfid, cursor=cursor))

    # ---- staff ----------------------------------------------------------------------------------

    def new_code(self, staff_no: str, at: dt.datetime | None = None) -> str:
        """A one-time code for a member of staff; earlier ones are void. Raises KeyError for nobody."""
        code = "".join(secrets.choice(_LETTERS) for _ in range(8))
        with self._database.session() as session:
            if session.get(Staff, staff_no) is None:
                raise KeyError(staff_no)
            session.execute(delete(LinkCode).where(LinkCode.staff_no == staff_no))
            session.add(LinkCode(hash=_hash(code), staff_no=staff_no, expires_at=(at or now()) + CODE_LIFE))
        return code

    def link(self, channel: str, chat: str, code: str, at: dt.datetime | None = None) -> str | None:
        """Link a chat to the member of staff whose code this is; → the name. None: wrong, late, used or tried out."""
        at = at or now()
        with self._database.session() as session:
            recent = select(func.count()).where(
                LinkTry.chat == f"{channel}:{chat}", LinkTry.at > at - dt.timedelta(hours=1)
            )
            if session.scalar(recent) >= TRIES:  # type: ignore[operator]
                return None
            # One statement: of two who send the same code at the same instant, one gets the row.
            taken = delete(LinkCode).where(LinkCode.hash == _hash(code.strip().upper()), LinkCode.expires_at > at)
            staff_no = session.scalar(taken.returning(LinkCode.staff_no))
            if staff_no is None:
                session.add(LinkTry(chat=f"{channel}:{chat}", at=at))
                return None
            column = _ADDRESS[channel]
            for other in session.scalars(select(Staff).where(column == chat)):
                setattr(other, column.key, "")
            person = session.get_one(Staff, staff_no)
            setattr(person, column.key, chat)
            return person.name

    def staff_no(self, channel: str, chat: str) -> str | None:
        """Who of the staff writes from this chat."""
        if not chat:
            return None
        with self._database.reading() as session:
            return session.scalar(select(Staff.staff_no).where(_ADDRESS[channel] == chat))

    # ---- pictures -------------------------------------------------------------------------------

    def keep_picture(self, session_name: str, ticket_no: str, data: bytes, by: str = "resident") -> None:
        """Keep a picture with its report. Raises NotAPicture; nothing is half kept."""
        kind = picture_kind(data)
        if not kind:
            raise NotAPicture
        digest = hashlib.sha256(data).hexdigest()
        name = f"attachments/{digest[:2]}/{digest}.{kind}"
        write_whole(self._home / name, data)
        self.attach(session_name, ticket_no, name, kind, digest, by)

    def attach(
        self, session_name: str, ticket_no: str, file: str, kind: str, sha256: str, by: str = "resident"
    ) -> None:
        """A file belongs to a ticket (or to the one that comes); the same file of a chat again is the same."""
        with self._database.session() as session:
            same = select(Attachment).where(Attachment.session == session_name, Attachment.file == file)
            row = session.scalar(same.where(Attachment.by == by, Attachment.ticket_no.in_(("", ticket_no))).limit(1))
            if row is not None:
                row.ticket_no = row.ticket_no or ticket_no
                return
            session.add(
                Attachment(session=session_name, ticket_no=ticket_no, file=file, kind=kind, sha256=sha256, by=by)
            )

    def claim_pictures(self, session_name: str, ticket_no: str) -> None:
        """Pictures that came before their report belong to it now."""
        with self._database.session() as session:
            loose = select(Attachment).where(Attachment.session == session_name, Attachment.ticket_no == "")
            for row in session.scalars(loose):
                row.ticket_no = ticket_no

    def pictures(self, ticket_no: str) -> list[Attached]:
        """Pictures of a ticket, oldest first."""
        return [one for one in self._attached(ticket_no) if one.kind in PICTURES]

    def sounds(self, ticket_no: str) -> list[Attached]:
        """Voice notes that could not be played here, oldest first; sealed (bot/recordings/files.py)."""
        return [one for one in self._attached(ticket_no) if one.kind not in PICTURES]

    def _attached(self, ticket_no: str) -> list[Attached]:
        with self._database.reading() as session:
            rows = session.scalars(select(Attachment).where(Attachment.ticket_no == ticket_no).order_by(Attachment.id))
            return [Attached(row.file, row.kind, row.by) for row in rows]


def shut(session: Session, staff_no: str, at: dt.datetime) -> None:
    """Within a transaction: no code and no chat of somebody opens anything any more (a telephone was lost)."""
    session.execute(delete(LinkCode).where(LinkCode.staff_no == staff_no))
    session.execute(delete(StaffWait).where(StaffWait.staff_no == staff_no))
    session.execute(delete(Takeover).where(Takeover.staff_no == staff_no))
    session.execute(update(Staff).where(Staff.staff_no == staff_no).values(telegram_id="", wecom="", dingtalk=""))


def _hash(code: str) -> str:
    return hashlib.sha256(f"gege-link-code:{code}".encode()).hexdigest()
