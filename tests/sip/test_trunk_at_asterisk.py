"""A real Asterisk as the trunk's far end: both laws, keys, hold with its music, and session timers both ways."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.bench.exchange.sip import Exchange
from bot.lines.line import Sounded
from bot.lines.sip import g711
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.server import SipServer
from tests.exchange.needed import needs_asterisk
from tests.sip.calls import Listener, both, offer
from tests.sip.real_asterisk import RealAsterisk, asterisk
from tests.sip.test_baresip import is_in, sweep
from tests.waiting import until

# Calls in real time at another vendor's exchange.
pytestmark = [pytest.mark.slow, needs_asterisk]

_PJSIP = """\
[local]
type=transport
protocol=udp
bind=127.0.0.1:{port}
[gege]
type=endpoint
context=in
disallow=all
allow=%(codec)s
aors=gege
dtmf_mode=%(keys)s
moh_passthrough=yes
timers=always
timers_min_se=90
timers_sess_expires=90
direct_media=no
[gege]
type=aor
contact=sip:127.0.0.1:%(gege)d
[gege]
type=identify
endpoint=gege
match=127.0.0.1:%(gege)d
[phone]
type=endpoint
context=in
disallow=all
allow=alaw
aors=phone
direct_media=no
[phone]
type=aor
contact=sip:%(phone)s
[phone]
type=identify
endpoint=phone
match=127.0.0.1
"""
_PLAN = """\
[in]
exten => gege,1,Dial(PJSIP/07150000001@gege)
exten => 8000,1,Answer()
 same => n,Echo()
[said]
exten => s,1,Wait(0.5)
 same => n,Playback(%s)
 same => n,SendDTMF(1122*0#D,250,100)
 same => n,Wait(60)
"""


@contextlib.asynccontextmanager
async def at(
    tmp_path: Path, codec: str = "alaw", keys: str = "rfc4733"
) -> AsyncIterator[tuple[SipServer, Exchange, Listener, RealAsterisk]]:
    """Gege's port, a telephone, and Asterisk between them."""
    said = tmp_path / "said.wav"
    with wave.open(str(said), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(sweep(3.0, 300).tobytes())
    async with both() as (server, far, listener):
        values = {"codec": codec, "keys": keys, "gege": server.port, "phone": far.host}
        files = {
            "pjsip.conf": _PJSIP % values,
            "extensions.conf": _PLAN % said.with_suffix(""),
            "musiconhold.conf": f"[default]\nmode=files\ndirectory={tmp_path}\n",
        }
        (tmp_path / "asterisk/spool/outgoing").mkdir(parents=True)
        async with asterisk(tmp_path / "asterisk", files) as between:
            far.gege = ("127.0.0.1", between.port)
            yield server, far, listener, between


async def _call(tmp_path: Path, listener: Listener) -> str:
    """A call from Asterisk's own dial plan to Gege; its caller."""
    waiting, spool = tmp_path / "call", tmp_path / "asterisk/spool/outgoing"
    waiting.write_text("Channel: PJSIP/0715@gege\nContext: said\nExtension: s\nPriority: 1\n")
    waiting.rename(spool / "call")
    await until(lambda: listener.lines, 10)
    return next(iter(listener.lines))


@pytest.mark.parametrize("codec", ["alaw", "ulaw"])
@pytest.mark.parametrize("keys", ["rfc4733", "info"])
async def test_what_asterisk_says_and_keys_is_heard_once_in_both_laws(tmp_path: Path, codec: str, keys: str) -> None:
    async with at(tmp_path, codec, keys) as (server, _, listener, between):
        caller = await _call(tmp_path, listener)
        await until(lambda: listener.keys[caller].endswith("D"), 20)
        assert listener.keys[caller] == "1122*0#D"
        kind = g711.PCMA if codec == "alaw" else g711.PCMU
        assert listener.lines[caller].media.codec == kind
        # Its own coder takes the next lower step; the last frame it does not send.
        said = sweep(3.0, 300)[:23_000]
        assert is_in(said, np.frombuffer(bytes(listener.heard[caller]), "<i2"), kind, within=256)


async def test_a_telephone_behind_asterisk_holds_the_call_and_takes_it_up_again(tmp_path: Path) -> None:
    async with at(tmp_path) as (server, far, listener, between):
        call = await far.call(number="07150000001", caller="13971800123")
        assert call.final is not None and call.final.code == 200
        await until(lambda: listener.lines, 10)
        caller, line = next(iter(listener.lines.items()))
        call.speak(bytes(3200))
        line.play(sweep(6.0, 300).tobytes())
        await until(lambda: any(far.sound.heard))
        await call.invite(offer(far, "sendonly"))
        await until(lambda: line.held)
        heard = len(listener.heard[caller])
        await asyncio.sleep(2.0)
        assert len(listener.heard[caller]) - heard < 3200 and server.calls, "it stands still"
        far.sound.heard.clear()
        await call.invite(offer(far))
        await until(lambda: not line.held)
        await until(lambda: any(far.sound.heard), 5)
        assert (await call.ask("BYE")).code == 200
        await until(lambda: not server.calls, 10)


async def test_asterisk_refreshes_the_session_that_it_wants(tmp_path: Path) -> None:
    async with at(tmp_path) as (server, far, listener, between):
        await _call(tmp_path, listener)
        (call,) = server.calls.values()
        assert (call.timer.interval_s, call.timer.ours) == (90, False)
        began = call.timer._since
        await until(lambda: call.timer._since > began, 60)
        assert not call.over


async def test_asterisk_takes_our_refresh_and_says_that_it_is_there(tmp_path: Path) -> None:
    async with at(tmp_path) as (server, far, listener, between):
        rung = await server.ring("8000", 10, Gateway(("127.0.0.1", between.port), f"127.0.0.1:{between.port}"))
        assert rung.call is not None, rung
        call = rung.call
        call.line.play(sweep(3.0, 300).tobytes())
        assert call.timer.interval_s == 90 and call.timer.by_update
        for by_update in (True, False):
            call.timer.by_update = by_update
            refreshed = await call.refresh()
            assert refreshed is not None and refreshed.code == 200
        heard = bytearray()
        async with asyncio.timeout(10):
            async for event in call.line.events():
                heard += event.pcm if isinstance(event, Sounded) else b""
                if len(heard) >= 3.5 * 16_000:
                    break
        assert is_in(sweep(3.0, 300)[:20_000], np.frombuffer(bytes(heard), "<i2"), g711.PCMA, within=256)
