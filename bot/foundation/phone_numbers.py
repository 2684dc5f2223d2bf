"""Telephone numbers in every form that networks, spreadsheets and people write, and the one form that they are compared in."""

from __future__ import annotations

import re
from urllib.parse import unquote

from bot.foundation.widths import plain

#: with or without the country's code and the 0 in front; the largest cities have an area code of two digits
_CHINA = re.compile(r"(?:(?:\+|00)?86)?0?(?:(1[3-9]\d{9})|(?!400|800)((?:10|2\d)[2-8]\d{7}|[3-9]\d\d[2-8]\d{6,7}))")
_COUNTRY = re.compile(r"(?:\+|00)86(?=\d)")
#: dialled without its area code
_LOCAL = re.compile(r"[2-8]\d{6,7}")
_AREA = re.compile(r"0(?:10|2\d|[3-9]\d\d)(?=\d{7,8}$)")
_URI = re.compile(r"(?:tel:|sips?:(?=[^@]*@))([^@>]*)", re.IGNORECASE)
_CONTEXT = re.compile(r"\+\d{1,8}")
#: between the digits of one number; an extension stands behind any other mark (0715-3380001-801, 转801)
_SPACES, _OTHER_MARKS, _DASHES = re.compile(r"[\s().]+"), re.compile(r"[^\d\s().+]+"), re.compile("[-‐–—−]")
_EXTENSION_DIGITS = 6
_DIALLED = re.compile(r"\+?[0-9*#]{1,32}")


def number_in(address: str) -> str:
    """The number that a network names, as it is written there: sip:NUMBER;PARAMETERS@HOST, tel:NUMBER, or nothing around it.

    Empty for a name, and for who withholds it."""
    if uri := _URI.match(address.strip()):
        address = uri[1]
    user, *parameters = unquote(address).split(";")
    number = _plain_digits(user.partition(":")[0])
    if not _DIALLED.fullmatch(number):
        return ""
    contexts = (value for name, _, value in (one.partition("=") for one in parameters) if name == "phone-context")
    context = _plain_digits(next(contexts, ""))
    if not _CONTEXT.fullmatch(context) or not number.isdecimal() or number.startswith(context[1:]):
        return number
    return number if context.startswith("+86") and _CHINA.fullmatch(number) else context + number


def phone_digits(number: str, area_code: str = "") -> str:
    """The one form: +86 139-0715-2201 is 13907152201, 86 715 338 0001 is 07153380001; an extension is left out.

    `area_code` (0715) is put before what was dialled without one. What is no number keeps all but its marks."""
    written = plain(number_in(number) if _URI.match(number) else number)
    pieces = [_SPACES.sub("", piece) for piece in _OTHER_MARKS.split(written)]
    for form in (_CHINA, _LOCAL):
        for count in range(1, len(pieces) + 1):
            found = form.fullmatch("".join(pieces[:count]))
            if found and sum(map(len, pieces[count:])) <= _EXTENSION_DIGITS:
                return area_code + found[0] if form is _LOCAL else found[1] or "0" + found[2]
    return re.sub(r"^00(?=\d)", "+", _COUNTRY.sub("", _plain_digits(written)))


def spellings(number: str, area_code: str = "") -> set[str]:
    """Every form in which a row may hold this number: an exchange's, an earlier release's, the one of `phone_digits`."""
    one = phone_digits(number, area_code)
    nationals = {one, one[1:] if one.startswith("0") else "0" + one}
    locals_ = {one.removeprefix(area_code)} if area_code else set()
    return {number, *locals_, *(prefix + each for prefix in ("", "+86", "0086", "86") for each in nationals)}


def area_code(number: str) -> str:
    """0715 of 07153380001; empty for what is no landline's number with its area code."""
    found = _AREA.match(number)
    return found[0] if found else ""


def _plain_digits(written: str) -> str:
    return _DASHES.sub("", _SPACES.sub("", plain(written)))
