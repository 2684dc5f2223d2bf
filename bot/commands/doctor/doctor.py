"""`gege doctor`: what is in use, what is missing, and what to do about it. It looks and changes nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import importlib.metadata
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypedDict

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from rich.console import Console
from rich.text import Text
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.app.parts import make_providers
from bot.commands.doctor.backups import check_backups
from bot.commands.doctor.calling import check_calling
from bot.commands.doctor.certificate import check_certificate
from bot.commands.doctor.events import check_events
from bot.commands.doctor.hearing import check_hearing
from bot.commands.doctor.learned import check_channel, check_said_names
from bot.commands.doctor.messengers import check_messengers
from bot.commands.doctor.modes import check_modes
from bot.commands.doctor.running import check_service
from bot.commands.doctor.second_ear import NAME, examine_second_ear
from bot.commands.doctor.telephone import check_telephone
from bot.commands.doctor.voice import check_voice
from bot.database import MIGRATIONS, Database, now, open_database
from bot.dialogue.training import trained_model
from bot.grid.models import Community, Grid, GridStaff, Household, Role, Staff
from bot.notify.relay import Relay
from bot.notify.routes import OWN_MACHINE
from bot.register.kind_files import read_kinds
from bot.settings import Settings
from bot.settings.tariff import TariffError, load_tariff
from bot.tickets.models import Notification

#: below this, recordings soon cannot be kept (a minute of a call is 2 MB)
DISK_LOW, DISK_OUT = 2 << 30, 200 << 20
#: each confirmed report waits for the disk; slower than this is heard
SLOW_FSYNC_S = 0.05
#: an ordinary message that waits longer than this does not get through; danger is delivered within seconds
STUCK, STUCK_URGENT = dt.timedelta(minutes=10), dt.timedelta(minutes=1)
_COUNTY = "gege sample makes an invented county; gege import FILE.csv brings yours"
_SEEN = 5


class Finding(TypedDict):
    """`ok` false: residents cannot be served. `warning`: they can, but somebody should look."""

    name: str
    ok: bool
    warning: bool
    detail: str
    advice: str


def _good(name: str, detail: str) -> Finding:
    return Finding(name=name, ok=True, warning=False, detail=detail, advice="")


def _warning(name: str, detail: str, advice: str) -> Finding:
    return Finding(name=name, ok=True, warning=True, detail=detail, advice=advice)


def _bad(name: str, detail: str, advice: str) -> Finding:
    return Finding(name=name, ok=False, warning=False, detail=detail, advice=advice)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that Gege needs, in the order in which to put it right."""
    findings = [_python(), _rasa(), _settings(settings)]
    finding, database = _database(settings)
    findings.append(finding)
    if database:
        try:
            findings += [*_county(database), _said_names(settings, database), _messages(database)]
        except SQLAlchemyError as problem:
            findings.append(_bad("county", _line(problem), "restore a backup: gege restore FILE --force"))
        finally:
            database.dispose()
    checks: dict[str, Callable[[Settings], Finding]] = {
        "dialogue model": _dialogue,
        "channel": _channel,
        "ear": _speech,
        NAME: _second_ear,
        "voice": _voice,
        "recorded prompts": _prompts,
        "providers": _providers,
        "page from outside": _certificate,
        "telephone": _telephone,
        "calling out": _calling,
        "tariff": _tariff,
        "register": _register,
        "file modes": _modes,
        "disk space": _space,
        "disk speed": _fsync,
        "backups": _backups,
        "events": _events,
        "service": _service,
    }
    for name, check in checks.items():
        try:
            findings.append(check(settings))
        except Exception as problem:  # a doctor that faints helps nobody
            findings.append(_bad(name, f"{type(problem).__name__}: {_line(problem)}", "report it with this line"))
    for line in check_messengers(settings):
        findings.append(_warning(*line) if line.advice else _good(line.name, line.detail))
    return findings


