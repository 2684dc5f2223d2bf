"""Makes tests/data/speech/tiny-sense-voice: a model in SenseVoice's form that hears a low tone as 停 and a high one as 电.

Run by hand where `onnx` is installed: python scripts/tiny_sense_voice.py. What sherpa-onnx wants of such a model: the
inputs x (N, T, 560), x_length, language, text_norm, the output logits (N, T + 4, tokens), and the metadata below."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "speech" / "tiny-sense-voice"
#: what the first four frames say: language, emotion, event, form of the text
FIRST = ("<|zh|>", "<|NEUTRAL|>", "<|Speech|>", "<|woitn|>")
TOKENS = ("<blk>", "停", "电", *FIRST)
MELS, STACKED = 80, 7
#: mel bins of a 16 kHz filter bank below about 800 Hz
LOW = 22


def main() -> None:
    frames = np.arange(STACKED)[:, None] * MELS
    bins = {"low": (frames + np.arange(2, LOW)).ravel(), "high": (frames + np.arange(LOW + 2, 60)).ravel()}
    whole = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "T", MELS * STACKED]),
        *(
            helper.make_tensor_value_info(name, TensorProto.INT32, ["N"])
            for name in ("x_length", "language", "text_norm")
        ),
    ]
    nodes = []
    for name in bins:
        nodes += [
            helper.make_node("Gather", ["x", f"{name}_bins"], [f"{name}_part"], axis=2),
            helper.make_node("ReduceMax", [f"{name}_part"], [name], axes=[2], keepdims=1),
        ]
    nodes += [
        # Logarithms of energies: what is below this is silence.
        helper.make_node("Mul", ["low", "nothing"], ["zero"]),
        helper.make_node("Add", ["zero", "quiet"], ["blank"]),
        helper.make_node("Concat", ["blank", "low", "high", "zero", "zero", "zero", "zero"], ["scores"], axis=2),
        helper.make_node("Concat", ["first", "scores"], ["logits"], axis=1),
    ]
    graph = helper.make_graph(
        nodes, "tiny", whole, [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "L", len(TOKENS)])],
        [
            *(numpy_helper.from_array(found.astype(np.int64), f"{name}_bins") for name, found in bins.items()),
            numpy_helper.from_array(np.zeros(1, np.float32), "nothing"),
            numpy_helper.from_array(np.array([16.0], np.float32), "quiet"),
            numpy_helper.from_array(np.eye(len(TOKENS), dtype=np.float32)[None, 3:], "first"),
        ],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    zeros, ones = ",".join("0" for _ in range(MELS * STACKED)), ",".join("1" for _ in range(MELS * STACKED))
    facts = {
        "model_type": "sense_voice_ctc", "version": "1", "vocab_size": str(len(TOKENS)), "normalize_samples": "0",
        "lfr_window_size": str(STACKED), "lfr_window_shift": "6", "with_itn": "14", "without_itn": "15", "lang_auto": "0",
        "lang_zh": "3", "lang_en": "4", "lang_yue": "7", "lang_ja": "11", "lang_ko": "12", "lang_nospeech": "13",
        "neg_mean": zeros, "inv_stddev": ones,
    }  # fmt: skip
    for key, value in facts.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "model.onnx").write_bytes(model.SerializeToString())
    (FOLDER / "tokens.txt").write_text("".join(f"{token} {number}\n" for number, token in enumerate(TOKENS)), "utf-8")


if __name__ == "__main__":
    main()
