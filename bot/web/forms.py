"""Forms: read into a pydantic model, and answered by a redirect, so that reloading sends nothing again."""

from __future__ import annotations

import unicodedata
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.foundation import bodies
from bot.foundation.errors import Refused

Fields = TypeVar("Fields", bound="Form")


_UNSEEN = ("Cc", "Cs")
#: Unicode's explicit directional characters (UAX #9)
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Form(BaseModel):
    """The fields of a form; `csrf` says that the page was ours. Longest words are the fields' own business."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)
    csrf: str = ""


class FormWrong(Refused):
    """`fields`: what was wrong, name → pydantic's type of the error; `values`: what was typed, to be shown again."""

    def __init__(self, fields: dict[str, str], values: dict[str, Any]) -> None:
        super().__init__(", ".join(fields))
        self.fields, self.values = fields, values


async def read_form(request: web.Request, model: type[Fields]) -> Fields:
    """Raises FormWrong with what was typed, and Unreadable."""
    sent = await bodies.form(request)
    lists = {name for name, field in model.model_fields.items() if str(field.annotation).startswith("list")}
    values = {
        name: [_clean(each) for each in sent.getall(name)] if name in lists else _clean(sent[name])
        for name in dict.fromkeys(sent)
    }
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        fields = {".".join(str(part) for part in error["loc"]): str(error["type"]) for error in problem.errors()}
        typed = {name: value for name, value in values.items() if isinstance(value, str | list)}
        raise FormWrong(fields, typed) from None


def _clean(value: Any) -> Any:
    """Without what nobody types and screens cannot show: control characters (a database refuses NUL), signs that turn
    the direction of writing, halves of characters."""
    if not isinstance(value, str):
        return value
    return "".join(
        one for one in value if one in "\n\t" or unicodedata.category(one) not in _UNSEEN and one not in _TURNS
    )


def see(path: str) -> web.HTTPSeeOther:
    """Post, redirect, get: raise it."""
    return web.HTTPSeeOther(path)
