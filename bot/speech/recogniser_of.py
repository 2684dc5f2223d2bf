"""The recogniser that the settings choose: one model, two ears, or one elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from bot.settings import Settings, SettingsError
from bot.speech.models import ModelMissing, SpeechModel, in_use, named
from bot.speech.phrases import phrases_by_question
from bot.speech.port import Recogniser
from bot.speech.recognise import VoskRecogniser
from bot.speech.remote.address import REMOTE
from bot.speech.remote.recogniser import RemoteRecogniser
from bot.speech.sherpa import make_sherpa
from bot.speech.two_ears import Second, TwoEars
from bot.speech.whisper import WhisperRecogniser

#: the part of [capacity] recognise_s that remains for the first ear's words when the second was waited for (s)
_FIRST_S = 0.5


def make_recogniser(
    settings: Settings, threads: int | None = None, alternatives: int | None = None, communities: Iterable[str] = ()
) -> Recogniser:
    """What `[speech]` asks for, told what is likely to be answered (the site's `communities` among it); blocks while models
    are loaded. Raises ModelMissing, SettingsError."""
    second = second_ear(settings, threads, alternatives, communities)
    first = first_ear(settings, threads, alternatives, communities)
    return first if second is None else TwoEars(first, second)


def first_ear(
    settings: Settings, threads: int | None = None, alternatives: int | None = None, communities: Iterable[str] = ()
) -> Recogniser:
    """The ear of this machine alone. Raises ModelMissing."""
    return _ear_of(in_use(settings), settings, threads, alternatives, communities)


def second_ear(
    settings: Settings, threads: int | None = None, alternatives: int | None = None, communities: Iterable[str] = ()
) -> Second | None:
    """The better ear of two, None where the settings name none. Raises SettingsError."""
    speech = settings.speech
    longest = max(_FIRST_S, settings.capacity.recognise_s - _FIRST_S)
    if is_remote(settings):
        if speech.engine == REMOTE and speech.second not in ("", REMOTE):
            raise SettingsError(
                f'[speech] second = "{speech.second}" beside engine = "remote": the ear elsewhere is the second one already.'
                ' Leave second out, or write engine = "local" for two ears on this machine'
            )
        elsewhere = RemoteRecogniser(settings)
        return Second(
            elsewhere, elsewhere.name, min(speech.remote.timeout_s, longest), compared=speech.engine != REMOTE
        )
    if not speech.second:
        return None
    try:
        model = named(settings, speech.second)
        if model.path.resolve() == in_use(settings).path.resolve():
            raise SettingsError(
                f'[speech] second = "{speech.second}" is the first ear too: name another model, or none'
            )
        ear = _ear_of(model, settings, threads, alternatives, communities)
    except ModelMissing as problem:
        raise SettingsError(f'[speech] second = "{speech.second}": {problem}') from problem
    return Second(ear, model.name, min(speech.second_s, longest), compared=True)


def told(settings: Settings) -> str:
    """Both ears in a few words for whoever starts the service, secrets apart. Raises ModelMissing."""
    model, speech = in_use(settings), settings.speech
    here = f"{model.engine} with {model.name}{' (the demo)' if model.demo else ''}"
    if not is_remote(settings):
        return f"{here}, then {Path(speech.second).name}" if speech.second else here
    where = f"{speech.remote.kind} at {urlsplit(speech.remote.url).netloc.rpartition('@')[2]}"
    return f"{here}, then {where}" if speech.engine != REMOTE else f"{where}, in its stead {here}"


def is_remote(settings: Settings) -> bool:
    """Whether residents' sound leaves this process for a recogniser elsewhere."""
    return REMOTE in (settings.speech.engine, settings.speech.second)


def _ear_of(
    model: SpeechModel, settings: Settings, threads: int | None, alternatives: int | None, communities: Iterable[str]
) -> Recogniser:
    """One model on this machine."""
    speech = settings.speech
    if model.engine == "sherpa":
        return make_sherpa(model, threads or speech.threads, speech.threads_a_turn)
    if model.engine == "whisper":
        turns, readings = threads or speech.threads, alternatives or speech.alternatives
        return WhisperRecogniser(model.path, turns, speech.threads_a_turn, readings)
    phrases = phrases_by_question(communities)
    return VoskRecogniser(model.path, threads or speech.threads, alternatives or speech.alternatives, phrases)
