"""One parser under atheris (libFuzzer with coverage of Python's own instructions), as a program: NAME SECONDS FOLDER."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

#: whose instructions guide the fuzzer
OURS = ["bot.lines", "bot.notify", "bot.foundation", "bot.recordings", "bot.grid", "bot.speech"]


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=OURS):
        from bot.bench.fuzz.targets import LONGEST, planted, targets
    name, seconds, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    target = next(one for one in (*targets(), planted()) if one.name == name)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed{number}").write_bytes(seed[:LONGEST])

    def one(data: bytes) -> None:
        try:
            target.hit(data)
        except BaseException:
            (folder / "trace").write_text(traceback.format_exc(), "utf-8")
            raise

    wanted = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=20", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], *wanted, f"-artifact_prefix={folder}/", "-print_final_stats=1", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
