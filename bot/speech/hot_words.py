"""What is likely, in the form that a model of sherpa-onnx takes it: words for a beam, or a list in a prompt."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bot.foundation.widths import HAN
from bot.speech.layouts import Layout
from bot.speech.port import Likely

#: a beam takes many words; a prompt is read by the model in each turn, and has little room
IN_A_BEAM, IN_A_PROMPT = 2_000, 30
_PATHS = 4
#: pieces of words, as a site's model brings them for its hot words
_PIECES = "bpe.vocab"
_HAN = re.compile(f"[{HAN}]")


class HotWords:
    """What one model can be told. `options` are what its constructor needs for that."""

    def __init__(self, layout: Layout) -> None:
        self._way = layout.family.hot_words
        self.options: dict[str, Any] = {}
        #: characters that the model writes one by one; words of others are not listened for
        self._characters: frozenset[str] | None = None
        if self._way == "beam":
            self.options = {"decoding_method": "modified_beam_search", "max_active_paths": _PATHS}
            self._beam(layout.files["tokens"], layout.folder / _PIECES)

    def _beam(self, tokens: Path, pieces: Path) -> None:
        known = {line.split(" ")[0] for line in tokens.read_text("utf-8", "replace").splitlines()}
        single = frozenset(token for token in known if len(token) == 1 and _HAN.match(token))
        if single:
            self._characters = single
            unit = "cjkchar+bpe" if pieces.is_file() else "cjkchar"
        elif pieces.is_file():
            unit = "bpe" if any(_HAN.search(token) for token in known) else "bbpe"
        else:
            # a beam without favourites
            self._way = "none"
            return
        self.options["modeling_unit"] = unit
        if pieces.is_file():
            self.options["bpe_vocab"] = str(pieces)

    def for_a_stream(self, likely: Likely) -> str | None:
        """What create_stream takes; None when there is nothing to tell."""
        if self._way != "beam":
            return None
        return "/".join(self._words(likely, IN_A_BEAM)) or None

    def for_a_prompt(self, likely: Likely) -> str | None:
        """What the stream's option "hotwords" takes; None when there is nothing to tell."""
        if self._way != "prompt":
            return None
        return ",".join(self._words(likely, IN_A_PROMPT)) or None

    def _words(self, likely: Likely, most: int) -> list[str]:
        """Answers first, then names. A single character is said in every sentence: it needs no favour."""
        words = (one for one in dict.fromkeys((*likely.phrases, *likely.names)) if len(one) > 1 and _HAN.match(one))
        known = (one for one in words if self._characters is None or self._characters.issuperset(one))
        return [one for one, _ in zip(known, range(most), strict=False)]
