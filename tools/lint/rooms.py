"""import-linter's contract of the house: who may import whom is what the table of docs/architecture.md says.

A room knows only rooms that stand below it in the table, so that there are no circles; it knows no room that its row does
not name; and a row names no room that is not used, so that the page stays true."""

from __future__ import annotations

import re
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

_ROW = re.compile(r"^\| `([^`]+)` \|[^|]*\|([^|]*)\|\s*$")


def table_of(page: str) -> dict[str, tuple[str, ...]]:
    """{room: rooms that it may import} in the order of the page's table, from the top floor down."""
    rows = (_ROW.match(line) for line in page.splitlines())
    return {row[1].strip("/"): tuple(re.findall(r"`([^`]+)`", row[2])) for row in rows if row}


def room_of(module: str, rooms: dict[str, tuple[str, ...]]) -> str:
    """The room that a module lies in; "" for what is no room (a package's root)."""
    parts = module.split(".")
    return next((name for name in ("/".join(parts[:2]), parts[0]) if name in rooms), "")


def broken_by(imports: set[tuple[str, str]], rooms: dict[str, tuple[str, ...]]) -> list[str]:
    """What is wrong with the imports (room, room), and with the table, one sentence each."""
    floor = {name: number for number, name in enumerate(rooms)}
    found = []
    for room, known in rooms.items():
        for name in known:
            if name not in rooms:
                found.append(f"{room}: its row names {name}, which has no row")
            elif floor[name] <= floor[room]:
                found.append(f"{room}: its row names {name}, which stands above it")
            elif (room, name) not in imports:
                found.append(f"{room}: its row names {name}, but nothing imports it")
    for room, name in sorted(imports):
        if name not in rooms.get(room, ()):
            found.append(f"{room} imports {name}, which its row does not name")
    return found


class RoomsContract(Contract):
    """`page`: the file whose table is the contract."""

    page = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Hold every import between rooms against the table."""
        rooms = table_of(Path(str(self.page)).read_text("utf-8"))
        imports: dict[tuple[str, str], list[str]] = {}
        homeless = []
        for module in sorted(graph.modules):
            room = room_of(module, rooms)
            if not room and module.count("."):
                homeless.append(f"{module} lies in no room of the table")
            for name in sorted(graph.find_modules_directly_imported_by(module)):
                other = room_of(name, rooms)
                if room and other and room != other:
                    imports.setdefault((room, other), []).append(f"{module} -> {name}")
        found = homeless + broken_by(set(imports), rooms)
        return ContractCheck(kept=not found, metadata={"found": found, "imports": imports})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One sentence each, and where."""
        for sentence in check.metadata["found"]:
            output.print_error(sentence)
            for (room, other), places in check.metadata["imports"].items():
                if sentence.startswith(f"{room} imports {other},"):
                    for place in places[:3]:
                        output.print(f"    {place}")
