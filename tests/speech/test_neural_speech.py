"""What the demo ear learns from: speech by neural voices, over lines and at several speeds, with the sounds' times."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from bot.speech.kokoro import Timed, voices
from tools.demo_model import neural, shards
from tools.demo_model.judging import sentences
from tools.demo_model.kaldi_writer import write_acoustic_model
from tools.demo_model.net import layers_of, scores
from tools.demo_model.phones import phone_table, phones
from tools.demo_model.texts import held_out_texts, plain

TONE = (np.sin(np.arange(8000) / 3) * 20000).astype(np.int16)


def part(folder: Path, words: list[list[str]]) -> Path:
    """A part as neural.py writes it: one utterance of a second, its syllables a tenth of a second each from 0.2 s on."""
    rows, at = [], 1600
    for syllable in (one for word in words if word != [","] for one in word):
        count = len(phones(syllable))
        rows += [(0, 0, at + 800 * n // count, at + 800 * (n + 1) // count) for n in range(count)]
        at += 800
    file = folder / "spoken-0001.npz"
    np.savez(
        file,
        samples=TONE,
        lengths=np.array([len(TONE)], np.int32),
        segments=np.array(rows, np.int32),
        texts=json.dumps([words]),
    )
    return file


def test_a_sound_has_its_time_in_the_order_of_the_words(tmp_path: Path) -> None:
    file = part(tmp_path, [["ting2", "dian4"], [","], ["le5"]])
    labels = shards.first_labels(*shards.utterances(file)[0])
    order = [int(labels[0]), *(int(b) for a, b in itertools.pairwise(labels) if a != b)]
    wanted = [pdf for one in ("ting2", "dian4", "le5") for phone in phones(one) for pdf in phone_table().pdfs[phone]]
    assert order == [0, *wanted, 0]
    assert len(labels) == 100 and (labels > 0).sum() == pytest.approx(30, abs=2)


def test_every_copy_has_another_speed_and_the_same_sounds(tmp_path: Path) -> None:
    file = part(tmp_path, [["ting2", "dian4"]])
    shards.write_shard(file, tmp_path / "shard.npz", copies=3, seed=1)
    with np.load(tmp_path / "shard.npz") as shard:
        lengths, labels = shard["lengths"], shard["labels"]
        assert len(shard["features"]) == lengths.sum() == len(labels) and len(set(lengths.tolist())) > 1
    for copy in np.split(labels, np.cumsum(lengths)[:-1]):
        assert set(copy.tolist()) == {
            0,
            *(p for one in ("ting2", "dian4") for f in phones(one) for p in phone_table().pdfs[f]),
        }
    before = (tmp_path / "shard.npz").stat().st_mtime_ns
    (out,) = shards.write_shards([file], tmp_path, 3, workers=1, progress=print)
    assert out.name == "spoken-0001.npz" and (tmp_path / "shard.npz").stat().st_mtime_ns == before


def test_an_utterance_that_does_not_fit_is_left_out(tmp_path: Path) -> None:
    file = part(tmp_path, [["ting2", "dian4"]])
    np.savez(shards.aligned_file(file), labels=np.zeros(0, np.int16), lengths=np.array([0]))
    shards.write_shard(file, tmp_path / "shard.npz", copies=1, seed=1)
    with np.load(tmp_path / "shard.npz") as shard:
        assert shard["features"].shape == (0, 32) and len(shard["labels"]) == len(shard["lengths"]) == 0


def test_the_silence_at_the_end_of_a_syllable_is_silence() -> None:
    sound = np.concatenate([np.ones(4000) * 0.5, np.zeros(4000)])
    found = neural.segments((Timed("le5", 0.0, 0.1, 1.0),), sound)
    assert [row[1:] for row in found] == [(0, 800), (800, pytest.approx(4080, abs=2))]


def test_who_judges_is_never_heard_in_training() -> None:
    assert set(neural.HELD_OUT) < set(voices()) and not set(neural.HELD_OUT) & set(neural.timbres())
    assert len(neural.timbres()) > 40

    class Styles:
        styles: ClassVar = {name: np.full((256, 256), number, np.float32) for number, name in enumerate(voices())}

    drawn = [neural.drawn_style(Styles(), random.Random(seed)) for seed in range(50)]  # type: ignore[arg-type]
    held_out = [list(voices()).index(name) for name in neural.HELD_OUT]
    assert not any(one[0, 200] == number for one in drawn for number in held_out)
    assert len({one.tobytes() for one in drawn}) > 45, "each is another speaker"


def test_sentences_that_judge_are_those_that_training_leaves_out() -> None:
    chosen = sentences()
    assert len(chosen) > 90 and len({intent for _, intent in chosen}) == 22
    assert {plain(text) for text, _ in chosen} <= held_out_texts()


def test_a_net_with_blocks_computes_what_it_was_told_and_is_written_with_its_sums(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    net = {
        "weight0": draw.normal(size=(6, 32 * 3)), "bias0": draw.normal(size=6), "offsets0": np.array([-1, 0, 1]),
        "weight1": draw.normal(size=(2, 12)), "bias1": np.zeros(2), "offsets1": np.array([-3, 0]),
        "weight2": draw.normal(size=(6, 4)), "bias2": draw.normal(size=6), "offsets2": np.array([0, 3]),
        "weight3": draw.normal(size=(4, 6)), "bias3": np.zeros(4), "offsets3": np.array([0]),
        **{f"relu{n}": np.array(n in (0, 2)) for n in range(4)}, **{f"skip{n}": np.array(0 if n == 2 else -1) for n in range(4)},
    }  # fmt: skip
    x = draw.normal(size=(20, 32)).astype(np.float32)
    got = scores(layers_of(net), x)

    def at(frame: int) -> np.ndarray:
        def first(t: int) -> np.ndarray:
            return np.maximum(net["weight0"] @ np.concatenate([x[t - 1], x[t], x[t + 1]]) + net["bias0"], 0)

        def narrow(t: int) -> np.ndarray:
            return np.asarray(net["weight1"] @ np.concatenate([first(t - 3), first(t)]))

        wide = net["weight2"] @ np.concatenate([narrow(frame), narrow(frame + 3)]) + net["bias2"]
        return np.asarray(net["weight3"] @ np.maximum(wide + first(frame), 0))

    assert got.shape == (20, 4) and np.allclose(got[10], at(10), atol=1e-4)
    write_acoustic_model(
        tmp_path, {**net, "priors": np.ones(4) / 4, "mean": np.zeros(32), "mean_square": np.ones(32)}, phone_table()
    )
    data = (tmp_path / "am" / "final.mdl").read_bytes()
    assert b"component=relu2 input=Sum(affine2, relu0)\n" in data and b"input=Append(Offset(affine1, 0)" not in data
