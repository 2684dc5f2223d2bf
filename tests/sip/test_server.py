"""A SIP call over real sockets: answered, sound both ways, digits, repetitions, hung up from either end."""

from __future__ import annotations

import asyncio
import socket

import numpy as np
import pytest
import soundfile

from bot.lines.line import CallFacts, Pressed, Sounded
from bot.lines.sip import g711, rtp, sdp
from bot.lines.sip.media import SipLine
from bot.lines.sip.message import Message, parameter, parse
from bot.lines.sip.server import SipServer


@pytest.mark.parametrize(("kind", "name"), [(g711.PCMU, "ULAW"), (g711.PCMA, "ALAW")])
def test_every_code_sounds_as_the_reference_library_says(kind: int, name: str, tmp_path) -> None:
    codes = bytes(range(256))
    file = tmp_path / "codes.raw"
    file.write_bytes(codes)
    wanted, _ = soundfile.read(file, dtype="int16", format="RAW", subtype=name, channels=1, samplerate=8000)
    assert np.array_equal(np.frombuffer(g711.decode(codes, kind), "<i2"), wanted)
    assert g711.decode(g711.encode(wanted.astype("<i2").tobytes(), kind), kind) == wanted.astype("<i2").tobytes()


def _invite(server: SipServer, port: int, rtp_port: int, method: str = "INVITE", cseq: int = 1, to: str = "") -> bytes:
    host = f"127.0.0.1:{server.port}"
    body = sdp.write("127.0.0.1", rtp_port, 1, 1) if method == "INVITE" else b""
    headers = [
        ("via", f"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{method}{cseq};rport"),
        ("from", "<sip:13971800123@127.0.0.1>;tag=us"), ("to", to or f"<sip:07153390001@{host}>"),
        ("call-id", "a-call"), ("cseq", f"{cseq} {method}"), ("contact", f"<sip:us@127.0.0.1:{port}>"),
        ("content-type", "application/sdp"),
    ]  # fmt: skip
    return Message(method=method, uri=f"sip:gege@{host}", headers=headers, body=body).encode()


async def test_a_call_is_answered_once_heard_and_hung_up() -> None:
    heard, digits, facts_seen = bytearray(), [], []

    async def answer(line: SipLine, facts: CallFacts) -> None:
        facts_seen.append(facts)
        line.play(b"\x00\x10" * 1600)
        async for event in line.events():
            if isinstance(event, Sounded):
                heard.extend(event.pcm)
            elif isinstance(event, Pressed):
                digits.append(event.digit)

    server = SipServer("127.0.0.1", 0, answer)
    await server.start()
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_DGRAM) as us, socket.socket(type=socket.SOCK_DGRAM) as sound:
        for one in (us, sound):
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
        port, where = us.getsockname()[1], ("127.0.0.1", server.port)
        invite = _invite(server, port, sound.getsockname()[1])
        us.sendto(invite, where)
        us.sendto(invite, where)
        accepted = parse(await asyncio.wait_for(loop.sock_recv(us, 4000), 5))
        again = parse(await asyncio.wait_for(loop.sock_recv(us, 4000), 5))
        assert accepted.code == again.code == 200
        to = accepted.get("to")
        assert parameter(to, "tag") == parameter(again.get("to"), "tag")
        us.sendto(_invite(server, port, 0, "ACK", 1, to), where)
        media = sdp.read(accepted.body)
        assert media.codec == g711.PCMA and media.digits == 101
        pcm = (np.sin(np.arange(1600) / 5) * 8000).astype("<i2").tobytes()
        sender = rtp.Sender(65530, 2**32 - 500, 7)
        for start in range(0, len(pcm), 320):
            sound.sendto(sender.packet(pcm[start : start + 320], g711.PCMA), (media.host, media.port))
        for sequence in (90, 91, 92):
            packet = rtp.Packet(101, sequence, 5000, 7, b"\x07\x00\x00\xa0")
            sound.sendto(packet.encode(), (media.host, media.port))
        got = bytearray()
        while len(got) < 3200:
            packet = rtp.parse(await asyncio.wait_for(loop.sock_recv(sound, 2000), 5))
            assert packet is not None
            pcm_back = g711.decode(packet.payload, packet.payload_type)
            got.extend(pcm_back if np.abs(np.frombuffer(pcm_back, "<i2")).max() > 1000 else b"")
        assert np.abs(np.frombuffer(bytes(got), "<i2") - 4096).max() <= 128
        assert len(server.calls) == 1
        for _ in range(2):  # the answer to the first may be lost
            us.sendto(_invite(server, port, 0, "BYE", 2, to), where)
            assert parse(await asyncio.wait_for(loop.sock_recv(us, 4000), 5)).code == 200
        us.sendto(_invite(server, port, 0, "INFO", 3, to), where)
        assert parse(await asyncio.wait_for(loop.sock_recv(us, 4000), 5)).code == 481
    assert not server.calls
    expected = g711.decode(g711.encode(pcm, g711.PCMA), g711.PCMA)
    assert expected in bytes(heard)
    assert digits == ["7"]
    assert (facts_seen[0].caller, facts_seen[0].dialled) == ("13971800123", "07153390001")
    await server.close()
