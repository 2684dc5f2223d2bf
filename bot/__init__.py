"""Gege: the assistant that answers a county power company's telephone and chat."""

#: pyproject.toml, uv.lock, CITATION.cff and the top of CHANGELOG.md say the same (tests/release)
__version__ = "1.0.0"
