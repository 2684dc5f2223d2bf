"""What a resident wrote, made harmless: it stays readable, and no messenger finds markup, a link or a mention in it."""

from __future__ import annotations

import re

#: the brackets of markup, and those in which residents' words are quoted
_MARKUP = str.maketrans({"<": "\uff1c", ">": "\uff1e", "&": "\uff06", "「": "『", "」": "』"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?=[/\\]{2})")
#: a name that a messenger would turn into a link without a scheme: www.example.com, example.com/login
_NAME = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z]{2})")
_MENTION = re.compile("([@\uff20])(?!\u2060)")
#: line ends would forge a line of the message, the others turn its direction or hide in it
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


def harmless(text: str) -> str:
    """The same sentence on one line, with < > & in full width, links and mentions broken. Twice is the same as once."""
    text = _HIDDEN.sub(" ", text).translate(_MARKUP)
    text = _NAME.sub("\uff0e", _SCHEME.sub("\\1\uff1a", text))
    return _MENTION.sub("\\1\u2060", text)
