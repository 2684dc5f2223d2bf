"""What watches the service knows it: dashboard and alerts name figures that there are, and every alert has its paragraph."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.app.figures import SiteFigures
from bot.database import Database
from bot.database import metrics as database_metrics
from bot.foundation.background import Backgrounds
from bot.settings import PROJECT
from bot.tickets.desk import TicketDesk
from bot.tickets.models import Notification
from bot.voice.metrics import CallMetrics
from bot.web import metrics
from tests.tickets.county import AT, county, hazard, minutes, outage

__all__ = ["county"]

MONITORING = PROJECT / "deploy" / "monitoring"
#: Prometheus's own
_NOT_OURS = {"up"}
NAME = re.compile(r"\b((?:gege|process)_[a-z_]+|up)\b")


def given(database: Database, home: Path) -> set[str]:
    """Every name of a sample that `/metrics` may give."""
    calls = CallMetrics()
    figures = SiteFigures(database, {"home": home}, lambda: 2, lambda: 0.0, clock=lambda: AT + minutes(7))
    figures.look()
    for one in (figures, metrics.BackgroundMetrics(Backgrounds()), metrics.ReadyMetrics(lambda: {"disk": "ok"})):
        calls.registry.register(one)
    # What parts add that a site may not have (SIP), and the heart's.
    for file in (PROJECT / "bot").rglob("*.py"):
        for name in re.findall(r'metrics\.watch\(\s*"(\w+)"', file.read_text("utf-8")):
            calls.watch(name, name, lambda: 0.0)
    return names_in((calls.text() + b"".join(map(generate_latest, metrics.EVERYWHERE))).decode())


def names_in(text: str) -> set[str]:
    """Every name of a sample that such a page gives, now or once there is something to count."""
    found = set()
    for family in text_string_to_metric_families(text):
        found |= {family.name, *(one.name for one in family.samples)}
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ())
        found |= {family.name + ending for ending in endings}
    return found


def expressions() -> list[str]:
    """Every question that the alerts and the dashboard ask Prometheus."""
    rules = [rule["expr"] for rule in alerts()]
    board = json.loads((MONITORING / "gege.dashboard.json").read_text("utf-8"))
    return rules + [asked["expr"] for panel in board["panels"] for asked in panel.get("targets", ())]


def alerts() -> list[dict[str, Any]]:
    found: dict[str, Any] = yaml.safe_load((MONITORING / "gege.rules.yml").read_text("utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def test_dashboard_and_alerts_ask_for_what_metrics_gives(sqlite_database: Database, tmp_path: Path) -> None:
    known = given(sqlite_database, tmp_path)
    asked = {name for one in expressions() for name in NAME.findall(one)}
    assert len(asked) > 25
    assert sorted(asked - known - _NOT_OURS) == []


def test_every_alert_has_its_paragraph_and_every_paragraph_its_alert() -> None:
    runbook = (PROJECT / "docs" / "runbook.md").read_text("utf-8")
    paragraphs = dict(re.findall(r"^### (Gege\w+)\n(\w+)\.", runbook, re.MULTILINE))
    assert paragraphs == {rule["alert"]: rule["labels"]["severity"].capitalize() for rule in alerts()}
    assert all(rule["annotations"]["summary"] for rule in alerts())


def test_the_figures_tell_what_waits_and_for_how_long(county: Database, tmp_path: Path) -> None:
    desk = TicketDesk(county)
    desk.report(outage(utterance_id="u1"), AT)
    desk.report(hazard(utterance_id="u2", session="s2", place="沿河路"), AT + minutes(1))
    figures = SiteFigures(county, {"home": tmp_path}, lambda: 2, clock=lambda: AT + minutes(7))
    assert list(figures.collect()) == [], "nothing is told that was not read"
    figures.look()
    found = {
        (sample.name, *sample.labels.values()): sample.value for one in figures.collect() for sample in one.samples
    }
    assert found["gege_outbox_pending", "true"] >= 2 and found["gege_outbox_oldest_seconds", "true"] == 360
    assert found["gege_outbox_pending", "false"] >= 1 and found["gege_outbox_oldest_seconds", "false"] == 420
    assert found["gege_danger_untaken",] == 1 and found["gege_danger_untaken_oldest_seconds",] == 360
    assert found["gege_tickets_open",] == 2 and found["gege_timers_lag_seconds",] == 300
    assert found["gege_spool_files",] == 2 and found["gege_disk_free_bytes", "home"] > 0
    with county.session() as session:
        for row in session.query(Notification).filter_by(urgent=True):
            row.state = "dead"
    figures.look()
    again = {(one.name, *one.labels.values()): one.value for family in figures.collect() for one in family.samples}
    assert again["gege_outbox_dead", "true"] == found["gege_outbox_pending", "true"]
    assert again["gege_outbox_oldest_seconds", "true"] == 0


async def test_what_a_database_refuses_is_counted_by_its_code(sqlite_database: Database) -> None:
    def count() -> float:
        name, labels = "gege_database_errors_total", {"code": "SQLITE_ERROR"}
        return database_metrics.REGISTRY.get_sample_value(name, labels) or 0.0

    before = count()
    with pytest.raises(OperationalError), sqlite_database.reading() as session:
        session.execute(text("SELECT said FROM nowhere"))
    assert count() == before + 1
