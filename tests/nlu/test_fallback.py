"""Danger is acted on when it is less sure than another intent has to be."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("intent", "confidence", "asked"),
    [
        ("report_hazard", 0.45, False),
        ("report_hazard", 0.25, True),
        ("report_outage", 0.45, True),
        ("report_outage", 0.8, False),
    ],
)
def test_each_intent_has_its_threshold(intent: str, confidence: float, asked: bool) -> None:
    from rasa.shared.nlu.training_data.message import Message

    from nlu.fallback import CostedFallback

    config = {"threshold": 0.7, "ambiguity_threshold": 0.0, "thresholds": {"report_hazard": 0.3}}
    message = Message.build("什么")
    best, second = {"name": intent, "confidence": confidence}, {"name": "greet", "confidence": 0.1}
    message.set("intent", best)
    message.set("intent_ranking", [best, second])
    CostedFallback(config).process([message])
    assert (message.get("intent")["name"] == "nlu_fallback") is asked
