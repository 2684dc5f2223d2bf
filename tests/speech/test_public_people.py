"""Public recordings of people become a corpus: what measures an ear is left out, and words are cut out of their silence."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bot.speech.audio import wav_bytes
from tools.demo_model.public_people import Clone, sentences, words, write
from tools.demo_model.recordings import read_corpora

RATE = 16_000


def _clone(folder: Path, files: dict[str, bytes]) -> Clone:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "sound")):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return Clone(folder)


@pytest.fixture
def tone() -> np.ndarray:
    """A second, loud in its middle 0.2 s."""
    sound = np.full(RATE, 10.0)
    sound[RATE * 4 // 10 : RATE * 6 // 10] = 9000
    return sound


def test_sentences_that_measure_are_left_out_by_name_and_by_text(tmp_path: Path, tone: np.ndarray) -> None:
    said = {"BAC009S0150W0001": "今天 天气 好", "BAC009S0150W0002": "测过", "BAC009S0252W0003": "另一句"}
    files = {f"AISHELL_Sample_data/{name}.txt": text.encode() for name, text in said.items()}
    files |= {f"AISHELL_Sample_data/{name}.wav": wav_bytes(tone, RATE) for name in said}
    clone = _clone(tmp_path / "clone", files)
    tested = frozenset({"测过", "BAC009S0252W0003"})
    assert write(tmp_path / "out", sentences(clone, tested)) == 1
    (kept,) = read_corpora([tmp_path / "out"])
    assert (kept.text, kept.speaker) == ("今天天气好", "S0150")
    assert len(kept.samples) == RATE // 2, "at the telephone's rate"


def test_four_words_of_a_speaker_stand_in_a_row_without_their_silence(tmp_path: Path, tone: np.ndarray) -> None:
    files = {
        f"speech_data/{who}/{who}-{word:02d}-01.wav": wav_bytes(tone, RATE)
        for who in ("15300000001", "15300000002")
        for word in (0, 4, 6, 11, 12)
    }
    assert write(tmp_path / "out", words(_clone(tmp_path / "clone", files), frozenset())) == 2
    kept = read_corpora([tmp_path / "out"])
    assert {one.speaker for one in kept} == {"w00", "w01"}, "no speaker's number is kept"
    for one in kept:
        assert sorted(one.text[at : at + 2] for at in range(0, 8, 2)) == ["中国", "北京", "数字", "饭店"]
        assert len(one.samples) / 8000 == pytest.approx(4 * 0.49, abs=0.05)
