"""Custom actions inside the Rasa process, without a web server in between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException


class InProcessActions(EndpointConfig):
    """Looks like Rasa's action server to Rasa, runs the actions that the site has made."""

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__(url="inprocess://actions")
        self._executor = ActionExecutor()
        for action in actions:
            self._executor.register_action(action)

    async def request(
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Run one action call (Rasa's JSON) and give its JSON result."""
        call = kwargs["json"]
        try:
            return await self._executor.run(call)
        except ActionExecutionRejection as refused:
            raise _as_response(400, refused.message, refused.action_name) from refused
        except ActionNotFoundException as missing:
            raise _as_response(404, missing.message, missing.action_name) from missing


def _as_response(status: int, message: str, action_name: str) -> ClientResponseError:
    return ClientResponseError(status, message, json.dumps({"error": message, "action_name": action_name}))
