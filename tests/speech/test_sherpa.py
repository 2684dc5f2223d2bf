"""Every layout loads in the real sherpa-onnx and decodes; what cannot is refused before a call depends on it."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.util
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from bot.speech.hot_words import IN_A_PROMPT, HotWords
from bot.speech.layouts import FAMILIES, Layout
from bot.speech.model_errors import ModelMissing
from bot.speech.models import SpeechModel, look_at
from bot.speech.port import HeardSpeech, Likely, Recogniser, RecogniserFailed
from bot.speech.sherpa import SherpaRecogniser, make_sherpa
from bot.speech.sherpa_model import decode_at_once, load, sure
from bot.speech.sherpa_streaming import StreamingRecogniser
from bot.speech.whole_turn import in_parts
from tests.speech.tiny import made, tones
from tools.demo_model.speaker import speak_demo
from tools.tiny_models.forms import TINY, make
from tools.tiny_models.graph import write_tokens

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("sherpa_onnx") is None,
    reason="NOT TESTED: sherpa-onnx is missing (uv sync --extra sherpa)",
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def streaming(shelf: Path) -> Iterator[Recogniser]:
    recogniser = make_sherpa(made("streaming transducer", shelf), threads=2)
    yield recogniser
    asyncio.run(recogniser.close())


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768


async def heard(recogniser: Recogniser, pcm: bytes, rate: int = 16000, likely: Likely | None = None) -> HeardSpeech:
    session = recogniser.begin(rate, likely or Likely())
    for at in range(0, len(pcm), 640):
        await session.feed(pcm[at : at + 640])
    return await session.finish()


def layout(model: SpeechModel) -> Layout:
    assert model.layout is not None
    return model.layout


@pytest.mark.parametrize("name", TINY)
def test_every_layout_loads_and_decodes(name: str, shelf: Path) -> None:
    found = layout(made(name, shelf))
    text = decode_at_once(load(found), found, samples(tones()))
    # some write a tone in each piece of it
    assert re.fullmatch("停+电+", text), text


@pytest.mark.parametrize("name", ["SenseVoice", "transducer", "streaming transducer", "streaming Paraformer"])
async def test_the_factory_takes_the_right_kind_and_it_hears_at_any_rate(name: str, shelf: Path) -> None:
    recogniser = make_sherpa(made(name, shelf), threads=2, threads_a_turn=2)
    assert isinstance(recogniser, StreamingRecogniser if name.startswith("streaming") else SherpaRecogniser)
    for rate in (8000, 16000):
        found = await heard(recogniser, tones(rate), rate)
        assert re.fullmatch("停+电+", found.text)
        assert found.seconds == pytest.approx(2.5, abs=0.01)
        assert found.ear == name.replace(" ", "-")
    await recogniser.close()


async def test_partial_text_comes_while_somebody_speaks(streaming: Recogniser) -> None:
    pcm = tones(8000)
    session = streaming.begin(8000)
    partials = [await session.feed(pcm[at : at + 320]) for at in range(0, len(pcm), 320)]
    # the low tone ends after one second, the high one after two
    assert "停" in partials[len(partials) * 6 // 10]
    assert "电" not in partials[len(partials) * 5 // 10]
    assert (await session.finish()).text == "停电"


async def test_the_end_of_a_turn_is_decoded_to_the_last_word(streaming: Recogniser) -> None:
    pcm = tones(16000)
    cut = pcm[: len(pcm) * 65 // 100]  # an eighth of a second into the high tone
    assert (await heard(streaming, cut)).text == "停电"


async def test_many_calls_share_one_streaming_model_and_the_loop_stays_free(streaming: Recogniser) -> None:
    late: list[float] = []

    async def ticks() -> None:
        while True:
            due = time.monotonic() + 0.02
            await asyncio.sleep(0.02)
            late.append(time.monotonic() - due)

    ticking = asyncio.create_task(ticks())
    found = await asyncio.gather(*(heard(streaming, tones(8000), 8000) for _ in range(8)))
    ticking.cancel()
    assert {one.text for one in found} == {"停电"}
    assert sorted(late or [0.0])[len(late) // 2] < 0.02


async def test_silence_and_nothing_at_all_are_no_text(streaming: Recogniser, shelf: Path) -> None:
    # This one writes both tones whatever it hears.
    offline = make_sherpa(made("Paraformer", shelf))
    for recogniser in (streaming, offline):
        for quiet in (b"", b"\x01", bytes(321), bytes(64000)):
            assert (await heard(recogniser, quiet)).text == ""
    await offline.close()


async def test_a_turn_without_an_end_is_given_to_a_person(streaming: Recogniser) -> None:
    session = streaming.begin(8000)
    with pytest.raises(RecogniserFailed, match="120 s"):
        for _ in range(130):
            await session.feed(bytes(16000))


async def test_a_closed_recogniser_fails_in_plain_words(shelf: Path) -> None:
    recogniser = make_sherpa(made("streaming transducer", shelf))
    session = recogniser.begin(8000)
    await recogniser.close()
    with pytest.raises(RecogniserFailed):
        await session.feed(tones(8000))


async def test_a_transducer_says_how_sure_it_is_and_others_nothing(streaming: Recogniser, shelf: Path) -> None:
    assert 0.0 < (await heard(streaming, tones())).confidence <= 1.0
    offline = make_sherpa(made("transducer", shelf))
    clear, faint = await heard(offline, tones()), await heard(offline, tones(loud=0.004))
    assert clear.text == faint.text == "停电"
    assert 0.0 < faint.confidence < clear.confidence <= 1.0
    await offline.close()
    assert sure([]) == 1.0


@pytest.mark.slow
async def test_what_a_writing_model_says_where_nobody_speaks_is_not_believed(shelf: Path) -> None:
    """Tiny Whisper writes the same two words over anything."""
    model = made("Whisper", shelf)
    found = layout(model)
    assert decode_at_once(load(found), found, samples(tones())) == "停电"
    recogniser = make_sherpa(model)
    assert (await heard(recogniser, tones())).text == ""
    spoken = np.asarray(soxr.resample(speak_demo("我家停电了"), 8000, 16000), "<i2").tobytes()
    assert (await heard(recogniser, spoken)).text == "停电"
    await recogniser.close()


# ---- what is likely -------------------------------------------------------------------------------


async def test_hot_words_turn_an_unclear_sound(shelf: Path) -> None:
    """A tone that is as much one word as another becomes the one that is likely."""
    folder = shelf / "two words"
    make("transducer", folder)
    # the same tone under two names: 停 as it is, 亭 as a token of the same score
    from tools.tiny_models.transducers import ambiguous

    ambiguous(folder)
    recogniser = make_sherpa(look_at(folder))
    pcm = tones()
    plain = (await heard(recogniser, pcm)).text
    others = [(await heard(recogniser, pcm, likely=Likely(names=(name,)))).text for name in ("停电", "亭电")]
    assert others == ["停电", "亭电"]
    assert plain in others
    await recogniser.close()


def test_hot_words_are_those_that_a_model_can_write(shelf: Path, tmp_path: Path) -> None:
    found = layout(made("transducer", shelf))
    likely = Likely("place", ("停电", "没停电", "停"), ("电停", "停电", "WiFi"))
    words = HotWords(found)
    assert words.options["modeling_unit"] == "cjkchar"
    assert words.for_a_stream(likely) == "停电/电停"
    assert words.for_a_prompt(likely) is None
    assert words.for_a_stream(Likely()) is None


def test_a_model_of_pieces_takes_hot_words_only_with_its_list_of_pieces(tmp_path: Path) -> None:
    make("transducer", tmp_path)
    write_tokens(tmp_path, ("<blk>", "ƌŕş", "ƋŞœ"))
    words = HotWords(layout(look_at(tmp_path)))
    assert words.options["decoding_method"] == "modified_beam_search"
    assert words.for_a_stream(Likely(names=("沿河路",))) is None
    (tmp_path / "bpe.vocab").write_text("ƌŕş\t-1\n")
    words = HotWords(layout(look_at(tmp_path)))
    assert (words.options["modeling_unit"], words.options["bpe_vocab"]) == ("bbpe", str(tmp_path / "bpe.vocab"))
    assert words.for_a_stream(Likely(names=("沿河路",))) == "沿河路"


def test_a_prompt_takes_few_words_answers_first(shelf: Path) -> None:
    family = next(one for one in FAMILIES if one.name == "Qwen3-ASR")
    words = HotWords(dataclasses.replace(layout(made("SenseVoice", shelf)), family=family))
    names = tuple(f"{one}{other}路" for one in "东西南北" for other in "一二三四五六七八九")
    told = words.for_a_prompt(Likely("place", ("不晓得",), names))
    assert told is not None
    assert told.split(",")[0] == "不晓得" and len(told.split(",")) == IN_A_PROMPT


# ---- what is refused ------------------------------------------------------------------------------


def test_a_model_that_loads_and_cannot_decode_is_refused(shelf: Path, tmp_path: Path) -> None:
    make("transducer", tmp_path)
    # the joiner of another model: it wants more than this encoder gives
    from tools.tiny_models.graph import FLOAT, Graph

    joiner = Graph()
    both = [joiner.input(name, FLOAT, ["N", 7]) for name in ("encoder_out", "decoder_out")]
    joiner.output("logit", FLOAT, ["N", 7], joiner.add("Add", *both))
    joiner.save(tmp_path / "joiner-epoch-1-avg-1.int8.onnx", {"joiner_dim": 7})
    with pytest.raises(ModelMissing, match="loads as transducer and cannot decode"):
        make_sherpa(look_at(tmp_path))


def test_a_model_whose_fault_sherpa_onnx_swallows_is_refused_as_well(tmp_path: Path) -> None:
    """SenseVoice goes on with an empty text when its model breaks."""
    from tools.tiny_models.graph import FLOAT, INT32, Graph

    make("SenseVoice", tmp_path)
    facts = look_at(tmp_path).layout.facts.metadata  # type: ignore[union-attr]
    graph = Graph()
    features = graph.input("x", FLOAT, ["N", "T", 12])
    for name in ("x_length", "language", "text_norm"):
        graph.input(name, INT32, ["N"])
    graph.output("logits", FLOAT, ["N", "T", 12], features)
    graph.save(tmp_path / "model.int8.onnx", facts)
    with pytest.raises(ModelMissing, match="cannot decode"):
        make_sherpa(look_at(tmp_path))


def test_a_model_that_ends_the_process_is_refused_and_this_one_lives(tmp_path: Path) -> None:
    make("zipformer CTC", tmp_path)
    write_tokens(tmp_path, ("a", "b", "c"))  # no blank: sherpa-onnx exits
    with pytest.raises(ModelMissing, match="does not load as zipformer CTC.*<blk>"):
        make_sherpa(look_at(tmp_path))


def test_a_list_of_tokens_that_is_none_is_named(tmp_path: Path) -> None:
    make("zipformer CTC", tmp_path)
    (tmp_path / "tokens.txt").write_text("<html>not found</html>")
    with pytest.raises(ModelMissing, match=r"tokens\.txt is no list of tokens"):
        make_sherpa(look_at(tmp_path))


@pytest.mark.parametrize("name", ["Qwen3-ASR", "Fun-ASR-Nano"])
def test_a_language_model_of_the_wrong_insides_is_refused_in_plain_words(name: str, tmp_path: Path) -> None:
    from tests.speech.test_layouts import onnx, tokenizer

    parts = {
        "Qwen3-ASR": ("conv_frontend.onnx", "encoder.int8.onnx", "decoder.int8.onnx"),
        "Fun-ASR-Nano": ("encoder_adaptor.int8.onnx", "llm.int8.onnx", "embedding.int8.onnx"),
    }
    for part in parts[name]:
        onnx(tmp_path / part)
    tokenizer(tmp_path / "tokenizer")
    with pytest.raises(ModelMissing, match=f"does not load as {name}"):
        make_sherpa(look_at(tmp_path))


# ---- long turns -----------------------------------------------------------------------------------


def test_a_long_turn_is_cut_where_it_is_quiet() -> None:
    loud = np.random.default_rng(1).normal(0.0, 0.1, 16000 * 10).astype(np.float32)
    loud[int(16000 * 3.4) : int(16000 * 3.6)] = 0.0
    loud[int(16000 * 7.0) : int(16000 * 7.2)] = 0.0
    cut = in_parts(loud, 4.0, 1.2)
    assert [round(len(piece) / 16000, 1) for piece in cut] == [3.5, 3.6, 2.9] or [
        round(len(piece) / 16000) for piece in cut
    ] == [3, 4, 3]
    assert np.array_equal(np.concatenate(cut), loud)
    assert [len(piece) for piece in in_parts(loud[:16000], 4.0, 1.2)] == [16000]
