"""What a telephone line carries besides its caller, made by a script and always the same: float samples at 8 kHz, int16 scale.

Each maker takes seconds and gives a sound as loud as LOUD (RMS of what sounds) unless it says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

from bot.foundation.errors import Broken
from bot.lines.sip import g711
from tools.demo_model.speaker import Job, speak_jobs, syllables_of
from tools.demo_model.synthesis import HELD_OUT_VOICES

RATE = 8000
#: an ordinary caller's RMS while he speaks
LOUD = 2500.0
_BAND_HZ = (300.0, 3400.0)

Sound = NDArray[np.float64]

NEWS = (
    "今天白天到夜里多云转晴，气温八到十六度", "下面请看详细报道", "观众朋友们晚上好，欢迎收看新闻", "会议强调要继续做好各项工作",
    "前三季度全市经济运行总体平稳", "记者在现场看到很多人正在排队", "接下来是天气预报",
)  # fmt: skip
ANNOUNCEMENT = ("您的电话正在等待中，请不要挂机", "对不起，您拨打的用户正在通话中，请稍后再拨")


# ---- measures -------------------------------------------------------------------------------------


def as_loud(sound: Sound, db: float = 0.0) -> Sound:
    """At LOUD and so many decibels more, by what sounds of it: pauses do not count."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(1)
    sounding = power[power > power.max() * 1e-3]
    return sound * (LOUD * 10 ** (db / 20) / np.sqrt(sounding.mean() + 1e-12))


def in_band(sound: Sound) -> Sound:
    """What a telephone lets through, 300 to 3400 Hz."""
    return np.asarray(sosfilt(butter(4, _BAND_HZ, "bandpass", fs=RATE, output="sos"), sound))


def coded(sound: Sound) -> bytes:
    """Through A-law, as int16 sound: what arrives."""
    sent = np.clip(sound, -32767, 32767).astype("<i2").tobytes()
    return g711.decode(g711.encode(sent, g711.PCMA), g711.PCMA)


def mixed(*placed: tuple[float, Sound]) -> Sound:
    """Sounds over each other, each from its second on."""
    whole = np.zeros(max(int(at * RATE) + len(sound) for at, sound in placed))
    for at, sound in placed:
        whole[int(at * RATE) : int(at * RATE) + len(sound)] += sound
    return whole


def _hiss(seconds: float, level: float = 8.0, seed: int = 1) -> Sound:
    return np.random.default_rng(seed).standard_normal(int(seconds * RATE)) * level


def _repeated(one: Sound, seconds: float) -> Sound:
    return np.resize(one, int(seconds * RATE))


def _tone(hertz: float, on: float, off: float) -> Sound:
    time = np.arange(int(on * RATE)) / RATE
    edge = np.minimum(1.0, np.minimum(time, on - time) / 0.005)
    return np.concatenate([np.sin(2 * np.pi * hertz * time) * edge, np.zeros(int(off * RATE))])


# ---- voices ---------------------------------------------------------------------------------------


_spoken: dict[tuple[str, int], Sound] = {}


def speak(wanted: Iterable[tuple[str, int]]) -> None:
    """Make sentences (text, voice) that will be needed, all in one child: each child alone takes a second."""
    missing = [one for one in dict.fromkeys(wanted) if one not in _spoken]
    jobs = [Job(syllables_of(text), HELD_OUT_VOICES[voice % len(HELD_OUT_VOICES)]) for text, voice in missing]
    for one, sound in zip(missing, speak_jobs(jobs), strict=True):
        if sound is None:
            raise Broken(f"espeak-ng could not speak {one[0]}: reinstall the package espeakng-loader")
        _spoken[one] = as_loud(sound.astype(np.float64))


def voices(texts: tuple[str, ...], voice: int) -> tuple[Sound, ...]:
    """Sentences by one of the voices that no ear of ours has learned from, each as loud as LOUD."""
    speak((text, voice) for text in texts)
    return tuple(_spoken[text, voice] for text in texts)


def said(text: str, voice: int = 1) -> Sound:
    """One sentence."""
    return voices((text,), voice)[0]


