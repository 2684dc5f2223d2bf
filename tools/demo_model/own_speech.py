"""A model that has heard the county: corrected recordings of residents, force-aligned with the present net, join its
training; what that brought is measured on speakers that training never heard."""

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from .alignment import Aligner
from .build import train_net
from .corpus import make_corpus
from .features import FRAMES_PER_SECOND
from .kaldi_reader import read_net
from .kaldi_writer import write_acoustic_model
from .measure import bench_speech, recognise
from .phones import phone_table
from .recordings import CorpusRefused, Progress, Recording, align_recordings, read_corpora, write_parts
from .shards import write_shards
from .texts import Splitter, plain, training_sentences

HELD_OUT, FEWEST_SPEAKERS = 0.2, 4
"""Part of the speakers that training never hears; with fewer speakers nothing could be said about others."""
_REAL_SHARE = 0.4
"""Of the frames that the net is trained with; the rest is synthetic, so that nothing is forgotten."""
_FEWEST_COPIES, _MOST_COPIES = 4, 80
"""Of each recording, at other speeds, over other lines."""


def held_out_speakers(speakers: Iterable[str]) -> frozenset[str]:
    """About a fifth of the speakers, by their names: nobody changes sides when others join. Raises CorpusRefused for
    too few."""
    places = {one: int.from_bytes(hashlib.sha256(one.encode()).digest()[:4], "big") / 2**32 for one in speakers}
    known = sorted(places, key=lambda one: places[one])
    if len(known) < FEWEST_SPEAKERS:
        raise CorpusRefused(
            f"{len(known)} speakers are too few: whether the model hears others better is measured on speakers that it"
            f" was not trained with, so at least {FEWEST_SPEAKERS} are needed"
        )
    # At least one, and never more than half.
    return frozenset([one for one in known if places[one] < HELD_OUT][: len(known) // 2] or known[:1])


def error_rates(model_dir: Path, recordings: Sequence[Recording]) -> dict[str, float]:
    """Character and word errors of a model, shares of 1."""
    import vosk

    vosk.SetLogLevel(-1)
    model, splitter = vosk.Model(str(model_dir)), Splitter()
    wrong, all_of = Counter[str](), Counter[str]()
    for one in recordings:
        truth, heard = plain(one.text), recognise(model, one.samples.astype(np.int16)).replace("[unk]", "?")
        for name, said, got in (("cer", truth, heard), ("wer", splitter.split(truth), splitter.split(heard))):
            wrong[name] += Levenshtein.distance(said, got)
            all_of[name] += len(said)
    return {name: round(wrong[name] / max(1, all_of[name]), 4) for name in ("cer", "wer")}


def build_mixed(
    corpora: Sequence[Path],
    base: Path,
    out: Path,
    *,
    work: Path,
    hours: float = 2.0,
    passes: float = 3.0,
    python: str | None = None,
    progress: Progress = print,
) -> dict[str, Any]:
    """Train the net of `base` on with the corpora and `hours` of synthetic speech; the graph stays that of `base`.

    Writes `out` when everything is done, and tells the errors before and after on held-out speakers, and on synthetic
    speech. Raises CorpusRefused, NotOurs, RuntimeError (training)."""
    if out.exists():
        raise CorpusRefused(f"{out} is there already; name a new folder")
    net, aligner = read_net(base), Aligner.of(base)
    recordings = read_corpora(corpora)
    apart = held_out_speakers(one.speaker for one in recordings)
    tested = [one for one in recordings if one.speaker in apart]
    learned = [one for one in recordings if one.speaker not in apart]
    progress(f"corpus: {len(recordings)} recordings; {len(tested)} of {len(apart)} speakers are held out")
    aligned = align_recordings(aligner, learned, progress)
    if not aligned:
        raise CorpusRefused("no recording fits what is written beside it: is the sound that of the text?")
    work.mkdir(parents=True, exist_ok=True)
    start = work / "base.npz"
    np.savez(start, **net)
    synthetic = make_corpus(training_sentences(Splitter()), work / "speech", hours=hours, progress=progress)
    seconds = sum(len(found.labels) for _, found in aligned) / FRAMES_PER_SECOND
    wanted = hours * 3600 * _REAL_SHARE / (1 - _REAL_SHARE)
    copies = max(_FEWEST_COPIES, min(_MOST_COPIES, round(wanted / seconds)))
    # Shards that are there are kept: an earlier run's were of other recordings.
    shutil.rmtree(work / "own", ignore_errors=True)
    parts = write_parts(aligned, work / "own")
    shards = write_shards(parts, work / "own" / "shards", copies, workers=1, progress=progress)
    trained = work / "net.npz"
    train_net([*synthetic, *shards], trained, python=python, passes=passes, start=start)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".building-") as name:
        built = Path(name) / out.name
        shutil.copytree(base, built)
        with np.load(trained) as mixed:
            write_acoustic_model(built, dict(mixed), phone_table())
        shutil.copytree(base / "conf", built / "conf", dirs_exist_ok=True)  # beam and scale as they were
        figures: dict[str, Any] = {"held_out_speakers": len(apart), "held_out_recordings": len(tested)}
        for when, model in (("before", base), ("after", built)):
            figures[when] = error_rates(model, tested)
            quiet = bench_speech(model, progress=lambda line: None)
            figures[when]["synthetic_cer"] = round(quiet["story clean"]["cer"], 4)
            told = ", ".join(f"{key} {value:.1%}" for key, value in figures[when].items())
            progress(f"{when}: {told}")
        _note(built, figures)
        built.rename(out)
    return figures


def _note(folder: Path, figures: dict[str, Any]) -> None:
    file = folder / "gege-model.json"
    facts = json.loads(file.read_text("utf-8")) if file.exists() else {}
    facts.update(
        name=folder.name, kind="mixed", own_speech=figures, figures={},
        note="synthetic voices and this site's own recordings; the errors are those of held-out speakers",
    )  # fmt: skip
    file.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", "utf-8")
