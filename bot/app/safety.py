"""What makes a site unsafe to serve to strangers: `gege doctor --strict` tells it, `gege serve` does not begin with it."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.foundation.errors import Refused
from bot.foundation.private_files import is_open
from bot.settings import Settings, SiteSettings

#: a secret that is shorter can be tried out (characters)
SHORTEST_SECRET = 12
#: what examples and haste leave behind, and our own placeholders (deploy/)
_KNOWN = re.compile(
    r"(gege|admin|root|test|demo|secret|password|passwd|token|change.?me|example|geheim|letmein|qwerty|abc|mima|x+|0+|1+"
    r"|123\d*|(manager|gege|station)[._]?(secret|password)|password)+",
    re.IGNORECASE,
)
#: the numbers of the sample county and of the defaults, which ring whoever has them
_EXAMPLE = (SiteSettings().station_phone,)


class UnsafeToServe(Refused):
    """The service does not begin; the message says what is unsafe and what to do about each."""


@dataclass(frozen=True)
class Unsafe:
    """One thing: what it is about, what was found, what to do."""

    name: str
    detail: str
    advice: str


def strangers_reach(settings: Settings) -> list[str]:
    """The settings by which other machines reach this one; empty where everything listens on loopback alone."""
    voice = settings.voice
    doors = {
        "[web] host": settings.web.host,
        "[voice] audiosocket": voice.audiosocket.rpartition(":")[0],
        "[voice] fastagi": voice.fastagi.rpartition(":")[0],
        "[voice] sip": voice.sip.rpartition(":")[0],
    }
    return [name for name, host in doors.items() if host and not _loopback(host)]


def unsafe(settings: Settings, *, sample: bool) -> list[Unsafe]:
    """What is unsafe whoever reaches the site. `sample`: its county is the invented one."""
    return [*_ways_in(settings), *_secrets(settings), *_examples(settings, sample), *_machine(settings)]


def refuse_unsafe(settings: Settings, *, sample: bool) -> list[Unsafe]:
    """What is unsafe and served all the same: loopback alone, or [serve] unsafe. Raises UnsafeToServe."""
    found = unsafe(settings, sample=sample)
    if not found or settings.serve.unsafe or not (reached := strangers_reach(settings)):
        return found
    lines = [f"  {one.name}: {one.detail} → {one.advice}" for one in found]
    raise UnsafeToServe(
        f"other machines reach Gege ({', '.join(reached)}), and it is not safe to serve:\n"
        + "\n".join(lines)
        + "\n(gege doctor --strict looks again; [serve] unsafe = true serves all the same)"
    )


def _ways_in(settings: Settings) -> Iterator[Unsafe]:
    web, name = settings.web, "page"
    if not _loopback(web.host) and not web.proxies:
        yield Unsafe(
            name,
            f"[web] host {web.host} takes plain HTTP from other machines",
            "a proxy in front ends TLS: set [web] proxies to its address, or host to 127.0.0.1",
        )
    public = urlsplit(web.public_url)
    if public.hostname and public.scheme != "https" and not _loopback(public.hostname):
        yield Unsafe(name, f"[web] public_url {web.public_url} is not encrypted", "serve it as https behind a proxy")
    for key, networks in (
        ("[asterisk] allowed", settings.asterisk.allowed),
        ("[voice] sip_allowed", settings.voice.sip_allowed),
    ):
        if everybody := [one for one in networks if _everybody(one)]:
            yield Unsafe("telephone", f"{key} {everybody[0]}: anybody may call in anybody's name", "name the exchange")
    if any(_everybody(one) for one in web.proxies):
        yield Unsafe(name, "[web] proxies believes every machine", "name the proxies alone")


def _secrets(settings: Settings) -> Iterator[Unsafe]:
    notify = settings.notify
    found = {
        "[metrics] token": settings.metrics.token,
        "[outside] token": settings.outside.token,
        "[dialogue] token": settings.dialogue.token,
        "[asterisk.ami] secret": settings.asterisk.ami.secret,
        "[voice.trunk] password": settings.voice.trunk.password,
        "[voice.exchange] password": settings.voice.exchange.password,
        "[notify.webhook] secret": notify.webhook.secret,
        "[notify.wecom] token": notify.wecom.token,
    }
    for name, secret in found.items():
        if secret and (why := _weak(secret)):
            yield Unsafe("secrets", f"{name} {why}", "openssl rand -hex 16 makes one")
    if settings.notify.webhook.url and not notify.webhook.secret:
        yield Unsafe(
            "secrets", "[notify.webhook] secret is empty: anybody may send in our name", "openssl rand -hex 16"
        )
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        return  # doctor says so
    if url.host and not _loopback(url.host) and (why := _weak(str(url.password or ""))):
        yield Unsafe("secrets", f"the password of the database at {url.host} {why}", "openssl rand -hex 16 makes one")


def _examples(settings: Settings, sample: bool) -> Iterator[Unsafe]:
    rings = settings.calling.enabled or bool(settings.voice.trunk.registrar)
    if sample and rings:
        yield Unsafe(
            "examples",
            "the sample county's numbers would be rung, and they may be somebody's",
            "gege import your own staff and households, or leave [calling] and [voice.trunk] empty",
        )
    if not sample and settings.site.station_phone in _EXAMPLE:
        yield Unsafe(
            "examples",
            f"[site] station_phone is the example {settings.site.station_phone}: residents are sent to it",
            "set the station's own number",
        )


def _machine(settings: Settings) -> Iterator[Unsafe]:
    if is_open(settings.home):
        yield Unsafe(
            "file modes",
            f"others on this machine may look into {settings.home}",
            f"chmod -R go= {settings.home}",
        )


def as_root() -> bool:
    """Whether a hole in any library would be the whole machine's."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _weak(secret: str) -> str:
    if len(secret) < SHORTEST_SECRET:
        return f"is shorter than {SHORTEST_SECRET} characters"
    if _KNOWN.fullmatch(secret) or len(set(secret)) < 5:
        return "is one that everybody tries"
    return ""


def _loopback(host: str) -> bool:
    if host in ("localhost", ""):
        return host == "localhost"
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _everybody(network: str) -> bool:
    try:
        return ipaddress.ip_network(network, strict=False).prefixlen == 0
    except ValueError:
        return False
