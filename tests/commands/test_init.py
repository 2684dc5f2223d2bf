"""`gege init` writes a site that the settings take, keeps secrets out of gege.toml, and writes nothing when it is left."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from bot.app.parts import existing_site
from bot.commands import init
from bot.commands.line import Failure
from bot.commands.new_site.answers import NotTaken, taken
from bot.commands.new_site.machine import look
from bot.commands.new_site.plan import answers_of, checked, planned
from bot.commands.new_site.questions import Answers, parts, questions, say
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.settings import PROJECT, Settings, load_settings
from bot.settings.reference import of_site, tables
from bot.speech.catalogue import catalogue
from tests.speech.vosk_folder import make_folder

REQUIRED = {
    "company": "桃溪供电", "station": "桃溪供电所", "station_phone": "0716-3390001",
    "admin_name": "王小明", "admin_phone": "139 0716 0001",
}  # fmt: skip
WECOM = {
    "messengers": "wecom", "wecom_corp_id": "ww1234567890abcdef", "wecom_agent_id": "1000002",
    "wecom_secret": "b-secret-of-an-application", "wecom_token": "a-token-of-a-callback", "wecom_aes_key": "k" * 43,
}  # fmt: skip


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GEGE_HOME that is not there yet."""
    monkeypatch.setenv("GEGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GEGE_LANG", "en")
    monkeypatch.delenv("GEGE_DATABASE_URL", raising=False)
    return tmp_path / "home"


def run(answers: Answers, *, file: Path | None = None, replace: bool = False) -> None:
    given = [f"{name}={value}" for name, value in answers.items()]
    init.init(answers=file, answer=given, replace=replace, check=False, show=False)


def test_a_new_site_is_whole_private_and_has_its_administrator(where: Path) -> None:
    run({**REQUIRED, **WECOM, "telephone": "asterisk", "calls_out": "yes"})
    settings = load_settings()
    assert (settings.site.name, settings.site.station_phone) == ("桃溪供电", "0716-3390001")
    assert settings.notify.wecom.secret == WECOM["wecom_secret"] and settings.notify.wecom.agent_id == 1000002
    assert settings.calling.enabled and settings.calling.prefixes == ["1", "0716"]
    assert len(settings.asterisk.ami.secret) == 32 and settings.calling.number == "07163390001"
    text = (where / "gege.toml").read_text()
    for secret in (WECOM["wecom_secret"], WECOM["wecom_token"], WECOM["wecom_aes_key"], settings.asterisk.ami.secret):
        assert secret not in text
    assert "# how Gege calls the company in its greeting" in text
    for path in (where, *where.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    database = existing_site(settings)
    try:
        person = Registry.load(database).person("A01")
    finally:
        database.dispose()
    assert person is not None and (person.name, person.role) == ("王小明", Role.admin)


def test_a_second_time_everything_stands_there_and_nothing_is_touched(where: Path) -> None:
    run({**REQUIRED, **WECOM, "telephone": "asterisk", "calls_out": "yes"})
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in where.rglob("*.toml")}
    secret = load_settings().asterisk.ami.secret
    run({})
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in where.rglob("*.toml")} == before
    assert load_settings().asterisk.ami.secret == secret


