"""Forms: read into a pydantic model, and answered by a redirect, so that reloading sends nothing again."""

from __future__ import annotations

from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.foundation import bodies
from bot.foundation.errors import Refused

Fields = TypeVar("Fields", bound="Form")


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
    values = {name: sent.getall(name) if name in lists else sent[name] for name in dict.fromkeys(sent)}
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        fields = {".".join(str(part) for part in error["loc"]): str(error["type"]) for error in problem.errors()}
        typed = {name: value for name, value in values.items() if isinstance(value, str | list)}
        raise FormWrong(fields, typed) from None


def see(path: str) -> web.HTTPSeeOther:
    """Post, redirect, get: raise it."""
    return web.HTTPSeeOther(path)
