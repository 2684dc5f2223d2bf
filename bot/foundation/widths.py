"""Half and full width: a keyboard writes "," and an input method "，"; whoever reads a sentence has to see both."""

from __future__ import annotations

import re
import unicodedata

#: from "!" to "~" each character has a twin of full width, this far away
_APART = 0xFEE0
_FIRST, _LAST = "!", "~"
_TWINS = {chr(code): chr(code + _APART) for code in range(ord(_FIRST), ord(_LAST) + 1)}
#: a Chinese character of any plane, to stand in a character class
HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
#: byte order marks, zero widths, directions, soft hyphens
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_NARROW = str.maketrans({wide: narrow for narrow, wide in _TWINS.items() if narrow.isalnum()})


def both(marks: str) -> str:
    """Each mark in both widths, to stand in a character class or in `strip`: both(",。") is ",，。"."""
    return "".join(mark + _TWINS.get(mark, "") for mark in dict.fromkeys(marks))


def narrow(text: str) -> str:
    """Letters and digits of full width as plain ones; every character keeps its place, punctuation stays as it is."""
    return text.translate(_NARROW)


def plain(text: str) -> str:
    """One form for what is written in several: full width becomes half, marks too, and what nobody sees goes.
    Places change: for what is compared or spoken, not for what is shown."""
    return seen(unicodedata.normalize("NFKC", text))


def seen(text: str) -> str:
    """A text without what nobody sees."""
    return text if text.isascii() else _UNSEEN.sub("", text)
