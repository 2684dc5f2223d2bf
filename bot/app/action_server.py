"""Rasa's action server (`rasa run actions`) on a site: its own server, our instances."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import rasa_sdk.endpoint
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor

from bot.app.parts import area_code_of, make_actions, open_site
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.tickets.rules import rules_of


def offer_actions(settings: Settings) -> None:
    """Open the site and make `rasa_sdk`'s server in this process run its actions, on loopback.

    The server looks for classes in a package and makes them without arguments; ours know their site, so what it
    "finds" are the instances."""
    database = open_site(settings)
    actions = make_actions(
        settings, TicketDesk(database, rules=rules_of(settings)), Registry.load(database, area_code_of(settings))
    )
    rasa_sdk.endpoint.ActionExecutor = _executor_of(actions)  # type: ignore[misc]
    # It asks nobody for a token.
    os.environ.setdefault("SANIC_HOST", "127.0.0.1")


def _executor_of(actions: Sequence[Action]) -> type[ActionExecutor]:
    class SiteExecutor(ActionExecutor):
        def register_package(self, package: Any) -> None:
            del package
            for action in actions:
                self.register_action(action)

    return SiteExecutor
