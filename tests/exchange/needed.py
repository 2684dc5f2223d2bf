"""A real exchange, for tests that need one."""

from __future__ import annotations

import pytest

from bot.bench.exchange.installed import is_installed

needs_asterisk = pytest.mark.skipif(
    not is_installed(), reason="NOT TESTED: ASTERISK names no folder of an installed Asterisk"
)
