"""Which kind of picture a file is, by its first bytes: its name may say anything."""

from __future__ import annotations

_STARTS = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png", b"RIFF": "webp", b"GIF8": "gif"}
#: kinds that `picture_kind` tells
PICTURES = tuple(_STARTS.values())
#: what a camera or a telephone makes, and every browser shows
PHOTOGRAPHS = ("jpg", "png")


def picture_kind(data: bytes) -> str:
    """One of PICTURES, which is its usual ending as well; empty for what is none."""
    return next((kind for start, kind in _STARTS.items() if data.startswith(start)), "")
