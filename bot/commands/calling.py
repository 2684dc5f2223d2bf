"""`gege no-call`: numbers that do not want to be called by a machine."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @app.command(name="no-call")
    def no_call(number: str, again: bool = typer.Option(False, "--again", help="They may be called again.")) -> None:
        """Never ask this number by telephone again (danger rings staff all the same)."""
        from bot.app.parts import existing_site
        from bot.calling.ledger import Ledger
        from bot.foundation.phone_numbers import to_dial
        from bot.settings import load_settings

        if len(to_dial(number)) < 5:
            raise typer.BadParameter(f"{number} is no telephone number")
        settings = load_settings()
        database = existing_site(settings)
        try:
            ledger = Ledger(database, settings.calling)
            if not again:
                ledger.unwanted(number)
                print("not called any more")
            elif ledger.wanted_again(number):
                print("called again when something is asked")
            else:
                print("it was not on the list; nothing is changed")
        finally:
            database.dispose()