def show(findings: Iterable[Finding]) -> None:
    """Print the findings for a person."""
    console = Console(highlight=False)
    findings = list(findings)
    width = max((len(one["name"]) for one in findings), default=0)
    for one in findings:
        mark, style = ("!  ", "yellow") if one["warning"] else ("ok ", "green")
        if not one["ok"]:
            mark, style = "BAD", "bold red"
        shown = style if one["advice"] else ""
        line = Text.assemble((mark, style), f" {one['name']:<{width}}  ", (one["detail"], shown))
        console.print(line, soft_wrap=True)
        if one["advice"]:
            console.print(Text(f"    {'':<{width}}  → {one['advice']}"), soft_wrap=True)
    bad = sum(not one["ok"] for one in findings)
    warnings = sum(one["warning"] for one in findings)
    end = f"{bad} to repair before residents can be served" if bad else "Gege can serve"
    console.print(Text(f"{end}; {warnings} to look at" if warnings else end, style="red" if bad else "green"))


# ---- what it is made of ---------------------------------------------------------------------------


def _python() -> Finding:
    here = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != (3, 11):
        return _bad("Python", f"{here}, but Gege runs on 3.11", "remove .venv and run make setup")
    return _good("Python", here)


def _rasa() -> Finding:
    try:
        found = importlib.metadata.version("rasa")
    except importlib.metadata.PackageNotFoundError:
        return _bad("Rasa", "not installed", "make setup")
    return _good("Rasa", found) if found.startswith("3.6.") else _bad("Rasa", f"{found} instead of 3.6", "make setup")


def _settings(settings: Settings) -> Finding:
    file = settings.home / "gege.toml"
    if not settings.home.is_dir():
        return _warning("settings", f"{settings.home} is not there (GEGE_HOME)", f"correct GEGE_HOME, or {_COUNTY}")
    return _good("settings", str(file) if file.is_file() else f"no {file}; the defaults are in use")


# ---- database, county, messages -------------------------------------------------------------------


def _database(settings: Settings) -> tuple[Finding, Database | None]:
    """The finding, and the opened database when its tables can be read."""
    name = "database"
    try:
        url = make_url(settings.database_url)
    except SQLAlchemyError as problem:
        return _bad(name, _line(problem), "correct database in gege.toml, or GEGE_DATABASE_URL"), None
    shown = url.render_as_string()
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not file.exists():
            folder = next(one for one in file.absolute().parents if one.exists())
            if not os.access(folder, os.W_OK):
                return _bad(name, f"{folder} cannot be written", "give the service's user that folder"), None
            return _warning(name, f"{file} is not there yet; the first start makes it", _COUNTY), None
        if damage := _damage(file):
            return _bad(name, f"{file}: {damage}", "stop Gege; gege restore FILE --force"), None
    try:
        database = open_database(settings.database_url)
        with database.engine.connect() as connection:
            have = MigrationContext.configure(connection).get_current_revision()
    except Exception as problem:  # a driver that is missing raises whatever it likes
        return _bad(name, f"{shown}: {_line(problem)}", "is it running, and are user and password right?"), None
    script = ScriptDirectory(str(MIGRATIONS))
    newest = script.get_current_head()
    if have == newest:
        return _good(name, f"{shown}, tables {have}"), database
    database.dispose()
    if have is None or have in {one.revision for one in script.walk_revisions()}:
        detail = f"{shown}: tables {have or 'not made yet'}, newest {newest}"
        return _warning(name, detail, "the next start brings them up to date; back up before"), None
    return _bad(name, f"{shown}: tables {have} come from a newer Gege", "update Gege"), None


def _damage(file: Path) -> str:
    """What SQLite finds wrong with a file, "" when nothing."""
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as problem:
        return _line(problem)
    return "" if found == "ok" else found


def _county(database: Database) -> list[Finding]:
    station_roles = [Role.duty, Role.team, Role.admin]
    with database.reading() as session:
        households, grids, communities = (
            session.scalar(select(func.count()).select_from(table)) or 0 for table in (Household, Grid, Community)
        )
        leads = select(GridStaff.grid_no).join(Staff, Staff.staff_no == GridStaff.staff_no)
        led = leads.where(Staff.role == Role.manager)
        without = session.scalars(select(Grid.grid_no).where(Grid.grid_no.not_in(led)).order_by(Grid.grid_no)).all()
        station = session.scalar(select(func.count()).select_from(Staff).where(Staff.role.in_(station_roles)))
    county = _good("county", f"{households} households in {communities} communities, {grids} grids")
    if not households:
        county = _warning("county", "no households: nobody's manager is known", _COUNTY)
    staff = _good("staff", f"every grid has a manager; {station} people at the station")
    if without:
        names = ", ".join(without[:_SEEN]) + (" …" if len(without) > _SEEN else "")
        staff = _warning("staff", f"{len(without)} without a manager: grid {names}", "gege import STAFF.csv")
    elif not station:
        detail = "nobody has the role duty, team or admin: what no manager takes reaches nobody"
        staff = _warning("staff", detail, "name them in STAFF.csv; gege import STAFF.csv")
    return [county, staff]


