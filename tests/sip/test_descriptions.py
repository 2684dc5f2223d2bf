"""Session descriptions of the field: what is taken, what is refused in which words, and what stands in our answer."""

from __future__ import annotations

import pytest

from bot.lines.sip import sdp
from tests.reported import holds, reported

HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"


def media(*lines: str, head: str = HEAD) -> sdp.Media:
    return sdp.read((head + "\r\n".join(lines) + "\r\n").encode())


def answer(found: sdp.Media) -> list[str]:
    return sdp.write("127.0.0.2", 6000, 1, 1, found).decode().splitlines()


def test_no_case_of_descriptions_that_others_have_reported_is_ours() -> None:
    wrong = []
    for case in reported("sdp"):
        expected = case["expect"]
        try:
            seen = "\n".join(answer(sdp.read(case["input"]["offer"].encode())))
        except sdp.NotAcceptable:
            seen = "488"
        if ("488" in seen) != bool(expected.get("refused")) or not holds(expected, seen):
            wrong.append((case["id"], seen))
    assert not wrong


def test_audio_may_stand_behind_video_which_is_refused_in_its_place() -> None:
    found = media(
        "m=video 5000 RTP/AVP 99", "a=rtpmap:99 H264/90000", "m=audio 4000 RTP/AVP 8", "m=audio 4002 RTP/AVP 0"
    )
    assert (found.port, found.index) == (4000, 1)
    assert [line for line in answer(found) if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 99", "m=audio 6000 RTP/AVP 8", "m=audio 0 RTP/AVP 0",
    ]  # fmt: skip


def test_plain_audio_beside_encrypted_is_taken() -> None:
    found = media("m=audio 4000 RTP/SAVP 8", "m=audio 4002 RTP/AVP 8")
    assert (found.port, found.index) == (4002, 1) and "m=audio 0 RTP/SAVP 8" in answer(found)


@pytest.mark.parametrize(
    ("lines", "code", "word"),
    [
        (["m=audio 4000 RTP/SAVP 8"], 302, "RTP/AVP"),
        (["m=audio 4000 RTP/SAVPF 8"], 302, "SRTP"),
        (["m=audio 4000 UDP/TLS/RTP/SAVPF 8"], 302, "SRTP"),
        (["m=audio 4000 udptl t38"], 302, "RTP/AVP"),
        (["m=audio 4000 RTP/AVP 9 18", "m=video 4000 RTP/AVP 99"], 305, "PCMA"),
        (["m=video 4000 RTP/AVP 99"], 304, "audio"),
        (["m=audio 0 RTP/AVP 8"], 304, "audio"),
        ([], 304, "audio"),
        (["m=audio 4000 RTP/AVP 8", "c=IN IP4 pbx.example"], 301, "address"),
    ],
)
def test_what_cannot_be_spoken_is_refused_with_its_reason(lines: list[str], code: int, word: str) -> None:
    with pytest.raises(sdp.NotAcceptable, match=word) as refused:
        media(*lines)
    assert refused.value.warning == code and '"' not in str(refused.value)


def test_an_address_at_the_stream_counts_before_that_of_the_session_in_both_families() -> None:
    found = media("m=audio 4000 RTP/AVP 8", "c=IN IP6 ::1")
    assert found.host == "::1"
    assert "c=IN IP6 ::2" in sdp.write("::2", 6000, 1, 1, found).decode()
    assert media("m=audio 4000 RTP/AVP 8", head="v=0\r\nc=IN IP6 fe80::1/127\r\n").host == "fe80::1"


@pytest.mark.parametrize(
    ("lines", "digits", "taken"),
    [
        (["m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000"], 96, {96, 101}),
        (["m=audio 4000 RTP/AVP 8 100 102", "a=rtpmap:100 telephone-event/16000", "a=rtpmap:102 telephone-event/8000"],
         102, {100, 101, 102}),
        (["m=audio 4000 RTP/AVP 8 101"], 101, {101}),
        (["m=audio 4000 RTP/AVP 8 96 101", "a=rtpmap:96 telephone-event/8000", "a=rtpmap:101 opus/48000"], 96, {96}),
        (["m=audio 4000 RTP/AVP 8"], None, set()),
        (["m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/16000"], None, set()),
    ],
)  # fmt: skip
def test_keys_are_taken_under_the_number_that_either_end_named(lines: list[str], digits: int, taken: set[int]) -> None:
    found = media(*lines)
    assert (found.digits, found.keys) == (digits, taken)
    named = [line for line in answer(found) if "telephone-event" in line]
    assert named == ([] if digits is None else [f"a=rtpmap:{digits} telephone-event/8000"])


def test_comfort_noise_may_have_any_number() -> None:
    found = media("m=audio 4000 RTP/AVP 8 13 97", "a=rtpmap:97 CN/8000")
    assert {13, 97, 8, 0} <= found.payload_types and "m=audio 6000 RTP/AVP 8" in answer(found)


@pytest.mark.parametrize(
    ("line", "ms"), [("a=ptime:30", 20), ("a=maxptime:40", 20), ("a=maxptime:10", 10), ("a=maxptime:x", 20)]
)
def test_our_packets_are_no_longer_than_the_peer_takes(line: str, ms: int) -> None:
    found = media("m=audio 4000 RTP/AVP 8", line)
    assert found.packet_ms == ms and f"a=ptime:{ms}" in answer(found)


def test_an_offer_of_ours_within_a_call_keeps_its_streams_and_takes_the_call_off_hold() -> None:
    held = media(
        "m=video 5000 RTP/AVP 99", "m=audio 4000 RTP/AVPF 8 96", "a=rtpmap:96 telephone-event/8000", "a=inactive"
    )
    assert held.held and "a=inactive" in answer(held)
    offered = sdp.write("127.0.0.2", 6000, 1, 2, within=held).decode().splitlines()
    assert "m=video 0 RTP/AVP 99" in offered and "m=audio 6000 RTP/AVPF 8 0 96" in offered and "a=sendrecv" in offered
