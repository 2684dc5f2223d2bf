"""The corpus: consented, corrected recordings as a Kaldi data directory with pseudonymous speakers.

Files as Kaldi's utils/validate_data_dir.sh wants them (kaldi-asr.org/doc/data_prep.html): wav.scp, text, utt2spk and
spk2utt, one line an utterance, sorted in C order, utterance names beginning with the speaker's."""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import shutil
import tempfile
import wave
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr
from sqlalchemy import select

from bot.corpus.consents import Consents
from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.grid.models import Household
from bot.learning.models import Correction, CorrectionState
from bot.learning.private import Private
from bot.notify.links import site_key
from bot.recordings.room import RecordingMissing, look_into
from bot.settings import Settings
from bot.tickets.models import Ticket, Utterance

#: marks a folder that an export may replace
MARK = "gege-corpus.txt"
_USED = (CorrectionState.accepted, CorrectionState.learned)
_SPOKEN = re.compile(r"[㐀-鿿A-Za-z0-9]+")
#: a shorter piece is a click, a longer one no turn (s)
_SHORTEST_S, _LONGEST_S = 0.3, 60.0
_README = Path(__file__).with_name("README.txt")


class ExportRefused(Refused):
    """Nothing was written; the message says why."""


#: sentences → the names, places and numbers that each holds
NamedIn = Callable[[list[str]], Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class _Corrected:
    """A corrected utterance as the house knows it; `known`: what leads to the household."""

    utterance: str
    speaker: str
    words: str
    recording: str
    known: tuple[str, ...]


@dataclass(frozen=True)
class Spoken:
    """One utterance that may be used."""

    utterance: str
    speaker: str
    text: str
    recording: str


@dataclass
class Exported:
    """What became of it: how many utterances and speakers, how long, and what was left out and why."""

    folder: str
    utterances: int = 0
    speakers: int = 0
    seconds: float = 0.0
    left_out: Counter[str] = field(default_factory=Counter)


def export(settings: Settings, database: Database, folder: Path, named: NamedIn, rate: int = 8000) -> Exported:
    """Write the corpus to `folder`, which must be new, empty, or an earlier corpus; all of it or nothing.

    `named` finds names, places and numbers that nobody's registry has; `rate` (Hz) is that of all wav files: what was
    recorded with a lower one is left out. Raises ExportRefused, KeyRefused."""
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARK).is_file())):
        raise ExportRefused(f"{folder} holds something else; name a new folder")
    told = Exported(str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".gege-corpus-") as name:
        built = Path(name) / "corpus"
        (built / "wav").mkdir(parents=True)
        rows = []
        for one in sorted(_usable(settings, database, named, told.left_out), key=lambda one: one.utterance):
            seconds = _write_sound(settings, one, built / "wav" / f"{one.utterance}.wav", rate, told.left_out)
            if seconds:
                rows.append(one)
                told.seconds += seconds
        if not rows:
            raise ExportRefused(f"there is nothing to export ({_reasons(told.left_out)})")
        told.utterances, told.speakers = len(rows), len({one.speaker for one in rows})
        _write_lists(built, rows)
        readme = _README.read_text("utf-8").format(
            day=now().date().isoformat(), utterances=told.utterances, speakers=told.speakers,
            minutes=round(told.seconds / 60, 1), rate=rate,
        )  # fmt: skip
        (built / MARK).write_text(readme, "utf-8")
        if folder.exists():
            folder.rename(Path(name) / "before")
        shutil.move(str(built), str(folder))
    return told


def _usable(settings: Settings, database: Database, named: NamedIn, left_out: Counter[str]) -> Iterator[Spoken]:
    """The newest correction of each recorded utterance of whoever consented, without personal data."""
    key, private = site_key(settings.home), Private.of(database)
    found = _corrected(database)
    names = named([one.words for one in found])
    for one in found:
        text = "".join(_SPOKEN.findall(one.words))
        if not text or "".join(_SPOKEN.findall(private.strip(text, [*one.known, *names.get(one.words, ())]))) != text:
            left_out["personal data" if text else "no words"] += 1
        elif not one.recording:
            left_out["not recorded"] += 1
        else:
            speaker = "s" + _pseudonym(key, "speaker", one.speaker)
            yield Spoken(f"{speaker}-{_pseudonym(key, 'utterance', one.utterance)}", speaker, text, one.recording)


def _corrected(database: Database) -> list[_Corrected]:
    allowed = Consents(database).standing()
    found: dict[str, _Corrected] = {}
    with database.reading() as session:
        query = (
            select(Correction, Utterance, Ticket)
            .join(Utterance, Utterance.id == Correction.utterance_id)
            .join(Ticket, Ticket.ticket_no == Correction.ticket_no)
            .where(Correction.state.in_(_USED), Correction.words != "", Correction.ticket_no.in_(allowed))
            .order_by(Correction.at.desc(), Correction.id.desc())
        )
        for correction, utterance, ticket in session.execute(query):
            household = session.get(Household, ticket.household_no) if ticket.household_no else None
            known = [ticket.place, ticket.reporter, ticket.householder, ticket.household_no or ""]
            known += [household.householder, household.address] if household else []
            speaker = utterance.caller or ticket.reporter or utterance.session
            found.setdefault(
                utterance.id, _Corrected(utterance.id, speaker, correction.words, utterance.recording, tuple(known))
            )
    return list(found.values())


def _pseudonym(key: bytes, what: str, value: str) -> str:
    """The same in every export of this site; without its key nobody finds the way back."""
    return hmac.new(key, f"corpus {what}\0{value}".encode(), hashlib.sha256).hexdigest()[:12]


def _write_sound(settings: Settings, one: Spoken, file: Path, rate: int, left_out: Counter[str]) -> float:
    """Seconds that were written; 0 when it is left out. Raises KeyRefused."""
    try:
        opened = look_into(settings, one.recording)
    except RecordingMissing:
        left_out["deleted or unreadable"] += 1
        return 0.0
    if opened.channels != 1:
        left_out["not cut into turns"] += 1
        return 0.0
    if opened.rate < rate:
        left_out["recorded with a lower rate"] += 1
        return 0.0
    samples = np.frombuffer(opened.pcm, "<i2")
    seconds = len(samples) / opened.rate
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        left_out["too short or too long"] += 1
        return 0.0
    if opened.rate != rate:
        samples = np.asarray(soxr.resample(samples, opened.rate, rate), dtype="<i2")
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    file.write_bytes(sound.getvalue())
    return seconds


def _write_lists(built: Path, rows: list[Spoken]) -> None:
    """`rows` are sorted by their names; these are ASCII, so that is C order."""
    speakers = sorted({one.speaker for one in rows})
    lines: dict[str, Callable[[Spoken], str]] = {
        "wav.scp": lambda one: f"wav/{one.utterance}.wav",
        "text": lambda one: one.text,
        "utt2spk": lambda one: one.speaker,
    }
    for file, value in lines.items():
        _write(built / file, [f"{one.utterance} {value(one)}" for one in rows])
    _write(
        built / "spk2utt",
        [" ".join([each, *(one.utterance for one in rows if one.speaker == each)]) for each in speakers],
    )


def _write(file: Path, lines: list[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _reasons(left_out: Counter[str]) -> str:
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
    return told or "no corrected recording has a consent: gege corpus consent TICKET --by STAFF_NO"
