"""What residents hear and read, gathered from the files of words, and which code says and keeps it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.settings import PROJECT

#: what staff read, in files that hold residents' words too
STAFF = {
    "bot/voice/prompts.yml": {"whisper", "whisper_where", "caller_gone", "unreached_note"},
    "bot/voice/calling_prompts.yml": {
        "danger", "danger_again", "danger_what", "danger_where", "danger_taken", "danger_passed", "danger_settled", "call_back",
        "call_back_told", "call_back_notes", "keys", "no_more_words",
    },
    "bot/chat/words.yml": {"staff", "corrects", "wecom", "linked", "bad_code"},
    "bot/web/words.yml": {"site_line", "examples", "moment", "sample_caller"},
}  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """One text as it stands in its file; `name` is the response or the key."""

    name: str
    text: str
    channel: str = ""


@cache
def domain() -> tuple[Sentence, ...]:
    """Every variation of every response."""
    responses = yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8"))["responses"]
    return tuple(
        Sentence(name, one["text"], one.get("channel", "")) for name, several in responses.items() for one in several
    )


@cache
def others() -> tuple[Sentence, ...]:
    """What is said and written beside the dialogue: by telephone, in messengers, on pages, as news."""
    found: list[Sentence] = []
    for name, left_out in STAFF.items():
        content = yaml.safe_load((PROJECT / name).read_text("utf-8"))
        found += [
            one for key, value in content.items() if key not in left_out for one in _texts(f"{name}:{key}", value)
        ]
    pages = yaml.safe_load((PROJECT / "bot/web/staff.yml").read_text("utf-8"))
    found += _texts("bot/web/staff.yml:rate", pages["rate"])
    news = yaml.safe_load((PROJECT / "bot/notify/texts.yml").read_text("utf-8"))["templates"]
    found += [
        Sentence(f"bot/notify/texts.yml:{key}", "\n".join(lines))
        for key, lines in news.items()
        if key.startswith(("news_", "ask_"))
    ]
    for flow in sorted((PROJECT / "nlu/flows").glob("*.yml")):
        called = yaml.safe_load(flow.read_text("utf-8")).get("called") or {}
        found += [one for one in _texts(f"nlu/flows/{flow.name}:called", called)]
    labels = yaml.safe_load((PROJECT / "bot/tickets/labels.yml").read_text("utf-8"))
    found += [Sentence(f"labels:{key}", kind["spoken"]) for key, kind in labels["kinds"].items()]
    found += _texts("labels:own_states", labels["own_states"])
    return tuple(found)


def _texts(name: str, value: Any) -> Iterator[Sentence]:
    if isinstance(value, str):
        yield Sentence(name, value)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(f"{name}.{key}", one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(name, one)


@dataclass
class Function:
    """What a function says and calls."""

    says: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)


@cache
def functions() -> dict[str, Function]:
    """Those of the rooms that say the domain's responses, as module.function."""
    found: dict[str, Function] = {}
    for file in (*(PROJECT / "actions").glob("*.py"), PROJECT / "bot/dialogue/turns.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for name in _names(node):
                function = found.setdefault(f"{file.stem}.{name}", Function())
                for inner in ast.walk(node):
                    function.says |= set(_said(inner))
                    function.calls |= set(_called(file.stem, inner))
    return found


def _names(node: ast.AST) -> Iterator[str]:
    """What a definition is called: a function, and a table of functions."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.AnnAssign | ast.Assign):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
        yield from (one.id for one in targets if isinstance(one, ast.Name) and one.id.isupper())


def _said(node: ast.AST) -> Iterator[str]:
    """`utter_x`, and the beginning of f"utter_hazard_{kind}" with a star."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch("utter_.*[a-z]", node.value):
        yield node.value
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        begin = str(node.values[0].value)
        if begin.startswith("utter_"):
            yield begin + "*"


def _called(module: str, node: ast.AST) -> Iterator[str]:
    """module.function, as far as a reader sees it; desk.add and the like by their owner. What stands in a table (a
    question and who takes its answer) is called too."""
    if isinstance(node, ast.Name):
        yield f"{module}.{node.id}"
    if isinstance(node, ast.Attribute):
        owner = getattr(node.value, "attr", getattr(node.value, "id", "")).strip("_")
        yield f"{module if owner == 'self' else owner}.{node.attr}"


def says(pattern: str, response: str) -> bool:
    """Whether what stands in code is this response; f"utter_{act}" is every act's."""
    if not pattern.endswith("*"):
        return pattern == response
    return pattern != "utter_*" and response.startswith(pattern[:-1])


@cache
def intros() -> frozenset[str]:
    """Responses that flows say."""
    files = (PROJECT / "nlu/flows").glob("*.yml")
    return frozenset(name for file in files for name in re.findall(r"utter_[\w/]+", file.read_text("utf-8")))


@cache
def acts() -> frozenset[str]:
    """What Rasa can understand: intents and finer acts."""
    files: list[Path] = sorted((PROJECT / "nlu").glob("*.yml"))
    return frozenset(act for file in files for act in re.findall(r"intent: (\S+)", file.read_text("utf-8")))


def sayers(response: str) -> set[str]:
    """Functions that say a response; a flow's is said for what `finish` logs, an act's by the turn."""
    exactly = {name for name, one in functions().items() if response in one.says}
    found = exactly or {name for name, one in functions().items() if any(says(each, response) for each in one.says)}
    if response in intros():
        found.add("report.finish")
    elif not found and response.removeprefix("utter_") in acts():
        found.add("converse.converse")
    return found


def reaches(name: str, wanted: set[str]) -> bool:
    """Whether a function calls one of these, itself or through others of these rooms."""
    seen: set[str] = set()
    open_ones = [name]
    while open_ones:
        one = open_ones.pop()
        if one not in seen and one in functions():
            seen.add(one)
            if functions()[one].calls & wanted:
                return True
            open_ones += functions()[one].calls
    return False


def callers(name: str) -> set[str]:
    return {other for other, one in functions().items() if name in one.calls and other != name}
