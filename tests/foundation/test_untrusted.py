"""What strangers send: secrets of any characters, numbers that are none, JSON that is a trap."""

from __future__ import annotations

import contextlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.foundation.untrusted import Unreadable, json_of, number, same
from bot.settings import PROJECT


@pytest.mark.parametrize("given", ["é", "²", "\udcff", "密码", "", "a" * 5000])
def test_a_secret_of_any_characters_is_only_wrong(given: str) -> None:
    assert not same(given, "secret") and same(given, given)


@pytest.mark.parametrize("text", ["²", "１２", "٣", "9" * 5000, "-1", "+1", "1_000", " 1", "", "1.0", "0x1"])
def test_what_is_no_plain_number_is_none(text: str) -> None:
    assert number(text) is None


def test_a_plain_number_is_itself() -> None:
    assert number("0042") == 42 and number("9" * 18) and number("1234567890", 9) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[" * 100_000, "depth"),
        (b"[" * 40 + b"]" * 40, "depth"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "depth"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "number"),
        (b'{"a": -' + b"9" * 40 + b"}", "number"),
        (b'{"a": 1e999999}', "number"),
        (b'{"a": NaN}', "number"),
        (b"\xff\xfe{}", "encoding"),
        (b"nonsense", "json"),
        (b"", "json"),
        (b'"' + b"x" * 200_000 + b'"', "size"),
    ],
)
def test_a_body_that_is_a_trap_is_refused_with_one_word(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        json_of(body, 150_000)
    assert refused.value.reason == reason


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        json_of(body, 1000)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(), st.lists, max_leaves=5))
def test_what_is_right_is_read_as_it_was_written(value: object) -> None:
    assert json_of(json.dumps(value).encode(), 100_000) == value


def test_there_is_one_way_to_compare_secrets_and_to_read_what_was_sent() -> None:
    elsewhere = re.compile(r"compare_digest\(|request\.(?:json|post|text)\(\)")
    found = [
        f"{file}: {line.strip()}"
        for room in ("bot", "actions", "nlu")
        for file in (PROJECT / room).rglob("*.py")
        if file.name not in ("untrusted.py", "bodies.py")
        for line in file.read_text("utf-8").splitlines()
        if elsewhere.search(line)
    ]
    assert found == []
