"""`gege person`: what is kept of one person, put right, deleted; who looked; and the record of what is kept at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.chinese import told
from bot.commands.line import JsonFlag, note, out, zone_of
from bot.commands.tables import Column, show
from bot.foundation.nearest import did_you_mean
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.privacy.persons import Persons
    from bot.privacy.subject import Subject

By = Annotated[str, typer.Option("--by", help="Staff number of who does it.")]
Asked = Annotated[str, typer.Option("--asked", help="How the person asked: phone, visit, paper, chat, relative.")]
Channel = Annotated[str, typer.Option("--channel", help="phone, telegram or wechat: NUMBER is a chat id there.")]
Typed = Annotated[
    bool, typer.Option("--typed", help="Also what the number was typed for on the page; anybody can type any number.")
]
Note = Annotated[str, typer.Option("--note", help="Where the paper lies, why …; nothing about the person.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    person = typer.Typer(help="What is kept of one person: export, correct, delete; who looked.", no_args_is_help=True)
    for command in (export, correct, delete, looks, acts, again, record):
        person.command(command.__name__)(command)
    app.add_typer(person, name="person")


def export(
    number: str,
    by: By,
    asked: Asked,
    to: Annotated[Path | None, typer.Option("--to", help="The zip to write; else person-DAY.zip here.")] = None,
    channel: Channel = "phone",
    typed: Typed = False,
    remark: Note = "",
    as_json: JsonFlag = False,
) -> None:
    """One zip: a page to read, sounds and pictures, and all of it as JSON."""
    from bot.database import now

    file = to or Path(f"person-{now():%Y%m%d-%H%M%S}.zip")
    with _persons() as persons:
        counts = persons.export(_subject(channel, number, typed), file, by, asked, remark)
    _told(
        as_json, {"file": str(file), "counts": counts}, f"{file}: {_counted(counts)}; hand it over and delete it here"
    )


def correct(
    number: str,
    ticket: str,
    by: By,
    asked: Asked,
    place: Annotated[str, typer.Option("--place", help="The right place.")] = "",
    householder: Annotated[str, typer.Option("--householder", help="The right householder.")] = "",
    said: Annotated[str, typer.Option("--said", help="What was really said.")] = "",
    channel: Channel = "phone",
    typed: Typed = False,
    remark: Note = "",
    as_json: JsonFlag = False,
) -> None:
    """Put right what a ticket of theirs says. A household's own data are put right where they come from, and imported."""
    with _persons() as persons:
        done = persons.correct(
            _subject(channel, number, typed), ticket, by, asked, remark, place=place, householder=householder, said=said
        )
    _told(as_json, {"counts": done}, f"{ticket}: corrected")


def delete(
    number: str,
    by: By,
    asked: Asked,
    recordings: Annotated[bool, typer.Option("--recordings", help="Their voice alone; words and cases stay.")] = False,
    open_too: Annotated[bool, typer.Option("--open-too", help="Also cases that somebody works on: they end.")] = False,
    channel: Channel = "phone",
    typed: Typed = False,
    remark: Note = "",
    as_json: JsonFlag = False,
) -> None:
    """Delete words, recordings, pictures and what was learned; a restore deletes it again. Cases stay as bare figures."""
    with _persons() as persons:
        subject = _subject(channel, number, typed)
        counts = persons.delete(subject, by, asked, remark, open_too=open_too, recordings=recordings)
    more = "an exported corpus or an archive made before is outside: make them anew by docs/privacy.md"
    _told(as_json, {"counts": counts}, f"deleted: {_counted(counts)}; {more}")


def looks(
    number: str, by: By, asked: Asked, channel: Channel = "phone", typed: Typed = False, as_json: JsonFlag = False
) -> None:
    """Who of the staff looked at their cases, calls, recordings and household."""
    with _persons() as persons:
        found = persons.looks(_subject(channel, number, typed), by, asked)
    zone = zone_of(load_settings())
    if as_json:
        return out([vars(one) for one in found], zone)
    columns = [Column(told(head)) for head in ("when", "by", "what", "which")]
    show(columns, [(one.at, one.staff_no, one.what, one.ref) for one in found], told("nobody has looked"), zone)


def acts(number: Annotated[str, typer.Argument()] = "", channel: Channel = "phone", as_json: JsonFlag = False) -> None:
    """Who asked for what, and who did it; of one person, or of all (whose names no row knows)."""
    with _persons() as persons:
        found = persons.acts(_subject(channel, number, False) if number else None)
    rows = [
        {"at": one.at, "what": one.what, "asked": one.asked, "by": one.by, "counts": one.counts, "note": one.note}
        for one in found
    ]
    zone = zone_of(load_settings())
    if as_json:
        return out(rows, zone)
    columns = [
        *(Column(told(head)) for head in ("when", "what", "asked by", "done by")),
        Column(told("note"), text=True),
    ]
    cells = [(one.at, one.what, one.asked, one.by, one.note) for one in found]
    show(columns, cells, told("nobody has asked for anything"), zone)


def again(
    files: Annotated[list[Path] | None, typer.Argument(help="Further lists of those who were deleted.")] = None,
) -> None:
    """Do every deletion again, as `gege restore` does by itself."""
    with _persons() as persons:
        note(f"{persons.again(tuple(files or ()))} persons had to be deleted again")


def record(
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/privacy.md holds it.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """The processing record: each column of each table, whose it is, why, who sees it, when it goes."""
    import dataclasses

    from bot.privacy.record import as_markdown, the_record

    out(dataclasses.asdict(the_record())) if as_json and not markdown else print(as_markdown(), end="")


# ---------------------------------------------------------------------------------------------------


@contextmanager
def _persons(settings: Settings | None = None) -> Iterator[Persons]:
    from bot.app.parts import existing_site
    from bot.privacy.persons import Persons

    settings = settings or load_settings()
    database = existing_site(settings)
    try:
        yield Persons(settings, database, note)
    finally:
        database.dispose()


def _subject(channel: str, number: str, typed: bool) -> Subject:
    from bot.privacy.subject import Subject
    from bot.tickets.intake.channels import Channel as Way

    ways = [str(each) for each in Way if each]
    if channel not in ways:
        raise typer.BadParameter(f"{channel} is no channel{did_you_mean(channel, ways)} ({', '.join(ways)})")
    if not number.strip():
        raise typer.BadParameter("whose? a telephone number, or with --channel a chat id")
    return Subject.of(channel, number, typed=typed)


def _told(as_json: bool, value: dict[str, object], line: str) -> None:
    if as_json:
        out(value)
    else:
        note(line)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing is kept"
