"""`gege doctor` says whether events leave, where to, and whether anybody takes them there; residents are served either way."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from bot.app.events_out import outlet_beside
from bot.bench.loopback import free_port
from bot.commands.doctor.doctor import Finding, _events, examine
from bot.database import open_database
from bot.settings import EventsSettings, Settings
from tests.events.brokers import endpoints


def finding(home: Path, named: str = "endpoints.yml") -> Finding:
    settings = Settings(home=home, events=EventsSettings(endpoints=named))
    found = _events(settings)
    assert found["ok"], "residents can be served all the same"
    return found


def test_nothing_leaves_unless_somebody_says_so(tmp_path: Path) -> None:
    found = finding(tmp_path, named="")
    assert not found["warning"] and found["detail"] == "none leave this machine ([events] endpoints)"
    with outlet_beside(Settings(home=tmp_path), open_database("sqlite://")) as outlet:
        assert outlet is None


@pytest.mark.slow  # the doctor looks at everything
def test_it_is_one_of_the_findings_of_the_doctor(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, events=EventsSettings(endpoints="endpoints.yml"))
    [found] = [one for one in examine(settings) if one["name"] == "events"]
    assert found["warning"] and "is not there" in found["detail"]


def test_a_broker_that_takes_them_is_named(tmp_path: Path) -> None:
    endpoints(tmp_path, "  type: file\n  path: events.jsonl\n")
    found = finding(tmp_path)
    assert not found["warning"] and f"the file {tmp_path / 'events.jsonl'}, which answers" in found["detail"]
    assert not (tmp_path / "events.jsonl").exists(), "it looks and changes nothing"


def test_a_broker_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    port = free_port()
    endpoints(
        tmp_path,
        f"  type: pika\n  url: amqp://gege:secret-1@127.0.0.1:{port}\n  username: gege\n  password: secret-1\n",
    )
    found = finding(tmp_path)
    assert found["warning"] and f"RabbitMQ at 127.0.0.1:{port}" in found["detail"] and "start it" in found["advice"]
    assert "secret-1" not in str(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  type: redis\n", "'redis'; it is one of pika, kafka, sql, file"),
        ("  type: kafka\n  topic: [\n", "endpoints.yml: "),
        ("  type: pika\n  url: 127.0.0.1\n  pasword: x\n", "username"),
        ("  type: pika\n  url: 127.0.0.1\n  username: gege\n  password: ${NO_SUCH_VARIABLE_HERE}\n", "NO_SUCH_VARIABLE_HERE"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_said_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    endpoints(tmp_path, text)
    found = finding(tmp_path)
    assert found["warning"] and said in found["detail"], found


def test_a_file_that_is_not_there_keeps_nobody_from_serving(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(home=tmp_path, events=EventsSettings(endpoints="endpoints.yml"))
    with outlet_beside(settings, open_database("sqlite://")) as outlet:
        assert outlet is None
    assert "NO EVENTS FOR STATISTICS" in capsys.readouterr().err
    assert f"{tmp_path / 'endpoints.yml'} is not there" in finding(tmp_path)["detail"]


def test_what_the_environment_knows_need_not_stand_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEGE_EVENTS", "out.jsonl")
    endpoints(tmp_path, "  type: file\n  path: ${GEGE_EVENTS}\n")
    assert f"the file {tmp_path / 'out.jsonl'}" in finding(tmp_path)["detail"]


@pytest.mark.parametrize(("kind", "library"), [("pika", "aio_pika"), ("kafka", "confluent_kafka")])
def test_a_library_that_is_not_installed_is_named_with_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, library: str
) -> None:
    found_elsewhere = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == library else found_elsewhere(name))
    endpoints(tmp_path, f"  type: {kind}\n  url: 127.0.0.1\n")
    assert f"needs {library}, which is not installed: uv sync --locked --extra events" in finding(tmp_path)["detail"]
