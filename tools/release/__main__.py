"""`python -m tools.release [FOLDER]`: make the release of the last commit (`make release`)."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.release.archive import NoRelease, make, uncommitted

PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """→ exit status."""
    into = Path(sys.argv[1] if len(sys.argv) > 1 else PROJECT / "dist")
    try:
        if changed := uncommitted(PROJECT):
            print(f"release: {changed} files are changed or new and not committed; they are not in it", file=sys.stderr)
        for file in make(PROJECT, into):
            print(f"release: {file} ({file.stat().st_size / 1e6:.1f} MB)")
    except NoRelease as problem:
        print(f"release: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
