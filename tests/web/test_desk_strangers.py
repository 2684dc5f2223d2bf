"""The desk, attacked: every route by everybody, with and without a form of ours; nobody reads what is not theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.web.whole_desk import CANARIES, Browser, WholeDesk, leave, whole_desk

#: everybody who may stand before the desk; L24 has left, "out" is a device of M24's that was put out
PEOPLE = ("nobody", "M24", "M25", "A24", "C1", "T1", "S24", "D1", "X1", "L24", "out")
STATION = {"T1", "D1", "X1"}
INSIDE = {"M24", "M25", "A24", "C1", *STATION}
CASE, READS, KEEPS, ANYBODY = {"M24", "A24", *STATION}, INSIDE - {"C1"}, {"D1", "X1"}, set(PEOPLE)
#: who may read the canaries at all
CONFIDANTS = CASE


#: (method, path) → who gets in, with what form. A route that is not here fails the test: say who may use it.
def table(desk: WholeDesk) -> dict[tuple[str, str], tuple[set[str], str, dict[str, Any]]]:
    one, case = f"/desk/{desk.case}", f"/case/{desk.case}"
    number = "{ticket_no:GD[0-9]{6,18}}"
    return {
        ("GET", "/t/{token}"): (set(), "/t/x.y", {}),
        ("POST", "/t/{token}"): (set(), "/t/x.y", {}),
        ("GET", "/desk/sign-in"): (ANYBODY, "/desk/sign-in", {}),
        ("POST", "/desk/sign-in"): (set(), "/desk/sign-in", {"staff_no": "D1", "password": "guess", "code": "1"}),
        ("GET", "/desk/password"): (KEEPS, "/desk/password", {}),
        ("POST", "/desk/password"): (KEEPS, "/desk/password", {"password": "x", "code": "1"}),
        ("GET", "/desk/me"): (INSIDE, "/desk/me", {}),
        ("POST", "/desk/me/out"): (INSIDE, "/desk/me/out", {"device": "999999"}),
        ("GET", "/desk/people"): (KEEPS, "/desk/people", {}),
        ("GET", "/desk/people/{staff_no}"): (KEEPS, "/desk/people/M25", {}),
        ("POST", "/desk/people/{staff_no}"): (KEEPS, "/desk/people/M25", {"act": "link"}),
        ("GET", "/demo/desk"): (set(), "/demo/desk", {}),
        ("POST", "/demo/desk/{staff_no}"): (set(), "/demo/desk/M24", {}),
        ("GET", "/desk"): (INSIDE, "/desk?view=all", {}),
        ("GET", "/desk/events"): (INSIDE, "/desk/events", {}),
        ("GET", f"/desk/{number}"): (CASE, one, {}),
        ("POST", f"/desk/{number}"): (CASE, one, {"verb": "comment", "note": "看过"}),
        ("POST", f"/desk/{number}/rang"): (CASE, f"{one}/rang", {}),
        ("POST", f"/desk/{number}/photo"): (CASE, f"{one}/photo", {}),
        # whose case it is not reads so on the next page
        ("POST", f"/desk/{number}/step"): (INSIDE, f"{one}/step", {"step": "none"}),
        ("POST", f"/desk/{number}/join"): (INSIDE, f"{one}/join", {"other": "GD2600000000"}),
        ("POST", f"/desk/{number}/used"): (INSIDE, f"{one}/used", {"what": "电线", "count": "2"}),
        ("POST", "/desk/me/busy"): (INSIDE, "/desk/me/busy", {"what": "riding", "minutes": "20"}),
        # what a telephone keeps is written for the person whose telephone it is; these two hold nobody's words
        ("GET", "/desk/worker.js"): (ANYBODY, "/desk/worker.js", {}),
        ("GET", "/desk/offline"): (ANYBODY, "/desk/offline", {}),
        ("GET", "/desk/search"): (INSIDE, "/desk/search?q=4200000024", {}),
        ("GET", "/desk/household/{household_no}"): (CASE, "/desk/household/4200000024", {}),
        ("GET", "/desk/new"): (INSIDE, "/desk/new", {}),
        ("POST", "/desk/new"): (INSIDE, "/desk/new", {"kind": "other"}),
        ("GET", "/desk/shadow"): (INSIDE, "/desk/shadow", {}),
        ("POST", "/desk/shadow"): (STATION, "/desk/shadow", {"grid": "24", "kind": "outage", "on": "no"}),
        # whose case it is not reads so on the next page
        ("POST", f"/desk/shadow/{number}"): (INSIDE, f"/desk/shadow/{desk.case}", {"verb": "right"}),
        ("GET", "/desk/wall"): (STATION, "/desk/wall", {}),
        ("GET", "/desk/imports"): (KEEPS, "/desk/imports", {}),
        ("POST", "/desk/imports"): (KEEPS, "/desk/imports", {}),
        ("POST", "/desk/imports/take"): (KEEPS, "/desk/imports/take", {"token": "x"}),
        ("POST", "/desk/imports/95598"): (KEEPS, "/desk/imports/95598", {}),
        ("GET", "/desk/exports/{name}.xlsx"): (KEEPS, "/desk/exports/households.xlsx", {}),
        ("GET", "/desk/roster"): (INSIDE, "/desk/roster", {}),
        ("POST", "/desk/roster"): (INSIDE, "/desk/roster", {"who": "A24", "begins": "2026-01-01", "ends": "2026-01-02"}),
        ("POST", "/desk/roster/back"): (KEEPS | {"A24"}, "/desk/roster/back", {"who": "A24"}),
        ("GET", "/desk/staff"): (KEEPS, "/desk/staff?no=M25", {}),
        ("POST", "/desk/staff"): (KEEPS, "/desk/staff", {"staff_no": "N1", "name": ""}),
        ("GET", "/desk/boards"): (INSIDE, "/desk/boards", {}),
        ("GET", "/desk/boards/{grid_no}"): (CASE, "/desk/boards/24", {}),
        ("POST", "/desk/boards/{grid_no}"): ({"M24", *STATION}, "/desk/boards/24", {}),
        ("GET", "/desk/portraits/{staff_no}"): (INSIDE, "/desk/portraits/M24", {}),
        ("GET", "/desk/plan"): (INSIDE, "/desk/plan?grid=24", {}),
        ("GET", "/desk/report"): (READS, "/desk/report", {}),
        ("GET", "/desk/report.xlsx"): (READS, "/desk/report.xlsx", {}),
        ("GET", "/desk/report.csv"): (READS, "/desk/report.csv", {}),
        ("POST", "/desk/report/plea"): (READS, "/desk/report/plea", {"ticket_no": desk.case, "words": "路断了"}),
        ("POST", "/desk/report/verdict"): (KEEPS, "/desk/report/verdict", {"ticket_no": desk.case, "verdict": "counts"}),
        ("GET", "/desk/day"): (INSIDE, "/desk/day", {}),
        # who presses a task that is not there reads so on the next page
        ("POST", "/desk/day/{task:[0-9]{1,12}}"): (INSIDE, "/desk/day/99", {"act": "done"}),
        ("GET", "/desk/register"): (INSIDE | {"S24"}, "/desk/register", {}),
        ("GET", "/desk/register.xlsx"): (INSIDE, "/desk/register.xlsx", {}),
        ("GET", "/desk/register/new"): (INSIDE | {"S24"}, "/desk/register/new", {}),
        ("POST", "/desk/register/new"): (INSIDE | {"S24"}, "/desk/register/new", {"kind": "nothing"}),
        # an entry that is not there
        ("GET", "/desk/register/{entry:[0-9]{1,12}}"): (set(), "/desk/register/99", {}),
        ("POST", "/desk/register/{entry:[0-9]{1,12}}"): (set(), "/desk/register/99", {"act": "claim"}),
        ("GET", "/desk/register/{entry:[0-9]{1,12}}/edit"): (set(), "/desk/register/99/edit", {}),
        ("POST", "/desk/register/{entry:[0-9]{1,12}}/edit"): (set(), "/desk/register/99/edit", {"verb": "remove"}),
        ("GET", "/desk/register/{entry:[0-9]{1,12}}/photo"): (set(), "/desk/register/99/photo", {}),
        ("GET", "/desk/wishes"): (INSIDE, "/desk/wishes", {}),
        ("GET", "/desk/survey"): (STATION, "/desk/survey", {}),
        ("POST", "/desk/survey"): (STATION, "/desk/survey", {"count": "1"}),
        ("POST", "/desk/survey/{draw:[0-9]{1,9}}/again"): (set(), "/desk/survey/99/again", {}),
        ("GET", "/case/{ticket_no}"): (ANYBODY, case, {}),
        ("GET", "/case/{ticket_no}/recording/{number}"): (CASE, f"{case}/recording/0", {}),
        ("GET", "/case/{ticket_no}/picture/{number}"): (CASE, f"{case}/picture/0", {}),
        ("GET", "/case/{ticket_no}/sound/{number}"): (CASE, f"{case}/sound/0", {}),
        ("GET", "/case/{ticket_no}/ring"): (CASE, f"{case}/ring", {}),
        ("POST", "/case/{ticket_no}/ring"): (CASE, f"{case}/ring", {"number": CANARIES[2]}),
        ("POST", "/case/{ticket_no}/correction"): (CASE, f"{case}/correction", {"words": "停电"}),
        ("GET", "/learning"): (STATION, "/learning", {}),
        ("POST", "/learning/{number}"): (STATION, "/learning/1", {"verb": "confirm"}),
        ("GET", "/calls"): (INSIDE, "/calls", {}),
        ("GET", "/calls/{number}"): (CASE, "/calls/1", {}),
        ("GET", "/calls/{number}/recording"): (CASE, "/calls/1/recording", {}),
    }  # fmt: skip


#: what is asked for is not there (no recording, no portrait), so that who may come in reads 404 as well
MISSING = ("/recording", "/sound/", "/portraits/")


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[WholeDesk]:
    async with whole_desk(tmp_path) as made:
        yield made


def browser_of(desk: WholeDesk, person: str) -> Browser:
    if person == "nobody":
        return desk.browser()
    found = desk.browser("M24" if person == "out" else person)
    if person == "out":
        desk.devices.end("M24")
    if person == "L24":
        leave(desk, "L24")
    return found


@pytest.mark.parametrize("person", PEOPLE)
async def test_every_route_opens_to_whom_it_is_for_and_shows_nobody_elses_words(desk: WholeDesk, person: str) -> None:
    browser, entries = browser_of(desk, person), table(desk)
    assert set(desk.routes) == set(entries), "a route without an entry: say who may use it"
    for (method, path), (allowed, url, form) in entries.items():
        tries: list[tuple[str, dict[str, Any] | None]] = [("", None)]
        if method == "POST":
            tries = [("without csrf", form), ("with another's csrf", {**form, "csrf": "x" * 43})]
            tries.append(("with csrf", {**form, "csrf": browser.csrf}))
        for how, data in tries:
            status, headers, body = await browser.ask(method, url, data)
            told = f"{person} {method} {path} {how}: {status}"
            assert status < 500, told
            if person in allowed and how in ("", "with csrf"):
                assert status != 403 and (status != 404 or any(one in url for one in MISSING)), told
            else:
                assert status in (403, 404), told
            if person not in CONFIDANTS:
                # What somebody asked for may be told back to them in their own box.
                asked = {one for one in CANARIES if one in url}
                seen = [one for one in CANARIES if one in body.replace("雀社区", "") + headers and one not in asked]
                assert not seen, f"{told} shows {seen}"
            assert "frame-ancestors 'none'" in headers and "nosniff" in headers, told
            kept = "private" if "/portraits/" in url and status == 200 else "no-store"
            kept = "no-cache" if "worker.js" in url else kept
            assert f"Cache-Control: {kept}" in headers, told
