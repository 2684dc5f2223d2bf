"""What a crash run can let fail around a service; apart, so that a command line may name it without loading the bench."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """`server`: the database's own; `network`: to it; `disk`: the home's is full; `clock`: it jumps, and back."""

    server = "server"
    network = "network"
    disk = "disk"
    clock = "clock"
