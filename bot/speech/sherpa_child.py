"""The child process that owns a voice of sherpa-onnx, which ends its process where a model is not as it should be.

`python -m bot.speech.sherpa_child KIND RULES THREADS NICENESS NAME=FILE…` (sherpa_voice.py). In: one line
`{"text": …, "speaker": 0, "speed": 1.0}`. Out: see speaking_child.py."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from bot.speech.speaking_child import as_pcm, serve


def _loaded(kind: str, rules: str, threads: int, files: dict[str, str]) -> Any:
    import sherpa_onnx

    model = {
        "vits": sherpa_onnx.OfflineTtsVitsModelConfig,
        "matcha": sherpa_onnx.OfflineTtsMatchaModelConfig,
        "kokoro": sherpa_onnx.OfflineTtsKokoroModelConfig,
    }[kind](**files)
    models = sherpa_onnx.OfflineTtsModelConfig(**{kind: model}, num_threads=threads)
    config = sherpa_onnx.OfflineTtsConfig(model=models, rule_fsts=rules, max_num_sentences=1)
    if not config.validate():
        sys.exit(1)
    return sherpa_onnx.OfflineTts(config)


def main() -> None:
    """Speak until nobody asks any more."""
    kind, rules, threads, niceness, *files = sys.argv[1:]
    # The library writes what it thinks of a model where our sound goes, and then the words that it does not know.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.nice(int(niceness))
    voice = _loaded(kind, rules, int(threads), dict(one.split("=", 1) for one in files))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())

    def speak(wish: dict[str, Any]) -> bytes:
        made = voice.generate(wish["text"], sid=wish["speaker"], speed=wish["speed"])
        return as_pcm(np.asarray(made.samples, np.float32))

    serve(out, voice.sample_rate, speak)


if __name__ == "__main__":
    main()
