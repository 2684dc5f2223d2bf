"""The speech models of a site and of the catalogue, as rows and as a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bot.commands.chinese import told
from bot.commands.tables import Column
from bot.settings import Settings
from bot.speech.catalogue import Entry, catalogue
from bot.speech.models import ModelMissing, SpeechModel, in_use, look_at

_IN_USE, _HERE, _DAMAGED, _AVAILABLE = "in use", "installed", "damaged", "available"


def rows(settings: Settings) -> list[dict[str, Any]]:
    """One a model: those of this machine first, then those of the catalogue that are not here. Raises ModelMissing."""
    chosen = in_use(settings)
    folder = settings.home / "models"
    here = sorted(one for one in folder.iterdir() if one.is_dir() and one.name[0] != ".") if folder.is_dir() else []
    known = catalogue()
    found = []
    for one in here:
        try:
            model = look_at(one)
            state = _IN_USE if one.resolve() == chosen.path.resolve() else _HERE
            found.append(_row(one.name, state, known.get(one.name), model))
        except ModelMissing as problem:
            found.append({**_row(one.name, _DAMAGED, known.get(one.name)), "why": str(problem)})
    if not any(row["state"] == _IN_USE for row in found):
        found.insert(0, _row(chosen.name, _IN_USE, None, chosen))
    there = {row["name"] for row in found}
    return found + [_row(name, _AVAILABLE, entry) for name, entry in known.items() if name not in there]


def _row(name: str, state: str, entry: Entry | None, model: SpeechModel | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "state": state, "path": str(model.path) if model else None}
    if model:
        layout = model.layout
        row |= {"engine": model.engine, "layout": layout.name if layout else model.engine, "demo": model.demo}
        row["streaming"] = layout.streaming if layout else model.engine == "vosk"
    if entry:
        row |= {"bytes": entry.bytes, **{key: one for key, one in asdict(entry).items() if key not in row}}
    return row


def table(found: list[dict[str, Any]]) -> tuple[list[Column], list[tuple[Any, ...]]]:
    """(columns, rows) for people; a name is typed again, so it stays whole in the narrowest terminal."""
    columns = [
        Column(told("name")), Column(told("state")), Column("MB", right=True), Column(told("hears"), text=True),
        Column(told("streams")), Column(told("wrong of people's"), right=True), Column(told("licence"), text=True),
    ]  # fmt: skip
    rows = []
    for row in found:
        people = row.get("people")
        size = f"{row['bytes'] / 1e6:.0f}" if row.get("bytes") else "?" if row["state"] == _AVAILABLE else ""
        hears = row.get("why") or ", ".join(row.get("hears", ()))
        share = f"{people['cer']:.0%}" if people else ""
        streams = told("yes") if row.get("streaming") else ""
        licence = row.get("licence", "").partition(" (")[0]
        rows.append((row["name"], told(row["state"]), size, hears, streams, share, licence))
    return columns, rows
