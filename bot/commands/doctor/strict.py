"""`gege doctor --strict`: whether a site is safe to be served to strangers, and could be put back."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.exc import SQLAlchemyError

from bot.app.safety import as_root, strangers_reach, unsafe
from bot.commands.doctor.backups import check_backups
from bot.commands.doctor.doctor import Finding
from bot.database import open_database
from bot.grid.registry import is_sample
from bot.settings import Settings

#: a backup that is older (the service makes one every few minutes) says that none is made any more
_OLDEST = dt.timedelta(days=1)


def examine_safety(settings: Settings) -> list[Finding]:
    """What `gege serve` refuses to begin with, and what should not stop a service that has to come back: BAD each."""
    found = [_bad(f"safe: {one.name}", one.detail, one.advice) for one in unsafe(settings, sample=_sample(settings))]
    if as_root():
        detail = "Gege runs as root: a hole in any library would be the whole machine's"
        found.append(_bad("safe: user", detail, "run it as a user of its own (deploy/systemd/gege.service)"))
    detail, advice = check_backups(settings, _OLDEST)
    if advice:
        found.append(_bad("safe: backups", detail, f"{advice} (docs/operate.md)"))
    if found:
        return found
    reached = strangers_reach(settings)
    who = f"other machines reach {', '.join(reached)}" if reached else "only this machine reaches it"
    return [Finding(name="safe", ok=True, warning=False, detail=f"{who}; nothing unsafe was found", advice="")]


def _sample(settings: Settings) -> bool:
    """Whether its county is the invented one; a database that cannot be asked is another finding's."""
    try:
        database = open_database(settings.database_url)
        try:
            return is_sample(database)
        finally:
            database.dispose()
    except (SQLAlchemyError, ImportError, ValueError):
        return False


def _bad(name: str, detail: str, advice: str) -> Finding:
    return Finding(name=name, ok=False, warning=False, detail=detail, advice=advice)
