"""Bytes that nobody well-meaning sends, at every parser of what strangers and other machines send."""
