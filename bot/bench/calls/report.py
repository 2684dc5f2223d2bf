"""The figures of `gege bench calls` as a table, and what went wrong, each with what plays it again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.bench.calls.judge import COMPLETE, NOTHING, OWED, REACHED, Verdict, figures
from bot.bench.calls.run import Run

_COLUMNS = (COMPLETE, OWED, REACHED, NOTHING)
_MOST = 40


def table(run: Run, most: int = _MOST) -> str:
    """Outcomes by story, the figures, and the first violations (Markdown)."""
    verdicts, told = run.verdicts, figures(run.verdicts)
    lines = [f"| story | {' | '.join(_COLUMNS)} | wrong |", f"|---|{'---:|' * (len(_COLUMNS) + 1)}"]
    for name, story in told["stories"].items():
        cells = " | ".join(str(story.get(column, 0)) for column in _COLUMNS)
        lines.append(f"| {name} | {cells} | {story.get('violations', 0)} |")
    outcomes = " | ".join(str(told["outcomes"].get(column, 0)) for column in _COLUMNS)
    lines += [f"| **all {told['calls']}** | {outcomes} | {told['with_violations']} |", ""]
    lines += [f"- {name}: {value}" for name, value in told.items() if name not in ("stories", "outcomes", "calls")]
    lines += [f"- logged {count} ×: {what}" for what, count in run.logged.most_common()]
    wrong = [each for each in verdicts if each.violations]
    lines += ["", f"again: {run.wanted.again}"] if wrong else []
    lines += ["", *(_one(each) for each in wrong[:most])]
    if len(wrong) > most:
        lines.append(f"… and {len(wrong) - most} more")
    return "\n".join(lines)


def _one(verdict: Verdict) -> str:
    call = verdict.played.drawn
    plan = ", the plan before" if call.older else ", a bad network" if call.bad_network else ""
    return (
        f"{call.number}: {'; '.join(verdict.violations)}"
        f" ({call.way}{plan}, {call.story.name}; talked {verdict.played.talked_s:.1f} s; {verdict.outcome})"
    )


def rows(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Every call as plain values."""
    return [
        {
            "number": each.played.drawn.number,
            "way": each.played.drawn.way,
            "story": each.played.drawn.story.name,
            "older": each.played.drawn.older,
            "bad_network": each.played.drawn.bad_network,
            "outcome": each.outcome,
            "rows": list(each.rows),
            "kinds": list(each.kinds),
            "violations": list(each.violations),
            "talked_s": round(each.played.talked_s, 2),
            "rung": list(each.played.rung),
            "settled_s": each.settled_s,
            "first_audio_s": each.played.first_audio_s,
            "gaps": [[round(gap.seconds, 2), gap.stage] for gap in each.played.gaps if gap.seconds > 0.5],
            "whispers": [round(gap, 2) for gap in each.played.whispers],
        }
        for each in verdicts
    ]
