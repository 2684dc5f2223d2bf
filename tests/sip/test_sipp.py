"""sipp, another vendor's telephone, against our server on a bad line."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from bot.lines.line import CallFacts
from bot.lines.sip.media import SipLine
from bot.lines.sip.server import SipServer
from tests.waiting import until

# Forty calls, in real time.
pytestmark = pytest.mark.slow

SIPP = shutil.which("sipp")


@pytest.mark.skipif(SIPP is None, reason="NOT TESTED: sipp is missing (apt-get install sip-tester)")
async def test_forty_of_forty_calls_survive_a_line_that_loses_every_fifth_packet(tmp_path: Path) -> None:
    async def answer(line: SipLine, facts: CallFacts) -> None:
        async for _ in line.events():
            pass

    server = SipServer("127.0.0.1", 0, answer)
    await server.start()
    try:
        sipp = await asyncio.create_subprocess_exec(
            str(SIPP), f"127.0.0.1:{server.port}", "-sn", "uac", "-m", "40", "-r", "10", "-l", "20", "-i", "127.0.0.1",
            "-d", "1000", "-lost", "20", "-timeout", "90", "-nostdin", "-trace_err",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        shown, _ = await sipp.communicate()
        assert sipp.returncode == 0, shown.decode("utf-8", "replace")[-3000:]
        # sipp takes a repeated 200 to its INVITE for one to its BYE: where its ACK and its BYE were lost it goes without
        # either, and the call is left to our timer (tests/sip/test_within_rules.py: nobody acknowledges). No other is left.
        waiting = {call_id for call_id, _, _ in server.endpoint._unacknowledged}
        await until(lambda: not server.calls.keys() - waiting, 5.0)
        assert len(server.calls) <= 4
    finally:
        await server.close()
