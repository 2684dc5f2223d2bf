"""How long to wait between two tries of one thing, and when to give it up, as one value."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Waits grow from `first_s` by `factor` up to `most_s`.

    After the nth failure in a row: min(most_s, first_s · factor^(n - 1)), and at random up to `jitter` of it more."""

    first_s: float
    most_s: float
    factor: float = 2.0
    #: share of a wait that chance may add, so that many who failed together do not come back together
    jitter: float = 0.0
    #: the tries there are in all; None: no end of them
    tries: int | None = None
    #: a thing so old is given up; its last try falls on that moment
    give_up_after_s: float = math.inf
    #: patience that the other side asks for is granted up to here
    most_asked_s: float = math.inf

    def wait(
        self,
        failed: int,
        *,
        asked_s: float | None = None,
        age_s: float = 0.0,
        chance: Callable[[], float] = random.random,
    ) -> float | None:
        """Seconds to wait after `failed` failures in a row; None: give up.

        `asked_s` is what the other side asks for (Retry-After), `age_s` how old the thing is, `chance` draws from [0, 1)."""
        if (self.tries is not None and failed >= self.tries) or age_s >= self.give_up_after_s:
            return None
        grown = min(self.most_s, self.first_s * self.factor ** min(failed - 1, 64))
        grown += grown * self.jitter * chance() if self.jitter else 0.0
        asked = min(asked_s or 0.0, self.most_asked_s)
        return min(max(grown, asked), self.give_up_after_s - age_s)
