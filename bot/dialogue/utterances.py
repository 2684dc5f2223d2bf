"""Which responses of domain.yml are said without a story or rule that names them: by an action, or by the service itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.settings import PROJECT

#: who says responses in Python; stock Rasa only knows those that stories name
_SPEAKERS = ("actions", "bot/dialogue")
_FLOWS = "nlu/flows"
_PREFIX = "utter_"
_ACT = re.compile(r"^- intent: (\w+)/\w+$", re.M)


def said_in_code(response: str) -> bool:
    """Whether an action, a flow, or what speaks when Rasa cannot, names the response (or builds its name).

    Of `utter_complain/theft` Rasa asks for `utter_complain`: one that is said for a finer act counts."""
    names = (response, f"{response}/some")
    return response in _of_acts() or any(pattern.fullmatch(name) for name in names for pattern in _patterns())


@cache
def _of_acts() -> frozenset[str]:
    """What a finer act's own response begins with."""
    acts = (act for file in (PROJECT / "nlu").glob("*.yml") for act in _ACT.findall(file.read_text("utf-8")))
    return frozenset(f"{_PREFIX}{intent}" for intent in acts)


@cache
def _patterns() -> frozenset[re.Pattern[str]]:
    files = (file for folder in _SPEAKERS for file in sorted((PROJECT / folder).glob("*.py")))
    in_flows = (
        re.escape(name)
        for file in (PROJECT / _FLOWS).glob("*.yml")
        for name in re.findall(rf"{_PREFIX}\w+", file.read_text("utf-8"))
    )
    return frozenset(map(re.compile, (*(pattern for file in files for pattern in _named_in(file)), *in_flows)))


def _named_in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z0-9_]+" for p in node.values]
            name = "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # "utter_hazard_" + topic
            name = re.escape(node.value) + ("[a-z0-9_]+" if node.value.endswith("_") else "")
        else:
            continue
        if name.startswith(_PREFIX) and len(name) > len(_PREFIX) + 1 and name != f"{_PREFIX}[a-z0-9_]+":
            yield name
