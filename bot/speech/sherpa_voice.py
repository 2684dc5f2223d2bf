"""sherpa-onnx as a voice: the folders of its text-to-speech models, told apart by the files in them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.foundation.errors import Refused
from bot.speech.audio import Sound
from bot.speech.engine import USUAL_RATE, Sentence
from bot.speech.reading import spoken
from bot.speech.speaking_child import SpeakingChild

#: below the service, which carries sound; and for what has time
_NICE, _GENTLE = 5, 19
#: rules that some models bring for numbers and the like; Gege has read them out already, and they do no harm
_RULES = ("phone.fst", "date.fst", "number.fst", "new_heteronym.fst")


@dataclass(frozen=True)
class Layout:
    """What sherpa_child.py gives to sherpa-onnx: the kind of model, and its arguments by name (paths)."""

    kind: str
    files: dict[str, str]
    rules: str = ""


class SherpaVoiceProcess:
    """An Engine. Takes the text, with numbers in words."""

    quick = False

    def __init__(
        self,
        folder: Path,
        speaker: int = 0,
        words_per_minute: int = USUAL_RATE,
        *,
        threads: int = 1,
        gentle: bool = False,
    ) -> None:
        """Raises Refused for a folder that holds no voice, and where sherpa-onnx is missing."""
        if importlib.util.find_spec("sherpa_onnx") is None:
            raise Refused('[speech] voice = "sherpa:…": sherpa-onnx is not installed: uv sync --extra sherpa')
        layout = look_at(folder)
        self.speed = words_per_minute / USUAL_RATE
        sizes = sum(Path(file).stat().st_size for file in layout.files.values() if file.endswith(".onnx"))
        self._speaker = speaker
        self.name = f"sherpa {folder.name} {sizes} {speaker} {self.speed:.3f}"
        command = [
            sys.executable, "-m", "bot.speech.sherpa_child", layout.kind, layout.rules, str(threads),
            str(_GENTLE if gentle else _NICE), *(f"{name}={file}" for name, file in layout.files.items()),
        ]  # fmt: skip
        broken = f"sherpa-onnx cannot speak with the model in {folder}: install it anew, or another; see `gege doctor`"
        self.child = SpeakingChild("sherpa-onnx", lambda: command, broken, patience_s=600.0 if gentle else 30.0)

    async def start(self) -> None:
        await self.child.start()

    async def speak(self, sentence: Sentence) -> Sound:
        """At the model's rate. Raises VoiceFailed."""
        return await self.child.sound_of({"text": spoken(sentence.text), "speaker": self._speaker, "speed": self.speed})

    async def close(self) -> None:
        await self.child.close()


def look_at(folder: Path) -> Layout:
    """The layout of a folder. Raises Refused, naming what is missing."""
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        raise Refused(
            f'[speech] voice: there is no folder {folder}; write "sherpa:FOLDER" with a voice of sherpa-onnx in it'
        )
    nets = sorted(folder.glob("*.onnx"), key=lambda file: (not file.name.endswith("int8.onnx"), file.name))
    vocoders = [file for file in nets if file.name.startswith(("vocos", "hifigan"))]
    models = [file for file in nets if file not in vocoders]
    tokens, voices = folder / "tokens.txt", folder / "voices.bin"
    lexicons = _lexicons(folder)
    spelling = folder / "espeak-ng-data"
    needed: list[tuple[bool, str]] = [
        (bool(models), "a model (*.onnx)"),
        (tokens.is_file(), "tokens.txt"),
        (bool(lexicons) or spelling.is_dir(), "lexicon.txt or espeak-ng-data/"),
    ]
    matcha = any(file.name.startswith("model-steps") for file in models)
    if matcha:
        needed.append((bool(vocoders), "its vocoder (vocos-….onnx or hifigan_….onnx)"))
    missing = [what for there, what in needed if not there]
    if missing:
        raise Refused(f"{folder} holds no voice of sherpa-onnx (VITS, Matcha or Kokoro); missing: {', '.join(missing)}")
    files = {"tokens": str(tokens)}
    if lexicons:
        files["lexicon"] = ",".join(map(str, lexicons))
    if spelling.is_dir():
        files["data_dir"] = str(spelling)
    if matcha:
        files |= {"acoustic_model": str(models[0]), "vocoder": str(vocoders[0])}
    else:
        files["model"] = str(models[0])
    kind = "matcha" if matcha else "vits"
    if voices.is_file() and not matcha:
        kind, files["voices"] = "kokoro", str(voices)
    rules = ",".join(str(file) for name in _RULES if (file := folder / name).is_file())
    return Layout(kind, files, rules)


def _lexicons(folder: Path) -> Sequence[Path]:
    if (only := folder / "lexicon.txt").is_file():
        return (only,)
    # A Kokoro of several languages brings one for each, the Chinese one last.
    return sorted(folder.glob("lexicon-*.txt"))
