"""Where a request came from: what a proxy of ours says counts, what a stranger writes does not, and no address is kept."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from multidict import CIMultiDict
from sqlalchemy import select

from bot.settings import WebSettings
from bot.tickets.models import Utterance
from bot.web.origin import Origins
from tests.web.conftest import Site

KEY = b"k" * 32


def came_from(peer: str, *forwarded: str, proxies: tuple[str, ...] = ("10.0.0.5", "127.0.0.0/8", "::1")) -> str:
    headers = CIMultiDict([("X-Forwarded-For", one) for one in forwarded])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    return Origins(KEY, proxies).address(request)


def test_without_a_proxy_the_peer_is_the_source_whatever_it_writes() -> None:
    assert came_from("203.0.113.9", "198.51.100.1") == "203.0.113.9"
    assert came_from("203.0.113.9", "198.51.100.1", proxies=()) == "203.0.113.9"
    assert came_from("127.0.0.1", "198.51.100.1", proxies=()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "source"),
    [
        (("198.51.100.1",), "198.51.100.1"),
        (("1.2.3.4, 198.51.100.1",), "198.51.100.1"),
        (("1.2.3.4", "198.51.100.1"), "198.51.100.1"),
        (("198.51.100.1, 10.0.0.5",), "198.51.100.1"),
        (("1.2.3.4, nonsense",), "127.0.0.1"),
        (("",), "127.0.0.1"),
        ((), "127.0.0.1"),
        (("::ffff:198.51.100.1",), "198.51.100.1"),
        (("2001:db8::7",), "2001:db8::7"),
        (("é" * 9,), "127.0.0.1"),
    ],
)
def test_behind_our_proxy_what_it_added_last_counts(forwarded: tuple[str, ...], source: str) -> None:
    assert came_from("127.0.0.1", *forwarded) == source


def test_a_subscriber_is_one_source_and_nobody_reads_an_address_from_it() -> None:
    origins = Origins(KEY, ())
    digest = [origins.digest(make_mocked_request("GET", "/").clone(remote=one)) for one in
              ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1", "198.51.100.1", "", "127.0.0.1", "::1")]  # fmt: skip
    assert digest[0] == digest[1] != digest[2] and digest[4:] == [""] * 3
    assert len(digest[3]) == 32 and digest[3] != Origins(b"j" * 32, ()).digest(
        make_mocked_request("GET", "/").clone(remote="198.51.100.1")
    )


def test_what_is_no_network_is_refused_as_a_setting() -> None:
    with pytest.raises(ValueError, match="no network"):
        WebSettings(proxies=["nginx"])


async def test_a_turn_of_the_page_keeps_its_source_and_not_the_address(site: Site) -> None:
    conversation = next(
        one for one in site.app.router.routes() if one.resource and one.resource.canonical == "/api/turn"
    )
    vars(conversation.handler.__self__)["_origins"] = Origins(KEY, ["127.0.0.1"])  # type: ignore[attr-defined]
    async with TestClient(TestServer(site.app)) as client:
        sent = {"session": "0123456789abcdef", "text": "停电了"}
        for forwarded in ({}, {"X-Forwarded-For": "198.51.100.1"}):
            assert (await client.post("/api/turn", json=sent, headers=forwarded)).status == 200
    with site.database.reading() as session:
        nobody, origin = session.scalars(select(Utterance.origin).order_by(Utterance.heard_at)).all()
    assert nobody == "" and len(origin) == 32 and set(origin) <= set("0123456789abcdef")
