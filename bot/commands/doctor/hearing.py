"""Whether the ear hears: Gege's own voice says a sentence to it, and what was heard is told, and how long it took."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context

from bot.bench.as_said import compared
from bot.settings import Settings, SettingsError
from bot.speech.ear_card import BETTER, card_in_use
from bot.speech.listening import listened, spoken
from bot.speech.models import ModelMissing
from bot.speech.port import HeardSpeech, RecogniserFailed
from bot.speech.recogniser_of import first_ear
from bot.speech.speak import VoiceFailed

#: what is said to it: a matter and a place, as residents say them
SENTENCE = "我屋里停电了，沿河路二百零六号。"
#: from this share of wrong characters on, it did not understand: a robot's voice is hard for some ears
_HARDLY = 0.5
#: computing that takes longer than the sound lasts holds calls up
_SLOW = 1.0
_SILENCE_S = 0.3
#: the largest ears load for minutes
_LONGEST_S = 300.0


@dataclass(frozen=True)
class Hearing:
    """What was found. `bad`: residents cannot be heard; `advice` is empty when nothing has to be done."""

    detail: str
    advice: str = ""
    bad: bool = False


@dataclass(frozen=True)
class _Tried:
    heard: HeardSpeech
    loading_s: float
    late_s: float
    cpu_s: float


@dataclass(frozen=True)
class _Failed:
    """Why nothing was heard; `broken`: the ear is there, and does not work."""

    why: str
    broken: bool


def check_hearing(settings: Settings) -> Hearing:
    """Load the ear of this machine, and speak to it. Blocks for some seconds."""
    try:
        card = card_in_use(settings)
    except (ModelMissing, SettingsError) as problem:
        return Hearing(str(problem), "without an ear the telephone cannot be answered", bad=True)
    tried = _in_a_child(settings)
    if isinstance(tried, _Failed):
        return Hearing(f"{card.told}: {tried.why}", f"it is broken; {BETTER}" if tried.broken else BETTER, bad=True)
    heard = tried.heard
    if not heard.text:
        detail = f"{card.told} loads, and made nothing of a clear sentence of {heard.seconds:.1f} s"
        return Hearing(detail, f"it is broken, or for another language; {BETTER}", bad=True)
    errors = compared(SENTENCE, heard.text)
    wrong = errors.wrong_characters / errors.characters
    speed = tried.cpu_s / max(heard.seconds, 0.1)
    detail = (
        f"{card.said()}; loads in {tried.loading_s:.1f} s; of {SENTENCE} by Gege's own voice {heard.ear or card.name} heard {heard.text}"
        f" {tried.late_s:.2f} s after the last sound ({speed:.2f} CPU s a second of sound)"
    )
    if wrong >= _HARDLY or heard.unclear:
        return Hearing(f"{detail}: hardly a word is right", f"gege bench hear FOLDER with people's voices; {BETTER}")
    if card.poor:
        return Hearing(f"FOR TRYING, not for residents: {detail}", BETTER)
    if speed > _SLOW:
        return Hearing(
            f"{detail}: slower than people speak", "[speech] threads_a_turn, a smaller ear, or one elsewhere"
        )
    return Hearing(detail)


def _in_a_child(settings: Settings) -> _Tried | _Failed:
    """A library that ends its process over a damaged model ends the child."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(speak_and_listen, settings).result(_LONGEST_S)
        except BrokenProcessPool:
            return _Failed("it loads, and ends the process that wants to hear with it", broken=True)
        except TimeoutError:
            for child in list((pool._processes or {}).values()):
                child.kill()
            return _Failed(f"it hears nothing within {_LONGEST_S:.0f} s", broken=True)


def speak_and_listen(settings: Settings) -> _Tried | _Failed:
    """Gege's own voice says the sentence to the ear of this machine. Runs in the child."""
    try:
        return asyncio.run(_try(settings))
    except (ModelMissing, SettingsError) as problem:
        return _Failed(str(problem), broken=False)
    except VoiceFailed as problem:
        return _Failed(f"it could not be tried: {problem}", broken=False)
    except RecogniserFailed as problem:
        return _Failed(f"it loads, and cannot decode: {problem}", broken=True)
    except Exception as problem:
        return _Failed(f"{type(problem).__name__}: {problem}".splitlines()[0], broken=True)


async def _try(settings: Settings) -> _Tried:
    sound, began = await spoken(SENTENCE, settings.speech.rate), time.perf_counter()
    ear = await asyncio.to_thread(first_ear, settings, 1)
    loading_s = time.perf_counter() - began
    try:
        # What a first utterance sets up is no utterance's time.
        await listened(ear, sound.samples[: int(_SILENCE_S * sound.rate)], sound.rate)
        cpu = time.process_time()
        heard, late_s = await listened(ear, sound.samples, sound.rate)
        return _Tried(heard, loading_s, late_s, time.process_time() - cpu)
    finally:
        await ear.close()
