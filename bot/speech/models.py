"""Which speech models lie here, what each of them is, and which one is in use (install.py brings others)."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from bot.settings import PROJECT, Settings
from bot.speech.catalogue import catalogue
from bot.speech.layouts import Layout, layout_of
from bot.speech.model_errors import ModelMissing as ModelMissing
from bot.speech.model_errors import ModelRefused as ModelRefused

DEMO = PROJECT / "models" / "demo"

#: files without which Vosk does not load a model, and one pair of graphs besides
_NEEDED = ("am/final.mdl", "conf/model.conf", "conf/mfcc.conf")
_GRAPHS = (("graph/HCLG.fst",), ("graph/HCLr.fst", "graph/Gr.fst"))
#: what faster-whisper loads; without the tokenizer it would go to the network
_WHISPER = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
#: what an engine needs beside Gege: a package, and the extra that brings it
_EXTRAS = {"sherpa": ("sherpa_onnx", "sherpa"), "whisper": ("faster_whisper", "whisper")}
#: files of other programs, for whoever brings a folder of the wrong kind
_STRANGERS = (
    (
        "*.safetensors",
        "a PyTorch model; take its form for sherpa-onnx (gege models list), or serve it elsewhere ([speech.remote])",
    ),
    (
        "*.pt",
        "a PyTorch model; take its form for sherpa-onnx (gege models list), or serve it elsewhere ([speech.remote])",
    ),
    ("pytorch_model.bin", "a PyTorch model; Whisper has to be in CTranslate2's form"),
    ("*.gguf", "a model of llama.cpp; serve it elsewhere ([speech.remote])"),
    ("ggml-*.bin", "a model of whisper.cpp; serve it elsewhere ([speech.remote])"),
    ("voices.bin", "a voice, which speaks and does not hear ([speech] voice)"),
    ("espeak-ng-data", "a voice, which speaks and does not hear ([speech] voice)"),
    ("*.whl", "packages of Python"),
)


@dataclass(frozen=True)
class SpeechModel:
    """A model on disk. `rate` is the sample rate in Hz that its features were made for."""

    path: Path
    rate: int
    #: the synthetic one that ships with Gege: good for a demonstration, useless for residents
    demo: bool
    #: "vosk", "sherpa" or "whisper"
    engine: str = "vosk"
    #: whether a phrase list can take the place of its language model
    takes_phrases: bool = False
    #: which of sherpa-onnx's models it is; None for others
    layout: Layout | None = None

    @property
    def name(self) -> str:
        return self.path.name


def look_at(folder: Path) -> SpeechModel:
    """Check the files of a model folder. Raises ModelMissing; never goes to the network."""
    if layout := layout_of(folder):
        return SpeechModel(folder, 16000, False, "sherpa", layout=layout)
    if not lacks_of_whisper(folder):
        return SpeechModel(folder, 16000, False, "whisper")
    lacking = missing_files(folder)
    if lacking:
        raise ModelMissing(
            f"{folder}: {_what_else(folder, lacking)}. Install one with `gege models fetch NAME` or"
            " `gege models install FILE-or-FOLDER`, or set speech.model in gege.toml."
        )
    # Vosk takes the whole graph where there is one.
    parted = not (folder / "graph/HCLG.fst").is_file()
    return SpeechModel(folder, _sample_frequency(folder), folder.resolve() == DEMO.resolve(), takes_phrases=parted)


def _what_else(folder: Path, lacking: list[str]) -> str:
    """What lies there instead of a model."""
    if not folder.is_dir():
        return "no speech model here (there is no such folder)"
    stranger = next((what for pattern, what in _STRANGERS if next(folder.glob(pattern), None)), "")
    if stranger:
        return f"no model that Gege loads: {stranger}"
    if (folder / "model.bin").is_file():
        return f"no speech model here (missing of a Whisper model: {', '.join(lacks_of_whisper(folder))})"
    inside = sorted(one.name for one in folder.iterdir())[:6]
    holds = f"; it holds {', '.join(inside)}" if inside else "; it is empty"
    return f"no speech model here (missing: {', '.join(lacking)}{holds})"


def needs(engine: str) -> None:
    """Raises ModelMissing when an engine's extra is not installed, with the command that brings it."""
    package, extra = _EXTRAS.get(engine, ("", ""))
    if package and importlib.util.find_spec(package) is None:
        raise ModelMissing(f"this model needs {package.replace('_', '-')}: uv sync --extra {extra}, then again")


def missing_files(folder: Path) -> list[str]:
    """Which files a folder lacks to be a Vosk model; empty when it is one."""
    if not folder.is_dir():
        return ["the folder itself"]
    lacking = [name for name in _NEEDED if not (folder / name).is_file()]
    if not any(all((folder / name).is_file() for name in graph) for graph in _GRAPHS):
        lacking.append("graph/HCLG.fst")
    return lacking


def lacks_of_whisper(folder: Path) -> list[str]:
    """Which files a folder lacks to be a Whisper model in CTranslate2's form; empty when it is one."""
    lacking = [name for name in _WHISPER if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        lacking.append(_VOCABULARIES[0])
    return lacking


def holds_model(folder: Path) -> bool:
    """Whether a folder is a model, whole and of a kind that is known."""
    with contextlib.suppress(ModelMissing):
        return layout_of(folder) is not None or not lacks_of_whisper(folder) or not missing_files(folder)
    return False


def _sample_frequency(folder: Path) -> int:
    text = (folder / "conf/mfcc.conf").read_text("utf-8", errors="replace")
    found = re.search(r"^\s*--sample-frequency\s*=\s*(\d+)", text, re.MULTILINE)
    # Kaldi's own default when the file does not say.
    return int(found.group(1)) if found else 16000


def in_use(settings: Settings) -> SpeechModel:
    """The model that the settings name, else the first one under GEGE_HOME/models, else models/demo.

    Raises ModelMissing."""
    if settings.speech.model:
        return named(settings, settings.speech.model)
    known = catalogue()
    installed = [one for one in installed_models(settings.home) if one.name not in known or known[one.name].default]
    return installed[0] if installed else look_at(DEMO)


def named(settings: Settings, name: str) -> SpeechModel:
    """A model by its name under GEGE_HOME/models, or by its folder. Raises ModelMissing."""
    installed = settings.home / "models" / name
    folder = installed if name not in (".", "..") and installed.is_dir() else Path(name).expanduser()
    if folder.is_dir() or "/" in name:
        return look_at(folder)
    there = ", ".join(one.name for one in installed_models(settings.home)) or "none"
    more = f"; gege models fetch {name} brings it" if name in catalogue() else ""
    raise ModelMissing(
        f"{name}: no speech model here of this name; installed under {settings.home / 'models'}: {there}{more}"
        " (gege models list, gege models install)"
    )


def installed_models(home: Path) -> list[SpeechModel]:
    """What is installed under GEGE_HOME/models, by name."""
    folder = home / "models"
    if not folder.is_dir():
        return []
    # A name with a dot before it is a model on its way in.
    there = [each for each in sorted(folder.iterdir()) if each.is_dir() and not each.name.startswith(".")]
    return [look_at(each) for each in there if holds_model(each)]
