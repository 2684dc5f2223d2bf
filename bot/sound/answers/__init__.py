"""Readers of answers: small grammars whose phrases are decoded by the alignment, for typed and for heard ones."""
