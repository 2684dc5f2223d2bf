"""What an action raises ends the turn: Rasa would log it, forget it, and go on with nothing."""

from __future__ import annotations

from typing import Any

from rasa.core.actions.action import ActionExecutionRejection
from rasa.core.processor import MessageProcessor


class _Escaping(BaseException):
    """Carries an action's exception through Rasa's `except Exception`; nobody outside this module sees it."""

    def __init__(self, problem: Exception) -> None:
        super().__init__()
        self.problem = problem


class _Open:
    """An action of Rasa's whose exceptions get out; everything else is the action's own."""

    def __init__(self, action: Any) -> None:
        self._action = action

    def __getattr__(self, name: str) -> Any:
        return getattr(self._action, name)

    async def run(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await self._action.run(*args, **kwargs)
        except ActionExecutionRejection:
            raise  # an action's ordinary way to say "not I"
        except Exception as problem:
            raise _Escaping(problem) from problem


_swallowing = MessageProcessor._run_action


async def _run_action(self: MessageProcessor, action: Any, *args: Any, **kwargs: Any) -> bool:
    """Rasa's own, but what the action raises is raised."""
    try:
        return await _swallowing(self, _Open(action), *args, **kwargs)
    except _Escaping as escaped:
        raise escaped.problem from None


def swallow_nothing() -> None:
    """Make this process's Rasa raise what its actions raise; a second call changes nothing."""
    MessageProcessor._run_action = _run_action
