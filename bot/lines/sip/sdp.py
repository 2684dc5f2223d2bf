"""Session descriptions: what a peer offers, and what we say to it. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from bot.foundation.errors import Refused
from bot.lines.sip.g711 import PCMA, PCMU

NAMES = {PCMU: "PCMU", PCMA: "PCMA"}
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_MIRROR = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class NotAcceptable(Refused):
    """Nothing in it that we can speak (488)."""


@dataclass(frozen=True)
class Media:
    """What was agreed with a peer."""

    host: str
    port: int
    #: payload type of our sound: 0 or 8
    codec: int
    #: payload type of digits as the peer numbered it; None without
    digits: int | None = None
    #: as the peer sees it
    direction: str = "sendrecv"
    #: m= lines of the offer, all of which an answer must repeat; ours is the one at `index`
    lines: tuple[str, ...] = ()
    index: int = 0

    @property
    def held(self) -> bool:
        """The peer does not want to hear us now."""
        return self.direction in ("sendonly", "inactive") or self.host in ("0.0.0.0", "::") or not self.port


def read(body: bytes) -> Media:
    """The audio of an offer or an answer. Raises NotAcceptable."""
    session: dict[str, str] = {}
    medias: list[list[tuple[str, str]]] = []
    for line in body.decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        key, value = key.strip().lower(), value.strip()
        if not equals or len(key) != 1:
            continue
        if key == "m":
            medias.append([(key, value)])
        elif medias:
            medias[-1].append((key, value))
        elif key == "c" or (key == "a" and value.lower() in _DIRECTIONS):
            session[key] = value
    lines = tuple(one[0][1] for one in medias)
    for index, one in enumerate(medias):
        media = _audio(one, session, lines, index)
        if media is not None:
            return media
    raise NotAcceptable("no audio in PCMA or PCMU over RTP/AVP")


def _audio(one: list[tuple[str, str]], session: dict[str, str], lines: tuple[str, ...], index: int) -> Media | None:
    words = one[0][1].split()
    if len(words) < 4 or words[0].lower() != "audio" or words[2].upper() not in ("RTP/AVP", "RTP/AVPF"):
        return None
    port = words[1].partition("/")[0]
    if not (port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        return None
    types = [int(word) for word in words[3:] if word.isascii() and word.isdecimal() and len(word) < 4]
    names = {PCMU: "pcmu/8000", PCMA: "pcma/8000"}
    connection, direction = session.get("c", ""), session.get("a", "sendrecv").lower()
    for key, value in one[1:]:
        low = value.lower()
        if key == "c":
            connection = value
        elif key == "a" and low in _DIRECTIONS:
            direction = low
        elif key == "a" and low.startswith("rtpmap:"):
            number, _, name = low[7:].strip().partition(" ")
            if number.isascii() and number.isdecimal() and len(number) < 4:
                names[int(number)] = name.strip()
    known = {PCMU: "pcmu/8000", PCMA: "pcma/8000"}
    codec = next((each for each in types if each in known and names.get(each, "").startswith(known[each])), None)
    host = _host(connection)
    if codec is None or host is None:
        return None
    digits = next((each for each in types if names.get(each, "").startswith("telephone-event/8000")), None)
    return Media(host, int(port), codec, digits, direction, lines, index)


def _host(connection: str) -> str | None:
    words = connection.split()
    if len(words) < 3 or words[0].upper() != "IN":
        return None
    host = words[2].partition("/")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def write(host: str, port: int, number: int, version: int, answer_to: Media | None = None) -> bytes:
    """Our answer to what was offered, or our own offer (PCMA first: China)."""
    family = "IP6" if ":" in host else "IP4"
    types = [answer_to.codec] if answer_to else [PCMA, PCMU]
    digits = answer_to.digits if answer_to else 101
    direction = _MIRROR[answer_to.direction] if answer_to else "sendrecv"
    numbers = [str(each) for each in (*types, digits) if each is not None]
    ours = [f"m=audio {port} RTP/AVP {' '.join(numbers)}"]
    ours += [f"a=rtpmap:{each} {NAMES[each]}/8000" for each in types]
    if digits is not None:
        ours += [f"a=rtpmap:{digits} telephone-event/8000", f"a=fmtp:{digits} 0-16"]
    ours += ["a=ptime:20", f"a={direction}"]
    lines = [
        "v=0", f"o=gege {number} {version} IN {family} {host}", "s=Gege", f"c=IN {family} {host}", "t=0 0",
    ]  # fmt: skip
    for index, line in enumerate(answer_to.lines if answer_to else ("",)):
        if answer_to is None or index == answer_to.index:
            lines += ours
        else:
            # A refused stream keeps its place, with port 0.
            words = line.split()
            lines.append("m=" + " ".join([words[0], "0", *words[2:]]) if len(words) > 3 else "m=audio 0 RTP/AVP 0")
    return ("\r\n".join(lines) + "\r\n").encode()
