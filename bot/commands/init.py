"""`gege init`: asks eight questions, writes a site's gege.toml, looks whether what it names is there, and says what comes next."""

from __future__ import annotations

import csv
import difflib
import io
import stat
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.commands.line import Failure, note
from bot.commands.new_site.answers import NONE
from bot.commands.new_site.asking import Site, at_terminal, known_names, unattended
from bot.commands.new_site.machine import look
from bot.commands.new_site.plan import Plan, answers_of, checked, planned
from bot.commands.new_site.questions import Answers, questions, say
from bot.foundation.files import write_whole
from bot.foundation.private_files import is_open
from bot.settings import Settings, load_settings
from bot.settings.reference import of_site

_HEAD = (
    "Settings of this site (gege init). gege settings prints every key there is, with its default and what it means."
)
_INTERRUPTED = 130
_UNIT = Path("/etc/systemd/system/gege.service")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    answers: Annotated[
        Path | None, typer.Option("--answers", help="File of answers (-: standard input); nothing is asked.")
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", help="NAME=VALUE: one answer; may be repeated.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a gege.toml unasked (kept as .old).")] = False,
    check: Annotated[bool, typer.Option(help="Look at the end whether everything is there.")] = True,
    show: Annotated[
        bool, typer.Option("--questions", help="Print all questions as a file of answers, and end.")
    ] = False,
) -> None:
    """Set a site up: eight questions, its gege.toml, and whether what that names is there."""
    if show:
        print(_form(), end="")
        return
    given = {**(_read(answers) if answers else {}), **dict(map(_pair, answer or []))}
    known_names(given)
    asks = answers is None and sys.stdin.isatty()
    settings = load_settings()
    file = settings.home / "gege.toml"
    before = _before(file)
    site = _site(settings, before)
    try:
        if asks:
            note(say("intro", home=settings.home.absolute()))
            if before:
                note(say("there", file=file))
        found = at_terminal(site, given) if asks else unattended(site, given)
        plan = planned(found, before, settings.home)
        checked(plan, settings.home)
        if _told(plan, file) and not replace:
            if asks and not typer.confirm(say("confirm"), default=True, err=True):
                raise typer.Abort
            if not asks and file.exists() and _text(plan) != file.read_text("utf-8"):
                raise Failure(say("would_replace", file=file, old=f"{file.name}.old"))
    except typer.Abort:
        note("\n" + say("nothing_written"))
        raise typer.Exit(_INTERRUPTED) from None
    _write(plan, file)
    _afterwards(found, load_settings(), check)


# ---- what is given and what is there --------------------------------------------------------------


def _form() -> str:
    """All questions as a file of answers; an answer that has a default is left out by its #."""
    lines = []
    for number, question in enumerate(questions(), 1):
        lines.append(f"# {number}. {question.title}")
        for part in question.parts:
            options = f" ({', '.join(part.options)})" if part.options else ""
            when = f" [{part.when}]" if part.when else ""
            lines.append(f"# {part.ask}{options}{when}")
            lines.append(f'{"" if part.required and not part.when else "# "}{part.name} = "{part.default}"')
        lines.append("")
    return "\n".join(lines)


