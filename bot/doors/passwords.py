"""Desks are opened with a password (argon2id) and a code of a telephone (TOTP, RFC 6238): duty desk, administrators."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import bindparam, delete, or_, select, text, update

from bot.database import Database, UTCDateTime, now
from bot.doors.models import BrowserTry, Password
from bot.foundation.errors import Refused
from bot.foundation.widths import plain

#: GB/T 35273 asks for strength; length is what holds
SHORTEST, LONGEST = 10, 200
#: tries before the door waits, and how long it waits after so many
_FREE_TRIES = 5
_WAITS = dt.timedelta(minutes=1)
_LONGEST_WAIT = dt.timedelta(hours=1)
#: doublings after which the longest wait is reached
_DOUBLINGS = 6
#: how long a browser that was let in by password is known
KNOWN = dt.timedelta(days=180)
#: two tries at the same moment are two of one row
_BEGUN = text(
    "INSERT INTO browser_try (browser, failures, at) VALUES (:browser, 0, :at) ON CONFLICT (browser) DO NOTHING"
).bindparams(bindparam("at", type_=UTCDateTime()))
_STEP_S = 30
#: steps that a telephone's clock may be wrong
_DRIFT = 1


class DoorRefused(Refused):
    """`reason`: wrong, wait, short, code; door.yml says it to people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Second:
    """A second factor that is being set up: what a telephone reads, and the same to type."""

    secret: str
    address: str


@dataclass(frozen=True)
class _Kept:
    """A row as it was read."""

    staff_no: str
    hash: str
    second: str
    set_at: str


