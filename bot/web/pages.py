"""Pages that are written on the server: an area's words, the shared templates, and the headers of what nobody may keep."""

from __future__ import annotations

import secrets
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.foundation.words import load
from bot.web.assets import asset

_HERE = Path(__file__).parent


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found.globals["asset"] = asset
    found.globals["fresh"] = lambda: secrets.token_hex(8)  # of a form: pressed twice it is one press
    return found


class Pages:
    """The pages of one area; `file` holds its words, `title` and (for templates) everything else by name."""

    def __init__(self, file: str) -> None:
        self._file = _HERE / file

    @cached_property
    def words(self) -> dict[str, Any]:
        """What people read there."""
        return load(dict[str, Any], self._file)

    def page(self, template: str, status: int = 200, **values: Any) -> web.Response:
        """A page; `words` and `title` stand in it beside the `values`."""
        values = {"title": self.words["title"], "words": self.words, **values}
        text = _templates().get_template(template).render(**values)
        answer = web.Response(text=text, status=status, content_type="text/html", headers={"Cache-Control": "no-store"})
        answer.enable_compression()
        return answer

    def say(self, sentence: str, status: int = 200) -> web.Response:
        """A page with one sentence."""
        return self.page("page.html", status, say=sentence)
