"""All actions of domain.yml, made for one site."""

from __future__ import annotations

from actions import hazard, money, people, report, talk
from actions.act import Act
from actions.site import Site

EVERY: tuple[type[Act], ...] = (
    hazard.Hazard,
    money.Arrears,
    money.ArrearsAnswer,
    money.Price,
    money.ValidateProofForm,
    people.AskManager,
    people.RequestHuman,
    report.OpenReport,
    report.SubmitReport,
    report.ValidateReportForm,
    talk.Cancel,
    talk.Goodbye,
    talk.Greet,
    talk.LooseAnswer,
    talk.NotOurs,
    talk.NotUnderstood,
    talk.Rate,
    talk.Repeat,
    talk.Status,
)


def every_action(site: Site) -> list[Act]:
    """One instance of each, for `ActionExecutor.register_action`."""
    return [action(site) for action in EVERY]
