"""How an ear elsewhere can fail: each way told apart, none of it in the words of whoever answered."""

from __future__ import annotations

import enum

import aiohttp

from bot.foundation.errors import Refused
from bot.foundation.untrusted import Unreadable
from bot.speech.port import RecogniserFailed


class Way(enum.StrEnum):
    """Words for the log and for the counter."""

    late = "late"
    gone = "gone"
    #: it asks for another token
    refused = "refused"
    #: an HTTP status that is neither good nor one of these
    status = "status"
    redirect = "redirect"
    html = "html"
    #: JSON, or what should be, of another form than the protocol's
    form = "form"
    size = "size"
    #: it says itself that it failed
    error = "error"
    #: more characters than anybody says in so many seconds
    too_much = "too_much"
    #: control characters, and what no text holds
    characters = "characters"
    #: the answer of another session, or one to sound that was not sent yet
    foreign = "foreign"
    #: the list of likely words instead of what was said
    context = "context"
    #: the name of the place leads to where sound must not go unencrypted
    address = "address"


class RemoteFailed(RecogniserFailed):
    """The ear elsewhere gave nothing that can be used; `way` says why."""

    def __init__(self, way: Way, detail: str = "") -> None:
        super().__init__(f"the ear elsewhere failed: {way}{f' ({detail})' if detail else ''}; see [speech.remote]")
        self.way, self.detail = way, detail


def told_apart(problem: BaseException) -> RemoteFailed:
    """Whatever was raised on the way there and back, as one of the ways. Its text is left out: it may be the other side's."""
    match problem:
        case RemoteFailed():
            return problem
        case BaseExceptionGroup():
            return told_apart(problem.exceptions[0])
        case TimeoutError():
            return RemoteFailed(Way.late)
        case Unreadable():
            return RemoteFailed(Way.size if problem.reason == "size" else Way.form, problem.reason)
        case aiohttp.ClientResponseError():
            return RemoteFailed(*of_status(problem.status))
        case aiohttp.ClientConnectorError() if isinstance(problem.os_error, LeadsOutside):
            return RemoteFailed(Way.address)
        case LeadsOutside():
            return RemoteFailed(Way.address)
        case aiohttp.ClientPayloadError() | aiohttp.ClientConnectionError() | OSError() | EOFError():
            return RemoteFailed(Way.gone, type(problem).__name__)
        case _:
            return RemoteFailed(Way.form, type(problem).__name__)


class LeadsOutside(Refused, OSError):
    """A name now leads to a public address, where only an encrypted connection may go."""


def of_status(status: int) -> tuple[Way, str]:
    """The way that an HTTP status means, and its number."""
    if status in (401, 403):
        return Way.refused, str(status)
    return (Way.redirect if 300 <= status < 400 else Way.status), str(status)
