"""What looks like a Vosk model, and archives of it."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

FILES = {
    "am/final.mdl": "x",
    "conf/model.conf": "--beam=13\n",
    "conf/mfcc.conf": "--sample-frequency=8000\n",
    "graph/HCLG.fst": "x" * 200_000,
}


def make_folder(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def make_archive(path: Path, folder: Path, top: str = "") -> Path:
    """A zip or tar of a folder's files, below `top`; by the ending of its name."""
    files = [one for one in sorted(folder.rglob("*")) if one.is_file()]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zipped:
            for one in files:
                zipped.write(one, f"{top}{one.relative_to(folder)}")
        return path
    with tarfile.open(path, f"w:{path.suffix[1:].replace('tar', '')}") as packed:
        for one in files:
            packed.add(one, f"{top}{one.relative_to(folder)}")
    return path
