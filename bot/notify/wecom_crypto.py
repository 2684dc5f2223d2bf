"""WeCom's callback cryptography (https://developer.work.weixin.qq.com/document/path/90968).

AES-256-CBC with the first half of the key as initialisation vector, PKCS#7 padding to 32 bytes, and around it
random(16) + length(4, big-endian) + message + receiver; a SHA-1 over the sorted token, timestamp, nonce and cipher text
signs it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.foundation.errors import Refused
from bot.foundation.untrusted import number, same

_BLOCK = 32
#: a callback older than this (s) is a replay, unless the clocks are wrong
WINDOW = 600


class NotFromWeCom(Refused):
    """Signature, time, key or receiver do not fit; the message says which, and nothing of the content."""


class WeComCrypto:
    """`token` and `aes_key` as the callback page of the application shows them; `receiver` is the corp id."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        try:
            key = base64.b64decode(aes_key + "=", validate=True)
        except binascii.Error as problem:
            raise ValueError("[notify.wecom] aes_key is no EncodingAESKey (43 letters and digits)") from problem
        if len(key) != 32:
            raise ValueError("[notify.wecom] aes_key is no EncodingAESKey (43 letters and digits)")
        self._token, self._key, self._receiver = token, key, receiver

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        return hashlib.sha1(
            "".join(sorted([self._token, timestamp, nonce, encrypted])).encode("utf-8", "surrogatepass")
        ).hexdigest()

    def decrypt(self, signature: str, timestamp: str, nonce: str, encrypted: str, at: float) -> str:
        """The message. `at`: now, in seconds since 1970. Raises NotFromWeCom."""
        if not same(signature.lower(), self.signature(timestamp, nonce, encrypted)):
            raise NotFromWeCom("the signature does not fit")
        sent_at = number(timestamp)
        if sent_at is None or abs(at - sent_at) > WINDOW:
            raise NotFromWeCom("the time stamp is too far from now")
        try:
            sealed = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
        except (binascii.Error, ValueError) as problem:
            raise NotFromWeCom("the message cannot be decrypted") from problem
        pad = padded[-1] if padded else 0
        if not 1 <= pad <= _BLOCK or padded[-pad:] != bytes([pad]) * pad:
            raise NotFromWeCom("the message cannot be decrypted")
        plain = padded[16:-pad]
        if len(plain) < 4:
            raise NotFromWeCom("the message cannot be decrypted")
        (length,) = struct.unpack(">I", plain[:4])
        message, receiver = plain[4 : 4 + length], plain[4 + length :]
        if not same(receiver, self._receiver):
            raise NotFromWeCom("the message is for another company")
        try:
            return message.decode("utf-8")
        except UnicodeDecodeError as problem:
            raise NotFromWeCom("the message cannot be decrypted") from problem

    def encrypt(self, message: str, random: bytes | None = None) -> str:
        """The cipher text of a passive reply. `random`: 16 bytes, for tests."""
        words = message.encode()
        plain = (random or secrets.token_bytes(16)) + struct.pack(">I", len(words)) + words + self._receiver.encode()
        pad = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
