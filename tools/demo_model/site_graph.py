"""A site's own words for a model of this project: its places, its staff, what its managers corrected, and how all of it
is said in Chongyang. Residents' names stay out of a file that may be copied; their surnames are in it."""

from __future__ import annotations

import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from bot.database import Database
from bot.dialogue.training import learned_folder
from bot.grid.address import street_of
from bot.grid.models import Community, Household, Staff
from bot.grid.said_names import said_names
from bot.sound.channel import Counted, prior
from bot.sound.site import channel
from bot.sound.syllables import FINALS, parts, syllable
from tools.demo_model.chongyang import STRENGTHS, second_readings
from tools.demo_model.graph import build_graph
from tools.demo_model.phones import readings as readings_of
from tools.demo_model.phones import syllables
from tools.demo_model.texts import Splitter, nlu_lines, places, plain, pronounced, training_sentences, unannotated

READINGS = {"none": (), "accent": STRENGTHS[:1], "dialect": STRENGTHS}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
#: so often a sentence with a place of the sample county is said with a place of the site
_FILLINGS = 2
_LEARNED_WEIGHT = 20
_LONGEST = 8
#: probability that a sound has to gain by what was learned, to be read so as well
_BECAME = 0.1


@dataclass(frozen=True)
class SiteGraph:
    """What was built. `unreadable`: words that have no Chinese reading."""

    folder: Path
    words: int
    site_words: int
    readings: int
    unreadable: tuple[str, ...]


def build_site_graph(
    database: Database, base: Path, out: Path, readings: str = "accent", phrases: bool = False
) -> SiteGraph:
    """Write the model to `out`, in the place of an earlier one of the same name; whole or not at all. `phrases`: so that
    it takes phrase lists.

    Raises ValueError for a `base` that is no model of this project."""
    kinds, staff = _places(database), _staff(database)
    words = dict.fromkeys([*(word for found in kinds.values() for word in found), *staff, *said_names()])
    good = [word for word in words if pronounced(word)]
    sentences = _sentences({kind: [one for one in found if pronounced(one)] for kind, found in kinds.items()}, good)
    strengths = READINGS[readings]
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".building-") as name:
        built = Path(name) / out.name
        build_graph(
            base,
            sentences.elements(),
            _as_heard(good),
            built,
            lambda reading: second_readings(reading, strengths),
            phrases,
        )
        lexicon = (built / "graph" / "lexicon.tsv").read_text("utf-8").splitlines()
        if out.exists():
            out.rename(Path(name) / "before")
        shutil.move(str(built), str(out))
    bad = tuple(word for word in words if word not in good)
    return SiteGraph(out, len(lexicon), len(good), sum(line.count("\t") for line in lexicon), bad)


def _as_heard(words: Iterable[str]) -> dict[str, list[str]]:
    """Each word with its own reading and the one that this site's corrections tell (bot/sound/site.py), or with none."""
    initials, finals = _merged(channel().initials, prior().initials), _merged(channel().finals, prior().finals)
    spelled = {syllable(one): one for one in syllables()}

    def here(toned: str) -> str:
        number = syllable(toned[:-1])
        if number is None:
            return toned
        initial, final = parts(number)
        merged = initials.get(initial, initial) * len(FINALS) + finals.get(final, final)
        return spelled.get(merged, toned[:-1]) + toned[-1]

    found: dict[str, list[str]] = {}
    for word in words:
        usual = readings_of(word)[0]
        other = tuple(map(here, usual))
        found[word] = [] if other == usual else [" ".join(usual), " ".join(other)]
    return found


def _merged(now: Counted, before: Counted) -> dict[int, int]:
    """Sound → the sound that it became by what was learned."""
    moved = now - before
    np.fill_diagonal(moved, 0)
    return {meant: int(row.argmax()) for meant, row in enumerate(moved) if row.max() >= _BECAME}


def _places(database: Database) -> dict[str, list[str]]:
    """The site's names by kind, as texts.places() has the sample county's; said with and without 社区."""
    with database.reading() as session:
        communities = list(session.scalars(select(Community.name)))
        compounds = set(session.scalars(select(Household.compound).distinct())) - {"", None}
        addresses = session.scalars(select(Household.address).distinct())
        streets = {street_of(address or "") for address in addresses} - {""}
    streets = {one for one in streets if len(one) <= _LONGEST}
    short = [name.removesuffix("社区") for name in communities]
    return {
        "community": sorted({*communities, *(one for one in short if len(one) > 1)}),
        "street": sorted(streets - compounds),
        "compound": sorted(compounds),
    }


def _staff(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted({plain(name) for name in session.scalars(select(Staff.name)) if len(plain(name)) > 1})


def _sentences(kinds: dict[str, list[str]], words: Iterable[str]) -> Counter[str]:
    """What callers say, with the site's places where the sample county's stood, and what managers corrected."""
    draw = random.Random(1)
    sample = {name: kind for kind, names in places().items() for name in names}
    counts: Counter[str] = Counter()
    for sentence, weight in training_sentences(Splitter(words)).items():
        if not any(word in sample for word in sentence):
            counts["".join(sentence)] += weight
            continue
        for _ in range(_FILLINGS):
            said = [draw.choice(kinds[sample[word]] or [word]) if word in sample else word for word in sentence]
            counts[" ".join(said)] += max(1, weight // _FILLINGS)
    for line in nlu_lines(learned_folder()):
        counts[unannotated(line)] += _LEARNED_WEIGHT
    counts.update(words)
    return counts
