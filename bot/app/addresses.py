"""Where a service listens: what the settings say, looked at before the slow part, and another port where nobody asked for one."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from bot.foundation.errors import Refused
from bot.foundation.sd_notify import under_systemd
from bot.settings import Settings

#: so many ports above the usual one are tried
_ABOVE = 50


class CannotServe(Refused):
    """An address cannot be listened on; the message says which setting to change."""


def url(settings: Settings) -> str:
    """Where a browser on this machine finds the page."""
    host = settings.web.host
    if host in ("127.0.0.1", "::1", "0.0.0.0", "::", ""):
        host = "localhost"
    return f"http://[{host}]:{settings.web.port}" if ":" in host else f"http://{host}:{settings.web.port}"


def page(settings: Settings) -> str:
    """Where people find it: as the site tells them, else on this machine."""
    return settings.web.public_url or url(settings)


def address(text: str, key: str = "audiosocket") -> tuple[str, int]:
    """(host, port) of what stands in `[voice] key`. Raises CannotServe."""
    host, _, port = text.rpartition(":")
    try:
        return host.strip("[]") or "127.0.0.1", int(port)
    except ValueError:
        raise CannotServe(f"[voice] {key} is {text!r}; write it as host:port") from None


def probe(host: str, port: int, setting: str, settings: Settings, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
    """Raises CannotServe when nobody could listen there now."""
    if not 0 <= port <= 65535:
        # getaddrinfo would take it modulo 65536.
        raise CannotServe(f"{port} is no port (0 to 65535): correct {setting} in {settings.home / 'gege.toml'}")
    try:
        _listen(host, port, kind)
    except OSError as problem:
        raise cannot(host, port, setting, settings, problem) from problem


def cannot(host: str, port: int, setting: str, settings: Settings, problem: OSError) -> CannotServe:
    """What to say of an address that cannot be listened on."""
    file = settings.home / "gege.toml"
    if problem.errno == errno.EADDRINUSE:
        reason = f"port {port} on {host} is taken (is Gege running already?); stop what is there, or"
    elif problem.errno == errno.EACCES:
        reason = f"port {port} on {host} needs root; use one above 1023:"
    else:
        reason = f"{host}:{port} cannot be listened on ({problem});"
    return CannotServe(f"{reason} set {setting} in {file}")


def with_free_ports(settings: Settings) -> tuple[Settings, list[str]]:
    """The settings with another port wherever somebody else has one that nobody asked for, and what to tell of it.

    Who wrote a port into gege.toml gets that one or none; so does systemd, for whoever stands in front knows the usual ones."""
    notices: list[str] = []
    if under_systemd():
        return settings, notices
    if "port" not in settings.web.model_fields_set:
        port = _free(settings.web.host, settings.web.port, socket.SOCK_STREAM)
        if port != settings.web.port:
            notices.append(_notice("the page", settings.web.port, port, "[web] port"))
            settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
    moved: dict[str, str] = {}
    for key, kind in _telephone(settings):
        host, usual = address(getattr(settings.voice, key), key)
        port = _free(host, usual, kind)
        if port != usual:
            notices.append(_notice(f"the telephone ({key})", usual, port, f"[voice] {key}"))
            moved[key] = f"{host}:{port}"
    if moved:
        settings = settings.model_copy(update={"voice": settings.voice.model_copy(update=moved)})
    return settings, notices


def _telephone(settings: Settings) -> Iterator[tuple[str, socket.SocketKind]]:
    for key, kind in (("audiosocket", socket.SOCK_STREAM), ("fastagi", socket.SOCK_STREAM), ("sip", socket.SOCK_DGRAM)):
        if key not in settings.voice.model_fields_set:
            yield key, kind


def _notice(what: str, usual: int, port: int, setting: str) -> str:
    return f"port {usual} is taken by somebody else: {what} is on {port} this time ({setting} keeps it on one)"


def _free(host: str, usual: int, kind: socket.SocketKind) -> int:
    """The usual port, or the first above it that is free; the usual one when it is not a matter of being taken."""
    for port in range(usual, min(usual + _ABOVE, 65536)):
        try:
            _listen(host, port, kind)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                return usual
        else:
            return port
    return usual


def _listen(host: str, port: int, kind: socket.SocketKind) -> None:
    family, kind, protocol, _, where = socket.getaddrinfo(host or None, port, type=kind, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, kind, protocol) as trial:
        if kind == socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(where)
        if kind == socket.SOCK_STREAM:
            trial.listen(1)
