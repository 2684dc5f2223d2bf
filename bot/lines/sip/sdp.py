"""Session descriptions: what a peer offers, and what we say to it. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from bot.foundation import untrusted
from bot.foundation.errors import Refused
from bot.lines.sip.g711 import PCMA, PCMU

NAMES = {PCMU: "PCMU", PCMA: "PCMA"}
_STATIC = {PCMU: "pcmu/8000", PCMA: "pcma/8000", 13: "cn/8000"}
#: keys, under the number that we give them where nobody named one
_KEYS, _OURS = "telephone-event/8000", 101
_PLAIN, _ENCRYPTED = ("RTP/AVP", "RTP/AVPF"), ("RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_MIRROR = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class NotAcceptable(Refused):
    """Nothing in it that we can speak (488). `warning`: the code for it (RFC 3261, 20.43); the text says what to do."""

    def __init__(self, warning: int, text: str) -> None:
        super().__init__(text)
        self.warning = warning


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
    #: every payload type that the peer may send keys or comfort noise with
    key_types: frozenset[int] = frozenset()
    noise_types: frozenset[int] = frozenset()
    #: the longest packet that the peer takes (ms); 0 when it does not say
    longest_ms: int = 0

    @property
    def held(self) -> bool:
        """The peer does not want to hear us now."""
        return self.direction in ("sendonly", "inactive") or self.host in ("0.0.0.0", "::") or not self.port

    @property
    def packet_ms(self) -> int:
        """How much sound each of our packets carries: 20 ms, which everybody takes, unless that is too long."""
        return 10 if 0 < self.longest_ms < 20 else 20

    @property
    def payload_types(self) -> frozenset[int]:
        """What a stream of the peer's may begin with."""
        return frozenset(_STATIC) | self.noise_types | self.keys

    @property
    def keys(self) -> frozenset[int]:
        """Payload types of keys: some senders use the number that they asked for, some the one that we did."""
        return self.key_types | (frozenset() if self.digits is None else {self.digits})


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
    refusals: list[NotAcceptable] = []
    for index, one in enumerate(medias):
        try:
            return _audio(one, session, lines, index)
        except NotAcceptable as refusal:
            refusals.append(refusal)
    raise max(refusals, key=lambda refusal: _HOPE[refusal.warning], default=_no_audio())


#: of several refused streams the one that came nearest is told of
_HOPE = {304: 0, 301: 1, 302: 2, 305: 3}


def _no_audio() -> NotAcceptable:
    return NotAcceptable(304, "no audio is offered")


def _audio(one: list[tuple[str, str]], session: dict[str, str], lines: tuple[str, ...], index: int) -> Media:
    """Raises NotAcceptable when it is not audio that we can speak."""
    words = one[0][1].split()
    if len(words) < 4 or words[0].lower() != "audio":
        raise _no_audio()
    port = words[1].partition("/")[0]
    if not (port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        raise _no_audio()
    if words[2].upper() in _ENCRYPTED:
        raise NotAcceptable(302, "encrypted audio (SRTP) is not taken here, offer RTP/AVP")
    if words[2].upper() not in _PLAIN:
        raise NotAcceptable(302, "audio is taken over RTP/AVP only")
    types = [int(word) for word in words[3:] if word.isascii() and word.isdecimal() and len(word) < 4]
    names = dict(_STATIC)
    connection, direction, longest_ms = session.get("c", ""), session.get("a", "sendrecv").lower(), 0
    for key, value in one[1:]:
        low = value.lower()
        if key == "c":
            connection = value
        elif key == "a" and low in _DIRECTIONS:
            direction = low
        elif key == "a" and low.startswith("maxptime:"):
            longest_ms = untrusted.number(low[9:].strip()) or 0
        elif key == "a" and low.startswith("rtpmap:"):
            number, _, name = low[7:].strip().partition(" ")
            if number.isascii() and number.isdecimal() and len(number) < 4:
                names[int(number)] = name.strip()
    codec = next((each for each in types if each in NAMES and names[each].startswith(_STATIC[each])), None)
    host = _host(connection)
    if codec is None:
        raise NotAcceptable(305, "no codec in common, offer PCMA (8) or PCMU (0)")
    if host is None:
        raise NotAcceptable(301, "the audio has no IP address")
    names.setdefault(_OURS, _KEYS)
    digits = next((each for each in types if names.get(each, "").startswith(_KEYS)), None)
    keys = frozenset() if digits is None else _named([*types, _OURS], names, "telephone-event/")
    return Media(host, int(port), codec, digits, direction, lines, index, keys, _named(types, names, "cn/"), longest_ms)


def _named(types: list[int], names: dict[int, str], name: str) -> frozenset[int]:
    return frozenset(each for each in types if names.get(each, "").startswith(name) and each not in NAMES)


def _host(connection: str) -> str | None:
    words = connection.split()
    if len(words) < 3 or words[0].upper() != "IN":
        return None
    host = words[2].partition("/")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def write(
    host: str, port: int, number: int, version: int, answer_to: Media | None = None, *, within: Media | None = None
) -> bytes:
    """Our answer to what was offered, or our own offer (PCMA first: China); `within`: what was agreed before it."""
    family = "IP6" if ":" in host else "IP4"
    types = [answer_to.codec] if answer_to else [PCMA, PCMU]
    known = answer_to or within
    digits = answer_to.digits if answer_to else (within and within.digits) or _OURS
    direction = _MIRROR[answer_to.direction] if answer_to else "sendrecv"
    numbers = [str(each) for each in (*types, digits) if each is not None]
    lines = known.lines if known and known.lines else ("audio 0 RTP/AVP",)
    index = known.index if known else 0
    profile = lines[index].split()[2]  # an offer over RTP/AVPF is answered over RTP/AVPF
    ours = [f"m=audio {port} {profile} {' '.join(numbers)}"]
    ours += [f"a=rtpmap:{each} {NAMES[each]}/8000" for each in types]
    if digits is not None:
        ours += [f"a=rtpmap:{digits} telephone-event/8000", f"a=fmtp:{digits} 0-16"]
    ours += [f"a=ptime:{known.packet_ms if known else 20}", f"a={direction}"]
    said = ["v=0", f"o=gege {number} {version} IN {family} {host}", "s=Gege", f"c=IN {family} {host}", "t=0 0"]
    for at, line in enumerate(lines):
        if at == index:
            said += ours
        else:
            # A refused stream keeps its place, with port 0.
            words = line.split()
            said.append("m=" + " ".join([words[0], "0", *words[2:]]) if len(words) > 3 else "m=audio 0 RTP/AVP 0")
    return ("\r\n".join(said) + "\r\n").encode()
