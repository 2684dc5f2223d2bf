"""What `gege doctor` says of the second ear, a stronger one here or one elsewhere: it is spoken to, and what comes back is told."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bot.settings import Settings, SettingsError
from bot.sound.alike import likeness
from bot.speech.listening import listened, spoken
from bot.speech.port import RecogniserFailed
from bot.speech.recogniser_of import second_ear
from bot.speech.remote.address import reach_of
from bot.speech.remote.failed import RemoteFailed, Way
from bot.speech.remote.recogniser import RemoteRecogniser
from bot.speech.two_ears import Second

NAME = "second ear"
#: a resident's sentence that every ear should know
SAID = "我家停电了"
#: less than this of it has the same sound: it did not hear the sentence
_HEARD = 0.6
_ADVICE = {
    Way.refused: "set [speech.remote] token to what the server asks for",
    Way.gone: "start the recogniser, or correct [speech.remote] url",
    Way.late: "give it a faster machine, or raise [speech.remote] timeout_s",
    Way.address: "use https or wss, or a name that leads into a private network",
    Way.status: "look at the server's log; does it know the model of [speech.remote] model?",
}
_OTHERWISE = "does [speech.remote] kind fit what runs there? look at the server's log"


@dataclass(frozen=True)
class Examined:
    """`advice` is empty when nothing need be done; `usable` false: the settings are refused at the start."""

    detail: str
    advice: str = ""
    usable: bool = True


def examine_second_ear(settings: Settings) -> Examined | None:
    """Speak a sentence to it; None when there is none. Blocks for its time limit and the loading of its model."""
    try:
        second = second_ear(settings, threads=1)
    except SettingsError as problem:
        return Examined(str(problem), "correct it in gege.toml", usable=False)
    return asyncio.run(_spoken_to(second, settings)) if second is not None else None


async def _spoken_to(second: Second, settings: Settings) -> Examined:
    try:
        async with asyncio.timeout(second.patience_s * 4):
            where = await _where(second, settings)
        sound = await spoken(SAID)
        began = time.monotonic()
        async with asyncio.timeout(second.patience_s + sound.seconds):
            heard, _ = await listened(second.ear, sound.samples, sound.rate)
    except RemoteFailed as problem:
        advice = _ADVICE.get(problem.way, _OTHERWISE)
        return Examined(
            f"{second.name}: {problem.way} {problem.detail}".rstrip() + "; the first ear hears alone", advice
        )
    except TimeoutError:
        detail = f"{second.name}: not done within {second.patience_s:g} s; the first ear hears alone"
        return Examined(detail, "raise [speech] second_s, or name a faster model")
    except RecogniserFailed as problem:
        return Examined(f"{second.name}: {problem}; the first ear hears alone", "install another model")
    finally:
        await second.ear.close()
    took = f"{time.monotonic() - began:.1f} s"
    if likeness(heard.text, SAID) < _HEARD:
        return Examined(
            f"{where} answers in {took}, but heard {heard.text or 'nothing'!r} where {SAID} was said",
            "try another model; espeak-ng's voice is hard for some that hear people well (gege bench hear FOLDER measures)",
        )
    return Examined(f"{where} heard {SAID} in {took}")


async def _where(second: Second, settings: Settings) -> str:
    if not isinstance(second.ear, RemoteRecogniser):
        return second.name
    models = await _models(second.ear)
    return (
        f"{second.name} at {second.ear.address.place} ({reach_of(settings.speech).value}"
        f"{'; it has ' + ', '.join(models[:3]) if models else ''})"
    )


async def _models(ear: RemoteRecogniser) -> list[str]:
    """Not every server lists its models; whether it hears is what counts."""
    try:
        return await ear.models()
    except RemoteFailed:
        return []
