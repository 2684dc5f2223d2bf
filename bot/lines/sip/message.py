"""SIP messages as text: parsed leniently, written strictly. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import Message as MimeMessage
from email.parser import BytesParser

from bot.foundation import untrusted
from bot.foundation.errors import Refused

COMPACT = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type", "l": "content-length",
    "k": "supported", "s": "subject", "e": "content-encoding", "r": "refer-to", "o": "event", "b": "referred-by",
    "x": "session-expires", "u": "allow-events", "a": "accept-contact", "j": "reject-contact", "d": "request-disposition",
}  # fmt: skip
REASONS = {
    100: "Trying", 180: "Ringing", 200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden",
    415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
    422: "Session Interval Too Small", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops",
    486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
    500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable", 603: "Decline",
}  # fmt: skip
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY, REFER, MESSAGE"
#: larger datagrams are nobody's honest SIP
_MOST_BYTES = 65_535
_MOST_HEADERS = 200
#: headers in which commas separate values
_LISTS = {
    "via",
    "route",
    "record-route",
    "contact",
    "diversion",
    "history-info",
    "p-asserted-identity",
    "require",
    "supported",
}
_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+\Z")


class Malformed(Refused):
    """What came is no SIP message."""


@dataclass
class Message:
    """A request (`method`) or a response (`code`); header names in lower case, in their order."""

    method: str = ""
    uri: str = ""
    code: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of a header, also those joined by commas."""
        found = [value for key, value in self.headers if key == name]
        return [part for value in found for part in split_list(value)] if name in _LISTS else found

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method."""
        number, _, method = self.get("cseq").partition(" ")
        return (-1 if (found := untrusted.number(number)) is None else found), method.strip().upper()

    @property
    def branch(self) -> str:
        vias = self.all("via")
        return parameter(vias[0], "branch") if vias else ""

    def encode(self, reason: str = "") -> bytes:
        """As it goes on the wire."""
        if self.code:
            lines = [f"SIP/2.0 {self.code} {reason or REASONS.get(self.code, 'Unknown')}"]
        else:
            lines = [f"{self.method} {self.uri} SIP/2.0"]
        lines += [f"{_title(name)}: {value}" for name, value in self.headers if name != "content-length"]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("utf-8", "replace") + self.body


def parse(data: bytes) -> Message:
    """Raises Malformed."""
    if len(data) > _MOST_BYTES:
        raise Malformed("too long")
    data = data.lstrip(b"\r\n")
    head, gap, body = data.partition(b"\r\n\r\n")
    if not gap:
        head, gap, body = data.partition(b"\n\n")
    text = re.sub(r"\r?\n[ \t]+", " ", head.decode("utf-8", "replace"))
    first, *rest = re.split(r"\r?\n", text)
    if len(rest) > _MOST_HEADERS:
        raise Malformed("too many headers")
    message = _first_line(first)
    for line in rest:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not _TOKEN.match(name):
            continue
        message.headers.append((COMPACT.get(name, name), value.strip()))
    length = message.get("content-length")
    if length.isascii() and length.isdecimal() and len(length) < 7:
        if int(length) > len(body):
            raise Malformed("cut short")
        body = body[: int(length)]
    message.body = body
    if not (message.all("via") and message.get("from") and message.get("to") and message.call_id):
        raise Malformed("a header that every message has is missing")
    number, method = message.cseq
    if not 0 <= number < 2**31 or (message.method and method != message.method):
        raise Malformed("CSeq")
    return message


def _first_line(line: str) -> Message:
    parts = line.split(" ", 2)
    if parts[0].upper() == "SIP/2.0":
        if len(parts) < 2 or not re.fullmatch(r"[1-6][0-9][0-9]", parts[1]):
            raise Malformed("status line")
        return Message(code=int(parts[1]))
    if len(parts) != 3 or parts[2].strip().upper() != "SIP/2.0" or not _TOKEN.match(parts[0]) or not parts[1]:
        raise Malformed("request line")
    return Message(method=parts[0].upper(), uri=parts[1])


def _title(name: str) -> str:
    special = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate"}
    return special.get(name) or "-".join(part.capitalize() for part in name.split("-"))


def split_list(value: str) -> list[str]:
    """The parts between commas that stand neither in quotes nor in angle brackets."""
    parts, start, quoted, bracket, escaped = [], 0, False, False, False
    for at, char in enumerate(value):
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            bracket = char == "<"
        elif char == "," and not bracket:
            parts.append(value[start:at].strip())
            start = at + 1
    parts.append(value[start:].strip())
    return [part for part in parts if part]


def uri_of(value: str) -> str:
    """The address of a From, To, Contact …, without display name and header parameters."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"', "", value)
    if found := re.search(r"<([^>]*)>", bare):
        return found[1].strip()
    return bare.partition(";")[0].strip()


