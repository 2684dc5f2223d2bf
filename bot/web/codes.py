"""QR codes as a part of a page: drawn within it, because a page loads no picture that is not a file of ours."""

from __future__ import annotations

import segno
from markupsafe import Markup


def code(text: str) -> Markup:
    """The code of a text; the page says how large. Error correction Q (a quarter may be unreadable): a board in a stairwell gets dirty."""
    drawn = segno.make(text, error="q").svg_inline(border=2, omitsize=True, dark="#000", light="#fff")
    # What it is for stands around it; a screen reader need not come by the picture itself.
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" ', 1))
