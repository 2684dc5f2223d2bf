"""Gathering the answers: one question after the other at a terminal, or all of them from what was given before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

from bot.commands.line import Failure, note
from bot.commands.new_site.answers import NONE, NotTaken, taken
from bot.commands.new_site.machine import Ear, Machine, own_address, same_disk
from bot.commands.new_site.questions import Answers, Part, parts, questions, say
from bot.foundation.nearest import did_you_mean
from bot.foundation.phone_numbers import to_dial

_EXPLAIN = ("?", "？")
#: where install-debian.sh makes room for archives
_USUAL_BACKUPS = Path("/var/backups/gege")


@dataclass(frozen=True)
class Site:
    """What is known before anything is asked."""

    home: Path
    machine: Machine
    #: what a gege.toml that is there answers
    known: Answers
    #: administrators whom the table of staff has already, as they are told
    admins: str
    #: staff number of everybody who is in that table
    staff: frozenset[str]


def known_names(given: Mapping[str, str]) -> None:
    """Raises Failure for an answer to something that is not asked."""
    for name in given:
        if name not in parts():
            raise Failure(say("no_question", name=name, meant=did_you_mean(name, parts())))


def unattended(site: Site, given: Answers) -> Answers:
    """Every answer from what was given, else from what is there, else the default. Raises Failure, which names all that
    is missing or not taken."""
    answers: Answers = {}
    wrong: dict[str, str] = {}
    for part in _asked(site, answers):
        try:
            answers[part.name] = _taken(part, given.get(part.name, ""), answers, site)
        except NotTaken as problem:
            wrong[part.name] = f"{part.ask}: {say(problem.word, **problem.values)}"
    for name in given:
        if name not in answers and name not in wrong:
            wrong[name] = say("not_asked", when=parts()[name].when or say("admin_there", who=site.admins))
    if wrong:
        lines = [f"  {name}: {why}" for name, why in wrong.items()]
        raise Failure("\n".join([say("wrong_answers"), *lines]))
    return answers


def at_terminal(site: Site, given: Answers) -> Answers:
    """Ask whatever was not given. Ctrl-C, and the end of the input, raise typer.Abort."""
    answers: Answers = {}
    for number, question in enumerate(questions(), 1):
        note(f"\n{number}/{len(questions())} {question.title}")
        for part in question.parts:
            if not part.applies(answers) or _answered(part, site):
                continue
            _choices_told(part, site)
            answers[part.name] = _ask(part, given, answers, site)
        if site.admins and any(_answered(part, site) for part in question.parts):
            note("  " + say("admin_there", who=site.admins))
        if question.parts[0].name == "backup_folder" and _on_one_disk(answers["backup_folder"], site):
            note("  " + say("one_disk", folder=answers["backup_folder"]))
    return answers


def ear_told(ear: Ear) -> str:
    """An ear's state, and what it hears."""
    if ear.demo:
        return say("ear_demo")
    state = "ear_here" if ear.installed else "ear_to_fetch" if ear.bytes else "ear_unknown"
    told = say(state, mb=round((ear.bytes or 0) / 1e6))
    return f"{told}: {', '.join(ear.hears[:3])}" if ear.hears else told


# ---- one question ---------------------------------------------------------------------------------


def _asked(site: Site, answers: Answers) -> Iterator[Part]:
    """Parts in order; whether one applies is looked at when its turn comes."""
    return (part for part in parts().values() if part.applies(answers) and not _answered(part, site))


def _answered(part: Part, site: Site) -> bool:
    return part.name.startswith("admin_") and bool(site.admins)


def _taken(part: Part, given: str, answers: Answers, site: Site) -> str:
    """An answer as it is kept, or the default where none was given. Raises NotTaken."""
    default = _default(part, answers, site)
    if not given and part.kind == "secret" and default:
        return default
    found = taken(part, given or default, _choices(part, site))
    if part.name == "admin_no" and found in site.staff:
        raise NotTaken("staff_no_taken", given=found)
    return found


def _ask(part: Part, given: Answers, answers: Answers, site: Site) -> str:
    """Until an answer is taken; what was given, and what only a file says, is not asked."""
    silent = part.name in given or part.quiet
    default = _default(part, answers, site)
    shown = say("kept_secret") if default and part.kind == "secret" else default
    question = f"  {part.ask}" + (f" [{shown}]" if shown else "")
    while True:
        one = given.get(part.name, "") if silent else typer.prompt(
            question, default="", show_default=False, hide_input=part.kind == "secret", err=True
        )  # fmt: skip
        if one.strip() in _EXPLAIN:
            note("    " + str(part.hint or say("no_hint")))
            continue
        try:
            return _taken(part, one.strip(), answers, site)
        except NotTaken as problem:
            why = say(problem.word, **problem.values)
            if silent:
                raise Failure(f"{part.name}: {why}") from None
            note(f"    {why}")


def _on_one_disk(folder: str, site: Site) -> bool:
    return folder != NONE and same_disk(Path(folder), site.home)


def _choices(part: Part, site: Site) -> tuple[str, ...]:
    if part.kind == "voice":
        # What a site wrote by hand is no name of this list, and stays.
        own = site.known.get("voice", "")
        return tuple(dict.fromkeys([*site.machine.voices, *filter(None, [own])]))
    if part.kind == "ear":
        own = site.known.get("ear", "")
        return tuple(dict.fromkeys([*(one.name for one in site.machine.ears), *filter(None, [own])]))
    return tuple(part.options)


def _choices_told(part: Part, site: Site) -> None:
    """The list above a question that has one."""
    machine = site.machine
    told = {name: str(words) for name, words in part.options.items()}
    if part.kind == "ear":
        note("  " + say("memory", memory=f"{machine.memory / 2**30:.1f}", cores=machine.cores))
        told = {one.name: ear_told(one) for one in machine.ears}
    elif part.kind == "voice":
        told = {name: say(f"voice_{name}") for name in machine.voices}
    width = max(map(len, told), default=0)
    for number, (name, words) in enumerate(told.items(), 1):
        note(f"   {number:>2} {name:<{width}}  {words}")
    if part.kind == "ear" and machine.too_large:
        names = ", ".join(machine.too_large)
        note("      " + say("ear_too_large", count=len(machine.too_large), names=names))


def _default(part: Part, answers: Answers, site: Site) -> str:
    if known := site.known.get(part.name):
        return known
    match part.name:
        case "own_address":
            return own_address(answers.get("sip_server") or answers.get("exchange_address", ""))
        case "company_number":
            return to_dial(answers.get("station_phone", ""))
        case "ear":
            return site.machine.ears[0].name
        case "voice":
            return "auto"
        case "backup_folder":
            return str(_USUAL_BACKUPS) if _USUAL_BACKUPS.is_dir() else NONE
    return part.default
