"""A folder of recordings with what was said in them: the residents of a site, or speech that anybody may measure with."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from bot.foundation.errors import Refused

SOUNDS = (".wav", ".flac")
#: the table that is taken where a folder holds several
_USUAL = "transcripts.tsv"
#: what the first column may be called in a table with a heading
_IDS = ("id", "name", "file", "path")
_ENDING = re.compile(r"\.(?:wav|flac|mp3|ogg|opus|m4a|webm)$", re.IGNORECASE)
_LARGEST_TABLE = 64 << 20


class SetRefused(Refused):
    """This folder cannot be measured with; the message says what it needs."""


@dataclass(frozen=True)
class Said:
    """One recording, and what is said in it."""

    name: str
    file: Path
    text: str
    source: str = ""
    speaker: str = ""
    kind: str = ""
    intent: str = ""
    #: a place as it is said, and the household that is meant
    place: str = ""
    household: str = ""
    #: what had been asked (bot/speech/phrases.yml)
    question: str = ""


@dataclass(frozen=True)
class SpokenSet:
    """What a folder holds. `left_out`: "NAME: why" for each line that cannot be used."""

    said: tuple[Said, ...]
    left_out: tuple[str, ...]
    #: recordings that the table does not name
    unnamed: int


def read_set(folder: Path) -> SpokenSet:
    """A folder with wav or flac files, in it or below it, and one tsv: a heading with id (name, file) and text, and where
    wished source, speaker, kind, intent, place, household, question; or two columns, name and text, without a heading.

    Raises SetRefused."""
    table = _table(folder)
    files = _files(folder)
    said: list[Said] = []
    left_out: list[str] = []
    used: set[Path] = set()
    for number, row in enumerate(_rows(table), 1):
        name, text = row.pop("id").strip(), row.pop("text").strip()
        found = files.get(name) or files.get(_ENDING.sub("", Path(name).name))
        if not name or not text:
            left_out.append(f"{name or f'row {number}'}: {'no text' if name else 'no name'} in {table.name}")
        elif found is None:
            left_out.append(f"{name}: no such recording (.wav, .flac) in {folder}")
        else:
            used.add(found)
            said.append(Said(name, found, text, **{key: value.strip() for key, value in row.items()}))
    if not said:
        why = f" ({left_out[0]})" if left_out else ""
        raise SetRefused(f"{table}: names no recording that is here{why}")
    return SpokenSet(tuple(said), tuple(left_out), len(set(files.values()) - used))


def _table(folder: Path) -> Path:
    if not folder.is_dir():
        raise SetRefused(f"{folder}: no such folder; give one with recordings (wav, flac) and a tsv of what is said")
    found = sorted(folder.glob("*.tsv"))
    if len(found) > 1:
        found = [one for one in found if one.name == _USUAL] or found
    if len(found) != 1:
        what = "no tsv" if not found else f"several tsv files and none is {_USUAL}"
        raise SetRefused(f"{folder}: {what}; needed is one with a line NAME<TAB>TEXT for each recording")
    if found[0].stat().st_size > _LARGEST_TABLE:
        raise SetRefused(f"{found[0]}: larger than {_LARGEST_TABLE >> 20} MB, which is no table of sentences")
    return found[0]


def _files(folder: Path) -> dict[str, Path]:
    """Every recording by its path in the folder and by its bare name, with and without its ending."""
    found: dict[str, Path] = {}
    for file in sorted(one for one in folder.rglob("*") if one.suffix.lower() in SOUNDS and one.is_file()):
        path = file.relative_to(folder)
        for name in (path.as_posix(), path.with_suffix("").as_posix(), path.name, path.stem):
            found.setdefault(name, file)
    return found


def _rows(table: Path) -> Iterator[dict[str, str]]:
    """id, text and the known columns of each line that is not empty."""
    try:
        lines = table.read_text("utf-8-sig").splitlines()
    except (UnicodeDecodeError, OSError) as problem:
        raise SetRefused(f"{table}: cannot be read as UTF-8 text ({problem})") from problem
    rows = csv.reader((line for line in lines if line.strip()), delimiter="\t", quoting=csv.QUOTE_NONE)
    first = next(rows, [])
    names = [one.strip().lower() for one in first]
    if "text" not in names:
        for row in ([first] if first else []) + list(rows):
            yield {"id": row[0], "text": row[1] if len(row) > 1 else ""}
        return
    identity = next((one for one in _IDS if one in names), "")
    if not identity:
        raise SetRefused(f"{table}: the heading has text but no id, name or file")
    known = {"text", "source", "speaker", "kind", "intent", "place", "household", "question"}
    for row in rows:
        cells = dict(zip_longest(names, row[: len(names)], fillvalue=""))
        yield {"id": cells[identity], **{name: cells.get(name, "") for name in known}}


def spread(said: tuple[Said, ...]) -> list[Said]:
    """The same in an order of which every beginning holds as many speakers as can be: one of each in turn."""
    by_speaker: dict[tuple[str, str], list[Said]] = {}
    for one in said:
        by_speaker.setdefault((one.source, one.speaker), []).append(one)
    rounds = zip_longest(*by_speaker.values())
    return [one for each in rounds for one in each if one is not None]
