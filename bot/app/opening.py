"""Opening the page in a browser, for whoever tries Gege at a screen."""

from __future__ import annotations

import logging
import os
import threading
import webbrowser

from bot.foundation.sd_notify import under_systemd

log = logging.getLogger(__name__)


def has_a_screen() -> bool:
    """Whether somebody sits here: a display, and no systemd that started us."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) and not under_systemd()


def open_page(address: str) -> bool:
    """Ask the desktop for its browser and wait for nobody; → whether it was asked."""
    if not has_a_screen():
        return False
    # Some browsers return only when they are closed.
    threading.Thread(target=_open, args=(address,), name="browser", daemon=True).start()
    return True


def _open(address: str) -> None:
    try:
        webbrowser.open(address)
    except Exception:
        # The address stands on the screen: whoever sits there can click on it.
        log.info("no browser opens %s", address)
