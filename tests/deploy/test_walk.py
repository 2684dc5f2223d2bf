"""docs/operate.md, from a bare Debian 12 to the first call: its commands are run as they stand there, in their order.

On the machine of the tests from the questions on. On a bare Debian from the first line on, where BARE_DEBIAN names one:
`debootstrap bookworm FOLDER`, and BARE_DEBIAN=FOLDER; with ASTERISK as well, a carrier's call comes in by a real exchange."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.bench.exchange.installed import INSTALLED, SECRET, SHIPPED, Site, is_installed
from bot.bench.loopback import free_port
from bot.settings import load_settings
from tests.deploy.walk import BareDebian, Machine, Step, ThisMachine, says, steps
from tests.exchange.carrier import Carrier

BARE = Path(os.environ.get("BARE_DEBIAN", "/nowhere"))
needs_bare_debian = pytest.mark.skipif(
    os.geteuid() != 0 or not (BARE / "etc/debian_version").exists(),
    reason="NOT WALKED from the first line on: BARE_DEBIAN names no Debian (debootstrap bookworm FOLDER, as root)",
)
#: what a person does: the exchange, a telephone, and what follows
BY_PEOPLE = {8, 9, 10}
WALK = [step for step in steps() if step.number not in BY_PEOPLE]


def go(machine: Machine, step: Step, port: int) -> str:
    """One step, and whether it says what the page says; → what was read."""
    said = ""
    for block in step.blocks:
        if "systemctl restart gege" in block:
            machine.serve(port)
        said += machine.run(block)
    for words in step.worked:
        assert says(said, machine.fitted(words)), f"{step.number}. {step.title}: {words!r} was not read in\n{said}"
    return said


def follow(link: str) -> tuple[int, str]:
    """What a browser that opens a link is shown."""
    with urllib.request.urlopen(link, timeout=10) as answer:
        return answer.status, answer.read().decode()


def test_every_step_has_commands_or_a_person_and_says_when_it_worked() -> None:
    assert [step.number for step in steps()] == list(range(1, 11))
    assert all(step.blocks for step in WALK)
    assert [step.number for step in steps() if "It worked when" in step.text] == list(range(1, 10))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[tuple[ThisMachine, int]]:
    """A new home with what install-debian.sh writes, on ports that are free."""
    machine, port = ThisMachine(tmp_path, sys.executable), free_port()
    (tmp_path / "backups").mkdir(mode=0o700)
    machine.home.mkdir(mode=0o700)
    voice = f'sip = "127.0.0.1:{free_port(socket.SOCK_DGRAM)}"\naudiosocket = "127.0.0.1:{free_port()}"\n'
    (machine.home / "gege.toml").write_text(
        f'[web]\nport = {port}\n[voice]\n{voice}fastagi = "127.0.0.1:{free_port()}"\n[log]\nlevel = "info"\n'
        f'[backup]\nfolder = "{tmp_path}/backups"\n[speech]\nvoice = "espeak"\n'
    )
    (machine.home / "gege.toml").chmod(0o600)
    yield machine, port
    machine.close()


@pytest.mark.slow
def test_from_the_questions_to_the_first_call(here: tuple[ThisMachine, int]) -> None:
    machine, port = here
    read = {step.number: go(machine, step, port) for step in WALK if step.number > 2}
    settings = load_settings(machine.home)
    assert settings.web.port == port and settings.site.name == "桃溪供电" and settings.calling.enabled
    came_in(read[6], port)
    assert re.search(r"GD\d{10}", read[7]) and "13907161001" in read[7], read[7]
    assert not [path for path in machine.home.rglob("*") if path.stat().st_mode & 0o077 and "cache" not in str(path)]


@needs_bare_debian
@pytest.mark.slow
def test_from_a_bare_debian_to_the_first_call(tmp_path: Path) -> None:
    machine = BareDebian(BARE, tmp_path)
    try:
        read = {}
        for step in WALK:
            if step.number == 2:
                step = Step(2, step.title, step.text + "\n```sh\ncd /root/gege && deploy/install-debian.sh\n```\n")
            read[step.number] = go(machine, step, 8080)
        assert read[2].count("would: ") >= 10
        came_in(read[6], 8080)
        assert re.search(r"GD\d{10}", read[7]), read[7]
        if is_installed():
            asyncio.run(a_call_comes_in(machine, tmp_path))
    finally:
        machine.close()


def came_in(said: str, port: int) -> None:
    """The link of step 6 leads to a page that asks before it lets in: a preview in a messenger must not use it up."""
    (link,) = re.findall(rf"http://localhost:{port}/t/\S+", said)
    status, page = follow(link)
    assert status == 200 and "<form" in page


async def a_call_comes_in(machine: BareDebian, folder: Path) -> None:
    """Steps 8 and 9 with a carrier of the tests: its caller hears Gege, presses 0, and somebody's telephone rings."""
    secret = (machine.root / "srv/gege/keys/asterisk_ami").read_text().strip()
    assert says(machine.run(next(step for step in steps() if step.number == 8).blocks[0]), secret)
    carrier = Carrier()
    await carrier.open()
    site = Site(
        folder / "asterisk", f"127.0.0.1:{carrier.address[1]}", 4573, 9092, "address",
        changed={"manager.conf": [(SECRET, secret)]}, ami=5038,
    )  # fmt: skip
    carrier.site = ("127.0.0.1", site.sip)
    try:
        await site.start()
        for path in site.etc.glob("*.conf"):
            path.chmod(0o640)
        check = [sys.executable, str(SHIPPED / "check"), "--asterisk", str(INSTALLED / "sbin/asterisk")]
        checked = await asyncio.to_thread(
            subprocess.run, [*check, "--config", str(site.etc / "asterisk.conf")], capture_output=True, text=True
        )
        assert checked.returncode == 0 and checked.stdout.strip().endswith("ready"), checked.stdout
        leg = await carrier.call("07163390001", caller="13971800123")
        await asyncio.wait_for(leg.answered.wait(), 10)
        await asyncio.sleep(6)
        await leg.press("0")
        # On a machine with other work the voice takes its time to say whom she calls.
        rung = await carrier.rings(within_s=40)
        assert rung.number in ("07163390001", "13907160001", "13907160011")
        leg.hang_up()
        await asyncio.sleep(3)
        said = await asyncio.to_thread(machine.run, "gege call-log\ngege doctor")
        assert "13971800123" in said and not re.search(r"^BAD", said, re.MULTILINE), said
    finally:
        await carrier.close()
        await site.stop()
