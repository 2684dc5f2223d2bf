"""One town for all tests of who is believed: loading Rasa once keeps them short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.identity.town import Town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory, dialogue_model: Path) -> Iterator[Town]:
    opened = Town(tmp_path_factory.mktemp("town")).open()
    yield opened
    opened.close()
