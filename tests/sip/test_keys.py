"""Keys in the sound's stream: each press once, however its packets are numbered, lost or repeated."""

from __future__ import annotations

import pytest

from bot.lines.line import Pressed
from bot.lines.sip import rtp
from bot.lines.sip.packet import Packet
from tests.reported import reported

#: a packet of a key: time stamp, event, whether it is the end, marker
Given = tuple[int, int, bool, bool]


def pressed(packets: list[Given], every_s: float = 0.02, lost: tuple[int, ...] = ()) -> str:
    """The keys that Gege takes from these packets; those at the places `lost` never come."""
    receiver, keys = rtp.Receiver(101, 0.0), ""
    for at, (stamp, event, end, marker) in enumerate(packets):
        if at in lost:
            continue
        payload = bytes([event, 10 | (0x80 if end else 0)]) + min(0xFFFF, at * 160).to_bytes(2, "big")
        packet = Packet(101, (65530 + at) & 0xFFFF, stamp, 7, payload, marker)
        keys += "".join(each.digit for each in receiver.take(packet, at * every_s) if isinstance(each, Pressed))
    return keys


def key(event: int, stamp: int, *, marker: bool = True, held: int = 3, ends: int = 3) -> list[Given]:
    return [(stamp, event, at >= held, marker and at == 0) for at in range(held + ends)]


def test_no_case_of_keys_that_others_have_reported_is_ours() -> None:
    cases = reported("dtmf")
    seen = {case["id"]: pressed([tuple(each) for each in case["input"]["packets"]]) for case in cases}
    assert seen == {case["id"]: case["expect"]["keys"] for case in cases}


@pytest.mark.parametrize(
    ("what", "packets", "keys"),
    [
        ("two keys that share a time stamp", key(1, 1000) + key(2, 1000), "12"),
        ("one key twice, with one time stamp", key(1, 1000) + key(1, 1000), "11"),
        ("one key twice, without any marker", key(1, 1000, marker=False) + key(1, 3000, marker=False), "11"),
        ("one key twice, the ends of the first lost", key(1, 1000, ends=0) + key(1, 3000), "11"),
        ("a key held in three segments", key(5, 1000, held=400, ends=0) + key(5, 66535, marker=False, held=400, ends=0)
         + key(5, 132070, marker=False), "5"),
        ("a stamp that grows with every packet", [(1000 + 160 * at, 9, at > 4, at == 0) for at in range(6)], "9"),
        ("ends alone", [(1000, 0, True, False)] * 3, "0"),
        ("every letter", [each for event in range(16) for each in key(event, event * 2000)], "0123456789*#ABCD"),
        ("a flash, and events that are no keys", key(16, 1000) + key(64, 2000) + key(3, 3000), "3"),
        ("stamps that wrap", key(4, 2**32 - 100) + key(4, 1500), "44"),
    ],
)  # fmt: skip
def test_presses_are_told_apart(what: str, packets: list[Given], keys: str) -> None:
    assert pressed(packets) == keys, what


@pytest.mark.parametrize("lost", range(6))
def test_one_lost_packet_of_a_press_is_not_noticed(lost: int) -> None:
    assert pressed(key(8, 1000) + key(8, 3000), lost=(lost,)) == pressed(key(8, 1000) + key(8, 3000)) == "88"


def test_a_press_whose_first_packet_comes_late_is_one() -> None:
    receiver = rtp.Receiver(101, 0.0)
    packets = [Packet(101, at, 1000, 7, b"\x07\x0a\x00\xa0", at == 0) for at in range(4)]
    order = [packets[1], packets[2], packets[0], packets[3]]
    assert [event for at, packet in enumerate(order) for event in receiver.take(packet, at * 0.02)] == [Pressed("7")]


def test_a_short_payload_is_no_key() -> None:
    receiver = rtp.Receiver(101, 0.0)
    assert not receiver.take(Packet(101, 1, 1000, 7, b"\x07\x0a\x00", True), 0.0)
