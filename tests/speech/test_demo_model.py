"""The demo speech model: its file formats, its texts, and that the committed model hears voices it never
heard."""

import heapq
import json
import math
import struct
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from tools.demo_model import demo_wav, kaldi_writer, speak_demo
from tools.demo_model import measure as bench
from tools.demo_model.features import DIMENSION, mfcc
from tools.demo_model.fst import MAGIC, Fst
from tools.demo_model.graph import (
    SILENCE_PROBABILITY,
    TRANSITION_SCALE,
    WORD_COST,
    build_graph,
    make_hclg,
    make_lexicon,
    word_table,
)
from tools.demo_model.kaldi_writer import FORWARD
from tools.demo_model.language_model import END, START, train_ngrams
from tools.demo_model.phones import phone_table, phones, readings
from tools.demo_model.speaker import Job, speak_jobs, syllables_of
from tools.demo_model.spoken_numbers import spoken_digits, spoken_number, without_digits
from tools.demo_model.synthesis import HELD_OUT_VOICES, TRAINING_VOICES, Segment, Utterance
from tools.demo_model.texts import Splitter, held_out_texts, plain, surnames, training_sentences

MODEL = Path(__file__).resolve().parents[2] / "models" / "demo"
LARGEST = 12_000_000


@pytest.fixture(scope="module")
def splitter() -> Splitter:
    return Splitter()


@pytest.fixture(scope="module")
def recogniser_model():  # type: ignore[no-untyped-def]
    vosk = pytest.importorskip("vosk")
    vosk.SetLogLevel(-1)
    return vosk.Model(str(MODEL))


def test_numbers_are_said_as_people_say_them() -> None:
    assert [spoken_number(n) for n in (0, 10, 12, 20, 105, 110, 206, 1030)] == [
        "零", "十", "十二", "二十", "一百零五", "一百一十", "二百零六", "一千零三十",
    ]  # fmt: skip
    assert spoken_digits("119") == "幺幺九"
    assert without_digits("沿河路206号,户号100045") == "沿河路二百零六号,户号幺零零零四五"
    with pytest.raises(ValueError, match="outside"):
        spoken_number(10_000)


def test_a_syllable_is_an_initial_and_a_final() -> None:
    assert phones("jia1") == ("ji", "ia1")
    assert phones("an4") == ("an4",) != phones("an3")
    assert phones("jia") == ("ji", "ia5")
    assert (phones("ba1")[0], phones("bi1")[0], phones("bu4")[0], phones("lv4")[0]) == ("b", "bi", "bu", "lv")
    assert phones("zi4")[1] != phones("zhi4")[1] != phones("li4")[1]
    assert readings("停电") == (("ting2", "dian4"),)
    with pytest.raises(ValueError, match="no reading"):
        readings("A座")


def test_transition_ids_follow_the_triples() -> None:
    table = phone_table()
    assert table.triples == sorted(table.triples)
    assert [ids for pair in table.transitions.values() for ids in pair] == list(range(1, 2 * len(table.triples) + 1))
    assert len(table.word_phones(("ting2", "dian4"))) == 4
    assert table.pdfs["ia1"] == table.pdfs["ia4"] != table.pdfs["ian1"], "tones share their sound"
    assert {pdf for pdfs in table.pdfs.values() for pdf in pdfs} == set(range(table.pdf_count))


def test_an_fst_survives_writing_and_reading(tmp_path: Path) -> None:
    fst = Fst()
    a, b = fst.state(), fst.state()
    fst.arc(a, b, label=3, word=7, cost=0.5)
    fst.arc(b, b, label=4)
    fst.final[b] = 0.25
    fst.write(tmp_path / "x.fst")
    data = (tmp_path / "x.fst").read_bytes()
    assert struct.unpack_from("<i", data)[0] == MAGIC
    assert data[4:14] == struct.pack("<i", 6) + b"vector"
    again = Fst.read(tmp_path / "x.fst")
    assert again.arcs == fst.arcs
    assert again.final == fst.final
    (tmp_path / "x.fst").write_bytes(data + b"x")
    with pytest.raises(ValueError, match="tail"):
        Fst.read(tmp_path / "x.fst")


def test_a_compressed_matrix_loses_almost_nothing() -> None:
    values = np.random.default_rng(1).normal(size=(5, 7))
    data = kaldi_writer.matrix(values)
    assert data.startswith(b"CM2 ")
    low, span, rows, columns = struct.unpack_from("<ffii", data, 4)
    stored = np.frombuffer(data, "<u2", offset=20).reshape(rows, columns)
    assert np.abs(low + stored * span / 65535 - values).max() < span / 65535
    assert kaldi_writer.vector(np.zeros(2)) == b"FV \x04\x02\0\0\0" + bytes(8)


def test_features_are_one_frame_each_ten_milliseconds() -> None:
    assert mfcc(np.zeros(8000, np.int16) + 1).shape == (98, DIMENSION)


def test_a_phone_shares_its_time_among_its_states() -> None:
    utterance = Utterance(np.zeros(0), [Segment("SIL", 0, 0.2), Segment("ia1", 0.2, 0.4)])
    first, second = phone_table().pdfs["ia1"]
    assert Counter(utterance.labels(50).tolist()) == {0: 30, first: 10, second: 10}


