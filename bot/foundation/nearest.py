"""What somebody may have meant who mistyped a word of which all are known: a command, an option, a key, a kind."""

from __future__ import annotations

from collections.abc import Iterable

#: the share of letters that must be right; two slips in a word of five are as far as a guess helps
_ENOUGH = 0.55


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The known word that is most like the given one, or None when none is like it."""
    # Only who mistypes waits for this library.
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein

    if not given:
        return None
    scorer = DamerauLevenshtein.normalized_similarity
    found = process.extractOne(given.lower(), list(known), scorer=scorer, processor=str.lower, score_cutoff=_ENOUGH)
    return found[0] if found else None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The end of a sentence that refuses a word: "; did you mean port?", or nothing."""
    near = nearest(given, known)
    return f"; did you mean {near}?" if near else ""
