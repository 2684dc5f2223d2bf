"""What is known of how well the ear in use hears people: from the catalogue, from its own card, and from what the site
measured itself; the later counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.settings import Settings
from bot.speech.catalogue import catalogue
from bot.speech.models import DEMO, in_use
from bot.speech.recogniser_of import is_remote, told

#: a model's own card, in its folder
CARD = "gege-model.json"
#: what a site measured, by the ear's name, in GEGE_HOME
MEASURED = "ears.json"
#: of these two kinds: people who speak Mandarin, and this county's own speech
KINDS = ("people", "local")
#: from this share of wrong characters on, an ear is not for residents
POOR = 0.25
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Measured:
    """Characters that were heard wrong, as a share of 1: of `utterances` recordings, on that `day`."""

    cer: float
    utterances: int = 0
    day: str = ""
    #: the same over the telephone; None when that was not measured
    line_cer: float | None = None


@dataclass(frozen=True)
class EarCard:
    """The ear that counts: the better one of two. `told`: all ears in use in a few words."""

    name: str
    told: str
    demo: bool
    people: Measured | None = None
    local: Measured | None = None

    @property
    def poor(self) -> bool:
        """Whether residents should be given a better one: it hears badly, or is only for trying."""
        found = self.local or self.people
        return found.cer >= POOR if found is not None else self.demo

    def said(self) -> str:
        """In a sentence for whoever runs the service."""
        people = "nobody has measured how well it hears people (gege bench hear FOLDER)"
        if self.people is not None:
            line = "" if self.people.line_cer is None else f", {_of_100(self.people.line_cer)} on the telephone"
            people = (
                f"of 100 characters that people say in Mandarin it hears about {_of_100(self.people.cer)} wrong{line}"
            )
        local = "local speech is not measured"
        if self.local is not None:
            local = (
                f"of this county's own recordings {_of_100(self.local.cer)} of 100 ({self.local.utterances} of them)"
            )
        return f"{self.told}; {people}; {local}"


#: what gets a better one, for a terminal
BETTER = "a better one: gege models list, then gege models fetch NAME (docs/speech.md, Choose an ear)"


def card_in_use(settings: Settings) -> EarCard:
    """Of the ear that residents are heard with. Blocks; raises ModelMissing where there is none."""
    speech = settings.speech
    if is_remote(settings):
        name, folder = speech.remote.model or speech.remote.kind, None
    elif speech.second:
        installed = settings.home / "models" / speech.second
        folder = installed if installed.is_dir() else Path(speech.second).expanduser()
        name = folder.name
    else:
        model = in_use(settings)
        folder, name = model.path, model.name
    entry = catalogue().get(name)
    known: dict[str, Any] = {"people": asdict(entry.people)} if entry is not None and entry.people is not None else {}
    known |= _json(folder / CARD) if folder is not None else {}
    known |= _part(_json(settings.home / MEASURED), name)
    demo = folder is not None and folder.resolve() == DEMO.resolve()
    return EarCard(name, told(settings), demo, *(_measured(_part(known, kind)) for kind in KINDS))


def keep(settings: Settings, name: str, kind: str, measured: Measured) -> Path:
    """Write down what a site measured of an ear; → the file. Raises OSError."""
    file = settings.home / MEASURED
    known = _json(file)
    known[name] = {**_part(known, name), kind: asdict(measured)}
    part = file.with_suffix(".part")
    part.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", "utf-8")
    part.replace(file)
    return file


def _of_100(share: float) -> str:
    return str(min(100, round(share * 100)))


def _measured(values: Mapping[str, Any]) -> Measured | None:
    """Of a card that somebody else may have written: what makes no sense tells nothing."""
    try:
        line = values.get("line_cer")
        return Measured(
            _share(values["cer"]),
            max(0, int(values.get("utterances") or 0)),
            str(values.get("day") or "")[:10],
            None if line is None else _share(line),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _share(value: Any) -> float:
    found = float(value)
    if not 0.0 <= found <= 10.0:
        raise ValueError("no share")
    return found


def _json(file: Path) -> dict[str, Any]:
    """An object of a file; empty when there is none, or it is none."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            return {}
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _part(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}
