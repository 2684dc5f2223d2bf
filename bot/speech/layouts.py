"""Which model lies in a folder: its files → the layout → the constructor of sherpa-onnx that loads it, and its options.

A folder is known by the parts it holds and by what the first of them says of itself (onnx_facts.py): an encoder that
takes its own state is a streaming one, whatever the folder is called. Where a part lies there in several sizes, the small
one (int8) is taken: two cores are few. Facts of the files: github.com/k2-fsa/sherpa-onnx, sherpa-onnx/csrc."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.speech.model_errors import ModelMissing
from bot.speech.onnx_facts import OnnxFacts, facts_of
from bot.speech.whole_turn import LONGEST_S

#: how an ear is told what is likely: by a beam that favours words, by a list in its prompt, or not at all
HotWords = Literal["none", "beam", "prompt"]


@dataclass(frozen=True)
class Family:
    """One row of the table: models that are loaded by the same constructor."""

    #: as people call it
    name: str
    #: which parts it has (FORMS)
    form: str
    #: the constructor of sherpa-onnx's OfflineRecognizer, or of its OnlineRecognizer
    maker: str
    #: whether what the first part says of itself is this family's
    says: Callable[[OnnxFacts], bool]
    streaming: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    #: part → the constructor's argument for it, where it is another word
    arguments: Mapping[str, str] = field(default_factory=dict)
    hot_words: HotWords = "none"
    #: what each turn's stream is told besides
    stream_options: Mapping[str, str] = field(default_factory=dict)
    #: it writes on as a language model does, and invents sentences where nobody speaks
    generates: bool = False
    #: it hears so much at once (s); longer turns are cut where it is quiet
    longest_s: float = LONGEST_S


@dataclass(frozen=True)
class Layout:
    """A model that was found in a folder."""

    family: Family
    folder: Path
    #: the constructor's argument → file or folder
    files: dict[str, Path]
    #: what its first part says of itself
    facts: OnnxFacts = field(default_factory=OnnxFacts)

    @property
    def kind(self) -> str:
        """What the model says that it is (metadata model_type), "" when it does not say."""
        return self.facts.kind

    @property
    def name(self) -> str:
        return self.family.name

    @property
    def streaming(self) -> bool:
        return self.family.streaming


#: what a file of a part is called
_ONNX = r"(?:.*[-_.])?{}(?:[-_.].*)?\.(?:onnx|ort)"
_FILES = {
    "encoder": _ONNX.format("encoder(?!_adaptor)(?:_model)?"),
    "decoder": _ONNX.format("decoder(?!_model_merged)"),
    "joiner": _ONNX.format("joiner"),
    "conv_frontend": _ONNX.format("conv_frontend"),
    "encoder_adaptor": _ONNX.format("encoder_adaptor"),
    "llm": _ONNX.format("llm"),
    "embedding": _ONNX.format("embedding"),
    "preprocess": _ONNX.format("preprocess"),
    "encode": _ONNX.format("encode"),
    "uncached_decode": _ONNX.format("uncached_decode"),
    "cached_decode": _ONNX.format("(?<!un)cached_decode"),
    "decoder_model_merged": _ONNX.format("decoder_model_merged"),
    "model": r"(?:model|ctc)(?:[-_.].*)?\.onnx",
    "tokens": r"(?:.*[-_.])?tokens\.txt",
}
_TOKENIZER = ("vocab.json", "merges.txt")
_CALLED = {"tokenizer": "a folder with vocab.json and merges.txt", "tokens": "tokens.txt"}


@dataclass(frozen=True)
class Form:
    """A set of parts. The first is one that no other form has; `speaks` is the one that says what it is."""

    name: str
    parts: tuple[str, ...]
    speaks: str


#: the first that fits
FORMS = (
    Form("Qwen3-ASR", ("conv_frontend", "encoder", "decoder", "tokenizer"), "encoder"),
    Form("Fun-ASR-Nano", ("encoder_adaptor", "llm", "embedding", "tokenizer"), "encoder_adaptor"),
    Form("Moonshine", ("uncached_decode", "cached_decode", "preprocess", "encode", "tokens"), "encode"),
    Form("Moonshine 2", ("decoder_model_merged", "encoder", "tokens"), "encoder"),
    Form("transducer", ("joiner", "encoder", "decoder", "tokens"), "encoder"),
    Form("encoder and decoder", ("encoder", "decoder", "tokens"), "encoder"),
    Form("one file", ("model", "tokens"), "model"),
)
_TRANSDUCER, _ONE_FILE = FORMS[4], FORMS[6]
_SMALLER = re.compile(r"[-_.](?:int8|uint8|q8|fp16|quant(?:ized)?)(?=[-_.])")


def _kind(*kinds: str) -> Callable[[OnnxFacts], bool]:
    return lambda facts: facts.kind in kinds and not _keeps_state(facts)


def _keeps_state(facts: OnnxFacts) -> bool:
    """An encoder that is given back what it said the last time."""
    return len(facts.inputs) > 2 and any(
        key in facts.metadata for key in ("decode_chunk_len", "chunk_shift", "num_blocks")
    )


def _streaming(*kinds: str) -> Callable[[OnnxFacts], bool]:
    return lambda facts: facts.kind in kinds and _keeps_state(facts)


_NEMO_CTC = ("EncDecCTCModelBPE", "EncDecCTCModel", "EncDecHybridRNNTCTCBPEModel")
_NEMO_TRANSDUCERS = ("EncDecHybridRNNTCTCBPEModel", "EncDecRNNTBPEModel", "EncDecRNNTModel")
_ZIPFORMERS = ("zipformer", "zipformer2", "conformer", "lstm", "ebranchformer")
#: what sherpa-onnx loads and no one here can speak to: English or Russian alone
_NO_CHINESE = {"medasr_ctc": "MedASR", "EncDecMultiTaskModel": "Canary", "tdnn": "yesno", "t-one": "T-one"}
_SPOKEN_NUMBERS = {"language": "zh", "use_itn": False}

FAMILIES: tuple[Family, ...] = (
    # one file
    Family("SenseVoice", "one file", "from_sense_voice", lambda facts: facts.kind == "sense_voice_ctc"
           and "Nano" not in facts.metadata.get("comment", ""), options=_SPOKEN_NUMBERS),
    Family("Fun-ASR-Nano CTC", "one file", "from_sense_voice",
           lambda facts: "Nano" in facts.metadata.get("comment", "") and "lfr_window_size" in facts.metadata),
    Family("Paraformer", "one file", "from_paraformer", _kind("paraformer"), arguments={"model": "paraformer"}),
    Family("TeleSpeech CTC", "one file", "from_telespeech_ctc", _kind("telespeech_ctc")),
    Family("Dolphin CTC", "one file", "from_dolphin_ctc", _kind("dolphin")),
    Family("FireRedASR2 CTC", "one file", "from_fire_red_asr_ctc", _kind("fire-red-asr-2-ctc")),
    Family("Omnilingual CTC", "one file", "from_omnilingual_asr_ctc", _kind("omnilingual-asr"), longest_s=40.0),
    Family("zipformer CTC", "one file", "from_zipformer_ctc", _kind("zipformer2_ctc")),
    Family("WeNet CTC", "one file", "from_wenet_ctc", _kind("wenet_ctc")),
    Family("NeMo CTC", "one file", "from_nemo_ctc", _kind(*_NEMO_CTC)),
    Family("streaming zipformer CTC", "one file", "from_zipformer2_ctc", _streaming("zipformer2", "zipformer2_ctc"), True),
    Family("streaming WeNet CTC", "one file", "from_wenet_ctc", _streaming("wenet_ctc"), True),
    Family("streaming NeMo CTC", "one file", "from_nemo_ctc", _streaming(*_NEMO_CTC), True),
    # several
    Family("transducer", "transducer", "from_transducer",
           lambda facts: not _keeps_state(facts) and facts.kind not in _NEMO_TRANSDUCERS and facts.kind != "nemo_transducer",
           hot_words="beam"),
    Family("NeMo transducer", "transducer", "from_transducer", _kind(*_NEMO_TRANSDUCERS),
           options={"model_type": "nemo_transducer"}),
    Family("streaming transducer", "transducer", "from_transducer", _streaming(*_ZIPFORMERS), True, hot_words="beam"),
    Family("streaming NeMo transducer", "transducer", "from_transducer", _streaming(*_NEMO_TRANSDUCERS), True),
    Family("Whisper", "encoder and decoder", "from_whisper", lambda facts: "n_text_layer" in facts.metadata,
           options={"language": "zh", "task": "transcribe"}, generates=True, longest_s=29.0),
    Family("FireRedASR AED", "encoder and decoder", "from_fire_red_asr",
           lambda facts: {"cmvn_mean", "num_decoder_layers", "sos"} <= facts.metadata.keys(), generates=True, longest_s=60.0),
    Family("Cohere Transcribe", "encoder and decoder", "from_cohere_transcribe",
           lambda facts: "cohere-transcribe" in facts.kind,
           options={"language": "zh", "use_punct": False, "use_itn": False}, generates=True, longest_s=35.0),
    Family("streaming Paraformer", "encoder and decoder", "from_paraformer",
           lambda facts: facts.kind == "paraformer" and "decoder_num_blocks" in facts.metadata, True),
    Family("Moonshine", "Moonshine", "from_moonshine", lambda facts: True, generates=True, longest_s=60.0,
           arguments={"preprocess": "preprocessor", "encode": "encoder", "uncached_decode": "uncached_decoder",
                      "cached_decode": "cached_decoder"}),
    Family("Moonshine 2", "Moonshine 2", "from_moonshine_v2", lambda facts: True, generates=True, longest_s=60.0,
           arguments={"decoder_model_merged": "decoder"}),
    # with a language model
    Family("Qwen3-ASR", "Qwen3-ASR", "from_qwen3_asr", lambda facts: True, hot_words="prompt",
           options={"max_total_len": 1024, "max_new_tokens": 256}, stream_options={"language": "Chinese"}, generates=True,
           longest_s=45.0),
    Family("Fun-ASR-Nano", "Fun-ASR-Nano", "from_funasr_nano", lambda facts: True, hot_words="prompt",
           options={"itn": False, "language": "中文"}, generates=True, longest_s=45.0),
)  # fmt: skip


def layout_of(folder: Path) -> Layout | None:
    """The model of sherpa-onnx in a folder; None when nothing there looks like one.

    Raises ModelMissing for a folder that lacks a part, holds several models, or a kind that nobody here loads."""
    names = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    models = [name for name in names if name.endswith((".onnx", ".ort"))]
    if not models:
        return None
    forms = [form for form in FORMS if _variants(names, form.parts[0])]
    if _ONE_FILE in forms and len(forms) > 1 and not _variants(names, "decoder_model_merged"):
        raise ModelMissing(
            f"{folder}: a model of the form {forms[0].name!r} and {_file(folder, 'model').name} beside it; keep one of them"
        )
    if not forms and len({_stem(name) for name in models}) == 1:
        # a single model may be called anything
        return _layout(folder, _ONE_FILE, {"model": folder / min(models, key=_size), "tokens": _file(folder, "tokens")})
    if not forms:
        raise ModelMissing(f"{folder}: {', '.join(models)} are no form of model that Gege knows (docs/speech.md)")
    found = {part: _tokenizer(folder) if part == "tokenizer" else _file(folder, part) for part in forms[0].parts}
    return _layout(folder, forms[0], found)


def _layout(folder: Path, form: Form, found: dict[str, Path]) -> Layout:
    """A form's files (the folder itself stands for a part that is not there) as a layout. Raises ModelMissing."""
    speaker = found[form.speaks]
    facts = facts_of(speaker) if speaker.suffix == ".onnx" else OnnxFacts()
    if form.name == "encoder and decoder" and facts.kind in (*_ZIPFORMERS, *_NEMO_TRANSDUCERS):
        form, found = _TRANSDUCER, {**found, "joiner": folder}
    lacking = [_CALLED.get(part, f"{part}*.onnx") for part in form.parts if found[part] == folder]
    if lacking:
        raise ModelMissing(f"{folder}: a model of the form {form.name!r} that lacks {', '.join(lacking)}")
    family = next((one for one in FAMILIES if one.form == form.name and one.says(facts)), None)
    if family is None:
        if facts.kind in _NO_CHINESE:
            raise ModelMissing(f"{folder}: a model of {_NO_CHINESE[facts.kind]}, which hears no Chinese")
        known = ", ".join(one.name for one in FAMILIES if one.form == form.name)
        raise ModelMissing(
            f"{folder}: {speaker.name} is of kind {facts.kind or 'unknown'!r}; of the form {form.name!r} Gege loads {known}"
        )
    return Layout(family, folder, {family.arguments.get(part, part): path for part, path in found.items()}, facts)


def _file(folder: Path, part: str) -> Path:
    """The file of a part in its smallest form; the folder itself when there is none. Raises ModelMissing for several."""
    names = _variants(sorted(one.name for one in folder.iterdir()), part)
    if len({_stem(name) for name in names}) > 1:
        raise ModelMissing(f"{folder}: several models in it ({', '.join(names)}); keep one of them")
    return folder / min(names, key=_size) if names else folder


def _variants(names: list[str], part: str) -> list[str]:
    return [name for name in names if re.fullmatch(_FILES[part], name)]


def _stem(name: str) -> str:
    return _SMALLER.sub("", name)


def _size(name: str) -> tuple[bool, bool, str]:
    """Order of the forms of one part: int8, whole, half."""
    return (not re.search("[-_.](?:u?int8|q8)[-_.]", name), "fp16" in name, name)


def _tokenizer(folder: Path) -> Path:
    """The folder of a language model's tokenizer; the model's own when there is none."""
    inside = [
        one for one in sorted(folder.iterdir()) if one.is_dir() and all((one / name).is_file() for name in _TOKENIZER)
    ]
    return inside[0] if inside else folder
