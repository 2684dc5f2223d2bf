"""A program: import, train and serve what Gege does with the runtime's libraries alone; says which distributions it took.

`python -m tests.frame.imports FOLDER NAME…`: NAME are the distributions that may be imported, FOLDER is for the model.
It prints a JSON list on the last line. Everything that Gege's code names anywhere is imported, in functions too."""

from __future__ import annotations

import ast
import asyncio
import importlib
import importlib.abc
import importlib.machinery
import json
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

from bot.settings import PROJECT

ROOMS = ("bot", "nlu", "actions", "tools")
#: for Rasa's own servers, with the extra rasa-server
SERVERS = {PROJECT / "bot" / "dialogue" / "rasa_server.py", PROJECT / "bot" / "app" / "action_server.py"}
#: the smallest that every part of config.yml and the policies learn something from
DOMAIN = """\
version: "3.1"
intents: [outage, thanks]
entities: [what]
actions: [action_not_understood]
responses: {utter_welcome: [{text: welcome}]}
"""
SENTENCES = """\
version: "3.1"
nlu:
- intent: outage
  examples: |
    - 我家[灯](what)不亮了
    - [灯](what)又不亮
    - 没有电了
- intent: thanks
  examples: |
    - 多谢你
    - 谢谢师傅
rules:
- rule: thanks
  steps: [{intent: thanks}, {action: utter_welcome}]
"""


def canonical(name: str) -> str:
    """A distribution's name as the lock writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def owners() -> dict[str, set[str]]:
    """Top-level module -> the distributions that bring it."""
    return {module: {canonical(name) for name in names} for module, names in packages_distributions().items()}


class _NotInstalled(importlib.abc.MetaPathFinder):
    """Answers for the libraries that a site does not install (the group dev, the extras) as if they were not here."""

    def __init__(self, allowed: set[str], owner: Mapping[str, set[str]]) -> None:
        self._missing = {module for module, names in owner.items() if not names & allowed}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] in self._missing:
            raise ModuleNotFoundError(f"No module named {fullname!r} at a site", name=fullname)
        return None


#: what a command for developers takes, which says so where it is missing (gege rasa: group rasa-commands)
DEVELOPERS = {"rasa.__main__"}
#: a module of Rasa's own that takes a library of an extra, which says so where it is missing (events: aio-pika)
EXTRAS = {"rasa.core.brokers.pika"}


def named(rooms: Sequence[str] = ROOMS) -> Iterator[str]:
    """Every module that the code of `rooms` imports by name, but for what only developers use, and what wants an extra."""
    return (name for name in _named(rooms) if name not in DEVELOPERS | EXTRAS)


def _named(rooms: Sequence[str]) -> Iterator[str]:
    for room in rooms:
        for file in sorted(set((PROJECT / room).rglob("*.py")) - SERVERS):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module


def train(folder: Path) -> Path:
    """A real model from config.yml and a few sentences."""
    import rasa.model_training

    (folder / "domain.yml").write_text(DOMAIN, "utf-8")
    (folder / "sentences.yml").write_text(SENTENCES, "utf-8")
    made = rasa.model_training.train(
        domain=str(folder / "domain.yml"),
        config=str(PROJECT / "config.yml"),
        training_files=[str(folder / "sentences.yml")],
        output=str(folder),
    )
    return Path(str(made.model))


async def parse(model: Path) -> None:
    """The model understands a sentence."""
    from rasa.core.agent import Agent

    found = await Agent.load(str(model)).parse_message("灯不亮了")
    assert found["intent"]["name"], found


async def post() -> None:
    """One request as the messenger's library sends it: httpx brings its parts when the first one goes out."""
    from telegram.request import HTTPXRequest

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"ok": true, "result": true}')
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, HTTPXRequest() as request:
        port = server.sockets[0].getsockname()[1]
        await request.post(f"http://127.0.0.1:{port}/")


def main(folder: Path, allowed: set[str]) -> None:
    """Do all of it and print which of the `allowed` distributions were taken."""
    warnings.simplefilter("ignore")
    owner = owners()
    sys.meta_path.insert(0, _NotInstalled(allowed, owner))
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    import sqlalchemy

    for module in sorted(set(named())):
        if owner.get(module.partition(".")[0], set()) & allowed - {"gege"}:
            importlib.import_module(module)
    # SQLAlchemy imports the driver by the address.
    sqlalchemy.create_engine("postgresql+psycopg2://nobody@127.0.0.1/nothing")
    asyncio.run(parse(train(folder)))
    asyncio.run(post())
    taken = {name for module in list(sys.modules) for name in owner.get(module.partition(".")[0], set())}
    print(json.dumps(sorted(taken & allowed)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), set(sys.argv[2:]))
