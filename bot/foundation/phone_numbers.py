"""Telephone numbers in every form that networks, spreadsheets and people write, and the one form that they are compared in."""

from __future__ import annotations

import re
from urllib.parse import unquote

from bot.foundation.widths import plain

#: with or without the country's code and the 0 in front; the largest cities have an area code of two digits
_CHINA = re.compile(r"(?:(?:\+|00)?86)?0?(?:(1[3-9]\d{9})|(?!400|800)((?:10|2\d)[2-8]\d{7}|[3-9]\d\d[2-8]\d{6,7}))")
#: the country is written: what follows is an area and a number in it, whatever that begins with
_ABROAD = re.compile(r"(?:\+|00)860?(?!400|800)((?:10|2\d)\d{8}|[3-9]\d{9,10})")
_COUNTRY = re.compile(r"(?:\+|00)86(?=\d)")
#: dialled before a number to choose who carries it: 17951, 12593 and their like
_CARRIER = re.compile(r"(?:179\d\d|12593|10193|11808)(?=0?1[3-9]\d{9}$|0\d{9,11}$|(?:\+|00)?86\d{9,12}$)")
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
    """The number that a network names, as it is written there: sip:NUMBER;PARAMETERS@HOST, tel:NUMBER, or nothing around it;
    a name before it and brackets around it are left out, also half of them.

    Empty for a name, and for who withholds it."""
    address = address.rpartition("<")[2].partition(">")[0].strip()
    if uri := _URI.match(address):
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
    """The one form: +86 139-0715-2201 is 13907152201, 86 715 338 0001 is 07153380001; an extension is left out, and so is who
    carries it (17951 before a number).

    `area_code` (0715) is put before what was dialled without one. What is no number keeps all but its marks."""
    written = plain(number_in(number) if _URI.match(number) else number)
    pieces = [_SPACES.sub("", piece) for piece in _OTHER_MARKS.split(written)]
    # The whole of it first where it may be a number with its area, the number before an extension else.
    for form in (_national, _local):
        for count in range(1, len(pieces) + 1):
            extension = sum(map(len, pieces[count:]))
            if extension <= _EXTENSION_DIGITS and (found := form("".join(pieces[:count]), area_code)):
                return found
    return re.sub(r"^00(?=\d)", "+", _COUNTRY.sub("", _plain_digits(written)))


def to_dial(number: str, area_code: str = "") -> str:
    """The one form as a dial plan rings it: digits alone, 00 before another country's; empty for what is no number."""
    one = re.sub(r"^\+", "00", phone_digits(number, area_code))
    return one if one.isascii() and one.isdecimal() else ""


def of_network(address: str, area_code: str = "") -> str:
    """The one form of what a network names (see `number_in`); empty for who withholds it."""
    return phone_digits(number_in(address), area_code)


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


def _national(digits: str, area: str) -> str:
    """The one form of a number of China's that has its area, or none because it is a mobile's; empty for others."""
    digits = _CARRIER.sub("", digits, count=1) if _CARRIER.match(digits) else digits
    if found := _CHINA.fullmatch(digits):
        return str(found[1] or "0" + found[2])
    if found := _ABROAD.fullmatch(digits):
        return "0" + str(found[1])
    if area and (found := re.fullmatch(rf"(?:86)?0?{area[1:]}(\d{{7,8}})", digits)):
        return area + str(found[1])
    return ""


def _local(digits: str, area: str) -> str:
    return area + digits if _LOCAL.fullmatch(digits) else ""


def _plain_digits(written: str) -> str:
    return _DASHES.sub("", _SPACES.sub("", plain(written)))
