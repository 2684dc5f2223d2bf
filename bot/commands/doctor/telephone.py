"""What `gege doctor` says of the ways in which calls come: where Gege listens, and whether the trunk is there."""

from __future__ import annotations

import errno
import secrets
import socket
from typing import NamedTuple

from bot.foundation.service_state import file_of, read_state
from bot.settings import Settings

_PATIENCE_S = 2.0
_SIP_PORT = 5060
#: the least that a SIP server answers; any answer says that one is there
_OPTIONS = (
    "OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{token};rport\r\nMax-Forwards: 70\r\n"
    "From: <sip:gege@{here}>;tag={token}\r\nTo: <sip:{host}>\r\nCall-ID: {token}@gege\r\nCSeq: 1 OPTIONS\r\n"
    "Contact: <sip:gege@{here}>\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n"
)


class WaysIn(NamedTuple):
    """`advice` is empty when nothing need be done; `works`: calls can come."""

    detail: str
    advice: str = ""
    works: bool = True


def check_telephone(settings: Settings) -> WaysIn:
    """Where calls come in. Knocks at the trunk; whether a running service answers the exchange is the service's line."""
    voice = settings.voice
    doors = {
        "[voice] audiosocket": (voice.audiosocket, socket.SOCK_STREAM),
        "[voice] fastagi": (voice.fastagi, socket.SOCK_STREAM),
        "[voice] sip": (voice.sip, socket.SOCK_DGRAM),
    }
    if not _runs(settings):
        for key, (address, kind) in doors.items():
            if address and (why := _no_door(address, kind)):
                return WaysIn(f"nobody can listen at {address}: {why}", f"stop what is there, or correct {key}", False)
    told = f"Asterisk asks {voice.fastagi} and brings the sound to {voice.audiosocket}"
    told += f"; SIP comes to {voice.sip}" if voice.sip else "; no SIP"
    if not voice.trunk.registrar:
        return WaysIn(told)
    problem = _knock(voice.trunk.registrar)
    if problem:
        return WaysIn(
            f"the trunk {voice.trunk.registrar} {problem}",
            "compare [voice.trunk] registrar with the carrier's letter, and let UDP to it through the firewall",
        )
    return WaysIn(f"{told}; the trunk {voice.trunk.registrar} answers")


def _runs(settings: Settings) -> bool:
    state = read_state(file_of(settings.home))
    return state is not None and state.alive


def _no_door(address: str, kind: socket.SocketKind) -> str:
    """Why nobody could listen there; empty when somebody could."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return "it is not HOST:PORT"
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host.strip("[]") or None, int(port), type=kind)[0]
        with socket.socket(family, kind, protocol) as trial:
            if kind == socket.SOCK_STREAM:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(where)
    except ValueError:
        return "it is not HOST:PORT"
    except OSError as problem:
        if problem.errno == errno.EADDRNOTAVAIL:
            return "this machine has no such address"
        return "another program has that port" if problem.errno == errno.EADDRINUSE else str(problem.strerror)
    return ""


def _knock(registrar: str) -> str:
    """What is wrong with a SIP server; empty when it answers."""
    host, colon, port = registrar.rpartition(":")
    host, port = (host, port) if colon else (registrar, str(_SIP_PORT))
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as line:
            line.settimeout(_PATIENCE_S)
            line.connect(where)
            here, name = ("{}:{}".format(*line.getsockname()[:2]), host) if ":" not in host else ("localhost", host)
            line.send(_OPTIONS.format(host=name, here=here, token=secrets.token_hex(8)).encode())
            return "" if line.recv(2000).startswith(b"SIP/2.0") else "is no SIP server"
    except (ValueError, UnicodeError):
        return "is not HOST:PORT"
    except socket.gaierror:
        return "has a name that nobody knows"
    except TimeoutError:
        return f"does not answer within {_PATIENCE_S:.0f} s"
    except OSError as problem:
        return f"cannot be reached ({problem.strerror})"