def across_the_room(sound: Sound) -> Sound:
    """With a room's reverberation, without its treble; as loud as it was."""
    tail = np.arange(RATE // 3)
    room = np.random.default_rng(1).standard_normal(len(tail)) * np.exp(-tail / (RATE / 14)) * 0.5
    room[0] += 2.0
    far = np.convolve(np.convolve(sound, room), np.ones(3) / 3)[: len(sound)]
    return np.asarray(far * np.sqrt((sound**2).mean() / ((far**2).mean() + 1e-12)))


def television(seconds: float) -> Sound:
    """The news by two voices, music under it, across the room."""
    told = [one for pair in zip(voices(NEWS, 3), voices(NEWS[::-1], 5), strict=True) for one in pair]
    talk = np.concatenate([part for one in told for part in (one, np.zeros(int(0.35 * RATE)))])
    return across_the_room(as_loud(_repeated(talk, seconds) + music(seconds) * 0.2))


# ---- music ----------------------------------------------------------------------------------------


def _note(hertz: float, seconds: float, decay: float, upper: int = 6) -> Sound:
    time = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, upper) if hertz * n < 3800)
    return np.asarray(wave) * np.exp(-decay * time) * np.minimum(1.0, time / 0.01)


def music(seconds: float) -> Sound:
    """A tune on plucked strings over chords, with a drum: four notes in 1.6 s."""
    tune, bass = (262, 330, 392, 523, 440, 392, 330, 294, 262, 392, 330, 262), (131, 175, 196)
    dice, parts = np.random.default_rng(4), []
    for number, note in enumerate(tune):
        one = _note(note, 0.4, 3.0) + 0.5 * _note(bass[number // 4] * (1 + number % 2), 0.4, 2.0)
        drum = dice.standard_normal(len(one)) * np.exp(-40 * np.arange(len(one)) / RATE)
        parts.append(one + drum * (0.8 if number % 2 == 0 else 0.3))
    return as_loud(_repeated(np.concatenate(parts), seconds))


def strings(seconds: float) -> Sound:
    """Long chords that are bowed: no drum, no pause, a vibrato of 5 Hz."""
    time = np.arange(int(2.0 * RATE)) / RATE
    swing = np.sin(2 * np.pi * 5 * time) * 0.004
    chords = [
        sum(np.sin(2 * np.pi * note * n * (time + swing / 5)) / n for note in chord for n in range(1, 7))
        * np.sin(np.pi * np.minimum(1.0, time / 2.0 + 0.1)) ** 0.3
        for chord in ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
    ]
    return as_loud(_repeated(np.concatenate([np.asarray(one) for one in chords]), seconds))


def hold(seconds: float) -> Sound:
    """Music on hold: 8 s of it, then a voice that asks for patience, and so on."""
    parts = [part for one in voices(ANNOUNCEMENT, 0) for part in (music(8.0), one, np.zeros(int(0.4 * RATE)))]
    return _repeated(np.concatenate(parts), seconds)


# ---- noises ---------------------------------------------------------------------------------------


def _bark(pitch: float, dice: np.random.Generator) -> Sound:
    time = np.arange(int(0.2 * RATE)) / RATE
    phase = np.cumsum(pitch * (1 + 0.5 * np.exp(-20 * time) - time)) / RATE
    voice = sum(np.sin(2 * np.pi * phase * n) / n**0.5 for n in range(1, 8)) + dice.standard_normal(len(time)) * 1.2
    return np.asarray(voice) * np.hanning(len(time)) ** 0.5


def dog(seconds: float) -> Sound:
    """Rough barks whose pitch falls, two or three in a row, then a pause."""
    dice = np.random.default_rng(2)
    parts: list[Sound] = []
    while sum(len(one) for one in parts) < seconds * RATE:
        for _ in range(int(dice.integers(2, 4))):
            parts += [_bark(float(dice.uniform(420, 620)), dice), np.zeros(int(dice.uniform(0.15, 0.35) * RATE))]
        parts.append(np.zeros(int(dice.uniform(0.8, 2.5) * RATE)))
    return as_loud(np.concatenate(parts)[: int(seconds * RATE)])


def coughs(seconds: float) -> Sound:
    """A burst of breath and a short voiced end, two in a row, every three seconds."""
    dice, time = np.random.default_rng(3), np.arange(int(0.35 * RATE)) / RATE
    burst = lfilter([1], [1, -0.6], dice.standard_normal(len(time))) * np.exp(-12 * time)
    burst[int(0.12 * RATE) :] += np.sin(2 * np.pi * 170 * time[: len(time) - int(0.12 * RATE)]) * 0.8
    one = burst * np.minimum(1.0, (0.35 - time) / 0.08)
    pair = np.concatenate([one, np.zeros(int(0.2 * RATE)), one * 0.8, np.zeros(int(1.9 * RATE))])
    return as_loud(_repeated(pair, seconds), 3.0)


def door(seconds: float) -> Sound:
    """A slam with the room's echo, every 2.5 s."""
    time = np.arange(int(2.5 * RATE)) / RATE
    slam = np.random.default_rng(5).standard_normal(len(time)) * np.exp(-14 * time) + 2 * np.sin(
        2 * np.pi * 90 * time
    ) * np.exp(-9 * time)
    return as_loud(_repeated(slam, seconds), 3.0)


def rain(seconds: float) -> Sound:
    """Rain on a roof: noise with single drops in it."""
    dice = np.random.default_rng(6)
    steady = dice.standard_normal(int(seconds * RATE))
    drops = lfilter([1.0], [1.0, -0.9], (dice.random(len(steady)) < 0.004) * dice.uniform(2, 9, len(steady)))
    return as_loud(steady + drops, -8.0)


def engine(seconds: float) -> Sound:
    """A three-wheeler that idles: many harmonics of 28 Hz that tremble, and its rattle."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 28 * time + 0.02 * np.sin(2 * np.pi * 0.7 * time)
    tone = sum(np.sin(2 * np.pi * phase * n + n * n) / n**0.4 for n in range(1, 90))
    rattle = _hiss(seconds, 1.5, 7) * (1 + np.sin(2 * np.pi * phase))
    return as_loud(np.asarray(tone) + rattle[: len(time)], -6.0)


def clicks(seconds: float) -> Sound:
    """A bad contact: crackling in bursts."""
    dice = np.random.default_rng(8)
    count = int(seconds * RATE)
    burst = np.repeat(dice.random(count // 800 + 1) < 0.4, 800)[:count]
    hits = (dice.random(count) < 0.01) * burst * dice.choice([-1.0, 1.0], count)
    return as_loud(np.asarray(lfilter([1.0], [1.0, -0.5], hits)))


def talkers(seconds: float) -> Sound:
    """People at the next tables, several at once."""
    told = [_repeated(np.concatenate(voices(NEWS, voice)), seconds) for voice in (2, 4, 6)]
    return across_the_room(as_loud(np.sum([np.roll(one, 7000 * n) for n, one in enumerate(told)], axis=0), -10.0))


#: no caller; each may begin no turn and stop no sentence of Gege's
NO_CALLER: dict[str, Callable[[float], Sound]] = {
    "hiss": lambda seconds: _hiss(seconds, 60.0),
    "rain": rain,
    "engine": engine,
    "clicks": clicks,
    "busy tone": lambda seconds: as_loud(_repeated(_tone(450, 0.35, 0.35), seconds)),
    "ring-back": lambda seconds: as_loud(_repeated(_tone(450, 1.0, 4.0), seconds)),
    "fax": lambda seconds: as_loud(_repeated(_tone(1100, 0.5, 3.0), seconds)),
    "music": music,
    "strings": strings,
    "music on hold": hold,
    "dog": dog,
    "coughs": coughs,
    "door": door,
    "television -10": lambda seconds: television(seconds) * 10 ** (-10 / 20),
    "television -15": lambda seconds: television(seconds) * 10 ** (-15 / 20),
    "television -20": lambda seconds: television(seconds) * 10 ** (-20 / 20),
    "talkers": talkers,
}
