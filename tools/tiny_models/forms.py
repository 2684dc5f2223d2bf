"""Every form that a tiny model is made of, by the name that bot/speech/layouts.py gives it.

`python -m tools.tiny_models.forms FOLDER` makes all of them, each in a folder of its own. What needs a language model
(Qwen3-ASR, Fun-ASR-Nano), Moonshine, Cohere Transcribe and NeMo's transducers have none here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools.tiny_models import ctc, decoders, streaming, transducers

TINY: dict[str, Callable[[Path], None]] = {
    "SenseVoice": ctc.sense_voice,
    "Fun-ASR-Nano CTC": ctc.fun_asr_nano_ctc,
    "Paraformer": ctc.paraformer,
    "TeleSpeech CTC": ctc.telespeech_ctc,
    "Dolphin CTC": ctc.dolphin_ctc,
    "FireRedASR2 CTC": ctc.fire_red_ctc,
    "Omnilingual CTC": ctc.omnilingual_ctc,
    "zipformer CTC": ctc.zipformer_ctc,
    "WeNet CTC": ctc.wenet_ctc,
    "NeMo CTC": ctc.nemo_ctc,
    "transducer": transducers.transducer,
    "FireRedASR AED": decoders.fire_red_aed,
    "Whisper": decoders.whisper,
    "streaming transducer": transducers.streaming_transducer,
    "streaming zipformer CTC": streaming.streaming_zipformer_ctc,
    "streaming WeNet CTC": streaming.streaming_wenet_ctc,
    "streaming NeMo CTC": streaming.streaming_nemo_ctc,
    "streaming Paraformer": streaming.streaming_paraformer,
}


def make(name: str, folder: Path) -> Path:
    """A tiny model in a folder, which is made. Raises KeyError for a form that has none."""
    folder.mkdir(parents=True, exist_ok=True)
    TINY[name](folder)
    return folder


if __name__ == "__main__":
    for each in TINY:
        print(make(each, Path(sys.argv[1]) / each.replace(" ", "-").lower()))
