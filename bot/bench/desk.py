"""`gege bench desk`: what the desk's pages cost, asked over HTTP by who has signed in, in a county of three months."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import func, select

from bot.bench.desk_county import Rows
from bot.bench.percentile import percentile
from bot.database import Database, now, open_database
from bot.grid.models import Household, Role, Staff
from bot.notify.links import Links, Purpose, site_key
from bot.settings import PROJECT, Settings
from bot.tickets.models import State, Ticket

Progress = Callable[[str], None]
#: who asks: a manager on a telephone, the duty desk, an administrator
MANAGER, DUTY, ADMIN = "manager", "duty", "admin"
#: whose lists hold every case
_EVERYWHERE = (Role.duty, Role.admin, Role.team)
_FILES = re.compile(r'(?:href|src)="(/static/[^"]+)"')
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class County:
    """What can be asked about."""

    people: dict[str, str]
    households: Sequence[str]
    #: of the manager's grid, those that a page takes
    mine: Sequence[str]
    open_mine: list[str]
    #: who is at a desk, with the role
    staff: Sequence[tuple[str, str]]
    name: str
    place: str


@dataclass
class Visitor:
    """Somebody who has signed in, with a browser of their own."""

    session: aiohttp.ClientSession
    csrf: str = ""

    async def get(self, path: str) -> tuple[float, str]:
        """(milliseconds, page). Raises for anything but a page."""
        begun = time.perf_counter()
        async with self.session.get(path) as answer:
            text = await answer.text()
        answer.raise_for_status()
        return (time.perf_counter() - begun) * 1000, text

    async def post(self, path: str, **form: str) -> float:
        """Milliseconds until a press is answered (the page after it is a request of its own)."""
        begun = time.perf_counter()
        async with self.session.post(path, data={"csrf": self.csrf, **form}, allow_redirects=False) as answer:
            await answer.read()
        took = (time.perf_counter() - begun) * 1000
        if answer.status != 303:
            raise RuntimeError(f"{path} answered {answer.status} to {form}")
        return took


@dataclass
class Served:
    """A service in its own process."""

    url: str
    pid: int
    links: Links
    visitors: list[aiohttp.ClientSession] = field(default_factory=list)

    async def visitor(self, staff_no: str) -> Visitor:
        """Another browser, signed in as somebody."""
        session = aiohttp.ClientSession(
            self.url, connector=aiohttp.TCPConnector(limit=8), cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        self.visitors.append(session)
        async with session.post(f"/t/{self.links.token(Purpose.sign_in, '', staff_no)}") as answer:
            answer.raise_for_status()
        found = Visitor(session)
        found.csrf = next(iter(_CSRF.findall((await found.get("/desk/me"))[1])), "")
        return found

    def cpu_s(self) -> float:
        """Seconds that the service has worked, all its threads together."""
        parts = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def served(settings: Settings, database: Database) -> AsyncIterator[Served]:
    """The pages of a home, served by another process."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    environment.pop("GEGE_DATABASE_URL", None)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "bot.bench.desk_child", str(settings.home), env=environment, cwd=PROJECT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None
    try:
        address = (await child.stdout.readline()).decode().strip()
        if not address:
            raise RuntimeError("the service did not start; its own words stand above")
        found = Served(address, child.pid, Links(site_key(settings.home), database, address))
        try:
            yield found
        finally:
            await asyncio.gather(*(one.close() for one in found.visitors))
    finally:
        child.stdin.close()
        await child.wait()


