"""A stream of sound as networks deliver it: late, lost, in another order, from another sender, with noise between."""

from __future__ import annotations

import random

import numpy as np
import pytest

from bot.lines.line import LineEvent, Sounded
from bot.lines.sip import g711, ordering, rtp
from bot.lines.sip.packet import Packet

FRAME_S = 0.02


def samples(events: list[LineEvent]) -> np.ndarray:
    sound = b"".join(event.pcm for event in events if isinstance(event, Sounded))
    return np.frombuffer(sound, "<i2")


def packet(number: int, *, ssrc: int = 7, first: int = 100, kind: int = 8) -> Packet:
    """The packet number `number` of a stream in which every frame has a level of its own, again after 100."""
    level = bytes([0x80 + number % 100]) * 160
    return Packet(kind, (first + number) & 0xFFFF, (5000 + 160 * number) & 0xFFFFFFFF, ssrc, level)


def through(arrivals: list[tuple[float, Packet]], until: float) -> np.ndarray:
    """What is heard of packets that arrive at these times; the clock fills every 20 ms."""
    receiver = rtp.Receiver(101, 0.0)
    heard: list[LineEvent] = []
    ticks = [(at * FRAME_S, None) for at in range(1, int(until / FRAME_S) + 1)]
    for now, arrived in sorted([*arrivals, *ticks], key=lambda one: one[0]):
        heard += receiver.fill(now) if arrived is None else receiver.take(arrived, now)
    return samples(heard)


def jittered(count: int, jitter_s: float, lost: float, seed: int) -> list[tuple[float, Packet]]:
    draw = random.Random(seed)
    return [
        (at * FRAME_S + draw.uniform(0, jitter_s), packet(at)) for at in range(count) if draw.random() >= lost
    ]  # fmt: skip


def frames(heard: np.ndarray) -> list[int]:
    """The level of each frame that is no silence, in their order."""
    begins = np.flatnonzero(np.diff(heard, prepend=0))
    return [int(heard[at]) for at in begins if heard[at]]


def expected(numbers: list[int]) -> list[int]:
    return [int(samples([Sounded(g711.decode(packet(at).payload, 8))])[0]) for at in numbers]


@pytest.mark.parametrize("seed", range(5))
def test_sixty_milliseconds_of_jitter_lose_nothing_and_turn_nothing_round(seed: int) -> None:
    heard = through(jittered(200, 0.06, 0.0, seed), 5.0)
    # What overtook the very first packet is all that may be missing.
    assert frames(heard)[-196:] == expected(list(range(200)))[-196:]


def test_without_jitter_nobody_waits() -> None:
    receiver = rtp.Receiver(101, 0.0)
    for at in range(50):
        assert len(samples(receiver.take(packet(at), at * FRAME_S))) == 160


def test_a_fifth_lost_becomes_silence_of_the_same_length() -> None:
    arrivals = jittered(500, 0.06, 0.2, 3)
    heard = through(arrivals, 10.3)
    there = [(each.sequence - 100) & 0xFFFF for _, each in sorted(arrivals, key=lambda one: one[1].sequence)]
    assert frames(heard)[-350:] == expected(there)[-350:]
    assert abs(len(heard) - 10.3 * 8000) <= 0.2 * 8000, "time is neither lost nor won"


def test_what_comes_after_it_was_given_up_is_dropped() -> None:
    late = [(0.5, packet(3))]
    arrivals = [(at * FRAME_S, packet(at)) for at in range(40) if at != 3]
    assert frames(through(arrivals + late, 1.0)) == expected([at for at in range(40) if at != 3])


def test_a_hole_is_waited_for_no_longer_than_it_may() -> None:
    receiver = rtp.Receiver(101, 0.0)
    receiver.take(packet(0), 0.0)
    assert not receiver.take(packet(2), 0.04)
    assert not receiver.fill(0.04 + ordering.WAIT_S - 0.02)
    assert len(samples(receiver.fill(0.041 + ordering.WAIT_S))) == 320, "the lost frame, and the one that waited"


@pytest.mark.parametrize("first", [30_000, 110, 60, 65_535])
def test_a_sender_that_counts_anew_is_heard_on(first: int) -> None:
    before = [(at * FRAME_S, packet(at)) for at in range(50)]
    after = [((50 + at) * FRAME_S, packet(at, first=first)) for at in range(50)]
    assert len(frames(through(before + after, 2.2))) >= 50 + 50 - 26


def test_another_sender_is_heard_from_his_first_packet() -> None:
    before = [(at * FRAME_S, packet(at)) for at in range(50)]
    after = [((50 + at) * FRAME_S, packet(at, ssrc=8, first=9)) for at in range(50)]
    assert frames(through(before + after, 2.2)) == expected([*range(50), *range(50)])


@pytest.mark.parametrize("kind", [13, 19, 97, 101])
def test_comfort_noise_and_what_nobody_knows_is_silence_on_the_clock(kind: int) -> None:
    """Also when it comes as often as sound does: a turn must end in it."""
    noise = [(at * FRAME_S, packet(at, kind=kind)) for at in range(50, 150)]
    speech = [(at * FRAME_S, packet(at)) for at in [*range(50), *range(150, 200)]]
    heard = through(noise + speech, 4.0)
    assert frames(heard) == expected([*range(50), *range(150, 200)])
    assert abs(len(heard) - 4.0 * 8000) <= 0.1 * 8000
    silent = through([(at * FRAME_S, packet(at)) for at in range(50)] + noise, 3.0)
    assert len(silent) >= 2.8 * 8000, "silence is heard while it lasts, not when it is over"


def test_keys_in_a_stream_of_their_own_leave_the_sound_in_order() -> None:
    keys = [
        (at * FRAME_S + 0.001, Packet(101, 9000 + at, 777, 99, b"\x05\x0a\x00\xa0", at == 0)) for at in range(200)
    ]  # fmt: skip
    assert frames(through(jittered(200, 0.06, 0.0, 1) + keys, 5.0))[-196:] == expected(list(range(200)))[-196:]


@pytest.mark.parametrize("ms", [10, 30, 40, 60])
def test_packets_of_any_length_are_taken(ms: int) -> None:
    size = 8 * ms
    receiver, heard = rtp.Receiver(101, 0.0), []
    for at in range(20):
        sound = g711.encode(np.full(size, 1000, "<i2").tobytes(), 0)
        heard += receiver.take(Packet(0, at, at * size, 7, sound), at * ms / 1000)
    assert len(samples(heard)) == 20 * size and samples(heard).min() > 900


def test_reports_are_no_sound() -> None:
    for kind in range(200, 208):
        assert rtp.parse(bytes([0x80, kind, 0, 6]) + bytes(24)) is None
