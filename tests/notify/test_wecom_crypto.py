"""WeCom's callbacks: what is theirs is read, all else is refused without a word of its content."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from bot.notify.wecom_crypto import WINDOW, NotFromWeCom, WeComCrypto

KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
AT = 1_795_000_000.0
crypto = WeComCrypto("QDG6eK", KEY, "wx5823bf96d3bd56c7")


def sealed(message: str, other: WeComCrypto = crypto, at: float = AT) -> tuple[str, str, str, str]:
    encrypted = other.encrypt(message)
    return other.signature(str(int(at)), "nonce", encrypted), str(int(at)), "nonce", encrypted


@given(st.text(max_size=500))
def test_what_wecom_sends_is_read(message: str) -> None:
    assert crypto.decrypt(*sealed(message), at=AT) == message


def test_the_layout_is_the_documented_one() -> None:
    """random(16), length(4, big-endian), message, corp id, PKCS#7 to 32 — taken apart without our own code."""
    key = bytes(range(32))
    raw = base64.b64decode(crypto.encrypt("你好", bytes(16)))
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(raw) + decryptor.finalize()
    body = bytes(16) + b"\x00\x00\x00\x06" + "你好".encode() + b"wx5823bf96d3bd56c7"
    pad = 32 - len(body) % 32
    assert plain == body + bytes([pad]) * pad


def test_the_published_signature_fits() -> None:
    """Values of the example in WeCom's own documentation (path 90968)."""
    encrypted = (
        "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3"
        "TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gs"
        "ijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa"
        "x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIG"
        "HBZZIs2pDBS8R07+qN+E7Q=="
    )
    signature = crypto.signature("1409659813", "1372623149", encrypted)
    assert signature == "477715d11cdb4164915debcba66cb864d751f3e6"


def test_a_wrong_signature_is_refused() -> None:
    _, *rest = sealed("接单")
    with pytest.raises(NotFromWeCom, match="signature"):
        crypto.decrypt("0" * 40, *rest, at=AT)


def test_a_replay_is_refused() -> None:
    with pytest.raises(NotFromWeCom, match="time"):
        crypto.decrypt(*sealed("接单"), at=AT + WINDOW + 1)


def test_a_message_for_another_company_is_refused() -> None:
    stranger = WeComCrypto("QDG6eK", KEY, "another")
    with pytest.raises(NotFromWeCom, match="another company"):
        crypto.decrypt(*sealed("接单", stranger), at=AT)


@given(st.binary(max_size=200))
def test_signed_rubbish_is_refused(rubbish: bytes) -> None:
    encrypted = base64.b64encode(rubbish).decode()
    with pytest.raises(NotFromWeCom):
        crypto.decrypt(crypto.signature(str(int(AT)), "n", encrypted), str(int(AT)), "n", encrypted, at=AT)


@pytest.mark.parametrize("key", ["", "short", "!" * 43])
def test_a_wrong_key_is_told_with_its_setting(key: str) -> None:
    with pytest.raises(ValueError, match="aes_key"):
        WeComCrypto("token", key, "corp")
