"""Half and full width: a keyboard writes "," and an input method "，"; whoever reads a sentence has to see both."""

from __future__ import annotations

#: from "!" to "~" each character has a twin of full width, this far away
_APART = 0xFEE0
_FIRST, _LAST = "!", "~"
_TWINS = {chr(code): chr(code + _APART) for code in range(ord(_FIRST), ord(_LAST) + 1)}
_NARROW = str.maketrans({wide: narrow for narrow, wide in _TWINS.items() if narrow.isalnum()})


def both(marks: str) -> str:
    """Each mark in both widths, to stand in a character class or in `strip`: both(",。") is ",，。"."""
    return "".join(mark + _TWINS.get(mark, "") for mark in dict.fromkeys(marks))


def narrow(text: str) -> str:
    """Letters and digits of full width as plain ones; every character keeps its place, punctuation stays as it is."""
    return text.translate(_NARROW)