def _read(file: Path) -> Answers:
    """A file of answers. Raises Failure."""
    try:
        values = tomllib.loads(sys.stdin.read() if str(file) == "-" else file.read_text("utf-8"))
    except OSError as problem:
        raise Failure(f"{file} cannot be read: {problem.strerror}") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise Failure(f"{file}: not valid TOML: {problem}") from problem
    if odd := [name for name, value in values.items() if not isinstance(value, str | int | bool)]:
        raise Failure(f'{file}: {odd[0]}: write it as {odd[0]} = "…"')
    known_names(values)
    if str(file) != "-" and _holds_secret(values) and is_open(file):
        mode = stat.S_IMODE(file.stat().st_mode)
        raise Failure(say("open_secret", file=file, mode=f"{mode:o}"))
    return {
        name: {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        for name, value in values.items()
    }


def _holds_secret(values: dict[str, Any]) -> bool:
    kinds = {part.name: part.kind for question in questions() for part in question.parts}
    return any(kinds[name] == "secret" and not str(one).startswith(("env:", "file:")) for name, one in values.items())


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        raise Failure(f"--answer {given}: write it as NAME=VALUE (gege init --questions shows the names)")
    return name.strip(), value.strip()


def _before(file: Path) -> dict[str, Any]:
    """What stands in the gege.toml that is there; that it is whole was seen by load_settings."""
    return tomllib.loads(file.read_text("utf-8")) if file.exists() else {}


def _site(settings: Settings, before: dict[str, Any]) -> Site:
    admins, staff = _people(settings)
    return Site(settings.home, look(settings), answers_of(before), admins, staff)


def _people(settings: Settings) -> tuple[str, frozenset[str]]:
    """Administrators of the table of staff, as they are told, and everybody's staff number; nobody's before there is one.
    The sample county's people are nobody's."""
    from bot.database import open_database
    from bot.grid.models import Role, Staff
    from bot.grid.registry import is_sample

    if not settings.database and not (settings.home / "gege.sqlite").exists():
        return "", frozenset()
    try:
        database = open_database(settings.database_url)
        try:
            if is_sample(database):
                return "", frozenset()
            with database.reading() as session:
                people = session.execute(select(Staff.staff_no, Staff.name, Staff.role).order_by(Staff.staff_no)).all()
        finally:
            database.dispose()
    except (SQLAlchemyError, ImportError, ValueError):
        return "", frozenset()  # not made yet, or away: the doctor says which
    admins = [f"{one.name} {one.staff_no}" for one in people if one.role == Role.admin]
    return ", ".join(admins[:3]), frozenset(one.staff_no for one in people)


# ---- what is written ------------------------------------------------------------------------------


def _text(plan: Plan) -> str:
    return of_site(plan.values, _HEAD)


def _told(plan: Plan, file: Path) -> bool:
    """Show what would be written; False where nothing would."""
    new, old = _text(plan), file.read_text("utf-8") if file.exists() else None
    if old is None:
        note("\n" + say("would_write", file=file) + "\n\n" + _indented(new))
    elif old != new:
        lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
        note("\n" + say("would_change", file=file) + "\n\n" + _indented("\n".join(list(lines)[2:])))
        note(say("comments_go", old=f"{file.name}.old"))
    beside = [say("secret_file", file=file.parent / "keys" / name) for name in plan.secrets]
    if plan.backups and not plan.backups.is_dir():
        beside.append(say("folder", file=plan.backups))
    if plan.admin:
        beside.append(say("person", who=f"{plan.admin[1]} {plan.admin[0]}"))
    if beside:
        note("\n".join([say("also"), *(f"  {one}" for one in beside)]))
    return old != new or bool(beside)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines()) + "\n"


def _write(plan: Plan, file: Path) -> None:
    """Secrets first, then what names them; the old file stays beside the new one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, secret in plan.secrets.items():
        write_whole(file.parent / "keys" / name, secret + "\n")
    if plan.backups:
        plan.backups.mkdir(mode=0o700, exist_ok=True)
    new, old = _text(plan), file.read_text("utf-8") if file.exists() else None
    if old == new:
        note(say("unchanged", file=file))
    else:
        if old is not None:
            write_whole(file.with_name(f"{file.name}.old"), old)
        write_whole(file, new)
        note(say("written", file=file))
    if plan.admin:
        _enter(plan.admin)


def _enter(admin: tuple[str, str, str]) -> None:
    """The first administrator, as a table of staff with one line would."""
    from bot.app.parts import open_site
    from bot.grid.importer import examine, take

    number, name, phone = admin
    table = io.StringIO()
    row = {"staff_no": number, "name": name, "role": "admin", "phone": phone}
    columns = [*row, "grid_nos", "telegram_id", "wecom", "dingtalk"]
    csv.writer(table).writerows([columns, [row.get(column, "") for column in columns]])
    database = open_site(load_settings())
    try:
        take(database, examine(database, "staff.csv", table.getvalue().encode()))
    finally:
        database.dispose()


# ---- what comes of it -----------------------------------------------------------------------------


def _afterwards(found: Answers, settings: Settings, check: bool) -> None:
    """What the doctor sees, and the next commands."""
    from bot.app.addresses import page
    from bot.commands.doctor.doctor import examine, show
    from bot.speech.models import holds_model

    if check:
        note(say("checking"))
        show(examine(settings))
    ear = found["ear"]
    lines = []
    if ear != "demo" and "/" not in ear and not holds_model(settings.home / "models" / ear):
        lines.append((f"gege models fetch {ear}", say("next_fetch")))
    lines.append(("gege import staff.csv && gege import households.csv", say("next_import")))
    who, name = _first_admin(found, settings)
    lines.append((f"gege sign-in {who}", say("next_link", who=name)))
    serves = "systemctl restart gege" if _is_unit_of(settings.home) else "gege serve"
    if found.get("telephone") == NONE:
        lines.append((serves, say("next_browser", address=page(settings))))
    else:
        number = settings.calling.number or settings.site.station_phone
        lines.append((serves, say("next_call", number=number)))
    note("\n" + say("next"))
    for command, comes_of_it in lines:
        note(f"  {command}\n      {comes_of_it}")


def _is_unit_of(home: Path) -> bool:
    """Whether systemd serves this home here."""
    try:
        return f"GEGE_HOME={home.absolute()}\n" in _UNIT.read_text("utf-8")
    except OSError:
        return False


def _first_admin(found: Answers, settings: Settings) -> tuple[str, str]:
    """Staff number and name of whom the first link is for."""
    if "admin_no" in found:
        return found["admin_no"], found["admin_name"]
    name, _, number = _people(settings)[0].partition(", ")[0].rpartition(" ")
    return number, name
