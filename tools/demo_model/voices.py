"""New speakers for espeak-ng, drawn at random: other formants, pitch and breath than its own variants have.

espeak reads a variant of a voice from a small text file (voices.md of espeak-ng, "Voice variants").
The net hears hundreds of drawn speakers, so that it does not learn the seventy that espeak brings by heart.
"""

import random
from pathlib import Path

import espeakng_loader

_FORMANTS = 9
_HIGH_FORMANT = 6
"""From here on formants colour the voice only."""


def add_drawn_voices(folder: Path, draw: random.Random, count: int) -> list[str]:
    """Makes `folder` a copy of espeak's data (by links) with `count` new variants; returns their names."""
    original = Path(espeakng_loader.get_data_path())
    _link_all(original, folder, besides="voices")
    _link_all(original / "voices", folder / "voices", besides="!v")
    variants = folder / "voices" / "!v"
    _link_all(original / "voices" / "!v", variants)
    names = [f"drawn{index}" for index in range(count)]
    for name in names:
        (variants / name).write_text(_variant(name, draw), encoding="ascii")
    return names


def _link_all(source: Path, target: Path, *, besides: str = "") -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.name != besides:
            (target / path.name).symlink_to(path)


def _variant(name: str, draw: random.Random) -> str:
    """A variant's file: formant lines are frequency, strength and width in percent of the plain voice."""
    pitch = draw.randint(65, 200)
    lines = ["language variant", f"name {name}", f"pitch {pitch} {pitch + draw.randint(30, 110)}"]
    tract = draw.uniform(0.85, 1.25)
    strong = draw.uniform(0.7, 1.4)
    for formant in range(_FORMANTS):
        if formant >= _HIGH_FORMANT:
            frequency, strength, width = 100.0, draw.choice((0, 10, 60, 100)), 100
        else:
            frequency = 100 * tract * draw.uniform(0.88, 1.14)
            strength = round(100 * strong * draw.uniform(0.6, 1.4))
            width = draw.randint(60, 180)
        lines.append(f"formant {formant} {round(frequency)} {strength} {width}")
    lines.append(f"voicing {draw.randint(35, 140)}")
    lines.append(f"consonants {draw.randint(60, 120)} {draw.randint(60, 120)}")
    lines.append(f"flutter {draw.randint(0, 20)}")
    if draw.random() < 0.3:
        lines.append(f"breath 0 {draw.randint(5, 30)} {draw.randint(5, 30)} {draw.randint(5, 30)}")
    return "\n".join(lines) + "\n"
