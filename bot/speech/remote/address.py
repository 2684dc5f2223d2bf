"""Where an ear elsewhere may be: on this machine, in a private network, or behind an encrypted connection."""

from __future__ import annotations

import asyncio
import enum
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from bot.settings import SettingsError
from bot.settings.settings import RemoteEarSettings, SpeechSettings
from bot.speech.remote.failed import LeadsOutside

#: what each form's address begins with, and whether that is encrypted
_SCHEMES = {
    "openai": {"http": False, "https": True},
    "vosk": {"ws": False, "wss": True},
    "funasr": {"ws": False, "wss": True},
    "wyoming": {"wyoming": False, "tcp": False},
}
_EXAMPLES = {
    "openai": "http://127.0.0.1:8000/v1",
    "vosk": "ws://127.0.0.1:2700",
    "funasr": "ws://127.0.0.1:10095",
    "wyoming": "wyoming://127.0.0.1:10300",
}
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "wyoming": 10300, "tcp": 10300}
#: this machine and networks that no router of the internet knows; link-local ones are left out: clouds keep their secrets there
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)  # fmt: skip
_SETTING = "[speech.remote] url"
#: how [speech] engine and second name an ear elsewhere
REMOTE = "remote"


@dataclass(frozen=True)
class Address:
    """An address that may be used."""

    scheme: str
    host: str
    port: int
    path: str
    encrypted: bool

    @property
    def url(self) -> str:
        """The whole, for libraries that take one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return urlunsplit((self.scheme, f"{host}:{self.port}", self.path, "", ""))

    @property
    def place(self) -> str:
        """Host and port, for a person."""
        return f"{self.host}:{self.port}"


class Reach(enum.Enum):
    """How far residents' voices go to be heard."""

    here = "this machine"
    near = "a private network"
    #: through the internet, encrypted
    far = "the internet"


def reach_of(speech: SpeechSettings) -> Reach:
    """How far these settings let sound go; asks nobody what a name means: what is encrypted may be anywhere."""
    if REMOTE not in (speech.engine, speech.second):
        return Reach.here
    parts = urlsplit(speech.remote.url)
    host = parts.hostname or ""
    if host == "localhost" or _literal(host) and ipaddress.ip_address(host).is_loopback:
        return Reach.here
    encrypted = _SCHEMES[speech.remote.kind].get(parts.scheme, False)
    return Reach.far if encrypted and not (_literal(host) and is_private(host)) else Reach.near


def address_of(remote: RemoteEarSettings) -> Address:
    """The address that the settings name; blocks while its name is looked up. Raises SettingsError.

    A name that cannot be looked up now is taken: it is looked at again whenever somebody connects."""
    schemes = _SCHEMES[remote.kind]
    return address_at(
        remote.url, schemes, Asked(_SETTING, "recogniser", f'kind "{remote.kind}"', _EXAMPLES[remote.kind])
    )


@dataclass(frozen=True)
class Asked:
    """Where an address was written, for who has to correct it."""

    setting: str
    what: str
    kind: str
    example: str


def address_at(url: str, schemes: Mapping[str, bool], asked: Asked) -> Address:
    """An address as `address_of` takes it; `schemes`: what it may begin with, and whether that is encrypted."""
    if not url:
        raise SettingsError(f'{asked.setting} is empty: write where the {asked.what} is, e.g. "{asked.example}"')
    parts = _parts(url, asked)
    if parts.scheme not in schemes or not parts.hostname:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        raise SettingsError(
            f'{asked.setting}: {asked.kind} needs an address that begins with {wanted}, e.g. "{asked.example}"'
        )
    if parts.username is not None or parts.password is not None:
        raise SettingsError(f"{asked.setting}: no user and password in an address; there is a setting for the token")
    if parts.query or parts.fragment:
        raise SettingsError(f"{asked.setting}: leave out what begins with ? or #")
    encrypted = schemes[parts.scheme]
    address = Address(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], parts.path, encrypted)
    if not encrypted and not _may_be_private(address):
        way = " or ".join(f"{scheme}://" for scheme, safe in schemes.items() if safe)
        raise SettingsError(
            f"{asked.setting}: {address.host} is neither this machine nor in a private network, and what residents say and"
            f" hear does not cross the internet in the open: {f'use {way}, or ' if way else 'this kind knows no encryption: '}"
            "a tunnel that ends on this machine"
        )
    return address


def _parts(url: str, asked: Asked) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port, parts.hostname
    except ValueError:
        raise SettingsError(f"{asked.setting} is no address: write one like {asked.example!r}") from None
    return parts


def _may_be_private(address: Address) -> bool:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return not _literal(address.host)
    return all(is_private(str(where[0])) for *_, where in found)


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_private(address: str) -> bool:
    """Whether an IP address is this machine's, or of a private network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found.version == net.version and found in net for net in _PRIVATE)


async def looked_up(host: str, port: int, encrypted: bool) -> list[tuple[socket.AddressFamily, str, int]]:
    """(family, address, port) of a name as it is now. Raises LeadsOutside when one of them must not be spoken to: what was
    looked at is what is connected to, so that a name cannot mean one thing when it is checked and another one later."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not encrypted and not all(is_private(str(where[0])) for *_, where in found):
        raise LeadsOutside(
            "[speech.remote] url leads to a public address now; residents' voices go there encrypted only"
        )
    return [(family, str(where[0]), int(where[1])) for family, *_, where in found]


class CheckedResolver(AbstractResolver):
    """aiohttp's way to look up names, with the check."""

    def __init__(self, encrypted: bool) -> None:
        self._encrypted = encrypted

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError."""
        return [
            ResolveResult(
                hostname=host, host=where, port=at, family=kind, proto=0, flags=socket.AI_NUMERICHOST
            )
            for kind, where, at in await looked_up(host, port, self._encrypted)
            if family in (socket.AF_UNSPEC, kind)
        ]  # fmt: skip

    async def close(self) -> None:
        """Nothing is held."""
