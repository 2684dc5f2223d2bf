"""What the operator is told of the way out: by `gege doctor`, and by a running service before the first danger."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.app.calling import Exchanges, shown_number
from bot.commands.doctor.calling import check_calling
from bot.foundation.errors import Unavailable
from bot.settings import Settings
from tests.calling.ami_double import CALL, ORIGINATE, READ, SECRET, ManagerInterface
from tests.own_loop import own_loop


def settings(*addresses: str, **calling: Any) -> Settings:
    ami = {"address": list(addresses), "user": "gege", "secret": SECRET}
    return Settings(home=Path("nowhere"), asterisk={"ami": ami}, calling={"enabled": True, **calling})


@contextlib.contextmanager
def exchange(**how: Any) -> Iterator[str]:
    """An exchange in a loop of its own: `gege doctor` has none."""
    double = ManagerInterface(**how)
    with own_loop() as run:
        account = run(double.start())
        try:
            yield f"{account.host}:{account.port}"
        finally:
            run(double.close())


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.lines.ami._HEARD_S", 0.3)


def test_the_doctor_signs_in_and_says_whose_number_is_seen() -> None:
    with exchange() as address:
        found = check_calling(settings(address, number="+867153390000"))
        assert found.works and not found.advice and "+867153390000" in found.detail and address in found.detail


def test_the_doctor_tells_what_cannot_work_from_what_is_missing() -> None:
    with exchange(rights={READ, ORIGINATE}) as narrow, exchange(gone=True) as gone:
        found = check_calling(settings(narrow))
        assert found.works and "write=originate,call" in found.advice
        assert not check_calling(settings(gone)).works
        both = check_calling(settings(gone, narrow))
        assert both.works and "1 of 2" in both.detail and gone in both.advice
    with exchange(rights={READ, CALL}) as mute:
        assert not check_calling(settings(mute)).works
    found = check_calling(settings("nowhere"))
    assert not found.works and "[asterisk.ami] address" in found.advice


def test_a_company_without_a_number_that_can_be_shown_is_told_so() -> None:
    assert shown_number(Settings(home=Path("nowhere"))) == "07153390000"
    with pytest.raises(ValueError, match=r"\[calling\] number"):
        shown_number(settings("127.0.0.1:5038", number="the station"))


def test_one_address_may_stand_alone_in_the_settings() -> None:
    assert Settings(home=Path("nowhere"), asterisk={"ami": {"address": "10.0.0.1:5038"}}).asterisk.ami.address == [
        "10.0.0.1:5038"
    ]
    assert Settings(home=Path("nowhere"), asterisk={"ami": {"address": ""}}).asterisk.ami.address == []


async def test_a_running_service_tells_once_that_calls_cannot_go_out(caplog: pytest.LogCaptureFixture) -> None:
    double = ManagerInterface()
    account = await double.start()
    exchanges = Exchanges(settings(f"{account.host}:{account.port}"))
    await exchanges.look()
    assert not caplog.records
    double.rights = {READ}
    for _ in range(2):
        with pytest.raises(Unavailable):
            await exchanges.look()
    assert caplog.text.count("nobody can be rung") == 1 and SECRET not in caplog.text
    double.rights = {READ, ORIGINATE, CALL}
    await exchanges.look()
    await double.close()
