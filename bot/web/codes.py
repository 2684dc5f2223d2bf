"""QR codes as a part of a page: drawn within it, because a page loads no picture that is not a file of ours."""

from __future__ import annotations

import segno
from markupsafe import Markup


def code(text: str) -> Markup:
    """The code of a text; the page says how large. Error correction Q (a quarter may be unreadable): a board in a stairwell gets dirty."""
    return Markup(segno.make(text, error="q").svg_inline(border=2, omitsize=True, dark="#000", light="#fff"))
