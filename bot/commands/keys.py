"""`gege keys`: new keys for recordings, links and second factors; and the pair that backups are sealed with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import Failure, existing_home, note
from bot.settings import Settings, load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = typer.Typer(help="The keys of a site: rotate, retire, and the pair for backups.", no_args_is_help=True)
    for command in (rotate, retire, backup):
        keys.command(command.__name__)(command)
    app.add_typer(keys, name="keys")


def rotate() -> None:
    """New keys for recordings and links; the old ones still open and verify, until `gege keys retire`. Then restart Gege."""
    from bot.foundation.site_keys import put_first
    from bot.recordings.keys import add_key, load_keys
    from bot.recordings.wrapping import rewrap_all

    settings = _site()
    load_keys(settings)  # a site without one gets its first
    add_key(settings)
    put_first(_links(settings))
    wrapped = rewrap_all(settings)
    sealed = _seal_anew(settings)
    note(
        f"recordings: {wrapped.current} under the new key, {wrapped.old} still need an old one; "
        f"{sealed} second factors sealed anew; restart the service, then new links are signed with the new key"
    )


def retire() -> None:
    """Put the old keys away: what they signed is void, and nothing that they alone open may be left. Then restart Gege."""
    from bot.foundation.site_keys import leave_first
    from bot.recordings.keys import leave_current
    from bot.recordings.wrapping import rewrap_all

    settings = _site()
    wrapped = rewrap_all(settings)
    if wrapped.old:
        raise Failure(
            f"{wrapped.old} recordings still need an old key; they go at the end of [recording] days, try again then"
        )
    _seal_anew(settings)
    note(
        f"{leave_current(settings)} keys of recordings and {leave_first(_links(settings))} keys of links are no longer good"
    )


def backup(apart: Annotated[Path, typer.Argument(help="The file of the private half; not below GEGE_HOME.")]) -> None:
    """Make the pair for backups: APART opens them and is kept away from the site; from now on `gege backup` seals."""
    from bot.commands.sealed_backup import make_pair

    settings = load_settings()
    existing_home(settings)
    make_pair(settings.home, apart.expanduser())
    note(
        f"{apart}: opens the backups that are made from now on. Keep two copies, apart from the site and from the backups"
    )


def _site() -> Settings:
    """The settings of a site that is there: keys of a misspelt home would open nothing."""
    from bot.app.parts import existing_site

    settings = load_settings()
    existing_site(settings).dispose()
    return settings


def _links(settings: Settings) -> Path:
    return settings.home / "keys" / "links.key"


def _seal_anew(settings: Settings) -> int:
    from bot.app.parts import existing_site
    from bot.doors.passwords import Passwords
    from bot.notify.links import site_keys

    key, *earlier = site_keys(settings.home)
    database = existing_site(settings)
    try:
        return Passwords(database, key, settings.site.name, earlier=earlier).seal_anew()
    finally:
        database.dispose()
