"""Commands that read JSON Lines answer each line, in order, with one line of JSON, whatever it holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# The program in processes of its own.
pytestmark = pytest.mark.slow

BAD = [
    b"no json",
    b"",
    b"[]",
    b'{"text": 5}',
    b'{"text": "\xff"}',
    b'{"text": "\\ud800"}',
    b'{"text": ' + b"[" * 100_000,
    b'{"text": ' + b"9" * 5_000 + b"}",
    b'{"text": "' + b"x" * 2_000_000 + b'"}',
    b'{"text": "a", "alternatives": ["b", 1]}',
]


def answers(home: Path, command: str, lines: list[bytes]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", command],
        input=b"\n".join(lines) + b"\n",
        capture_output=True,
        env={**os.environ, "GEGE_HOME": str(home)},
        timeout=300,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("command", ["parse", "locate", "converse"])
def test_bad_lines_are_answered_in_order_and_the_next_is_served(home: Path, dialogue_model: Path, command: str) -> None:
    good = b'{"session": "a", "text": "\xe5\x81\x9c\xe7\x94\xb5\xe4\xba\x86"}'
    told = answers(home, command, [good, *BAD, good])
    assert len(told) == len(BAD) + 2 and all(set(one) == {"error"} and one["error"] for one in told[1:-1])
    assert "error" not in told[0] and "error" not in told[-1]


def test_a_conversation_in_json_keeps_its_contract(home: Path, dialogue_model: Path) -> None:
    told = answers(
        home,
        "converse",
        [
            json.dumps(line, ensure_ascii=False).encode()
            for line in (
                {"do": "fresh"},
                {"session": "a", "text": "电线断了掉在路上", "caller": "13012000028", "channel": "phone"},
                {"session": "a", "text": "不晓得", "caller": "13012000028", "channel": "phone"},
                {"do": "tickets"},
                {"do": "wait", "minutes": 1.5},
                {"do": "hang_up", "session": "a"},
                {"do": "dance"},
                {"do": "wait", "minutes": "5"},
                {"session": "a", "text": "停电了", "channel": "pigeon"},
                {"session": "", "text": "停电了"},
                {"text": "停电了"},
            )
        ],
    )
    assert set(told[1]) == {
        "session", "replies", "act", "confidence", "question", "tickets", "hand_over", "hand_over_to", "ended",
    }  # fmt: skip
    assert told[1]["question"] == "place" and told[1]["act"] == "report_hazard" and told[1]["hand_over_to"] is None
    [card] = told[3]["tickets"]
    assert set(card) == {
        "ticket_no", "kind", "state", "urgent", "household_no", "grid_no", "owner", "place", "householder", "said",
        "facts", "notes", "told",
    }  # fmt: skip
    assert told[1]["tickets"] == [card["ticket_no"]] and told[5]["tickets"] == []
    assert [set(one) for one in told[6:]] == [{"error"}] * 5


def test_commands_need_no_other_command_first(tmp_path: Path, dialogue_model: Path) -> None:
    line = b'{"session": "a", "text": "\xe5\x81\x9c\xe7\x94\xb5\xe4\xba\x86"}'
    home = tmp_path / "not there yet"
    assert answers(home, "parse", [line])[0]["intent"] == "report_outage"
    assert answers(tmp_path / "nor this", "locate", [line])[0]["candidates"] == []
    assert answers(tmp_path / "nor that", "converse", [line])[0]["question"]
    assert not (tmp_path / "nor that").exists()
