"""Gege registered at a real Asterisk as at a carrier ([voice.trunk]): rung by her number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.bench.exchange.sip import Exchange, exchange
from bot.database import Database
from tests.exchange.needed import needs_asterisk
from tests.sip.real_asterisk import RealAsterisk, asterisk, free_port
from tests.sip.site import Site, opened, taker
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.waiting import until

county = small_county
pytestmark = [on_sqlite, pytest.mark.slow, needs_asterisk]

ACCOUNT, GRID, MANAGER = "07150000011", "07153391024", "13900000001"
PJSIP = """
[transport]
type=transport
protocol=udp
bind=127.0.0.1:{port}
[global]
type=global
endpoint_identifier_order=header,username,ip
[network]
type=endpoint
context=to-site
disallow=all
allow=alaw
aors=network
direct_media=no
[network]
type=aor
contact=sip:{carrier}
[network]
type=identify
endpoint=network
match=127.0.0.1
[07150000011]
type=endpoint
context=from-site
disallow=all
allow=alaw
aors=07150000011
auth=07150000011
direct_media=no
[07150000011]
type=identify
endpoint=07150000011
match_header=User-Agent: Gege
[07150000011]
type=aor
max_contacts=1
minimum_expiration=60
[07150000011]
type=auth
auth_type=userpass
username=07150000011
password=secret
"""
PLAN = f"""
[to-site]
exten => _X.,1,Set(CALLERID(num)=13971800123)
 same => n,Dial(PJSIP/{ACCOUNT},20,b(named^${{EXTEN}}^1))
[named]
exten => _X.,1,Set(PJSIP_HEADER(add,P-Called-Party-ID)=<sip:${{EXTEN}}@127.0.0.1>)
 same => n,Return()
[from-site]
exten => _X.,1,Dial(PJSIP/${{EXTEN}}@network,30)
 same => n,Hangup(${{HANGUPCAUSE}})
"""


@pytest.fixture
def registered(tmp_path: Path, county: Database) -> Callable[..., Any]:
    @asynccontextmanager
    async def started() -> AsyncIterator[tuple[Site, Exchange, RealAsterisk]]:
        async with exchange() as network:
            files = {"pjsip.conf": PJSIP.replace("{carrier}", network.host), "extensions.conf": PLAN}
            async with asterisk(tmp_path / "asterisk", files) as real:
                network.gege = ("127.0.0.1", real.port)
                trunk = {"registrar": f"127.0.0.1:{real.port}", "user": ACCOUNT, "password": "secret", "expires_s": 60}
                async with opened(tmp_path / "gege", county, at=free_port(), trunk=trunk) as site:
                    yield site, network, real

    return started


async def test_calls_come_in_with_their_number_and_people_are_rung_through_the_trunk(registered: Callable) -> None:
    async with registered() as (site, network, real):
        await real.until_says(f"pjsip show aor {ACCOUNT}", f"sip:{ACCOUNT}@", 30)
        manager = await taker(network, MANAGER)
        call = await network.call(line=GRID)
        assert call.final is not None and call.final.code == 200
        plan = next(iter(site.telephone.hand_overs.plans.values()))
        assert (plan.facts.dialled, plan.facts.caller) == (GRID, "13971800123")
        await asyncio.sleep(0.5)
        call.send("INFO", body=b"Signal=0\r\nDuration=160\r\n", content_type="application/dtmf-relay")
        await until(lambda: site.joined(), 20)
        assert any(manager.heard)
        await asyncio.sleep(3.2)
        await call.ask("BYE")
        await real.until_quiet()
        assert not site.owed()
        manager.transport.close()
