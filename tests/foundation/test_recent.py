"""What is remembered stays bounded, and the newest stays."""

from __future__ import annotations

from bot.foundation.recent import Recent


def test_the_oldest_is_forgotten_and_what_is_set_again_is_the_newest() -> None:
    noted: Recent[str, int] = Recent(2)
    noted["first"], noted["second"] = 1, 2
    noted["first"] = 3
    noted["third"] = 4
    assert dict(noted) == {"first": 3, "third": 4}
    assert noted.pop("first", None) == 3 and noted.get("second") is None
    noted["fourth"] = 5
    assert list(noted) == ["third", "fourth"]