def _said_names(settings: Settings, database: Database) -> Finding:
    detail, advice = check_said_names(settings.home, database)
    return _warning("names of places", detail, advice) if advice else _good("names of places", detail)


def _messages(database: Database) -> Finding:
    at = now()
    with database.reading() as session:
        pending = session.execute(
            select(
                Notification.id,
                Notification.urgent,
                func.coalesce(Notification.held_until, Notification.created_at).label("owed_at"),
            )
            .where(Notification.state == "pending")
            .order_by(Notification.id)
        ).all()
        dead = session.scalar(select(func.count()).where(Notification.state == "dead")) or 0
    stuck = [row for row in pending if at - row.owed_at > (STUCK_URGENT if row.urgent else STUCK)]
    advice = "is gege serve running? gege notifications shows each with its error"
    if urgent := [row.id for row in stuck if row.urgent]:
        return _bad("messages", f"{len(urgent)} about DANGER have reached nobody (first: {urgent[0]})", advice)
    if stuck or dead:
        return _warning("messages", f"{len(stuck)} are stuck, {dead} were given up", advice)
    return _good("messages", "none is stuck")


# ---- understanding, hearing, speaking -------------------------------------------------------------


def _dialogue(settings: Settings) -> Finding:
    if settings.dialogue.adapter == "http":
        return _rasa_server(settings)
    if model := trained_model(settings.dialogue_models):
        if not _whole(model):
            return _bad("dialogue model", f"{model.name} is damaged", "gege train --force makes it again (a minute)")
        return _good("dialogue model", model.name)
    old = list(settings.dialogue_models.glob("dialogue-*.tar.gz"))
    detail = "older than its training sentences" if old else "not trained yet"
    return _warning("dialogue model", detail, "gege train does it now; otherwise the next start does (a minute)")


def _channel(settings: Settings) -> Finding:
    detail, advice = check_channel(settings.home)
    return _warning("channel", detail, advice) if advice else _good("channel", detail)


def _events(settings: Settings) -> Finding:
    detail, advice = check_events(settings)
    return _warning("events", detail, advice) if advice else _good("events", detail)


def _service(settings: Settings) -> Finding:
    detail, advice = check_service(settings)
    return _bad("service", detail, advice) if advice else _good("service", detail)


def _whole(model: Path) -> bool:
    """Whether the archive can be read to its end: a copy that was cut off cannot."""
    try:
        with gzip.open(model) as file:
            while file.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error):
        return False
    return True


def _rasa_server(settings: Settings) -> Finding:
    url = settings.dialogue.url.rstrip("/")
    try:
        with urllib.request.urlopen(url, timeout=3):
            pass
    except urllib.error.HTTPError:
        pass  # somebody answers there
    except (OSError, ValueError) as problem:
        return _bad("dialogue model", f"{url}: {_line(problem)}", "start gege rasa-server, or correct [dialogue] url")
    if not settings.dialogue.token:
        return _bad("dialogue model", f"{url} answers, but there is no token", "set [dialogue] token in gege.toml")
    return _good("dialogue model", f"the Rasa server {url} answers")


def _speech(settings: Settings) -> Finding:
    name, found = "ear", check_hearing(settings)
    if found.bad:
        return _bad(name, found.detail, found.advice)
    return _warning(name, found.detail, found.advice) if found.advice else _good(name, found.detail)


def _second_ear(settings: Settings) -> Finding:
    found = examine_second_ear(settings)
    if found is None:
        return _good(NAME, 'none; [speech] second or engine = "remote" puts a stronger one beside the first')
    if not found.usable:
        return _bad(NAME, found.detail, found.advice)
    return _warning(NAME, found.detail, found.advice) if found.advice else _good(NAME, found.detail)


def _voice(settings: Settings) -> Finding:
    speaks, detail, advice = check_voice(settings)
    if not speaks:
        return _bad("voice", detail, advice)
    return _warning("voice", detail, advice) if advice else _good("voice", detail)


