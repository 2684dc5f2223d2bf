"""A small town with a long street: what is imported, who reads, what a form hands over."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.database import Database
from bot.grid.importer import import_csv
from bot.register.book import New, Reader

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = dt.date(2026, 12, 1)
NOON = dt.datetime(2026, 12, 1, 12, 0, tzinfo=ZONE)
HEAD = "household_no,householder,phone,community,compound,address,transformer,feeder,grid_no,tags,balance,months_owed,ytd_kwh"
STAFF = """staff_no,name,role,phone,grid_nos,telegram_id,wecom,dingtalk
M24,归程,manager,13907150024,24,,,
M25,望舒,manager,13907150025,25,,,
S24,主任,supervisor,13907150032,24,,,
T1,服务队一,team,13907150040,,,,
T2,服务队二,team,13907150041,,,,
D1,值班,duty,13907150031,,,,
"""
MANAGER = Reader("M24", "manager", {"24"}, {"24"})
TEAM, OTHERS = Reader("T1", "team", None), Reader("T2", "team", None)


def rows(count: int = 12) -> str:
    """石桥路1号 to 12号 on grid 24: 3号 owes, 8号 is large, 5号 is to be looked after; 枫林街 on grid 25."""
    found = []
    for number in range(1, count + 1):
        tags = {8: "large", 5: "vulnerable"}.get(number, "")
        owes = "-86.2,3" if number == 3 else "10,0"
        found.append(f"42110{number:02},户{number},,东门社区,,石桥路{number}号,东门1台区,东门线,24,{tags},{owes},800")
    found += [
        f"42120{number:02},家{number},,西门社区,,枫林街{number}号,西门1台区,西门线,25,,0,0,55" for number in (1, 2, 3)
    ]
    return "\n".join([HEAD, *found, ""])


def bring(database: Database, folder: Path, text: str) -> None:
    """Import a file of the county."""
    (folder / "in.csv").write_text(text, "utf-8")
    import_csv(database, folder / "in.csv")


_count = iter(range(10**9))


def new(
    kind: str, household: str = "", day: dt.date = TODAY, community: str = "", task: int = 0, **values: object
) -> New:
    """What a form would hand over, each time another form."""
    return New(kind, day, f"nonce-of-a-form-{next(_count)}", values, household, community, "", task)
