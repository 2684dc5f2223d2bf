"""Custom actions inside the Rasa process, without a web server in between."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import jsonschema
import rasa.core.actions.action as rasa_action
from rasa.shared.core.domain import Domain
from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException


class InProcessActions(EndpointConfig):
    """Looks like Rasa's action server to Rasa, runs the actions of a package."""

    def __init__(self, package: str) -> None:
        super().__init__(url=f"inprocess://{package}")
        self._executor = ActionExecutor()
        self._executor.register_package(package)

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


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = rasa_action.RemoteAction.action_response_format_spec()
    return jsonschema.validators.validator_for(schema)(schema)


def _validate_action_result(self: rasa_action.RemoteAction, result: dict[str, Any]) -> bool:
    _validator().validate(result)
    return True


def speed_up(domain: Domain) -> None:
    """Two costs of every action call that never change are paid once: Rasa re-checks the schema of its own
    schema (14 of 19 ms, decision 3), and serialises the whole domain."""
    rasa_action.RemoteAction._validate_action_result = _validate_action_result
    as_dict = domain.as_dict()
    domain.as_dict = lambda: as_dict  # type: ignore[method-assign]
