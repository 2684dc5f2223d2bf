"""Tells a call in the terminal while it happens: what was heard, what was understood, what was said."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from bot.commands.terminal import console
from bot.tickets.labels import labels


class CallTeller:
    """An observer for `bot.voice.call`: prints events, steers nothing."""

    def __call__(self, event: str, detail: dict[str, Any]) -> None:
        names = labels()
        if event == "said":
            for sentence in detail["sentences"]:
                console.print(Text(names["gege"] + sentence, style="green"))
        elif event == "heard":
            console.print(Text(names["heard"] + (detail["text"] or names["nothing"]), style="bold"))
        elif event == "key":
            console.print(Text(names["key"] + str(detail["digit"]), style="bold"))
        elif event == "understood":
            kind = names["intents"].get(detail.get("intent"), detail.get("intent"))
            sure = f" {detail.get('confidence', 0):.0%}"
            console.print(Text(f"  {names['understood']}{kind}{sure}", style="dim"))
