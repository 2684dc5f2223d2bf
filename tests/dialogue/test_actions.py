"""Rasa's actions are instances that know their site."""

from __future__ import annotations

import yaml

from actions.act import Act
from actions.every import EVERY
from bot.settings import PROJECT


def test_every_action_of_the_domain_is_made_and_no_other() -> None:
    domain = yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8"))
    assert sorted(action.called for action in EVERY) == sorted(domain["actions"])
    assert set(EVERY) == set(Act.__subclasses__())
