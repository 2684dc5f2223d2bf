"""Sentences that a site learned come last, and stand for those that ship with Gege; the others stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.importers.importer import TrainingDataImporter

from bot.dialogue.training import fingerprint, sentence_files
from bot.settings import PROJECT


def sentences(learned: Path) -> list[str]:
    with sentence_files(learned) as folder:
        importer = TrainingDataImporter.load_from_dict(
            training_data_paths=[folder], domain_path=str(PROJECT / "domain.yml")
        )
        return [message.get("text") for message in importer.get_nlu_data().intent_examples]


@pytest.fixture
def learned(tmp_path: Path) -> Path:
    text = 'version: "3.1"\nnlu:\n- intent: report_outage\n  examples: |\n    - 屋里凼了\n    - 屋里停电了半天\n'
    (tmp_path / "examples.yml").write_text(text, "utf-8")
    return tmp_path


@pytest.mark.slow
def test_what_was_learned_comes_after_all_that_was_known(learned: Path, tmp_path: Path) -> None:
    before, after = sentences(tmp_path / "nothing"), sentences(learned)
    assert len(before) > 3000 and after == [*before, "屋里凼了", "屋里停电了半天"]


def test_a_model_is_named_by_what_was_learned(learned: Path, tmp_path: Path) -> None:
    names = {fingerprint(learned=tmp_path / "nothing"), fingerprint(learned=learned)}
    (learned / "examples.yml").write_text("version: '3.1'\n", "utf-8")
    assert len(names | {fingerprint(learned=learned)}) == 3