def parameter(value: str, name: str) -> str:
    """A header parameter (behind the angle brackets), empty when it is missing."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"', "", value)
    bare = bare.rpartition(">")[2] if ">" in bare else bare
    found = re.search(rf";\s*{re.escape(name)}\s*=\s*([^;,\s>]+)", bare, re.I)
    return found[1] if found else ""


def has_parameter(value: str, name: str) -> bool:
    return bool(re.search(rf";\s*{re.escape(name)}\s*(=|;|,|$)", value, re.I))


def host_of(uri: str, default: int = 5060) -> tuple[str, int]:
    """Host and port of a SIP address or of a Via's sent-by; an empty host when there is none."""
    rest = re.sub(r"^(sips?:|SIP\s*/\s*2\.0\s*/\s*\w+\s+)", "", uri.strip(), flags=re.I)
    rest = rest.rpartition("@")[2] if "@" in rest.partition(";")[0] else rest
    found = re.match(r"(\[[0-9a-fA-F:.]+\]|[^:;?\s>]+)(?:\s*:\s*(\d{1,5}))?", rest)
    if not found:
        return "", default
    port = int(found[2]) if found[2] else default
    return found[1].strip("[]"), port if 0 < port < 65536 else default


def host_port(host: str, port: int) -> str:
    """As it stands in an address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def respond(
    request: Message,
    code: int,
    source: tuple[str, int],
    *,
    tag: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> Message:
    """A response with what must be copied from the request; `received` and `rport` tell where it came from."""
    vias = request.all("via")
    top = re.sub(r";\s*(received\s*=[^;]*|rport\s*=[^;]*)", "", vias[0], flags=re.I)
    if has_parameter(top, "rport"):
        top = re.sub(r";\s*rport(?=;|$|\s)", f";rport={source[1]}", top, flags=re.I) + f";received={source[0]}"
    elif host_of(top)[0] != source[0]:
        top += f";received={source[0]}"
    to = request.get("to")
    if tag and not parameter(to, "tag"):
        to += f";tag={tag}"
    copied = [("via", via) for via in (top, *vias[1:])]
    if code < 300:
        copied += [("record-route", value) for value in request.all("record-route")]
    copied += [("from", request.get("from")), ("to", to), ("call-id", request.call_id), ("cseq", request.get("cseq"))]
    return Message(code=code, headers=[*copied, ("server", "Gege"), *headers], body=body)


def answer_address(request: Message, source: tuple[str, int]) -> tuple[str, int]:
    """Where a response goes: back where the request came from, or to the port that an old peer named."""
    via = request.all("via")[0]
    return source if has_parameter(via, "rport") else (source[0], host_of(via)[1])


def part_of(message: Message, wanted: str) -> bytes | None:
    """The body when it is of this content type, or that part of a multipart body; None without one."""
    kind = message.get("content-type")
    if kind.partition(";")[0].strip().lower() == wanted:
        return message.body
    if not kind.lower().startswith("multipart/"):
        return None
    head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode("utf-8", "replace")
    try:
        mime: MimeMessage = BytesParser().parsebytes(head + message.body)
        for part in mime.walk():
            if part.get_content_type() == wanted and isinstance(payload := part.get_payload(decode=True), bytes):
                return payload
    except (ValueError, LookupError, KeyError, AttributeError):
        pass
    return None
