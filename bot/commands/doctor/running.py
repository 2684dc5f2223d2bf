"""What `gege doctor` says of a running service: how its loops are, and whether it answers the exchange."""

from __future__ import annotations

import socket
import time

from bot.foundation.service_state import file_of, read_state
from bot.settings import Settings

#: a running service writes its state every ten seconds
_SILENT_S = 60.0
#: the exchange does not wait longer for an answer (s)
_ANSWERS_S = 1.0
#: the least that FastAGI has to be told
_ALIVE = b"agi_network: yes\nagi_network_script: alive\n\n"


def check_service(settings: Settings) -> tuple[str, str]:
    """What is seen, and what to do about it ("": nothing)."""
    state = read_state(file_of(settings.home))
    if state is None or not state.alive:
        return "not running", ""
    old_s = time.time() - state.at
    if old_s > _SILENT_S:
        return f"process {state.pid} hangs: nothing of it for {_span(old_s)}", "restart gege serve"
    if told := _asked(settings.voice.fastagi):
        return told
    stuck = [one for one in state.backgrounds if one.stuck]
    if not stuck:
        return f"running ({len(state.backgrounds)} loops), answers the exchange", ""
    said = ", ".join(
        f"{one.name} ({'nothing done yet' if one.idle_s is None else f'last done {_span(one.idle_s)} ago'}"
        + (f", {one.failures} failures, {one.problem})" if one.failures else ")")
        for one in stuck
    )
    return f"stuck: {said}", "see the service's log; then restart gege serve"


def _asked(address: str) -> tuple[str, str] | None:
    """FastAGI's `/alive`, asked as the exchange asks it; None when it answers."""
    host, _, port = address.rpartition(":")
    began = time.monotonic()
    try:
        with socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), _ANSWERS_S) as line:
            line.sendall(_ALIVE)
            said = line.recv(100)
            line.sendall(b"200 result=1\n")
    except (ConnectionResetError, BrokenPipeError):
        said = b""
    except (OSError, ValueError) as problem:
        waited = time.monotonic() - began
        kind = type(problem).__name__
        return (
            f"FastAGI ({address}) does not answer ({kind} after {waited:.1f} s): callers are rung through",
            "see the service's log; then restart gege serve",
        )
    if b"GEGE_ALIVE" in said:
        return None
    return f"FastAGI ({address}) closes on this machine", "add 127.0.0.0/8 to [asterisk] allowed in gege.toml"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
