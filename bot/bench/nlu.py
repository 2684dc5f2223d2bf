"""`gege bench nlu`: this pipeline beside stock Rasa for Chinese, on clean and on simulated Chongyang speech, in one run.

The sentences are the frozen set that was written apart, clean and as two generators of different principles distort them,
which share no table with the channel that training draws from: `simulator` (by hand from shares of dialect) and
`near_sounds` (from how near synthetic syllables sound; thresholds and temperature are chosen on it, on other sentences).
The figures say how well the pipeline stands such distortion, not how well it understands residents."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.bench.acts import held_out_acts, measure_acts
from bot.bench.near_sounds import misheard
from bot.bench.simulator import simulated
from bot.bench.slots import distorted, marked_sentences, measure_slots
from bot.bench.stock_rasa import classifier, stock_parse, train_stock
from bot.dialogue.frozen import SEEDS, STRENGTHS, Parse, Sentence, measure, sets_of_sentences

Progress = Callable[[str], None]


def measured_sets() -> dict[str, list[Sentence]]:
    """The frozen sentences, clean and at each strength of both generators."""
    sets = sets_of_sentences(heard=simulated)
    return sets | sets_of_sentences(heard=misheard, name="near sounds")


async def bench_nlu(parse: Parse, stock: bool, progress: Progress) -> dict[str, Any]:
    """The table; `stock` trains and measures stock Rasa as well (minutes)."""
    sets = measured_sets()
    marked = marked_sentences()
    slots = {"clean": marked} | {
        f"simulated {strength}": [one for seed in SEEDS for one in distorted(marked, strength, seed)]
        for strength in STRENGTHS[1:]
    }
    pipelines: dict[str, Parse] = {"gege": parse}
    with tempfile.TemporaryDirectory(prefix="gege-stock-") as folder:
        if stock:
            progress(f"training stock Rasa (JiebaTokenizer, {classifier()}) on the same sentences …")
            train_stock(Path(folder))
            pipelines[f"stock Rasa ({classifier()})"] = stock_parse(Path(folder))
        table: dict[str, Any] = {"sentences": len(sets["clean"]), "simulated_sentences": len(sets["simulated 0.3"])}
        table["slot_sentences"] = len(marked)
        for name, one in pipelines.items():
            table[name] = {}
            for which, rows in sets.items():
                table[name][which] = await measure(one, rows) | (
                    await measure_slots(one, slots[which]) if which in slots else {}
                )
                progress(f"{name}, {which}: {table[name][which]}")
        table["acts"] = await measure_acts(parse, held_out_acts())
        progress(f"gege, finer acts: {table['acts']}")
    return table
