"""Commands about staff: `gege sign-in`."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands.completing import staff_numbers


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""

    @app.command("sign-in")
    def sign_in(staff_no: Annotated[str, typer.Argument(autocompletion=staff_numbers, help="Staff number.")]) -> None:
        """Print a link that signs a member of staff in on the browser that opens it (once, within 15 minutes)."""
        from bot.app.addresses import page
        from bot.app.parts import existing_site
        from bot.grid.registry import Registry
        from bot.notify.links import SHELL, Links, site_key
        from bot.settings import load_settings

        settings = load_settings()
        database = existing_site(settings)
        try:
            if Registry.load(database).person(staff_no) is None:
                raise typer.BadParameter(f"there is nobody with the staff number {staff_no}")
            print(Links(site_key(settings.home), database, page(settings)).sign_in_url(staff_no, SHELL))
        finally:
            database.dispose()
