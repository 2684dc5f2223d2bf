"""What an answer may be: each kind of question takes what can be meant, and says why it does not take the rest."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.commands.new_site.questions import Part
from bot.foundation.errors import Refused
from bot.foundation.phone_numbers import area_code, phone_digits, to_dial
from bot.foundation.widths import plain
from bot.settings.section import read_secret

#: as they are said, by people of both languages
_YES, _NO = frozenset({"yes", "y", "true", "是", "要"}), frozenset({"no", "n", "false", "否", "不", "不要"})
#: no folder, no messenger: an answer of its own, for Enter takes the default
NONE = "none"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_NUMBER_LENGTHS = range(3, 17)


class NotTaken(Refused):
    """Why an answer is not taken: a word of words.yml, and what fills its braces."""

    def __init__(self, word: str, **values: object) -> None:
        super().__init__(word)
        self.word, self.values = word, values


def taken(part: Part, given: str, choices: Collection[str] = ()) -> str:
    """An answer as it is kept. `choices`: what may be chosen, where that depends on the machine. Raises NotTaken."""
    given = given.strip()
    if not given:
        if part.required:
            raise NotTaken("required")
        return ""
    return _KINDS[part.kind](given, tuple(choices or part.options))


def _text(given: str, choices: tuple[str, ...]) -> str:
    if not given.isprintable():
        raise NotTaken("bad_text")
    return given


def _phone(given: str, choices: tuple[str, ...]) -> str:
    if len(to_dial(given)) not in _NUMBER_LENGTHS:
        raise NotTaken("bad_phone", given=given)
    return plain(given)


def _landline(given: str, choices: tuple[str, ...]) -> str:
    number = _phone(given, choices)
    if not area_code(phone_digits(number)):
        raise NotTaken("bad_landline", given=given)
    return number


def _page(given: str, choices: tuple[str, ...]) -> str:
    address = urlsplit(given.rstrip("/"))
    if address.scheme != "https" or not _HOST.fullmatch(address.hostname or "") or address.path or address.query:
        raise NotTaken("bad_page", given=given)
    return given.rstrip("/")


def _address(given: str, choices: tuple[str, ...]) -> str:
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        raise NotTaken("bad_address", given=given) from None


def _addresses(given: str, choices: tuple[str, ...]) -> str:
    found = [one.strip() for one in re.split(r"[,，\s]+", given) if one.strip()]
    try:
        for one in found:
            ipaddress.ip_network(one, strict=False)
    except ValueError:
        raise NotTaken("bad_network", given=given) from None
    return ",".join(found)


def _server(given: str, choices: tuple[str, ...]) -> str:
    host, colon, port = given.partition(":")
    if not _HOST.fullmatch(host) or (colon and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536)):
        raise NotTaken("bad_server", given=given)
    return f"{host}:{port or 5060}"


def _choice(given: str, choices: tuple[str, ...]) -> str:
    """By its name or by its place in the list."""
    if given in choices:
        return given
    if given.isascii() and given.isdecimal() and 0 < int(given) <= len(choices):
        return choices[int(given) - 1]
    raise NotTaken("bad_choice", given=given, known=", ".join(choices))


def _choices(given: str, choices: tuple[str, ...]) -> str:
    found = dict.fromkeys(_choice(one, choices) for one in re.split(r"[,，、\s]+", given) if one)
    return ",".join(one for one in found if one != NONE) or NONE


def _yes_no(given: str, choices: tuple[str, ...]) -> str:
    if given.lower() in _YES | _NO:
        return "yes" if given.lower() in _YES else "no"
    raise NotTaken("bad_yes_no", given=given)


def _number(given: str, choices: tuple[str, ...]) -> str:
    if not (given.isascii() and given.isdecimal()):
        raise NotTaken("bad_number", given=given)
    return given


def _port(given: str, choices: tuple[str, ...]) -> str:
    if not 0 < int(_number(given, choices)) < 65536:
        raise NotTaken("bad_port", given=given)
    return given


def _zone(given: str, choices: tuple[str, ...]) -> str:
    try:
        ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotTaken("bad_zone", given=given) from None
    return given


def _folder(given: str, choices: tuple[str, ...]) -> str:
    if given == NONE:
        return NONE
    folder = Path(given).expanduser()
    if not folder.is_absolute():
        raise NotTaken("bad_folder")
    if not folder.is_dir() and not folder.parent.is_dir():
        raise NotTaken("no_folder_above", folder=folder.parent)
    there = folder if folder.is_dir() else folder.parent
    if not os.access(there, os.W_OK | os.X_OK):
        raise NotTaken("not_writable", folder=there)
    return str(folder)


def _secret(given: str, choices: tuple[str, ...]) -> str:
    where, _, name = given.partition(":")
    try:
        # What lies below GEGE_HOME is read with the other settings.
        read_secret("" if where == "file" and not Path(name).is_absolute() else given)
    except ValueError as problem:
        raise NotTaken("bad_secret", problem=problem) from None
    return _text(given, choices)


def _staff_no(given: str, choices: tuple[str, ...]) -> str:
    if re.search(r"[\s,，;；]", given):
        raise NotTaken("bad_staff_no", given=given)
    return given


_KINDS: dict[str, Callable[[str, tuple[str, ...]], str]] = {
    "text": _text, "phone": _phone, "landline": _landline, "page": _page, "address": _address, "addresses": _addresses,
    "server": _server, "choice": _choice, "choices": _choices, "ear": _choice, "voice": _choice, "yes_no": _yes_no,
    "number": _number, "port": _port, "zone": _zone, "folder": _folder, "secret": _secret, "staff_no": _staff_no,
}  # fmt: skip