def test_what_a_site_has_is_shown_and_kept_until_it_says_so(where: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where.mkdir(mode=0o700)
    own = '# ours\n[site]\nname = "老名字"\n[turns]\nno_input = 9.0\n[metrics]\ntoken = "0123456789abcdef"\n'
    (where / "gege.toml").write_text(own, "utf-8")
    with pytest.raises(Failure, match="--replace"):
        run(REQUIRED)
    told = capsys.readouterr().err
    assert '-name = "老名字"' in told and '+name = "桃溪供电"' in told
    assert (where / "gege.toml").read_text("utf-8") == own and sorted(where.iterdir()) == [where / "gege.toml"]
    run(REQUIRED, replace=True)
    settings = load_settings()
    assert (settings.site.name, settings.turns.no_input, settings.metrics.token) == (
        "桃溪供电",
        9.0,
        "0123456789abcdef",
    )
    assert (where / "gege.toml.old").read_text("utf-8") == own


def test_everything_that_is_missing_or_wrong_is_said_at_once_and_nothing_is_written(where: Path) -> None:
    with pytest.raises(Failure) as refused:
        run({"company": "桃溪供电", "station_phone": "3390001", "telephone": "pigeon", "sip_user": "4711"})
    said = str(refused.value)
    for words in ("station: ", "station_phone: ", "0715-3391024", "telephone: ", "none, asterisk", "admin_name: "):
        assert words in said
    assert "sip_user: not asked here (telephone=registrar)" in said and not where.exists()
    with pytest.raises(Failure, match="did you mean station_phone"):
        run({"station_fone": "0716-3390001"})


def test_a_file_of_answers_that_others_may_read_holds_no_secret(where: Path, tmp_path: Path) -> None:
    file = tmp_path / "answers.toml"
    file.write_text("\n".join(f'{name} = "{value}"' for name, value in {**REQUIRED, **WECOM}.items()), "utf-8")
    file.chmod(0o644)
    with pytest.raises(Failure, match="chmod 600"):
        run({}, file=file)
    assert not where.exists()
    file.chmod(0o600)
    run({}, file=file)
    assert load_settings().notify.wecom.secret == WECOM["wecom_secret"]


def test_the_questions_as_a_file_are_answers_once_they_are_filled_in(
    where: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init.init(show=True)
    form = capsys.readouterr().out
    assert set(tomllib.loads(form)) == set(REQUIRED) and set(re.findall(r"^(?:# )?(\w+) = ", form, re.M)) == set(
        parts()
    )
    file = tmp_path / "answers.toml"
    for name, value in REQUIRED.items():
        form = form.replace(f'\n{name} = ""', f'\n{name} = "{value}"')
    file.write_text(form, "utf-8")
    run({}, file=file)
    assert load_settings().site.name == "桃溪供电"


# ---- at the terminal ------------------------------------------------------------------------------


class Typist:
    """Answers typer's prompts: `says` by words of the question, else Enter; leaves with Ctrl-C at prompt number `leaves`."""

    def __init__(self, says: dict[str, list[str]], leaves: int = 0) -> None:
        self.says, self.leaves, self.asked = {words: list(lines) for words, lines in says.items()}, leaves, 0

    def prompt(self, question: str, **_: object) -> str:
        self.asked += 1
        if self.asked == self.leaves:
            raise typer.Abort
        for words, lines in self.says.items():
            if words in question and lines:
                return lines.pop(0)
        return ""

    def confirm(self, question: str, **_: object) -> bool:
        self.prompt(question)
        return True


TYPED = {
    "Name of the company": ["?", "", "桃溪供电"], "Name of the station": ["桃溪供电所"], "station's telephone": ["0716-3390001"],
    "from outside": ["gege.example.cn", "https://gege.example.cn"], "How calls come": ["4"], "carrier's server": ["127.0.0.1:15060"],
    "Account there": ["07163391024"], "Its password": ["a-password-of-a-line"], "ring people": ["y"],
    "    Name": ["王小明"], "Mobile": ["13907160001"], "  Name [": [], "  Name": ["王小明"],
}  # fmt: skip


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Typist]]:
    def made(leaves: int = 0) -> Typist:
        one = Typist(TYPED, leaves)
        monkeypatch.setattr(typer, "prompt", one.prompt)
        monkeypatch.setattr(typer, "confirm", one.confirm)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        return one

    yield made


def test_somebody_answers_and_is_told_why_an_answer_is_none(
    where: Path, typist: Callable[..., Typist], capsys: pytest.CaptureFixture[str]
) -> None:
    typist()
    run({})
    told = capsys.readouterr().err
    assert "1/8 The company" in told and "8/8 The first administrator" in told
    assert "Chinese, short" in told and "This one is needed." in told and "'gege.example.cn' is not an address" in told
    settings = load_settings()
    assert settings.voice.trunk.password == "a-password-of-a-line" and settings.voice.sip == "127.0.0.1:5090"
    assert settings.web.proxies == ["127.0.0.1"] and settings.web.public_url == "https://gege.example.cn"
    # What comes next is said last, in the order in which it is done.
    commands = re.findall(r"^  (gege .*)$", told, re.M)
    assert [one.split()[1] for one in commands] == ["import", "sign-in", "serve"] and "gege sign-in A01" in commands


