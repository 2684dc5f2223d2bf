"""The report of `gege bench residents`: a short table to see, and a page with the worst conversations to read."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from bot.bench.residents.run import Held, Measured, figures

WORST = 20
#: ordinary conversations at the end of the page, to read aloud
_READ_ALOUD = 10
#: (name of part_figures, what it is, goal)
_ROWS = (
    ("ended_as_they_should", "ended as they should", "≥ 95 % (cooperative ≥ 99 %)"),
    ("given_to_a_person", "given to a person instead", ""),
    ("lost", "lost reports", "0"),
    ("wrong_kind", "wrong kind", "≤ 1 %"),
    ("wrong_grid", "wrong grid", "≤ 0.1 %"),
    ("unsafe", "unsafe or missing safety words", "0"),
    ("false_danger", "false danger", "≤ 1 %"),
    ("loops", "the same sentence three times", "0"),
    ("person_in_two_turns", "a person within two turns of asking", "100 %"),
    ("turns_to_the_ticket_median", "turns to the ticket, median", "≤ 3"),
)


def table(found: Measured) -> str:
    """The figures of the issue as a Markdown table."""
    told = figures(found)
    parts = [name for name in ("messy", "cooperative", "voice") if name in told]
    heads = [f"{name} ({told[name]['conversations']})" for name in parts]
    lines = [f"| | {' | '.join(heads)} | goal |", f"|---|{'---|' * len(parts)}---|"]
    for key, name, goal in _ROWS:
        lines.append(f"| {name} | {' | '.join(_shown(told[part][key]) for part in parts)} | {goal} |")
    if "holds_everything" in told:
        whole = told["holds_everything"]
        acted = f"{whole['acted_on']} of {whole['sentences']}"
        lines.append(f"| a sentence that holds everything, acted on | {acted} |{' |' * (len(parts) - 1)} ≥ 99 % |")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value * 100:.1f} %" if isinstance(value, float) and value <= 1 else f"{value:g}"


def page(found: Measured, command: str) -> str:
    """The whole report in Markdown."""
    held = found.messy + found.cooperative + found.voice
    return "\n\n".join(
        [
            "# Simulated residents",
            f"`{command}`, {found.seconds:.0f} s. Nobody here is a person: what is said is drawn from tables "
            "(bot/bench/residents), and the noise is a simulation.",
            table(found),
            "## By persona\n\n" + _by(found.messy or held, lambda one: one.told.goal.persona),
            "## By what was called about\n\n" + _by(held, lambda one: one.told.goal.matters[0]),
            "## Faults\n\n" + _faults(held),
            f"## The worst {WORST}\n\n" + "\n\n".join(_one(one) for one in worst(held)),
            "## Sentences that hold everything and were not acted on\n\n"
            + ("\n".join(f"- {one.sentence} → {one.reply}" for one in found.whole if not one.acted) or "None."),
            f"## {_READ_ALOUD} others, by lot, to read aloud\n\n"
            + "\n\n".join(_one(one) for one in random.Random(1).sample(held, min(_READ_ALOUD, len(held)))),
            "",
        ]
    )


def worst(held: Sequence[Held]) -> list[Held]:
    """The worst conversations, the very worst first; the same kind of fault at most four times."""
    seen: Counter[tuple[str, ...]] = Counter()
    found: list[Held] = []
    for one in sorted(held, key=lambda each: -each.verdict.badness):
        faults = tuple(sorted({name for name, _ in one.verdict.faults}))
        if one.verdict.ended or len(found) == WORST:
            break
        seen[faults] += 1
        if seen[faults] <= 4:
            found.append(one)
    return found


def _by(held: Sequence[Held], of: Any) -> str:
    lines = [
        "| | conversations | ended as they should | given to a person | what went wrong |",
        "|---|---|---|---|---|",
    ]
    groups: dict[str, list[Held]] = {}
    for one in held:
        groups.setdefault(of(one), []).append(one)
    for name, rows in sorted(groups.items()):
        ended = sum(one.verdict.ended for one in rows)
        given = sum(one.verdict.given and not one.verdict.faults for one in rows)
        faults = Counter(name for one in rows for name in {fault for fault, _ in one.verdict.faults})
        told = ", ".join(f"{fault} {count}" for fault, count in faults.most_common())
        lines.append(f"| {name} | {len(rows)} | {100 * ended / len(rows):.1f} % | {given} | {told} |")
    return "\n".join(lines)


def _faults(held: Sequence[Held]) -> str:
    counts = Counter(f"{name}: {what}"[:90] for one in held for name, what in one.verdict.faults)
    return "\n".join(f"- {count} × {what}" for what, count in counts.most_common(60)) or "None."


def _one(one: Held) -> str:
    goal = one.told.goal
    head = f"**{goal.number}** {goal.persona}, wants {' + '.join(goal.matters)}"
    head += f" ({goal.reporter}, {goal.channel}; {goal.home.community}{goal.home.compound}{goal.home.address}, grid {goal.home.grid_no}"
    head += f", {goal.fact})" if goal.fact else ")"
    faults = "; ".join(f"{name}: {what}" for name, what in one.verdict.faults) or (
        "given to a person" if one.verdict.given else "as it should"
    )
    return "\n".join([head + f" — {faults}", "", "```", *one.told.lines(), "```"])


def rows(found: Measured) -> Iterator[dict[str, Any]]:
    """Every conversation as one object, to look for causes."""
    for one in found.messy + found.cooperative + found.voice:
        goal = one.told.goal
        yield {
            "number": goal.number,
            "persona": goal.persona,
            "matters": goal.matters,
            "reporter": goal.reporter,
            "fact": goal.fact,
            "home": goal.home.community + goal.home.compound + goal.home.address,
            "faults": one.verdict.faults,
            "given": one.verdict.given,
            "turns": one.verdict.turns,
            "lines": one.told.lines(),
        }
