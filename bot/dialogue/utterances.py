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
_PREFIX = "utter_"


def said_in_code(response: str) -> bool:
    """Whether an action, or what speaks when Rasa cannot, names the response (or builds its name)."""
    return any(pattern.fullmatch(response) for pattern in _patterns())


@cache
def _patterns() -> frozenset[re.Pattern[str]]:
    files = (file for folder in _SPEAKERS for file in sorted((PROJECT / folder).glob("*.py")))
    return frozenset(re.compile(pattern) for file in files for pattern in _named_in(file))


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
