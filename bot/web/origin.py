"""Where a request came from: the network address, told by whoever stands in front; kept as a digest that names nobody."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable

from aiohttp import web

#: of an IPv6 address, what one subscriber has (RFC 6177)
_SUBSCRIBER = 64

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Origins:
    """Tells requests' sources apart. `proxies`: addresses or networks of the proxies in front, whose X-Forwarded-For is
    believed; `key`: the site's, so that nobody finds an address by trying them all."""

    def __init__(self, key: bytes, proxies: Iterable[str]) -> None:
        self._key = key
        self._proxies = [ipaddress.ip_network(one, strict=False) for one in proxies]

    def address(self, request: web.Request) -> str:
        """The address of the last machine that no proxy of ours is; "" where there is none (a socket of this machine).

        What a stranger writes into X-Forwarded-For stands to the left of what our proxy adds, and is not reached."""
        peer = _address(request.remote or "")
        if peer is None or not self._ours(peer):
            return str(peer or "")
        for name in reversed(",".join(request.headers.getall("X-Forwarded-For", [])).split(",")):
            found = _address(name)
            if found is None:
                break  # nonsense, or the proxy said nothing: the proxy itself is all that is known
            peer = found
            if not self._ours(peer):
                break
        return str(peer)

    def digest(self, request: web.Request) -> str:
        """32 hexadecimal digits of the source's network: an IPv4 address, or a subscriber's IPv6 prefix; "" for none.

        This machine itself is none: behind a proxy that nobody named, everybody would come from it."""
        address = _address(self.address(request))
        if address is None or address.is_loopback:
            return ""
        network = str(ipaddress.ip_network((address, _SUBSCRIBER), strict=False) if address.version == 6 else address)
        return hashlib.blake2b(b"gege-origin:" + network.encode(), key=self._key, digest_size=16).hexdigest()

    def _ours(self, address: Address) -> bool:
        return any(address in one for one in self._proxies if one.version == address.version)


def _address(text: str) -> Address | None:
    """An address as it was written, an IPv4 address inside of IPv6 as itself; None for what is none."""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return inner or found
