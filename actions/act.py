"""What all actions have in common: they know their site, and see each call as a `Turn`."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.site import Site
from actions.turn import Turn


class Act(Action):
    """An action of Gege's; Rasa calls `run` by `called`, the subclass says what to do `on` a turn."""

    #: the name in domain.yml
    called: ClassVar[str]

    def __init__(self, site: Site) -> None:
        self.site = site

    def name(self) -> str:
        return self.called

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        return self.on(Turn(self.site, tracker, dispatcher))

    @abstractmethod
    def on(self, turn: Turn) -> list[EventType]:
        """Act; the events that Rasa is to apply (none: the form's question was not answered)."""