class Passwords:
    """The passwords of one site; all methods block."""

    def __init__(
        self,
        database: Database,
        key: bytes,
        site: str,
        clock: Callable[[], dt.datetime] = now,
        earlier: Sequence[bytes] = (),
    ) -> None:
        """`key`: the site's own; second factors are sealed with it, and what was sealed with `earlier` ones still opens.
        `site`: its name in the telephone's list."""
        self._database, self._site, self._clock = database, site, clock
        self._sealed = MultiFernet([_fernet(one) for one in (key, *earlier)])
        self._hasher = PasswordHasher()
        # Whoever has no password costs as much time as whoever has one.
        self._nobody = self._hasher.hash("nobody")
        self._browsers = URLSafeTimedSerializer([*reversed(earlier), key], salt="known-browser")

    def seal_anew(self) -> int:
        """Seal every second factor with the newest key, before an older one is retired; → how many."""
        with self._database.session() as session:
            rows = session.scalars(select(Password).with_for_update()).all()
            for row in rows:
                row.second = self._sealed.rotate(row.second.encode()).decode()
            return len(rows)

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

    def check(self, staff_no: str, password: str, code: str, browser: str = "") -> None:
        """Both are right, now and once. Raises DoorRefused: wrong, without telling which, or that guesses are waited
        for, so that nobody learns who has a password; wait, to a browser that was in before (`browser`: what
        `known_browser` gave it). That one is counted by itself: guesses of strangers do not keep it out."""
        at = self._clock()
        kept = self._kept(staff_no)
        known = kept is not None and self._knows(browser, kept)
        held = self._held_browser(browser, at) if known else self._held_account(staff_no, at)
        # No transaction is open meanwhile: this takes long, and reports are written beside it.
        right = self._verify(kept.hash if kept else self._nobody, password)
        step = _step_of(self._secret(kept.second), code, at) if kept else None
        if held or kept is None or not right or step is None or not self._used(kept, step):
            raise DoorRefused("wait" if held and known else "wrong")
        if known:
            self._forget(browser)

    def known_browser(self, staff_no: str) -> str:
        """What a browser keeps that was let in by password: strangers' guesses do not hold it (`check`)."""
        kept = self._kept(staff_no)
        return str(self._browsers.dumps([staff_no, kept.set_at, secrets.token_hex(8)])) if kept else ""

    def _kept(self, staff_no: str) -> _Kept | None:
        with self._database.reading() as session:
            row = session.get(Password, staff_no)
            return _Kept(staff_no, row.hash, row.second, row.set_at.isoformat()) if row else None

    def _knows(self, browser: str, kept: _Kept) -> bool:
        try:
            said = self._browsers.loads(browser, max_age=int(KNOWN.total_seconds()))
        except BadSignature:
            return False
        return bool(said[:2] == [kept.staff_no, kept.set_at])

    def _held_account(self, staff_no: str, at: dt.datetime) -> bool:
        """Whether guesses at an account wait; this one is counted before it is looked at, so that many at the same
        moment are no more guesses than one after the other."""
        free = or_(Password.locked_until.is_(None), Password.locked_until <= at)
        with self._database.session() as session:
            counted = update(Password).where(Password.staff_no == staff_no, free).values(failures=Password.failures + 1)
            if not session.execute(counted).rowcount:  # type: ignore[attr-defined]
                return True
            row = session.get_one(Password, staff_no, populate_existing=True)
            row.locked_until = _until(row.failures, at)
        return False

    def _held_browser(self, browser: str, at: dt.datetime) -> bool:
        """The same for a browser that is known; a row, so that a restart gives no fresh guesses, and one more process no
        second count. Counted before it is looked at, as an account is."""
        name = _name_of(browser)
        free = or_(BrowserTry.locked_until.is_(None), BrowserTry.locked_until <= at)
        counted = update(BrowserTry).where(BrowserTry.browser == name, free)
        counted = counted.values(failures=BrowserTry.failures + 1, at=at)
        with self._database.session() as session:
            if session.execute(_BEGUN, {"browser": name, "at": at}).rowcount:  # type: ignore[attr-defined]
                # What is of browsers that nobody knows any more goes with it.
                session.execute(delete(BrowserTry).where(BrowserTry.at < at - KNOWN))
            if not session.execute(counted).rowcount:  # type: ignore[attr-defined]
                return True
            row = session.get_one(BrowserTry, name, populate_existing=True)
            row.locked_until = _until(row.failures, at)
        return False

    def _forget(self, browser: str) -> None:
        with self._database.session() as session:
            session.execute(delete(BrowserTry).where(BrowserTry.browser == _name_of(browser)))

    def _used(self, kept: _Kept, step: int) -> bool:
        """One code opens one door: of two at the same moment one wins."""
        with self._database.session() as session:
            fresh = update(Password).where(Password.staff_no == kept.staff_no, Password.hash == kept.hash)
            done = session.execute(
                fresh.where(Password.last_step < step).values(failures=0, locked_until=None, last_step=step)
            )
            return bool(done.rowcount)  # type: ignore[attr-defined]

    def forget(self, staff_no: str) -> None:
        """A telephone was lost, or a password: the next sign-in by a link sets both anew."""
        with self._database.session() as session:
            if row := session.get(Password, staff_no):
                session.delete(row)

    def _secret(self, second: str) -> str:
        try:
            return self._sealed.decrypt(second.encode()).decode()
        except InvalidToken:
            return ""  # the site's key was changed: the code is wrong, and a link sets a new one

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False


def _name_of(browser: str) -> str:
    return hashlib.sha256(browser.encode("utf-8", "surrogatepass")).hexdigest()


def _until(failures: int, at: dt.datetime) -> dt.datetime | None:
    if failures < _FREE_TRIES:
        return None
    return at + min(_LONGEST_WAIT, _WAITS * 2 ** min(failures - _FREE_TRIES, _DOUBLINGS))


def _step_of(secret: str, code: str, at: dt.datetime) -> int | None:
    """The step whose code this is, the telephone's clock allowed to be one off; None for a wrong one."""
    digits = "".join(each for each in plain(code) if each.isdecimal())
    if not secret or len(digits) != 6:
        return None
    totp, now_step = pyotp.TOTP(secret), int(at.timestamp()) // _STEP_S
    steps = range(now_step - _DRIFT, now_step + _DRIFT + 1)
    return next((step for step in steps if totp.verify(digits, for_time=step * _STEP_S)), None)


def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"gege-second:" + key).digest()))
