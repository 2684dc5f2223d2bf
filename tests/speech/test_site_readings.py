"""A site's own words are read as its residents say them, once corrections have shown it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sound import site
from bot.sound.channel import prior
from bot.sound.estimate import Pair, estimate
from tools.demo_model.site_graph import _as_heard


def test_the_recogniser_reads_a_name_as_it_is_said_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    assert _as_heard(["高枧街", "桃溪"]) == {"高枧街": [], "桃溪": []}
    pairs = [Pair(f"包{one}停电了", f"高{one}停电了") for one in "枧山家村台庄湾"]
    pairs += [Pair(f"{one}办铺停电了", f"{one}管铺停电了") for one in "枧山家村台庄湾"]
    pairs += [Pair(f"{one}伯停电了", f"{one}国停电了") for one in "枧山家村台庄湾"]
    counts = estimate(pairs, prior()).counts
    site.write(site.as_text((site.Learned(counts, len(pairs)),)))
    assert _as_heard(["高枧街", "桃溪"]) == {"高枧街": ["gao1 jian3 jie1", "bao1 jian3 jie1"], "桃溪": []}