def test_a_language_model_is_a_distribution_after_every_history() -> None:
    sentences = {("a", "b"): 3.0, ("a", "c", "b"): 2.0, ("b",): 0.5}
    model = train_ngrams(sentences, ["a", "b", "c", "d"])
    for history in model.probabilities:
        total = sum(model.probability(history, word) for word in ("a", "b", "c", "d", END))
        assert math.isclose(total, 1, abs_tol=1e-6), history
    assert model.probability((START, "a"), "b") > model.probability((START, "a"), "d") > 0


def test_a_tree_of_words_costs_what_the_language_model_says() -> None:
    sentences = {("停电", "了"): 3.0, ("停", "了"): 1.0, ("电费",): 2.0}
    lexicon = make_lexicon(["停电", "停", "廷", "电费", "电废", "了", "电"])
    model, words = train_ngrams(sentences, lexicon, order=3), word_table(lexicon)
    fst = make_hclg(lexicon, model, words, unknown_cost=None)
    table = phone_table()
    for word, (reading, *_) in lexicon.items():
        states = sum(len(table.id_pdfs[phone]) for phone in table.word_phones(reading))
        wanted = -math.log(model.probability((START,), word)) - math.log(model.probability((START, word), END))
        wanted += WORD_COST - states * TRANSITION_SCALE * math.log(FORWARD) - 2 * math.log(1 - SILENCE_PROBABILITY)
        assert math.isclose(_cheapest(fst, (words[word],)), wanted, abs_tol=1e-4), word


def _cheapest(fst: Fst, outputs: tuple[int, ...]) -> float:
    """The cost of the best path that says exactly these words."""
    waiting, settled = [(0.0, 0, 0)], {}
    while waiting:
        cost, state, said = heapq.heappop(waiting)
        if (state, said) in settled:
            continue
        settled[state, said] = cost
        for _, word, price, after in fst.arcs[state]:
            if not word or (said < len(outputs) and word == outputs[said]):
                # word costs are negative here and there: shifted, so that the search stays right
                heapq.heappush(waiting, (cost + price + 10 * bool(word), after, said + bool(word)))
    ends = [
        cost + fst.final[state]
        for (state, said), cost in settled.items()
        if state in fst.final and said == len(outputs)
    ]
    return min(ends) - 10 * len(outputs)


@pytest.mark.slow
def test_no_test_sentence_is_in_the_training(splitter: Splitter) -> None:
    trained = {"".join(words) for words in training_sentences(splitter, fillings=3)}
    assert held_out_texts()
    assert not trained & held_out_texts()
    assert not set(HELD_OUT_VOICES) & set(TRAINING_VOICES)


def test_words_of_the_service_stay_whole_and_numbers_do_not(splitter: Splitter) -> None:
    assert splitter.split("沿河路206号停电了") == ("沿河路", "二", "百", "零", "六", "号", "停电", "了")
    assert plain("空气开关,跳了!") == "空气开关跳了"
    assert len(surnames()) == 200


def test_the_committed_model_says_what_it_is_and_is_small() -> None:
    facts = json.loads((MODEL / "gege-model.json").read_text(encoding="utf-8"))
    assert facts["kind"] == "synthetic"
    assert facts["vocabulary"] >= 1500
    assert "not for residents" in facts["note"]
    assert sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file()) <= LARGEST


@pytest.mark.slow
def test_the_committed_model_hears_a_voice_it_never_heard(recogniser_model) -> None:  # type: ignore[no-untyped-def]
    said = bench.test_sentences()["story"][10:16]
    recordings = speak_jobs([Job(syllables_of(text), HELD_OUT_VOICES[0]) for text in said])
    assert all(samples is not None for samples in recordings)
    heard = [bench.recognise(recogniser_model, samples) for samples in recordings]
    errors = sum(Levenshtein.distance(a, b) for a, b in zip(said, heard, strict=True))
    assert errors <= 0.2 * sum(map(len, said)), list(zip(said, heard, strict=True))


def test_silence_is_no_words(recogniser_model) -> None:  # type: ignore[no-untyped-def]
    assert bench.recognise(recogniser_model, np.zeros(8000, np.int16)) == ""


@pytest.mark.slow
def test_a_site_gives_the_model_its_own_words(tmp_path: Path) -> None:
    import vosk

    words = {"石壁塘": ["shi2 bi4 tang2", "si2 bi4 tang2"], "停电": []}
    build_graph(MODEL, ["石壁塘停电了", "我在石壁塘"], words, tmp_path)
    model = vosk.Model(str(tmp_path))
    assert model.vosk_model_find_word("石壁塘") > 0
    samples = speak_demo("我在石壁塘", HELD_OUT_VOICES[1])
    assert bench.recognise(model, samples) == "我在石壁塘"
    with pytest.raises(ValueError, match="B座"):
        build_graph(MODEL, ["停电"], ["B座"], tmp_path)


@pytest.mark.slow
def test_a_demo_recording_is_a_wav_file(tmp_path: Path) -> None:
    demo_wav("我家停电了", tmp_path / "a.wav", sample_rate=16000)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        assert file.getnframes() > 16000