def _prompts(settings: Settings) -> Finding:
    name, folder = "recorded prompts", settings.home / "prompts"
    index = folder / "index.json"
    if not folder.is_dir():
        return _good(name, "none; everything is synthesised")
    lost: list[str] = []
    if index.is_file():
        try:
            lost = [str(one) for one in json.loads(index.read_text("utf-8")).values() if not (folder / one).is_file()]
        except (ValueError, AttributeError, TypeError) as problem:
            return _warning(name, f"{index} is not used: {_line(problem)}", "it holds {sentence: file}")
    if lost:
        return _warning(name, f"{len(lost)} named in {index} are missing: {', '.join(lost[:_SEEN])}", "record them")
    return _good(name, f"{len(list(folder.glob('*.wav')))} recordings")


# ---- the rest -------------------------------------------------------------------------------------


def _providers(settings: Settings) -> Finding:
    name, chosen = "providers", settings.notify.providers
    nowhere = open_database("sqlite://")
    try:
        Relay(nowhere, make_providers(settings), settings.notify)
    except ValueError as problem:
        return _bad(name, _line(problem), "correct [notify] in gege.toml")
    finally:
        nowhere.dispose()
    if set(chosen) <= OWN_MACHINE:
        detail = f"{', '.join(chosen) or 'none'}: messages do not leave this machine"
        return _warning(name, detail, "give staff a messenger: [notify] in gege.toml, ids in STAFF.csv")
    return _good(name, ", ".join(chosen))


def _certificate(settings: Settings) -> Finding:
    name, (detail, advice) = "page from outside", check_certificate(settings)
    return _warning(name, detail, advice) if advice else _good(name, detail)


def _telephone(settings: Settings) -> Finding:
    return _way("telephone", *check_telephone(settings))


def _calling(settings: Settings) -> Finding:
    return _way("calling out", *check_calling(settings))


def _way(name: str, detail: str, advice: str, works: bool) -> Finding:
    """Of calls that come or go: a way that is half broken is a warning."""
    if not advice:
        return _good(name, detail)
    return (_warning if works else _bad)(name, detail, advice)


def _tariff(settings: Settings) -> Finding:
    try:
        table = load_tariff(Path(settings.tariff) if settings.tariff else None)
    except TariffError as problem:
        return _bad("tariff", str(problem), "correct the price table; tariff in gege.toml names it")
    first = table.tiers[0].price
    return _good("tariff", f"in force since {table.since}, {len(table.tiers)} tiers from {first} CNY/kWh")


def _register(settings: Settings) -> Finding:
    kinds = read_kinds(settings.home)
    if kinds.problems:
        return _warning("register", kinds.problems[0], "correct the file; gege register kinds shows them all")
    return _good("register", f"{len(kinds)} kinds of entries")


def _modes(settings: Settings) -> Finding:
    detail, advice = check_modes(settings.home)
    return _bad("file modes", detail, advice) if advice else _good("file modes", detail)


def _nearest(settings: Settings) -> Path:
    """GEGE_HOME, or the folder it will be made in."""
    home = settings.home.absolute()
    return next(one for one in (home, *home.parents) if one.is_dir())


def _space(settings: Settings) -> Finding:
    folder = _nearest(settings)
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free at {folder}"
    if free < DISK_OUT:
        return _bad("disk space", detail, "make room: on a full disk no report can be kept")
    if free < DISK_LOW:
        return _warning("disk space", detail, "make room: an hour of calls is about 0.1 GB")
    return _good("disk space", detail)


def _backups(settings: Settings) -> Finding:
    detail, advice = check_backups(settings)
    return _warning("backups", detail, advice) if advice else _good("backups", detail)


def _fsync(settings: Settings) -> Finding:
    folder = _nearest(settings)
    if not os.access(folder, os.W_OK):
        return _bad("disk speed", f"{folder} cannot be written", "give the service's user that folder (GEGE_HOME)")
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(15):
            file.write(bytes(4096))
            file.flush()
            began = time.monotonic()
            os.fsync(file.fileno())
            took.append(time.monotonic() - began)
    median = statistics.median(took)
    detail = f"what is written is safe after {median * 1000:.1f} ms (fsync, median of {len(took)})"
    if median > SLOW_FSYNC_S:
        return _warning("disk speed", detail, "put GEGE_HOME on a local disk: each report waits for this")
    return _good("disk speed", detail)


def _line(problem: BaseException) -> str:
    """The first line of what a library says."""
    cause = getattr(problem, "orig", None) or problem
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)