async def bench_desk(
    settings: Settings, tickets: int, storm: int, desks: int, times: int, browser: bool, progress: Progress
) -> dict[str, Any]:
    """Fill the county of `settings` (a home of its own) and measure."""
    database = open_database(settings.database_url)
    dice, begun = random.Random(1), now()
    try:
        progress(f"{tickets} tickets of three months …")
        rows = await asyncio.to_thread(Rows, database, dice, begun)
        await asyncio.to_thread(rows.history, tickets)
        county = await asyncio.to_thread(_county, database, dice)
        async with served(settings, database) as it:
            people = {role: await it.visitor(number) for role, number in county.people.items()}
            found: dict[str, Any] = {
                "tickets": tickets,
                "households": len(county.households),
                "load": os.getloadavg()[0],
            }
            found["pages_ms"] = await _pages(people, county, times, dice, progress)
            found["presses_ms"] = await _presses(people[MANAGER], county, times, progress)
            progress(f"a storm of {storm} open reports …")
            await asyncio.to_thread(rows.storm, storm, 40)
            found["storm_ms"] = {
                "/desk/wall": await _timed(lambda: people[DUTY].get("/desk/wall"), times),
                "/desk (duty desk)": await _timed(lambda: people[DUTY].get("/desk"), times),
                "/desk/plan": await _timed(lambda: people[DUTY].get("/desk/plan"), times),
                "/desk/report": await _timed(lambda: people[DUTY].get("/desk/report"), max(3, times // 10)),
            }
            found["live"] = await _live(it, people[DUTY], county, desks, progress)
            found["first_views_gzip_bytes"] = await _weights(it.url, people, county)
            if browser:
                from bot.bench.desk_browser import first_paints

                paths = {MANAGER: _first_views(county), DUTY: ["/desk/wall"]}
                found["first_paint_ms"] = await first_paints(it.url, it.links, county.people, paths, progress)
            found["load_after"] = os.getloadavg()[0]
    finally:
        database.dispose()
    return found


def _county(database: Database, dice: random.Random) -> County:
    with database.reading() as session:
        households = list(session.scalars(select(Household.household_no)))
        waiting = (Ticket.owner.is_not(None), Ticket.state == State.reported)
        busiest = select(Ticket.owner).where(*waiting).group_by(Ticket.owner).order_by(func.count().desc()).limit(1)
        manager = str(session.scalar(busiest))
        people = {MANAGER: manager}
        for role in (DUTY, ADMIN):
            person = session.scalar(select(Staff.staff_no).where(Staff.role == Role(role)).limit(1))
            people[role] = person or people.get(DUTY, manager)
        mine = list(session.scalars(select(Ticket.ticket_no).where(Ticket.owner == manager)))
        going = select(Ticket.ticket_no).where(
            Ticket.owner == manager, Ticket.state == State.reported, Ticket.channel == "phone"
        )
        home = session.get_one(Household, dice.choice(households))
        at_desks = select(Staff.staff_no, Staff.role).where(
            Staff.role.in_((*_EVERYWHERE, Role.manager, Role.assistant))
        )
        staff = [(number, role) for number, role in session.execute(at_desks.order_by(Staff.staff_no))]
        return County(
            people, households, mine, list(session.scalars(going)), staff, home.householder,
            f"{home.compound}{home.address}",
        )  # fmt: skip


async def _pages(
    people: dict[str, Visitor], county: County, times: int, dice: random.Random, progress: Progress
) -> dict[str, Any]:
    progress(f"each page {times} times …")
    manager, duty, admin = people[MANAGER], people[DUTY], people[ADMIN]

    def one_of(numbers: Sequence[str]) -> str:
        return dice.choice(numbers)

    asks: dict[str, Callable[[], Awaitable[tuple[float, str]]]] = {
        "/desk (manager)": lambda: manager.get("/desk"),
        "/desk?view=grid (manager)": lambda: manager.get("/desk?view=grid"),
        "/desk?view=all (duty)": lambda: duty.get("/desk?view=all"),
        "/desk/GD…": lambda: manager.get(f"/desk/{one_of(county.mine)}"),
        "/desk/search?q=户号": lambda: duty.get(f"/desk/search?q={one_of(county.households)}"),
        "/desk/search?q=姓名": lambda: duty.get(f"/desk/search?q={county.name}"),
        "/desk/search?q=姓名 (manager)": lambda: manager.get(f"/desk/search?q={county.name}"),
        "/desk/search?q=地方": lambda: duty.get(f"/desk/search?q={county.place}"),
        "/desk/household/N": lambda: duty.get(f"/desk/household/{one_of(county.households)}"),
        "/desk/wall": lambda: duty.get("/desk/wall"),
        "/desk/report": lambda: admin.get("/desk/report"),
        "/desk/plan": lambda: admin.get("/desk/plan"),
        "/desk/boards": lambda: admin.get("/desk/boards"),
        "/desk/new": lambda: manager.get("/desk/new"),
        "/desk/me": lambda: manager.get("/desk/me"),
    }
    return {name: await _timed(ask, times) for name, ask in asks.items()}


async def _timed(ask: Callable[[], Awaitable[tuple[float, str]]], times: int) -> dict[str, float]:
    await ask()  # the first one reads templates and words
    return _percentiles([(await ask())[0] for _ in range(times)])


async def _presses(manager: Visitor, county: County, times: int, progress: Progress) -> dict[str, Any]:
    numbers = county.open_mine[:times]
    progress(f"{len(numbers)} presses each …")
    found: dict[str, list[float]] = {"take": [], "comment": [], "arrived": [], "done": []}
    for number in numbers:
        found["take"].append(await manager.post(f"/desk/{number}", verb="take", back="/desk?view=mine"))
        found["comment"].append(await manager.post(f"/desk/{number}", verb="comment", note="十分钟到"))
        found["arrived"].append(await manager.post(f"/desk/{number}", verb="site"))
        found["done"].append(await manager.post(f"/desk/{number}", verb="done", note="换了保险"))
    return {verb: _percentiles(ms) for verb, ms in found.items()}


async def _live(it: Served, duty: Visitor, county: County, desks: int, progress: Progress) -> dict[str, Any]:
    """Many desks of all the staff are open: until a change has reached those that may have the case in a list, and what
    that costs."""
    progress(f"{desks} desks are open …")
    whose = [county.staff[at % len(county.staff)] for at in range(desks)]
    open_desks = [await it.visitor(staff_no) for staff_no, _ in whose]
    events = [asyncio.Event() for _ in open_desks]
    concerned = [no == county.people[MANAGER] or role in _EVERYWHERE for no, role in whose]
    told = [event for event, mine in zip(events, concerned, strict=True) if mine]
    lists = [desk for desk, mine in zip(open_desks, concerned, strict=True) if mine]
    streams = [asyncio.create_task(_listen(one, event)) for one, event in zip(open_desks, events, strict=True)]
    try:
        await asyncio.sleep(3)
        idle = it.cpu_s()
        await asyncio.sleep(10)
        idle = (it.cpu_s() - idle) / 10
        reached, fetched = [], []
        used, number = it.cpu_s(), county.mine[-1]
        for turn in range(5):
            for event in told:
                event.clear()
            begun = time.perf_counter()
            await duty.post(f"/desk/{number}", verb="comment", note=f"第{turn + 1}句")
            async with asyncio.timeout(60):
                await asyncio.gather(*(event.wait() for event in told))
            reached.append(time.perf_counter() - begun)
            await asyncio.gather(*(one.get("/desk") for one in lists))
            fetched.append(time.perf_counter() - begun)
        used = (it.cpu_s() - used) / 5
    finally:
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    return {
        "desks": desks, "concerned": len(lists), "idle_cpu_share": round(idle, 3), "told_s": _seconds(reached),
        "lists_new_s": _seconds(fetched), "cpu_s_a_change": round(used, 2),
    }  # fmt: skip


async def _listen(one: Visitor, event: asyncio.Event) -> None:
    async with one.session.get("/desk/events", timeout=aiohttp.ClientTimeout(total=None)) as answer:
        async for line in answer.content:
            if line.startswith(b"event: changed"):
                event.set()


def _first_views(county: County) -> list[str]:
    return ["/desk", f"/desk/{county.mine[-1]}", "/desk/search", "/desk/new", "/desk/me"]


async def _weights(url: str, people: dict[str, Visitor], county: County) -> dict[str, int]:
    """Bytes on the wire of a page with all that it loads, by a browser that has nothing yet."""
    wanted = [(people[MANAGER], path) for path in _first_views(county)]
    wanted += [(people[DUTY], path) for path in ("/desk/wall", "/desk/report", "/desk/plan", "/desk/boards", "/desk")]
    found = {}
    for visitor, path in wanted:
        page = (await visitor.get(path))[1]
        files = set(_FILES.findall(page))
        name = re.sub(r"GD\d+", "GD…", path)
        name = f"{name} (duty)" if name in found else name
        found[name] = sum([await _bytes(visitor, url + one) for one in (path, *sorted(files))])
    return found


async def _bytes(visitor: Visitor, url: str) -> int:
    """On the wire: a session that does not unpack, with the visitor's cookies."""
    async with (
        aiohttp.ClientSession(cookie_jar=visitor.session.cookie_jar, auto_decompress=False) as raw,
        raw.get(url, headers={"Accept-Encoding": "gzip"}) as answer,
    ):
        answer.raise_for_status()
        return len(await answer.read())


def _percentiles(times: list[float]) -> dict[str, float]:
    times = times or [0.0]
    return {"p50": round(percentile(times, 0.5), 1), "p95": round(percentile(times, 0.95), 1), "n": len(times)}


def _seconds(times: list[float]) -> dict[str, float]:
    return {"p50": round(percentile(times, 0.5), 2), "longest": round(max(times), 2)}
