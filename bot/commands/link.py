"""`gege link`: a one-time code that links a member of staff to their messenger."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands.completing import staff_numbers


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @app.command()
    def link(staff_no: Annotated[str, typer.Argument(autocompletion=staff_numbers, help="Staff number.")]) -> None:
        """Print a one-time code; sent to the bot as /link CODE within 15 minutes it links that chat."""
        from bot.app.parts import existing_site
        from bot.chat.store import ChatShelf
        from bot.settings import load_settings

        settings = load_settings()
        database = existing_site(settings)
        try:
            print(ChatShelf(database, settings.home).new_code(staff_no))
        except KeyError:
            raise typer.BadParameter(f"there is nobody with the staff number {staff_no}") from None
        finally:
            database.dispose()
