"""A link does one thing for one person, once, for a while; whoever bends it gets nothing."""

from __future__ import annotations

import datetime as dt
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.database import Database
from bot.notify.links import BadLink, Links, Purpose, site_key

AT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
KEY = bytes(range(32))


def reason(links: Links, token: str, at: dt.datetime = AT) -> str:
    with pytest.raises(BadLink) as bad:
        links.redeem(token, at)
    return bad.value.reason


def test_a_link_works_once(county: Database) -> None:
    links = Links(KEY, county, "https://gege.example/")
    url = links.url(Purpose.take, "GD1", "M1", AT)
    assert url.startswith("https://gege.example/t/")
    token = url.rpartition("/")[2]
    link = links.redeem(token, AT)
    assert (link.purpose, link.ticket_no, link.staff_no) == (Purpose.take, "GD1", "M1")
    assert reason(links, token) == "used"
    assert reason(Links(KEY, county), token) == "used", "a restart forgets nothing"


def test_of_many_presses_at_once_one_wins(county: Database) -> None:
    links = Links(KEY, county)
    token, won, lost = links.token(Purpose.take, "GD1", "M1", AT), [], []

    def press() -> None:
        try:
            won.append(links.redeem(token, AT))
        except BadLink:
            lost.append(1)

    presses = [threading.Thread(target=press) for _ in range(8)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert (len(won), len(lost)) == (1, 7)


def test_a_link_ends(county: Database) -> None:
    links = Links(KEY, county)
    token = links.token(Purpose.sign_in, "", "M1", AT)
    assert reason(links, token, AT + dt.timedelta(minutes=15)) == "expired"
    assert links.redeem(token, AT + dt.timedelta(minutes=14)).staff_no == "M1"


def test_a_link_that_leads_to_the_case_can_be_opened_again(county: Database) -> None:
    links = Links(KEY, county)
    token = links.token(Purpose.open, "GD1", "M1", AT)
    assert links.redeem(token, AT) == links.redeem(token, AT)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_forged_link_is_refused(county: Database, data: st.DataObject) -> None:
    links = Links(KEY, county)
    token = links.token(Purpose.take, "GD1", "M1", AT)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCabc019-_.").filter(lambda one: one != token[place]))
    bent = token[:place] + other + token[place + 1 :]
    try:
        found = links.read(bent, AT)
    except BadLink as bad:
        assert bad.reason == "forged"
    else:
        # base64 ignores spare bits of the last character: the same bytes, signed by us
        assert found == links.read(token, AT)


@pytest.mark.parametrize("token", ["", ".", "a.b", "a.b.c", "é.é", "=" * 50, "x" * 10_000])
def test_nonsense_is_a_forged_link(county: Database, token: str) -> None:
    assert reason(Links(KEY, county), token) == "forged"


def test_another_sites_key_opens_nothing(county: Database) -> None:
    assert reason(Links(bytes(32), county), Links(KEY, county).token(Purpose.take, "GD1", "M1", AT)) == "forged"


def test_the_key_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    key = site_key(tmp_path)
    assert len(key) == 32 and site_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / "keys" / "links.key").stat().st_mode) == 0o600


def test_a_site_without_an_address_sends_no_links(county: Database) -> None:
    assert Links(KEY, county).url(Purpose.take, "GD1", "M1") == ""
