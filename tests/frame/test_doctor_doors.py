"""What the doctor says of the page as others reach it, and of the ways in which calls come."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.commands.doctor.certificate import check_certificate
from bot.commands.doctor.telephone import check_telephone
from bot.settings import Settings, VoiceSettings, WebSettings
from bot.settings.telephony import TrunkSettings


def certificate(folder: Path, days: int) -> Path:
    """A certificate of localhost that ends in so many days, with its key."""
    key, at = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - dt.timedelta(days=90)).not_valid_after(at + dt.timedelta(days=days, minutes=5))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / f"{days}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


class Page:
    """Speaks TLS with one certificate, or plainly without one."""

    def __init__(self, file: Path | None) -> None:
        self._context = None
        if file is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(file)
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with line:
                try:
                    if self._context is None:
                        line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                        line.recv(1000)
                    else:
                        self._context.wrap_socket(line, server_side=True).close()
                except OSError:
                    continue

    def close(self) -> None:
        self._listener.close()


@pytest.mark.parametrize(
    ("days", "trusted", "words", "advice"),
    [
        (60, True, "good until", ""),
        (5, True, "5 days", "renewed itself"),
        (-1, True, "expired", "renew it"),
        (60, False, "browsers refuse", "renew it"),
        (None, True, "no TLS", "haproxy"),
    ],
)
def test_a_certificate_is_seen_as_a_browser_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int | None, trusted: bool, words: str, advice: str
) -> None:
    file = certificate(tmp_path, days) if days is not None else None
    if file is not None and trusted:
        trusting = ssl.create_default_context(cafile=file)
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    page = Page(file)
    try:
        detail, do = check_certificate(Settings(web=WebSettings(public_url=page.url)))
    finally:
        page.close()
    assert words in detail and (advice in do if advice else not do), (detail, do)


def test_a_page_that_is_not_there_or_not_encrypted_is_told_and_none_is_no_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    detail, advice = check_certificate(Settings(web=WebSettings(public_url=f"https://localhost:{port}")))
    assert "not reached from here" in detail and "proxy" in advice
    assert "not encrypted" in check_certificate(Settings(web=WebSettings(public_url="http://gege.example.cn")))[0]
    assert check_certificate(Settings()) == ("this machine alone opens the page: [web] public_url is empty", "")


def voice(home: Path, **more: object) -> Settings:
    doors = {"audiosocket": "127.0.0.1:0", "fastagi": "127.0.0.1:0", "sip": "127.0.0.1:0"}
    return Settings(home=home, voice=VoiceSettings(**{**doors, **more}))  # type: ignore[arg-type]


def test_a_door_that_another_program_has_is_told_before_a_call_comes(tmp_path: Path) -> None:
    assert not check_telephone(voice(tmp_path)).advice
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = check_telephone(voice(tmp_path, fastagi=f"127.0.0.1:{other.getsockname()[1]}"))
    assert not found.works and "another program" in found.detail and "[voice] fastagi" in found.advice
    found = check_telephone(voice(tmp_path, sip="203.0.113.9:5090"))
    assert not found.works and "no such address" in found.detail and "[voice] sip" in found.advice
    assert not check_telephone(voice(tmp_path, sip="5090")).works


@pytest.mark.parametrize(("answer", "words"), [(b"SIP/2.0 404 Not Found\r\n\r\n", "answers"), (b"?", "no SIP server")])
def test_a_trunk_is_knocked_at(tmp_path: Path, answer: bytes, words: str) -> None:
    asked: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
        trunk.bind(("127.0.0.1", 0))

        def serve() -> None:
            request, where = trunk.recvfrom(4096)
            asked.append(request)
            trunk.sendto(answer, where)

        serving = threading.Thread(target=serve)
        serving.start()
        found = check_telephone(voice(tmp_path, trunk=TrunkSettings(registrar=f"127.0.0.1:{trunk.getsockname()[1]}")))
        serving.join(5)
    assert words in found.detail and bool(found.advice) == (words == "no SIP server")
    assert asked[0].startswith(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n") and asked[0].endswith(b"\r\n\r\n")


def test_a_trunk_that_is_silent_or_has_no_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.commands.doctor.telephone._PATIENCE_S", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        found = check_telephone(voice(tmp_path, trunk=TrunkSettings(registrar=where)))
    assert found.works and "does not answer" in found.detail and "[voice.trunk] registrar" in found.advice
    found = check_telephone(voice(tmp_path, trunk=TrunkSettings(registrar="sip.example.invalid:5060")))
    assert found.advice and "registrar" in found.advice
