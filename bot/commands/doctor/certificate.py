"""What `gege doctor` says of the page as it is reached from outside: name, certificate, and how long that is good."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from urllib.parse import urlsplit

from bot.settings import Settings

_PATIENCE_S = 4.0
#: certbot and its like renew a month before the end: whoever is later has stopped renewing
_SOON = dt.timedelta(days=14)
_END_FORM = "%b %d %H:%M:%S %Y %Z"


def check_certificate(settings: Settings) -> tuple[str, str]:
    """What is seen, and what to do about it ("": nothing). Opens one connection to [web] public_url."""
    url = settings.web.public_url
    if not url:
        return "this machine alone opens the page: [web] public_url is empty", ""
    address = urlsplit(url)
    if address.scheme != "https" or not address.hostname:
        return f"{url} is not encrypted", "put a proxy with a certificate in front, and https:// into [web] public_url"
    try:
        ends = _ends(address.hostname, address.port or 443)
    except ssl.SSLCertVerificationError as problem:
        return (
            f"{url}: browsers refuse its certificate: {problem.verify_message}",
            "renew it, or let the proxy show it whole",
        )
    except ssl.SSLError as problem:
        return f"{url}: what answers there speaks no TLS ({problem.reason})", "the proxy ends TLS (deploy/haproxy)"
    except socket.gaierror:
        return f"{url}: nobody knows the name {address.hostname}", "enter it in the DNS, or correct [web] public_url"
    except OSError as problem:
        why = problem.strerror or "no answer"
        return f"{url} is not reached from here: {why}", "is the proxy running, and does its port let this machine in?"
    left = ends - dt.datetime.now(dt.UTC)
    told = f"{url}: its certificate is good until {ends:%Y-%m-%d}"
    if left < _SOON:
        return (
            f"{told}, {left.days} days",
            "it should have renewed itself by now: look at certbot, or whatever renews it",
        )
    return told, ""


def _ends(host: str, port: int) -> dt.datetime:
    """When the certificate that browsers would see there ends. Raises OSError, ssl's errors among them."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), _PATIENCE_S) as line,
        context.wrap_socket(line, server_hostname=host) as shut,
    ):
        shown = shut.getpeercert() or {}
    return dt.datetime.strptime(str(shown["notAfter"]), _END_FORM).replace(tzinfo=dt.UTC)
