"""Honest inputs of each parser, from which a fuzzer begins: what is random alone does not get past the first line."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from openpyxl import Workbook

from bot.bench.fuzz.targets import CRYPTO, KEYS, LINKS, SEALED_NAME, SIGNED_AT
from bot.lines.audiosocket import Frame
from bot.lines.sip import sdp
from bot.lines.sip.message import Message
from bot.lines.sip.packet import Packet
from bot.notify.links import Purpose
from bot.recordings.sealed import SealedWriter
from bot.speech.decoder_child import HEADER


def seeds(name: str) -> tuple[bytes, ...]:
    """Of the parser of this name."""
    return tuple(_SEEDS[name]())


def _sip() -> list[bytes]:
    offer = sdp.write("127.0.0.1", 4000, 1, 1)
    headers = [
        ("via", "SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bKfuzz;rport"), ("from", "<sip:139@127.0.0.1>;tag=f"),
        ("to", '"x" <sip:0715@127.0.0.1>;tag=g'), ("call-id", "one"), ("cseq", "1 INVITE"),
        ("contact", "<sip:us@127.0.0.1:5099>"), ("record-route", "<sip:127.0.0.1;lr>, <sip:127.0.0.2;lr>"),
        ("content-type", "application/sdp"), ("diversion", '"x" <sip:138@127.0.0.1>;reason=no-answer'),
        ("www-authenticate", 'Digest realm="a", nonce="b", qop="auth", algorithm=MD5'),
    ]  # fmt: skip
    asks = Message(method="INVITE", uri="sip:gege@127.0.0.1", headers=headers, body=offer).encode()
    return [asks, Message(code=401, headers=headers, body=b"").encode()]


def _sdp() -> list[bytes]:
    mixed = b"v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP4 10.0.0.1/127\r\nt=0 0\r\nm=video 0 RTP/AVP 31\r\nm=audio 4000 RTP/AVP"
    mixed += b" 8 0 101 13\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendonly\r\n"
    return [sdp.write("127.0.0.1", 4000, 1, 1), mixed]


def _rtp() -> list[bytes]:
    sent = [Packet(8, number, number * 160, 7, bytes(160)).encode() for number in range(4)]
    sent.append(Packet(101, 4, 640, 7, b"\x05\x0a\x00\xa0", True).encode())
    return [b"".join(len(one).to_bytes(2, "big") + one for one in sent)]


def _audiosocket() -> list[bytes]:
    frames = (Frame(1, bytes(16)), Frame(0x10, bytes(320)), Frame(3, b"5"), Frame(0))
    return [b"".join(one.encode() for one in frames)]


def _fastagi() -> list[bytes]:
    facts = b"agi_network: yes\nagi_network_script: ring?caller=139&rdnis=\nagi_request: agi://h/ring\nagi_callerid: 139\n\n"
    return [facts + b"200 result=1 (139)\n520-Usage\n520 End\nHANGUP\n200 result=0\n200 result=1 (x)\n"]


def _ami() -> list[bytes]:
    return [
        b"Asterisk Call Manager/8.0.0\r\nResponse: Success\r\nMessage: ok\r\n\r\n"
        b"Event: Newstate\r\nChannel: PJSIP/trunk-1\r\n\r\n"
    ]


def _wecom() -> list[bytes]:
    sealed = CRYPTO.encrypt("<xml><MsgType>text</MsgType></xml>", bytes(16))
    return ["\n".join((CRYPTO.signature(str(SIGNED_AT), "n", sealed), str(SIGNED_AT), "n", sealed)).encode()]


def _link() -> list[bytes]:
    made = LINKS.token(Purpose.take, "GD2611280001", "M1", dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    return [made.encode(), b"e30.e30"]


def _sealed() -> list[bytes]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        writer = SealedWriter(path, SEALED_NAME, KEYS.current, 8000, 1, dt.datetime(2026, 11, 28, tzinfo=dt.UTC))
        writer.write(bytes(320))
        writer.close()
        return [path.read_bytes()]


def _json() -> list[bytes]:
    body = {"session": "0123456789abcdef", "text": "停电了", "n": [1, -2.5, None, True, {"a": "\u0000"}]}
    return [json.dumps(body).encode(), json.dumps(body, ensure_ascii=False).encode()]


def _table() -> list[bytes]:
    text = "户号,户主,电话,社区,小区,地址,台区,线路,网格号\n4200000001,王建国,13800138000,桃溪社区,,沿河路206号,一台区,沿河线,24\n"
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for line in text.splitlines():
        sheet.append(line.split(","))
    book.save(out)
    return [text.encode(), text.encode("gb18030"), out.getvalue()]


def _words() -> list[bytes]:
    return ["<a href='http://x.example/'>点</a> @所有人 www.example.com 13800138000 户主王建国".encode()]


def _decoder() -> list[bytes]:
    return [HEADER.pack(48_000, 2, 0x200064, 10) + bytes(80), HEADER.pack(0, 0, 0, 0) + b"no sound"]


def _archive() -> list[bytes]:
    packed, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("model/am/final.mdl", "x")
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        one = tarfile.TarInfo("model/conf")
        one.size = 1
        tar.addfile(one, io.BytesIO(b"x"))
    return [packed.getvalue(), tarred.getvalue()[:2048]]


_SEEDS = {
    "sip": _sip, "sdp": _sdp, "rtp": _rtp, "audiosocket": _audiosocket, "fastagi": _fastagi, "ami": _ami,
    "wecom": _wecom, "link": _link, "sealed": _sealed, "json": _json, "table": _table, "words": _words,
    "decoder": _decoder, "archive": _archive,
}  # fmt: skip
