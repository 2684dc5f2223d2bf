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


_HOLDS = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="holds">
{invite_first}
<recv response="100" optional="true"/><recv response="200" rrs="true"/>
{ack_first}
<pause milliseconds="300"/>
{invite_hold}
<recv response="200"><action>
  <ereg regexp="m=video 0 RTP/AVP 99" search_in="body" check_it="true" assign_to="1"/>
  <ereg regexp="m=audio [0-9]+ RTP/AVPF 8" search_in="body" check_it="true" assign_to="2"/>
  <ereg regexp="a=recvonly" search_in="body" check_it="true" assign_to="3"/>
  <ereg regexp="Session-Expires: 90;refresher=uac" search_in="msg" check_it="true" assign_to="4"/>
</action></recv>
<Reference variables="1,2,3,4"/>
{ack_hold}
<pause milliseconds="300"/>
{invite_back}
<recv response="200"/>
{ack_back}
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
f: <sip:13971800123@[local_ip]:[local_port]>;tag=[call_number]
t: <sip:07150000001@[remote_ip]:[remote_port]>[peer_tag_param]
i: [call_id]
CSeq: 9 BYE
Reason: Q.850;cause=16;text="Normal call clearing"
Max-Forwards: 70
l: 0

]]></send>
<recv response="200"/>
</scenario>
"""
_REQUEST = """\
<send{more}><![CDATA[
{method} {uri} SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
f: <sip:13971800123@[local_ip]:[local_port]>;tag=[call_number]
t: <sip:07150000001@[remote_ip]:[remote_port]>{tag}
i: [call_id]
CSeq: {number} {method}
m: <sip:13971800123@[local_ip]:[local_port]>
k: timer, 100rel
x: 90;refresher=uac
Max-Forwards: 70
{body}
]]></send>"""
_BODY = """\
c: application/sdp
l: [len]

v=0
o=- 1 {number} IN IP[local_ip_type] [local_ip]
s=-
t=0 0
m=video 5000 RTP/AVP 99
c=IN IP[local_ip_type] [local_ip]
m=audio [media_port] RTP/AVPF 8 96
c=IN IP[local_ip_type] [local_ip]
a=rtpmap:96 telephone-event/8000
a={direction}
"""


def _request(method: str, number: int, direction: str = "") -> str:
    first = number == 1 and method == "INVITE"
    body = _BODY.format(number=number, direction=direction) if direction else "l: 0\n"
    return _REQUEST.format(
        method=method, number=number, body=body, more=' retrans="500"' if direction else "",
        uri="sip:07150000001@[remote_ip]:[remote_port]" if first else "[next_url]", tag="" if first else "[peer_tag_param]",
    )  # fmt: skip


@pytest.mark.skipif(SIPP is None, reason="NOT TESTED: sipp is missing (apt-get install sip-tester)")
async def test_a_telephone_with_video_feedback_and_a_timer_holds_and_comes_back(tmp_path: Path) -> None:
    held: list[bool] = []

    async def answer(line: SipLine, facts: CallFacts) -> None:
        watching = asyncio.create_task(line.ended.wait())
        while not watching.done():
            if not held or held[-1] != line.held:
                held.append(line.held)
            await asyncio.wait({watching}, timeout=0.01)

    steps = {"first": (1, "sendrecv"), "hold": (2, "sendonly"), "back": (3, "sendrecv")}
    made = {f"invite_{name}": _request("INVITE", *step) for name, step in steps.items()}
    made |= {f"ack_{name}": _request("ACK", number) for name, (number, _) in steps.items()}
    (tmp_path / "holds.xml").write_text(_HOLDS.format(**made))
    server = SipServer("127.0.0.1", 0, answer)
    await server.start()
    try:
        sipp = await asyncio.create_subprocess_exec(
            str(SIPP), f"127.0.0.1:{server.port}", "-sf", "holds.xml", "-m", "5", "-r", "5", "-i", "127.0.0.1",
            "-timeout", "30", "-nostdin", "-trace_err", cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        shown, _ = await sipp.communicate()
        errors = "".join(file.read_text() for file in tmp_path.glob("*errors.log"))
        assert sipp.returncode == 0, shown.decode("utf-8", "replace")[-1500:] + errors[-3000:]
        await until(lambda: not server.calls)
        assert True in held
    finally:
        await server.close()
