"""Another key of the site: every recording's own key is wrapped anew, so that the old key can be put away."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass

from bot.recordings.elsewhere import NotElsewhere, elsewhere_of
from bot.recordings.keys import KeyRefused, KeyRing, load_keys
from bot.recordings.room import SUFFIX, recordings, recordings_elsewhere
from bot.recordings.sealed import HEADER_BYTES, NotSealed, rewrap
from bot.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wrapped:
    """What came of it. Only when `old` is 0 may the keys behind the first be put away."""

    #: recordings that are under the site's first key now
    current: int
    #: of these, wrapped anew just now
    anew: int
    #: recordings that still need another key: of the first form, damaged, or their key is not here
    old: int


def rewrap_all(settings: Settings) -> Wrapped:
    """Wrap the keys of all recordings, here and elsewhere, by the site's first key. Blocking; calls may go on.

    Stopped in the middle it has lost nothing, and goes on from there when it is asked again.
    Raises KeyRefused when the site has no key, StoreUnavailable, OSError."""
    keys = load_keys(settings)
    current = anew = old = 0
    for change in _each(settings, keys):
        current, anew, old = current + (change is not None), anew + (change is True), old + (change is None)
    return Wrapped(current, anew, old)


def _each(settings: Settings, keys: KeyRing) -> Iterator[bool | None]:
    """Of every sealed recording: wrapped anew, was under the first key already (False), or neither (None)."""
    for name, _ in list(recordings(settings)):
        if name.endswith(SUFFIX):
            try:
                yield _on_disk(settings, name, keys)
            except FileNotFoundError:
                continue  # moved or deleted meanwhile; what was moved is met elsewhere
            except (NotSealed, KeyRefused) as problem:
                log.warning("%s keeps its key: %s", name, problem)
                yield None
    if (elsewhere := elsewhere_of(settings)) is None:
        return
    for name, _ in list(recordings_elsewhere(settings)):
        try:
            changed = rewrap(elsewhere.get(name, HEADER_BYTES), keys)
            if changed is not None:
                elsewhere.put(name, changed + elsewhere.get(name)[len(changed) :])
            yield changed is not None
        except NotElsewhere:
            continue
        except (NotSealed, KeyRefused) as problem:
            log.warning("%s elsewhere keeps its key: %s", name, problem)
            yield None


def _on_disk(settings: Settings, name: str, keys: KeyRing) -> bool:
    """In place, because a call may be writing behind it: 48 bytes of the file's first sector, which a disk writes whole."""
    with (settings.home / name).open("r+b", buffering=0) as file:
        changed = rewrap(file.read(HEADER_BYTES), keys)
        if changed is None:
            return False
        file.seek(0)
        file.write(changed)
        os.fsync(file.fileno())
    return True
