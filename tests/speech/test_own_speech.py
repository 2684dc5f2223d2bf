"""What residents' own speech is made ready for: read, split by speaker, aligned, stretched; training is measured by hand."""

from __future__ import annotations

import hashlib
import shutil
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bot.speech.models import DEMO
from tools.demo_model.alignment import Aligner
from tools.demo_model.build import build_demo
from tools.demo_model.own_speech import build_mixed, error_rates, held_out_speakers
from tools.demo_model.phones import SILENCE, phone_table
from tools.demo_model.recordings import CorpusRefused, align_recordings, read_corpora, write_parts
from tools.demo_model.shards import FASTEST, SLOWEST, aligned_file, write_shards
from tools.demo_model.speaker import Job, speak_jobs, syllables_of
from tools.demo_model.synthesis import HELD_OUT_VOICES

# Aligns real sound.
pytestmark = pytest.mark.slow

SAID = ("我屋里停电了", "空开烧了合不上", "电线掉在路上了", "这个月电费多少钱")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Four speakers who say one sentence each, as `gege corpus export` writes it."""
    folder = tmp_path / "corpus"
    (folder / "wav").mkdir(parents=True)
    sounds = speak_jobs([Job(syllables_of(text), HELD_OUT_VOICES[at]) for at, text in enumerate(SAID)])
    rows = []
    for at, (text, samples) in enumerate(zip(SAID, sounds, strict=True)):
        assert samples is not None
        with wave.open(str(folder / "wav" / f"s{at}-1.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(samples.astype("<i2").tobytes())
        rows.append((f"s{at}-1", f"wav/s{at}-1.wav", text, f"s{at}"))
    for name, column in (("wav.scp", 1), ("text", 2), ("utt2spk", 3)):
        (folder / name).write_text("".join(f"{row[0]} {row[column]}\n" for row in rows), "utf-8")
    return folder


def test_speakers_keep_their_side_when_others_join() -> None:
    first, later = [f"s{number}" for number in range(30)], [f"s{number}" for number in range(200)]
    assert held_out_speakers(first) == held_out_speakers(later) & set(first)
    assert 20 <= len(held_out_speakers(later)) <= 60
    for few in (["a", "b", "c", "d"], [hashlib.md5(bytes([number])).hexdigest() for number in range(5)]):
        assert 1 <= len(held_out_speakers(few)) <= len(few) // 2
    with pytest.raises(CorpusRefused, match="3 speakers are too few"):
        held_out_speakers(["a", "b", "c", "a"])


def test_recordings_become_frames_with_the_states_of_what_was_said(corpus: Path, tmp_path: Path) -> None:
    recordings = read_corpora([corpus, corpus])
    assert [(one.name, one.speaker, one.text) for one in recordings] == [
        (f"s{at}-1", f"s{at}", text) for at, text in enumerate(SAID)
    ]
    told: list[str] = []
    aligned = align_recordings(Aligner.of(DEMO), recordings, told.append)
    assert len(aligned) == 4 and "4 of 4" in told[0]
    (part,) = write_parts(aligned, tmp_path / "own")
    (shard,) = write_shards([part], tmp_path / "shards", 3, workers=1, progress=told.append)
    with np.load(shard) as found:
        lengths, labels = found["lengths"], found["labels"]
        assert len(lengths) == 12 and lengths.sum() == len(labels) == len(found["features"])
    with np.load(aligned_file(part)) as found:
        own = np.split(found["labels"], np.cumsum(found["lengths"])[:-1])
    assert sorted(map(_states, own)) == sorted(_states(found.labels) for _, found in aligned)
    for number, copy in enumerate(np.split(labels, np.cumsum(lengths)[:-1])):
        whole = own[number % 4]
        # A state of one frame may fall between two of a faster copy; no other, and none comes or changes its place.
        assert _in_order(_states(copy), _states(whole)) and _in_order(_states(whole, shortest=2), _states(copy))
        assert len(whole) / FASTEST + 10 - 3 <= len(copy) <= len(whole) / SLOWEST + 100 + 3, "and 0.1 to 1 s of silence"
    assert len(set(lengths[[0, 4, 8]])) == 3, "each at another speed"


def _states(labels: np.ndarray, shortest: int = 1) -> list[int]:
    """In their order, those of `shortest` frames and more, without silence."""
    edges = np.flatnonzero(np.diff(labels, prepend=-1, append=-1))
    runs = ((int(labels[first]), last - first) for first, last in pairwise(edges))
    return [state for state, frames in runs if frames >= shortest and state not in phone_table().pdfs[SILENCE]]


def _in_order(some: list[int], whole: list[int]) -> bool:
    rest = iter(whole)
    return all(one in rest for one in some)


def test_what_was_not_said_is_left_out_and_told(corpus: Path) -> None:
    wrong = dict(zip((f"s{at}-1" for at in range(4)), (*SAID[2:], "EPB坏了", SAID[3]), strict=True))
    (corpus / "text").write_text("".join(f"{name} {text}\n" for name, text in wrong.items()), "utf-8")
    told: list[str] = []
    aligned = align_recordings(Aligner.of(DEMO), read_corpora([corpus]), told.append)
    assert "s3-1" in {one.name for one, _ in aligned} and "s2-1" not in {one.name for one, _ in aligned}
    assert "left out" in told[0]


def test_the_demo_model_hears_them_and_errors_are_counted(corpus: Path) -> None:
    rates = error_rates(DEMO, read_corpora([corpus]))
    assert 0 <= rates["cer"] <= 0.3 and set(rates) == {"cer", "wer"}
    swapped = (corpus / "text").read_text("utf-8").replace("停电", "火星")
    (corpus / "text").write_text(swapped, "utf-8")
    assert error_rates(DEMO, read_corpora([corpus]))["cer"] > rates["cer"]


def test_recordings_that_cannot_be_read_are_refused_before_anything_is_spoken(tmp_path: Path) -> None:
    with pytest.raises(CorpusRefused, match="no corpus that can be read"):
        build_demo(tmp_path / "out", work=tmp_path / "work", people=[tmp_path / "none"], progress=lambda line: None)
    assert not (tmp_path / "out").exists() and not (tmp_path / "work").exists()


def test_nothing_is_built_from_what_cannot_be_used(corpus: Path, tmp_path: Path) -> None:
    def build(base: Path = DEMO, out: Path = tmp_path / "out") -> None:
        build_mixed([corpus], base, out, work=tmp_path / "work", progress=lambda line: None)

    with pytest.raises(CorpusRefused, match="is there already"):
        build(out=corpus)
    shutil.copy(corpus / "text", tmp_path / "text")
    (corpus / "wav" / "s1-1.wav").write_bytes(b"RIFF")
    with pytest.raises(CorpusRefused, match="no corpus that can be read"):
        build()
    with pytest.raises(ValueError, match="no acoustic model of this project"):
        build(base=corpus)
    assert not (tmp_path / "out").exists() and not (tmp_path / "work").exists()
