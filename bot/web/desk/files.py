"""Files that people take away: a workbook, a table; no browser and no machine between keeps a copy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import web

from bot.statistics.sheets import Sheet, as_csv, as_xlsx

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def workbook(name: str, sheets: Callable[[], Sequence[Sheet]]) -> web.Response:
    """`NAME.xlsx`; `sheets` are made off the event loop."""
    return _file(await asyncio.to_thread(lambda: as_xlsx(sheets())), f"{name}.xlsx", _XLSX)


async def table(name: str, sheet: Sheet) -> web.Response:
    """`NAME.csv`."""
    return _file(await asyncio.to_thread(as_csv, sheet), f"{name}.csv", "text/csv")


def _file(body: bytes, name: str, kind: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=body, content_type=kind, headers=headers)