def test_whoever_leaves_at_any_question_leaves_nothing_behind(where: Path, typist: Callable[[int], Typist]) -> None:
    one, number = typist(0), 0
    while True:
        number += 1
        one = typist(number)
        try:
            run({})
        except typer.Exit as ended:
            assert ended.exit_code == 130 and not where.exists(), f"question {number}"
        else:
            break
    # Every question, and the last one: whether to write it.
    assert number > 20 and one.asked == number - 1 and (where / "gege.toml").exists()


@pytest.mark.slow
def _at_the_terminal() -> None:
    """In the child: the terminal is its own, and Ctrl-C means what it does at one (a suite in the background ignores it)."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_at_a_real_terminal_writes_nothing_and_shows_no_traceback(where: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", "init"], cwd=PROJECT,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=_at_the_terminal,
        env={**os.environ, "LC_ALL": "zh_CN.UTF-8", "GEGE_LANG": "", "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)
    said, until, again_at = b"", time.monotonic() + 120, 0.0
    steps = [("公司叫什么", "桃溪供电\r"), ("供电所叫什么", "\x03")]
    with contextlib.suppress(OSError):  # a terminal whose program has ended
        while process.poll() is None or select.select([ours], [], [], 0.1)[0]:
            assert time.monotonic() < until, said.decode("utf-8", "replace")
            if select.select([ours], [], [], 0.2)[0]:
                said += os.read(ours, 4096)
            shown = [one for one in steps if one[0] in said.decode("utf-8", "replace")]
            if shown and time.monotonic() > again_at:
                # What is typed while a program prepares its line is thrown away: a person would type again.
                os.write(ours, shown[-1][1].encode())
                again_at = time.monotonic() + 3.0
    told = said.decode("utf-8", "replace")
    assert process.wait(10) == 130 and "什么都没写" in told and "Traceback" not in told and not where.exists()


# ---- what answers come to -------------------------------------------------------------------------

SIP = {"own_address": "10.0.0.9"}
#: {way: (answers beside the required ones, keys of gege.toml)}
WAYS: dict[str, tuple[Answers, dict[str, object]]] = {
    "none": ({}, {}),
    "asterisk": ({"asterisk_address": "127.0.0.1"}, {"voice.fastagi": "127.0.0.1:4573"}),
    "exchange": (
        {**SIP, "exchange_address": "10.0.0.0/24", "exchange_user": "gege"},
        {"voice.sip": "10.0.0.9:5090", "voice.sip_allowed": ["127.0.0.0/8", "::1/128", "10.0.0.0/24"]}),
    "registrar": (
        {**SIP, "sip_server": "sip.example.cn:5060", "sip_user": "4711", "sip_password": "file:/etc/hostname"},
        {"voice.trunk.registrar": "sip.example.cn:5060", "voice.trunk.password": "file:/etc/hostname"}),
    "trunk": ({**SIP, "sip_server": "203.0.113.7:5080"}, {"voice.trunk.registers": False, "voice.sip": "10.0.0.9:5090"}),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_each_telephone_is_settings_and_settings_are_the_same_answers_again(way: str, tmp_path: Path) -> None:
    more, keys = WAYS[way]
    answers = {**REQUIRED, "admin_no": "A01", "telephone": way, "ear": "demo", "voice": "auto", **more}
    plan = planned(answers, {}, tmp_path)
    checked(plan, tmp_path)
    for key, value in keys.items():
        found: object = plan.values
        for name in key.split("."):
            assert isinstance(found, dict)
            found = found[name]
        assert found == value, key
    known = answers_of(plan.values)
    for name in ("telephone", *more):
        assert known.get(name, "none") == answers[name], name
    # Without a telephone again nothing of it is left.
    none = {name: value for name, value in answers.items() if name not in more} | {"telephone": "none"}
    assert planned(none, plan.values, tmp_path).values == planned(none, {}, tmp_path).values


def test_a_page_behind_a_proxy_elsewhere_listens_to_it_and_one_here_to_this_machine(tmp_path: Path) -> None:
    page = {**REQUIRED, "admin_no": "A01", "ear": "demo", "web_address": "https://gege.example.cn"}
    here = checked(planned({**page, "proxy": "127.0.0.1"}, {}, tmp_path), tmp_path)
    there = checked(planned({**page, "proxy": "10.0.0.5,10.0.0.6"}, {}, tmp_path), tmp_path)
    assert (here.web.host, there.web.host, there.web.proxies) == ("127.0.0.1", "0.0.0.0", ["10.0.0.5", "10.0.0.6"])


def test_a_robot_s_address_is_a_secret_and_its_messages_are_sent(tmp_path: Path) -> None:
    url = "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef"
    answers = {
        **REQUIRED,
        "admin_no": "A01",
        "ear": "demo",
        "messengers": "dingtalk",
        "dingtalk_url": url,
        "dingtalk_secret": "SEC0",
    }
    plan = planned(answers, {}, tmp_path)
    assert "access_token" not in of_site(plan.values, "")
    settings = checked(plan, tmp_path)
    assert settings.notify.dingtalk_robot.url == url and "dingtalk_robot" in settings.notify.providers
    gone = planned({**answers, "messengers": "none", "dingtalk_url": "", "dingtalk_secret": ""}, plan.values, tmp_path)
    assert "dingtalk" not in of_site(gone.values, "")


def test_the_ears_are_those_that_are_here_and_those_that_fit(tmp_path: Path) -> None:
    make_folder(tmp_path / "models" / "own")
    small, large = look(Settings(home=tmp_path), 3 << 30), look(Settings(home=tmp_path), 64 << 30)
    assert small.ears[0].name == "own" and small.ears[0].installed and small.ears[1].demo
    assert "fun-asr-nano-int8" in small.too_large and "vosk-model-small-cn-0.22" not in small.too_large
    assert not large.too_large and {one.name for one in large.ears} == {"own", "demo", *catalogue()}


@pytest.mark.parametrize(
    ("name", "given", "becomes"),
    [
        ("station_phone", "０７１６－３３９０００１", "0716-3390001"), ("station_phone", "13907160001", None),
        ("supervision_phone", "95598", "95598"), ("supervision_phone", "none of it", None),
        ("web_address", "https://gege.example.cn/", "https://gege.example.cn"), ("web_address", "http://gege.example.cn", None),
        ("web_address", "https://gege.example.cn/desk", None), ("proxy", "10.0.0.5, 10.1.0.0/16", "10.0.0.5,10.1.0.0/16"),
        ("proxy", "nginx", None), ("telephone", "2", "asterisk"), ("telephone", "9", None),
        ("sip_server", "sip.example.cn", "sip.example.cn:5060"),
        ("sip_server", "sip:sip.example.cn", None), ("messengers", "2，dingtalk", "wecom,dingtalk"), ("messengers", "1", "none"),
        ("calls_out", "是", "yes"), ("calls_out", "vielleicht", None), ("web_port", "70000", None), ("timezone", "Mars/North", None),
        ("backup_folder", "backups", None), ("backup_folder", "/not-here/at-all", None), ("backup_folder", "none", "none"),
        ("wecom_secret", "env:NOT_SET_ANYWHERE", None), ("admin_no", "A 01", None), ("company", "", None),
    ],
)  # fmt: skip
def test_what_can_be_meant_is_taken_and_the_rest_is_told(
    name: str, given: str, becomes: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if becomes is not None:
        assert taken(parts()[name], given) == becomes
        return
    with pytest.raises(NotTaken) as refused:
        taken(parts()[name], given)
    for spoken in ("zh", "en"):
        monkeypatch.setenv("GEGE_LANG", spoken)
        assert say(refused.value.word, **refused.value.values)


def test_every_question_has_both_languages_and_every_setting_is_one() -> None:
    keys = {f"{table.name}.{key.name}".lstrip(".") for table in tables() for key in table.keys}
    assert len(questions()) == 8
    for part in parts().values():
        assert part.ask.zh and part.ask.en and (not part.setting or part.setting in keys), part.name
        assert not part.when or part.when.partition("=")[0] in parts(), part.name
        assert part.default in ("", *(part.options or [part.default])), part.name
