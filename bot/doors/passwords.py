"""Desks are opened with a password (argon2id) and a code of a telephone (TOTP, RFC 6238): duty desk, administrators."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import update

from bot.database import Database, now
from bot.doors.models import Password
from bot.foundation.errors import Refused
from bot.foundation.widths import plain

#: GB/T 35273 asks for strength; length is what holds
SHORTEST, LONGEST = 10, 200
#: tries before the door waits, and how long it waits after so many
_FREE_TRIES = 5
_WAITS = dt.timedelta(minutes=1)
_LONGEST_WAIT = dt.timedelta(hours=1)
_STEP_S = 30
#: steps that a telephone's clock may be wrong
_DRIFT = 1


class DoorRefused(Refused):
    """`reason`: wrong, wait, short, none (no password is set), code; staff.yml says it to people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Second:
    """A second factor that is being set up: what a telephone reads, and the same to type."""

    secret: str
    address: str


class Passwords:
    """The passwords of one site; all methods block."""

    def __init__(self, database: Database, key: bytes, site: str, clock: Callable[[], dt.datetime] = now) -> None:
        """`key`: the site's own; second factors are sealed with it. `site`: its name in the telephone's list."""
        self._database, self._site, self._clock = database, site, clock
        self._sealed = Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"gege-second:" + key).digest()))
        self._hasher = PasswordHasher()
        # Whoever has no password costs as much time as whoever has one.
        self._nobody = self._hasher.hash("nobody")

    def begin(self, staff_no: str) -> Second:
        """A new second factor, not kept yet: the page keeps it until it has been tried (`set`)."""
        secret = pyotp.random_base32()
        return Second(secret, pyotp.TOTP(secret).provisioning_uri(name=staff_no, issuer_name=self._site))

    def set(self, staff_no: str, password: str, secret: str, code: str) -> None:
        """Set both, once the telephone shows a right code. Raises DoorRefused (short, code)."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise DoorRefused("short")
        step = _step_of(secret, code, self._clock())
        if step is None:
            raise DoorRefused("code")
        row = Password(
            staff_no=staff_no, hash=self._hasher.hash(password), second=self._sealed.encrypt(secret.encode()).decode(),
            last_step=step, failures=0, locked_until=None, set_at=self._clock(),
        )  # fmt: skip
        with self._database.session() as session:
            session.merge(row)

    def has(self, staff_no: str) -> bool:
        """Whether somebody can open a desk by password."""
        with self._database.reading() as session:
            return session.get(Password, staff_no) is not None

    def check(self, staff_no: str, password: str, code: str) -> None:
        """Both are right, now and once. Raises DoorRefused (wrong, wait): which of the two was wrong is not told."""
        at = self._clock()
        with self._database.session() as session:
            # The row is written first, so that tries at the same moment wait for each other.
            session.execute(
                update(Password).where(Password.staff_no == staff_no).values(failures=Password.failures + 1)
            )
            row = session.get(Password, staff_no, populate_existing=True)
            locked = row is not None and row.locked_until is not None and row.locked_until > at
            if not locked:
                right = self._verify(row.hash if row else self._nobody, password) and row is not None
                step = _step_of(self._secret(row), code, at) if row is not None else None
                if right and row is not None and step is not None and step > row.last_step:
                    row.failures, row.locked_until, row.last_step = 0, None, step
                    return
            if row is not None and not locked and row.failures >= _FREE_TRIES:
                row.locked_until = at + min(_LONGEST_WAIT, _WAITS * 2 ** (row.failures - _FREE_TRIES))
        raise DoorRefused("wait" if locked else "wrong")

    def forget(self, staff_no: str) -> None:
        """A telephone was lost, or a password: the next sign-in by a link sets both anew."""
        with self._database.session() as session:
            if row := session.get(Password, staff_no):
                session.delete(row)

    def _secret(self, row: Password) -> str:
        try:
            return self._sealed.decrypt(row.second.encode()).decode()
        except InvalidToken:
            return ""  # the site's key was changed: the code is wrong, and a link sets a new one

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False


def _step_of(secret: str, code: str, at: dt.datetime) -> int | None:
    """The step whose code this is, the telephone's clock allowed to be one off; None for a wrong one."""
    digits = "".join(each for each in plain(code) if each.isdecimal())
    if not secret or len(digits) != 6:
        return None
    totp, now_step = pyotp.TOTP(secret), int(at.timestamp()) // _STEP_S
    steps = range(now_step - _DRIFT, now_step + _DRIFT + 1)
    return next((step for step in steps if totp.verify(digits, for_time=step * _STEP_S)), None)
