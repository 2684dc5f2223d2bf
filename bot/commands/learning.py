"""`gege correct` and `gege learn`: what staff correct, and what Gege learns from it."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands import completing
from bot.commands.chinese import told
from bot.commands.line import Failure, JsonFlag, known_kind, note, out, plain, zone_of
from bot.commands.tables import Column, show
from bot.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(correct)
    app.command()(learn)


def correct(
    which: Annotated[
        str,
        typer.Argument(
            autocompletion=completing.ticket_numbers, help="Ticket to correct, or number of a correction to decide."
        ),
    ] = "",
    heard: Annotated[str, typer.Option("--heard", help="What the resident really said.")] = "",
    intent: Annotated[str, typer.Option("--intent", help="What the sentence means, as Rasa calls it.")] = "",
    kind: Annotated[
        str, typer.Option("--kind", autocompletion=completing.kinds, help="What kind of ticket it should have been.")
    ] = "",
    household: Annotated[str, typer.Option("--household", help="Number of the household it was about.")] = "",
    by: Annotated[
        str, typer.Option("--by", autocompletion=completing.staff_numbers, help="Staff number of who does it.")
    ] = "",
    confirm: Annotated[bool, typer.Option("--confirm", help="Second person: it is right.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Second person: it is not.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List the corrections.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write down what was misheard: gege correct GD2611230001 --heard "冇电" --kind outage --by M11."""
    from bot.app.parts import existing_site
    from bot.learning.book import CorrectionBook, why

    if not list_all and not which:
        raise Failure("which ticket? gege correct TICKET --heard … --by STAFF_NO, or gege correct --list")
    if not list_all and not by:
        raise Failure("who does it? add --by STAFF_NO")
    if confirm and refuse:
        raise Failure("either --confirm or --refuse")
    if intent and kind:
        raise Failure("either --intent or --kind")
    if (confirm or refuse) and not (which.isascii() and which.isdigit()):
        raise Failure("which correction? gege correct N --confirm --by STAFF_NO (gege correct --list has the numbers)")
    if kind:
        known_kind(kind)
    settings = load_settings()
    database = existing_site(settings)
    book = CorrectionBook(database, settings.learning.relabels_a_day)
    try:
        if list_all:
            return _list(book.corrections(), as_json, zone_of(settings))
        if confirm or refuse:
            done = book.decide(int(which), by, confirm)
        else:
            done = book.write(which, by, words=heard, intent=intent, kind=kind, household_no=household)
    finally:
        database.dispose()
    if as_json:
        return out(plain(done), zone_of(settings))
    line = f"correction {done.id} of {done.ticket_no}: {done.state}"
    line += f" for a second person: {why(done.reason)}" if done.state == "waiting" else ""
    note(line if done.fresh else f"{line} (nothing changed)")


def learn(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Train and compare, change nothing.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Go back to the model of before the last run.")] = False,
    accept: Annotated[str, typer.Option("--accept", help="Take a word that waits into the lexicon.")] = "",
    reject: Annotated[str, typer.Option("--reject", help="Forget a word; one that was taken leaves the lexicon.")] = "",
    words: Annotated[bool, typer.Option("--words", help="List the words that wait.")] = False,
    log: Annotated[bool, typer.Option("--log", help="List the runs.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Learn from the corrections; the new model is used only when it is no worse (about two minutes)."""
    import os

    from bot.app.parts import existing_site, tell
    from bot.learning import landmarks
    from bot.learning.learn import Learning
    from bot.learning.lexicon_words import waiting
    from bot.learning.runs import RunLog

    if sum(map(bool, (dry_run, back, accept, reject, words, log))) > 1:
        raise Failure("one of --dry-run, --back, --accept, --reject, --words, --log")
    settings = load_settings()
    database = existing_site(settings)
    try:
        if words:
            return _words([*waiting(), *landmarks.waiting()], as_json)
        if log:
            return _runs(RunLog(database).runs(), as_json, zone_of(settings))
        learning = Learning(settings, database, tell)
        if accept:
            done = learning.accept(accept)
            return _taken_up(settings, f"{done} is known now")
        if reject:
            learning.reject(reject)
            return _taken_up(settings, f"{reject} is forgotten")
        # The service may be answering beside it.
        os.nice(10)
        run = learning.back() if back else learning.learn(dry_run)
    finally:
        database.dispose()
    if as_json:
        return out(plain(run), zone_of(settings))
    line = f"run {run.id}: {run.decision}{f' ({run.reason})' if run.reason else ''}"
    if run.decision not in ("in_service", "gone_back"):
        return tell(line)
    return _taken_up(settings, line)


def _taken_up(settings: Any, done: str) -> None:
    """What was done, and when the service knows it."""
    http = settings.dialogue.adapter == "http"
    when = "restart gege rasa-server for it" if http else "a running gege serve takes it up within a minute"
    note(f"{done}; {when}")


def _words(found: list[Any], as_json: bool) -> None:
    if as_json:
        return out([vars(one) for one in found])
    columns = [_head("heard"), _head("said"), _head("times", right=True), _head("examples", text=True)]
    show(columns, [(one.say, one.means, one.count, "\n".join(one.examples)) for one in found], told("no word waits"))


def _runs(found: list[Any], as_json: bool, zone: ZoneInfo) -> None:
    if as_json:
        return out([plain(one) for one in found], zone)
    heads = ("run", "began", "decision", "corrections", "frozen before", "after")
    columns = [*(_head(head) for head in heads), _head("why", text=True)]
    rows = []
    for one in found:
        figures = [f"{of['clean']['intent_accuracy']:.1%}" if "clean" in of else "" for of in (one.before, one.after)]
        rows.append((one.id, one.began_at, told(one.decision), one.counts.get("corrections", 0), *figures, one.reason))
    show(columns, rows, told("nothing was learned yet"), zone)


def _list(found: list[Any], as_json: bool, zone: ZoneInfo) -> None:
    from bot.commands.names import names
    from bot.learning.book import why

    if as_json:
        return out([plain(one) for one in found], zone)
    shown = names()
    columns = [
        _head("no"), _head("ticket"), _head("heard", text=True), _head("should be", text=True), _head("kind"), _head("household"),
        _head("by"), _head("state"), _head("why", text=True),
    ]  # fmt: skip
    rows = [
        (one.id, one.ticket_no, one.heard, one.words, shown.intent(one.intent), one.household_no, one.by, told(one.state),
         why(one.reason))
        for one in found
    ]  # fmt: skip
    show(columns, rows, told("no corrections yet"), zone)


def _head(name: str, text: bool = False, right: bool = False) -> Column:
    return Column(told(name), text, right)
