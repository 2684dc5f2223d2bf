"""deploy/asterisk/check: nothing that is missing on an exchange goes unsaid, and each time it says what to do.

The answers in `said` are those of a real Asterisk 22.10.1, registered at a carrier, with the files as they are shipped."""

from __future__ import annotations

import asyncio
import importlib.machinery
import importlib.util
import re
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bot.bench.exchange.installed import INSTALLED, SECRET, SHIPPED, Site
from tests.exchange.needed import needs_asterisk

SAID = Path(__file__).parent / "said"
VALUES = {
    "SIP.CARRIER.EXAMPLE": "sip.carrier.cn", "CARRIER.ADDRESS": "203.0.113.7", "STATION.NUMBER": "07153390000",
    "MANAGER.SECRET": SECRET, "PASSWORD": "from-the-letter", "NUMBER": "07153391024",
}  # fmt: skip


def _load() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("gege_exchange_check", str(SHIPPED / "check"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = sys.modules[loader.name] = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


check = _load()


class Listener(socketserver.ThreadingTCPServer):
    """Answers each connection with what `says` makes of its first lines; None: silence."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self, says: Callable[[bytes], bytes | None]) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                asked = self.request.recv(4096)
                if (answer := says(asked)) is None:
                    time.sleep(3.0)
                elif answer:
                    self.request.sendall(answer)

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


def _agi(asked: bytes) -> bytes:
    return b'SET VARIABLE GEGE_ALIVE "1"\n'


def _ami(asked: bytes) -> bytes:
    right = f"Username: gege\r\nSecret: {SECRET}\r\n".encode() in asked
    told = b"Response: Success\r\nMessage: Authentication accepted\r\n\r\nResponse: Goodbye\r\n\r\n"
    return b"Asterisk Call Manager/11.0.0\r\n" + (
        told if right else b"Response: Error\r\nMessage: Authentication failed\r\n\r\n"
    )


class Fake:
    """An exchange as README.md leaves it; a test breaks one thing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for path in SHIPPED.glob("*.conf"):
            text = path.read_text("utf-8")
            for was, becomes in VALUES.items():
                text = re.sub(rf"\b{re.escape(was)}\b", becomes, text)
            (folder / path.name).write_text(text, "utf-8")
            (folder / path.name).chmod(0o640)
        self.agi, self.audio, self.ami = Listener(_agi), Listener(lambda asked: b""), Listener(_ami)
        self.said = {path.stem.replace("_", " "): path.read_text("utf-8") for path in SAID.glob("*.txt")}

    def ask(self, command: str) -> str:
        if command.startswith("dialplan show gege") or command.startswith("dialplan show from"):
            text = self.said.get(command, self.said["dialplan show gege"].replace("'gege'", f"'{command.split()[-1]}'"))
        else:
            text = self.said[command]
        for name, value in (
            ("folder", str(self.folder)), ("agi", self.agi.address), ("audio", self.audio.address), ("ami", self.ami.address),
        ):  # fmt: skip
            text = text.replace(f"{{{name}}}", value)
        return text

    def changed(self, command: str, was: str, becomes: str) -> None:
        assert was in self.said[command]
        self.said[command] = self.said[command].replace(was, becomes)

    def write(self, name: str, was: str, becomes: str) -> None:
        path = self.folder / name
        text = path.read_text("utf-8")
        assert was in text
        path.write_text(text.replace(was, becomes), "utf-8")

    def missing(self) -> dict[str, str]:
        return {each.what: each.do for each in check.look(check.Exchange(self.ask)) if each.do and not each.note}


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    monkeypatch.setattr(check, "PATIENCE_S", 0.5)
    made = Fake(tmp_path / "etc")
    yield made
    for listener in (made.agi, made.audio, made.ami):
        listener.shutdown()
        listener.server_close()


def test_an_exchange_that_has_everything_is_ready(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    assert fake.missing() == {}
    assert check.tell(check.look(check.Exchange(fake.ask))) == 0
    assert "registered at the carrier" in capsys.readouterr().out


#: {what is broken: (how, words of what is said, words of what to do)}
BROKEN: dict[str, tuple[Callable[[Fake], object], str, str]] = {
    "too old": (lambda it: it.changed("core show version", "22.10.1", "20.11.0"), "20.11 is too old", "22.7"),
    "stopped": (lambda it: it.said.update({"core show version": ""}), "does not answer", "systemctl start asterisk"),
    "a module": (
        lambda it: it.changed("module show", "res_agi.so ", "res_agx.so "), "res_agi", "modules.conf"),
    "a door": (
        lambda it: it.changed("module show", "acl  ", "chan_iax2.so   x     0  Running\nacl  "), "chan_iax2", "take them"),
    "web server": (
        lambda it: it.changed("http show status", "Server Disabled", "Server Enabled and Bound"), "web server", "http.conf"),
    "a placeholder": (
        lambda it: it.write("pjsip_registrar.conf", "password=from-the-letter", "password=PASSWORD"),
        "PASSWORD (pjsip_registrar.conf, line", "README.md, 2"),
    "a readable password": (lambda it: (it.folder / "manager.conf").chmod(0o644), "everybody on this machine", "chmod"),
    "no dial plan": (
        lambda it: it.said.update({"dialplan show gege-watch": it.said["dialplan show nothing"]}),
        "lacks gege-watch", "extensions.conf"),
    "no default number": (
        lambda it: it.changed("dialplan show globals", "07153390000", "STATION.NUMBER"), "when Gege is down", "digits"),
    "a global": (lambda it: it.changed("dialplan show globals", "GEGE_RING=25", "GEGE_RING="), "GEGE_RING", "[globals]"),
    "Gege is down": (lambda it: it.agi.server_close(), "FastAGI", "systemctl status gege"),
    "Gege hangs": (lambda it: setattr(it, "agi", Listener(lambda asked: None)), "says nothing", "restart gege"),
    "not allowed": (lambda it: setattr(it, "agi", Listener(lambda asked: b"")), "closes at once", "[asterisk] allowed"),
    "something else": (lambda it: setattr(it, "agi", Listener(lambda asked: b"HTTP/1.1 400")), "something else", "fastagi"),
    "no line": (
        lambda it: it.said.update({"pjsip show endpoint trunk": it.said["pjsip show endpoint nothing"]}),
        "no line called trunk", "#include"),
    "no A-law": (lambda it: it.changed("pjsip show endpoint trunk", "(alaw|ulaw)", "(ulaw)"), "A-law", "allow=alaw"),
    "anonymous": (
        lambda it: it.changed("pjsip show endpoint trunk", ": 07153391024", ":"), "no number of the company's", "from_user"),
    "a domain with a port": (
        lambda it: it.changed("pjsip show endpoint trunk", ": sip.carrier.cn", ": sip.carrier.cn:5080"),
        "no valid address", "without a port"),
    "a gateway that is off": (
        lambda it: it.changed("pjsip show endpoint trunk", "NonQual", "Unavail"), "does not answer", "gateway"),
    "refused by the carrier": (
        lambda it: it.changed("pjsip show registrations", "Registered  ", "Rejected  "), "nobody can call in", "password"),
    "no answer of the carrier": (
        lambda it: it.changed("pjsip show registrations", "Registered  ", "Unregistered  "), "nobody can call in", "5060"),
    "registered as s": (
        lambda it: it.changed("pjsip show registration trunk", "contact_user             : 07153391024", "contact_user :"),
        "calls come to 's'", "contact_user"),
    "SIP for everybody": (
        lambda it: (it.write("pjsip.conf", "deny=0.0.0.0/0.0.0.0", ""),
                    it.changed("pjsip show transports", "127.0.0.1:5060", "0.0.0.0:5060")),
        "open to everybody", "who-may"),
    "few ports": (lambda it: it.changed("rtp show settings", "10999", "10020"), "10020", "rtp.conf"),
    "American tones": (lambda it: it.changed("indication show", "zone: cn", "zone: us"), "tones of us", "indications.conf"),
    "AMI for everybody": (
        lambda it: it.changed("manager show settings", "{ami}", f"0.0.0.0:{it.ami.server_address[1]}"),
        "every address", "bindaddr"),
    "no AMI account": (
        lambda it: it.said.update({"manager show user gege": it.said["manager show user nobody"]}), "knows no gege", "[gege]"),
    "a right": (lambda it: it.changed("manager show user gege", "originate", "system"), "write=originate", "manager reload"),
    "from anywhere": (lambda it: it.changed("manager show user gege", "ACL: yes", "ACL: no"), "from anywhere", "permit"),
    "a wrong secret": (lambda it: it.write("manager.conf", SECRET, "another"), "cannot sign in: refused", "gege.toml"),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_what_is_missing_is_said_with_what_to_do(fake: Fake, broken: str) -> None:
    breaks, words, what_to_do = BROKEN[broken]
    breaks(fake)
    missing = fake.missing()
    assert any(words in what and what_to_do in do for what, do in missing.items()), missing


def test_without_calls_out_ami_is_only_a_note(fake: Fake) -> None:
    fake.changed("manager show settings", "Manager (AMI):             Yes", "Manager (AMI):             No")
    found = check.look(check.Exchange(fake.ask))
    assert any(each.note and "AMI is off" in each.what for each in found) and not fake.missing()


async def test_the_script_itself_ends_with_1_and_no_traceback_where_there_is_no_asterisk(tmp_path: Path) -> None:
    asked = await asyncio.create_subprocess_exec(
        sys.executable, str(SHIPPED / "check"), "--asterisk", str(tmp_path / "none"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asked.communicate()
    assert asked.returncode == 1 and b"does not answer" in said and b"Traceback" not in said


@needs_asterisk
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["address", "registrar"])
async def test_a_real_one_with_these_files_is_ready_and_without_gege_it_says_so(station, kind: str) -> None:
    async with station(kind) as site:
        if kind == "registrar":
            await asyncio.wait_for(site.carrier.registered.wait(), 20)
            await asyncio.sleep(1)
        assert await _checked(site.site) == (0, "ready")
        await site.gege.kill()
        code, said = await _checked(site.site)
        assert code == 1 and "2 things are missing" in said


async def _checked(site: Site) -> tuple[int | None, str]:
    for path in site.etc.glob("*.conf"):
        path.chmod(0o640)
    asked = await asyncio.create_subprocess_exec(
        sys.executable, str(SHIPPED / "check"), "--asterisk", str(INSTALLED / "sbin" / "asterisk"),
        "--config", str(site.etc / "asterisk.conf"), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await asked.communicate()
    return asked.returncode, said.decode().strip().splitlines()[-1]
