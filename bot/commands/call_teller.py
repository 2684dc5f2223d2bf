"""Tells a call in the terminal while it happens: what was heard, what was understood, what was said."""

from __future__ import annotations

from rich.text import Text

from bot.commands.terminal import console
from bot.tickets.labels import labels
from bot.voice.events import CallEvent, KeyPressed, Spoke, Understood, WordsHeard


class CallTeller:
    """A watcher of calls: prints events, steers nothing."""

    def __call__(self, event: CallEvent) -> None:
        names = labels()
        match event:
            case Spoke():
                for sentence in event.sentences:
                    console.print(Text(names.gege + sentence, style="green"))
            case WordsHeard():
                console.print(Text(names.heard + (event.text or names.nothing), style="bold"))
            case KeyPressed():
                console.print(Text(names.key + event.digit, style="bold"))
            case Understood():
                meaning = names.intent(event.intent)
                console.print(Text(f"  {names.understood}{meaning} {event.confidence:.0%}", style="dim"))
