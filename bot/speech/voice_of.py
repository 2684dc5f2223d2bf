"""Which engine speaks: what `[speech] voice` names, or the best one that is installed."""

from __future__ import annotations

import os
from pathlib import Path

from bot.settings import Settings, SettingsError
from bot.speech import kokoro
from bot.speech.engine import Engine
from bot.speech.espeak import EspeakProcess
from bot.speech.kokoro_voice import USUAL_VOICE, KokoroProcess
from bot.speech.remote.voices import SCHEMES, RemoteVoice
from bot.speech.sherpa_voice import SherpaVoiceProcess

#: more threads make a sentence no sooner
_MOST_THREADS = 4
_LOCAL_PATIENCE_S = 2.5
_KINDS = (
    '"", "espeak", "kokoro", "kokoro:VOICE", "sherpa:FOLDER", "https://HOST/v1/audio/speech" or "wyoming://HOST:PORT"'
)


def chosen(settings: Settings) -> str:
    """What `[speech] voice` comes to here."""
    return settings.speech.voice.strip() or ("kokoro" if kokoro.installed() else "espeak")


def rate_of(settings: Settings) -> int:
    """Words a minute: the machine's rate, at the speed of everything that is said."""
    return round(settings.speech.rate * settings.prompts.speed)


def patience_of(settings: Settings) -> float:
    """How long (s) a caller waits for the chosen voice to begin before espeak-ng speaks."""
    return settings.speech.remote_voice.timeout_s if "://" in settings.speech.voice else _LOCAL_PATIENCE_S


def make_engine(settings: Settings, *, gentle: bool = False) -> Engine:
    """Not started; `gentle`: for what has time, in the shadow of everything else. Raises Refused, with what to change."""
    voice, rate = chosen(settings), rate_of(settings)
    threads = 1 if gentle else max(1, min((os.cpu_count() or 1) // 2, _MOST_THREADS))
    kind, colon, what = voice.partition(":")
    if voice == "espeak":
        return EspeakProcess(rate)
    if kind == "kokoro" and bool(what) == bool(colon):
        return KokoroProcess(what or USUAL_VOICE, rate, threads=threads, gentle=gentle)
    if kind == "sherpa" and what:
        folder, _, speaker = what.partition("#")
        if speaker and not (speaker.isascii() and speaker.isdecimal()):
            raise SettingsError(f'[speech] voice = "{voice}": what follows # is the number of a speaker')
        return SherpaVoiceProcess(Path(folder), int(speaker or 0), rate, threads=threads, gentle=gentle)
    if kind in SCHEMES and what.startswith("//"):
        return RemoteVoice(voice, settings.speech.remote_voice, rate)
    raise SettingsError(f'[speech] voice = "{voice}" is none; write {_KINDS}')
