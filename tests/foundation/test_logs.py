"""What a line of the log says, and what it never says."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
import uuid
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from bot.foundation import logs
from bot.settings import SettingsError

NUMBER, NAME = "13955556666", "欧阳锁库"
OURS, THEIRS = logging.getLogger("bot.test"), logging.getLogger("foreign.library")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:]
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    stream = io.StringIO()
    logs.start("info", ZoneInfo("Asia/Shanghai"), stream)
    yield stream
    for handler in root.handlers[:]:
        if handler not in before:
            root.removeHandler(handler)
    for name in ("bot", "actions", "nlu", "tools", "gege", "__main__"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.raiseExceptions = True
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def test_a_line_says_when_how_grave_who_and_about_what(written: io.StringIO) -> None:
    call = str(uuid.uuid4())
    with logs.about(call=call, session="say-13800138000"):
        logs.note(ticket="GD2611230001")
        OURS.warning("the voice is away")
    line = written.getvalue()
    assert "+08:00 warning bot.test " in line and "T" in line[:20]
    assert f"call={call} session=say-#" in line and "ticket=GD2611230001 | the voice is away\n" in line


def test_a_collector_gets_the_same_as_one_object_a_line(written: io.StringIO) -> None:
    logs.start("info", ZoneInfo("Asia/Shanghai"), written, form="json")
    call = str(uuid.uuid4())
    with logs.about(call=call, session="say-13800138000"):
        try:
            raise ValueError(NAME)
        except ValueError:
            OURS.exception("a turn failed at %s", NUMBER)
    [line] = written.getvalue().splitlines()
    found = json.loads(line)
    assert (found["level"], found["logger"], found["call"]) == ("error", "bot.test", call)
    assert found["trace"][-1].strip() == "ValueError" and found["message"].startswith("a turn failed at #")
    assert NUMBER not in line and NAME not in line and "13800138000" not in line


def test_what_is_known_of_the_work_goes_with_its_tasks_and_threads(written: io.StringIO) -> None:
    async def work() -> None:
        with logs.about(update="telegram-8123456789"):
            await asyncio.gather(asyncio.create_task(said()), asyncio.to_thread(OURS.warning, "in a thread"))

    async def said() -> None:
        OURS.warning("in a task")

    asyncio.run(work())
    OURS.warning("afterwards")
    lines = written.getvalue().splitlines()
    assert [("update=telegram-8123456789" in line) for line in lines] == [True, True, False]


def test_the_same_number_has_the_same_mark_and_no_digit_of_it_is_written(written: io.StringIO) -> None:
    for shape in (f"caller {NUMBER}", f"to {NUMBER}", "139-5555-6666", "+86 139 5555 6666", "421223199901019999X"):
        OURS.warning("%s", shape)
    lines = [line.partition(" | ")[2] for line in written.getvalue().splitlines()]
    assert lines[0].split()[-1] == lines[1].split()[-1]
    assert not any(piece in "".join(lines) for piece in ("5555", "6666", "0199"))


def test_the_message_of_a_foreign_exception_is_left_out_but_not_where_it_happened(written: io.StringIO) -> None:
    try:
        try:
            int(f"{NAME} {NUMBER}")
        except ValueError as problem:
            raise KeyError(NAME) from problem
    except KeyError:
        OURS.exception("a turn failed")
    OURS.error("could not: %s", ValueError(NAME))
    text = written.getvalue()
    assert NAME not in text and NUMBER not in text
    assert text.count("  ValueError\n") == 1 and "  KeyError\n" in text and "test_logs.py" in text
    assert "could not: ValueError\n" in text


def test_our_own_exceptions_say_what_to_do(written: io.StringIO) -> None:
    OURS.error("%s", SettingsError("gege.toml: web.port: not a number"))
    assert "| SettingsError: gege.toml: web.port: not a number\n" in written.getvalue()


def test_what_a_library_puts_into_its_sentences_is_left_out(written: io.StringIO) -> None:
    THEIRS.warning("request %s failed", f"https://example/{NUMBER}")
    THEIRS.warning(f"could not parse {NAME} of '{NAME}'\nfuture: <Task exception=ValueError('{NAME}')>")
    text = written.getvalue()
    assert "request %s failed" in text and "could not parse" in text
    assert NAME not in text and NUMBER not in text and "future" not in text


def test_nobody_writes_a_second_line_into_the_log(written: io.StringIO) -> None:
    OURS.warning("said %s", "x\n2026-11-28T00:00:00 error bot | forged\u2028\x1b[2J")
    assert len(written.getvalue().splitlines()) == 1 and "\x1b" not in written.getvalue()


def test_a_line_that_cannot_be_formatted_spills_nothing(
    written: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    OURS.warning("%d things", NAME)
    assert NAME not in written.getvalue() + capfd.readouterr().err


def test_what_nobody_catches_is_written_the_same_way(written: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    def dies() -> None:
        raise ValueError(NAME)

    thread = threading.Thread(target=dies)
    thread.start()
    thread.join()
    assert "gege | not caught" in written.getvalue() and "ValueError" in written.getvalue()
    assert NAME not in written.getvalue() + capfd.readouterr().err


def test_the_level_is_for_our_own_lines(written: io.StringIO) -> None:
    OURS.debug("fine")
    OURS.info("shown")
    THEIRS.info("GET https://api.example/bot<token>")
    assert "fine" not in written.getvalue() and "shown" in written.getvalue() and "GET" not in written.getvalue()
    with pytest.raises(ValueError, match="debug, info"):
        logs.start("loud")
