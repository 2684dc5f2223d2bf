"""Forced alignment finds where espeak itself says that each sound was, and knows wrong words from right ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.speech.models import DEMO
from tools.demo_model.alignment import Aligner
from tools.demo_model.kaldi_reader import NotOurs, read_net
from tools.demo_model.kaldi_writer import write_acoustic_model
from tools.demo_model.phones import phone_table
from tools.demo_model.texts import PROJECT

# Builds nets and aligns real sound.
pytestmark = pytest.mark.slow

SENTENCES = (
    "我屋里停电了",
    "空开烧了合不上",
    "电线掉在路上了",
    "这个月电费多少钱",
    "沿河路二百零六号没有电",
    "请师傅来看一下",
)
#: espeak crashes now and then after many voice changes: it speaks in a child of its own
_CHILD = """
import json, random, sys
from itertools import chain
import numpy as np
from tools.demo_model.phones import readings
from tools.demo_model.synthesis import HELD_OUT_VOICES, Synthesiser, Voice
from tools.demo_model.texts import Splitter
draw, splitter, found = random.Random(int(sys.argv[3])), Splitter(), {}
synthesiser = Synthesiser()
for number, text in enumerate(json.loads(sys.argv[2])):
    spoken = list(chain(*(readings(word)[0] for word in splitter.split(text))))
    utterance = synthesiser.utterance([spoken], Voice.drawn(draw, (HELD_OUT_VOICES[number % 8],)), draw)
    found[f"samples{number}"] = utterance.samples
    found[f"labels{number}"] = utterance.labels((len(utterance.samples) - 200) // 80 + 1)
np.savez(sys.argv[1], **found)
"""


def spoken(folder: Path, texts: Sequence[str]) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(text, samples, the pdf of each frame as espeak itself tells it), by voices that training never heard."""
    for seed in range(3, 8):
        out = folder / f"{seed}.npz"
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, out, json.dumps(texts), str(seed)], cwd=PROJECT, check=False
        )
        if done.returncode == 0:
            with np.load(out) as found:
                return [(text, found[f"samples{at}"], found[f"labels{at}"]) for at, text in enumerate(texts)]
    raise AssertionError("espeak crashed five times")


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return Aligner.of(DEMO)


def test_the_net_that_is_read_is_the_one_that_was_written(tmp_path: Path) -> None:
    net = read_net(DEMO)
    write_acoustic_model(tmp_path, net, phone_table())
    again = read_net(tmp_path)
    assert list(net) == list(again) and net["offsets0"].tolist() == [-2, -1, 0, 1, 2] and "weight6" in net
    assert net["skip3"] == 1 and net["skip2"] == -1 and not net["relu2"] and net["relu3"], "blocks add what came in"
    for name, values in net.items():
        assert np.allclose(values, again[name], atol=1e-4 * max(1.0, float(np.abs(values).max()))), name


def test_a_folder_with_another_model_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "am").mkdir()
    (tmp_path / "am" / "final.mdl").write_bytes(b"\0B something else")
    (tmp_path / "am" / "global_cmvn.stats").write_text(" [ 1 2 ]")
    with pytest.raises(NotOurs, match="no acoustic model of this project"):
        read_net(tmp_path)


def test_every_sound_is_found_where_it_was_spoken(aligner: Aligner, tmp_path: Path) -> None:
    distances: list[int] = []
    for text, samples, labels in spoken(tmp_path, SENTENCES * 2):
        found = aligner.align(samples, text)
        assert found is not None and found.fits, text
        # Where the state changes: the same states in the same order, so the n-th change is the n-th change.
        (ours,), (theirs,) = np.nonzero(np.diff(found.labels)), np.nonzero(np.diff(labels))
        if len(ours) == len(theirs):
            distances += np.abs(ours - theirs).tolist()
    assert len(distances) > 150
    told = (len(distances), np.median(distances), np.percentile(distances, 90))
    assert told[1] <= 2 and told[2] <= 6, told


def test_words_that_were_not_said_do_not_fit_and_too_many_have_no_room(aligner: Aligner, tmp_path: Path) -> None:
    by_chance = 0
    for number, (text, samples, _) in enumerate(spoken(tmp_path, SENTENCES)):
        right = aligner.align(samples, text)
        wrong = aligner.align(samples, SENTENCES[(number + 3) % len(SENTENCES)])
        assert right is not None and right.fits
        assert wrong is None or wrong.score < right.score
        by_chance += bool(wrong and wrong.fits)
        assert aligner.align(samples[:2000], text * 5) is None
        assert aligner.align(samples, "voltage 停电") is None
    assert by_chance <= 2, "one of eight fits by chance"
