"""`gege rasa …`: Rasa's own command line, in this environment, on this clone's sentences, rules and actions."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

from bot.commands.line import Failure
from bot.settings import PROJECT, load_settings

#: where a Rasa project usually keeps things, and where they are here
_PLACES = {
    "DEFAULT_DATA_PATH": "nlu",
    "DEFAULT_MODELS_PATH": "models/dialogue",
    "DEFAULT_E2E_TESTS_PATH": "tests/rasa",
    "DEFAULT_RESULTS_PATH": ".rasa/results",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "rasa",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
        add_help_option=False,
    )(rasa)


def rasa(context: typer.Context) -> None:
    """Rasa's own commands, working here: data validate, train, test, shell, run actions … (gege rasa --help)."""
    settings = load_settings()
    # The home is meant from where the command is given, everything of Rasa's from the clone.
    os.environ["GEGE_HOME"] = str(settings.home.resolve())
    os.chdir(PROJECT)
    from bot.dialogue import rasa_lite

    rasa_lite.install(lean=False)
    try:
        import rasa.shared.constants as constants

        for name, place in _PLACES.items():
            if not hasattr(constants, name):
                raise Failure(f"this Rasa has no {name}: bot/commands/rasa.py does not fit it")
            setattr(constants, name, place)
        import rasa.__main__ as cli
    except ImportError as missing:
        raise Failure(f"Rasa's own commands need more than the service ({missing}): make setup brings it") from missing
    if context.args[:2] == ["run", "actions"]:
        from bot.app.action_server import offer_actions

        offer_actions(load_settings())
    from bot.dialogue.rasa_patches import acts_need_no_response

    acts_need_no_response()
    _know_who_speaks()
    arguments = list(context.args)
    if arguments == ["shell", "nlu"]:
        # Rasa takes a last word that is a path for the model, and nlu/ is one here.
        arguments += ["--model", _PLACES["DEFAULT_MODELS_PATH"]]
    sys.argv = ["rasa", *arguments]
    cli.main()


def _know_who_speaks() -> None:
    """Let `rasa data validate` count a response as used that an action says; only stories say them in stock Rasa.

    One that nobody says fails with --fail-on-warnings, which stock Rasa only warns of."""
    from rasa.shared.core.events import ActionExecuted
    from rasa.validator import Validator

    from bot.dialogue.utterances import said_in_code

    gather, verify = Validator._gather_utterance_actions, Validator.verify_utterances_in_stories

    def in_stories(self: Any) -> set[str | None]:
        steps = self.story_graph.story_steps
        return {event.action_name for step in steps for event in step.events if isinstance(event, ActionExecuted)}

    def utterances(self: Any) -> set[str]:
        named = in_stories(self)
        return {one for one in gather(self) if one in named or not said_in_code(one)}

    def verified(self: Any, ignore_warnings: bool = True) -> bool:
        fine: bool = verify(self, ignore_warnings)
        return fine and (ignore_warnings or utterances(self) <= in_stories(self))

    Validator._gather_utterance_actions = utterances
    Validator.verify_utterances_in_stories = verified
