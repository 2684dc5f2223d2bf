"""The language of the command line: what the environment of whoever types asks for, Chinese or English."""

from __future__ import annotations

import os
from typing import Literal

Language = Literal["zh", "en"]

#: the first one that is set decides; the last three as every program reads them (POSIX, section 8.2)
ASKED_BY = ("GEGE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def language() -> Language:
    """Chinese for zh_CN.UTF-8 and its like; English for every other, and where nothing is asked for (C, POSIX)."""
    asked = next((value for name in ASKED_BY if (value := os.environ.get(name))), "")
    return "zh" if asked.lower().startswith("zh") else "en"
