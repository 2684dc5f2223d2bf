"""What Gege can say, as domain.yml has it now: a sentence that is changed needs no training."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from bot.settings import PROJECT

if TYPE_CHECKING:
    from rasa.shared.core.domain import Domain

_FILE = PROJECT / "domain.yml"
_RESPONSES = "responses:"


@lru_cache(maxsize=1)
def responses() -> dict[str, Any]:
    """Every response by its name."""
    found: dict[str, Any] = yaml.load(_FILE.read_text("utf-8"), Loader=yaml.CSafeLoader)["responses"]
    return found


def sentence(response: str) -> str:
    """The words of a response, for when Rasa itself cannot say them."""
    return str(responses()[response][0]["text"])


def learned_of(domain: bytes) -> bytes:
    """What of a domain file decides how a model is trained: all but the responses, its last part."""
    return domain.partition(f"\n{_RESPONSES}".encode())[0]


def say_what_the_file_says(domain: Domain) -> None:
    """Give a loaded model the sentences of today: it keeps those of the day on which it was trained."""
    domain.responses.clear()
    domain.responses.update(responses())
    domain.as_dict()["responses"] = domain.responses  # what actions are told of it
