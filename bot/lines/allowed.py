"""Who may connect: protocols without a password take only addresses of the site's own networks."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(names: Sequence[str]) -> list[Network]:
    """Raises ValueError for what is no network."""
    return [ipaddress.ip_network(name, strict=False) for name in names]


def is_allowed(writer: asyncio.StreamWriter, allowed: Sequence[Network]) -> bool:
    """Whether the other end lies in one of the networks."""
    peer = writer.get_extra_info("peername")
    return bool(peer) and lies_in(str(peer[0]), allowed)  # none: it has gone already


def lies_in(host: str, allowed: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks. Raises ValueError for what is no address."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in allowed)
