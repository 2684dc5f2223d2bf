"""Flows are data: a file of its own makes a kind of ticket, and every name that the files and the engine use leads somewhere."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import flows as flow_files
from actions.converse import Converse
from bot.app.parts import make_actions, open_site
from bot.database import Database
from bot.grid.registry import Registry
from bot.notify.texts import Case, render
from bot.settings import PROJECT, Settings
from bot.tickets import kinds
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.labels import labels

DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8"))
RESPONSES: dict[str, Any] = DOMAIN["responses"]
PAGE = (PROJECT / "docs" / "learn.md").read_text("utf-8")
POST = re.findall(r"```yaml\n(.*?)```", PAGE.split("## A new topic")[1], re.DOTALL)


def _forget() -> None:
    for cached in (flow_files.flows, flow_files._begun_by, flow_files._left, kinds.further, kinds.finer, labels):
        cached.cache_clear()


@pytest.fixture
def with_a_post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The flows, and the one that docs/learn.md adds, word for word."""
    folder = tmp_path / "flows"
    shutil.copytree(flow_files.FOLDER, folder)
    (folder / "charging_post.yml").write_text(re.sub(r"(?m)^   ", "", POST[0]), "utf-8")
    monkeypatch.setattr(flow_files, "FOLDER", folder)
    monkeypatch.setattr(kinds, "FLOWS", folder)
    _forget()
    yield
    _forget()


@dataclass
class Talk:
    """A conversation with the engine alone: each sentence comes understood."""

    engine: Converse
    domain: dict[str, Any]
    slots: dict[str, Any] = field(default_factory=dict)
    readback: str = ""

    def hear(self, text: str, act: str) -> list[str]:
        """→ names of the responses."""
        intent = act.split("/")[0]
        message = {
            "text": text,
            "intent": {"name": intent, "confidence": 0.99},
            "act": {"name": act, "confidence": 0.99},
            "intent_ranking": [{"name": intent, "confidence": 0.99}],
            "entities": [],
        }
        caller = Caller.by(Channel.terminal, "13012009999").as_json()
        event = {"event": "user", "text": text, "metadata": {"text": text, "id": text, "caller": caller}}
        tracker = Tracker("flows", dict(self.slots), message, [event], False, None, {}, None)
        dispatcher = CollectingDispatcher()
        with ThreadPoolExecutor(1) as dialogue:  # a thread and a loop of its own, as in the service
            done = dialogue.submit(asyncio.run, self.engine.run(dispatcher, tracker, self.domain)).result()
        self.slots |= {change["name"]: change["value"] for change in done}
        self.readback = next((str(one["readback"]) for one in dispatcher.messages if "readback" in one), "")
        return [str(one["response"]) for one in dispatcher.messages if one.get("response")]


@pytest.fixture
def site(home: Path) -> Iterator[Database]:
    opened = open_site(Settings(home=home))
    yield opened
    opened.dispose()


def test_one_file_makes_a_kind_of_ticket(with_a_post: None, home: Path, site: Database) -> None:
    added = yaml.safe_load(re.sub(r"(?m)^   ", "", POST[2]))
    desk, registry = TicketDesk(site), Registry(site)
    [engine] = make_actions(Settings(home=home), desk, registry)
    assert isinstance(engine, Converse)
    talk = Talk(engine, {"responses": {**RESPONSES, **added}})
    assert talk.hear("广场那个充电桩充不进去电", "report_outage/charging_post") == [
        "utter_report_outage/charging_post",
        "utter_ask_one_post",
    ]
    street = next(card for card in map(registry.household, registry.county.numbers) if card and not card.compound)
    assert talk.hear("不是", "deny") == ["utter_ask_place_place"]
    asked = talk.hear(f"{street.community}{street.address}", "inform")
    assert asked == ["utter_ask_confirmed"] and talk.readback.endswith("一排充电桩坏了")
    talk.hear("对", "affirm")
    [card] = desk.tickets()
    assert (card.kind, card.urgent, card.facts.get("one_post")) == ("charging_post", True, "no")
    assert (card.place, card.said.split(" / ")[0]) == (
        f"{street.community}{street.address}",
        "广场那个充电桩充不进去电",
    )
    owner = registry.person(card.owner or "")
    assert owner is not None and owner.role == "duty"
    assert "duty" in [one.role for one in desk.notifications(card.ticket_no)]
    assert (labels().kind("charging_post"), labels().spoken_kind("charging_post")) == ("充电桩", "充电桩坏了")
    case = Case(ticket_no=card.ticket_no, kind=card.kind, state=str(card.state), facts=card.facts)
    assert render("reported", case, "duty").startswith("【充电桩")


def test_without_the_file_there_is_no_such_kind() -> None:
    assert not kinds.is_kind("charging_post")


# -- every name leads somewhere ---------------------------------------------------------------------------------------------


def _examples() -> set[str]:
    found: set[str] = set()
    for file in (PROJECT / "nlu").glob("*.yml"):
        found.update(re.findall(r"intent:\s*(\S+)", file.read_text("utf-8")))
    return found


def test_whatever_begins_a_flow_has_examples() -> None:
    acts = _examples()
    intents = {act.split("/")[0] for act in acts}
    for name, flow in flow_files.flows().items():
        for act in (*flow.begins, *flow.but_not):
            assert act in (acts if "/" in act else intents), f"{name}: nothing is understood as {act}"
        for act in flow.called:
            assert not act or act in acts | intents, f"{name}: nothing is understood as {act}"


def test_no_act_begins_two_flows() -> None:
    begun = [act for flow in flow_files.flows().values() for act in flow.begins]
    assert len(set(begun)) == len(begun)


#: questions of the engine's own: `where` asks for one part of the place after the other
PARTS = {"where": "utter_ask_place_place", "proof": "utter_ask_proof"}


def test_what_flows_ask_and_say_stands_in_the_domain() -> None:
    for name, flow in flow_files.flows().items():
        asked = {PARTS.get(one.ask, f"utter_ask_{one.ask}") for one in flow.asks}
        effects = [effect for answers in flow.answers.values() for effect in answers.values()]
        said = {flow.intro, flow.logged, *(effect.say for effect in effects)} - {""}
        assert asked | said <= RESPONSES.keys(), f"{name}: {(asked | said) - RESPONSES.keys()}"
        known = {one.ask for one in flow.asks}
        assert set(flow.answers) <= known, f"{name}: an answer to what is not asked"
        assert {one for asked in flow.asks for one in asked.when} <= known, f"{name}: waits for what is not asked"
        assert {effect.becomes for effect in effects} - {""} <= flow_files.flows().keys()


#: rasa_sdk's own name, and a sentence that is there or not
_NO_RESPONSES = ("utter_message", "utter_{act.name}", "utter_{matter.act}")
_NAMED = re.compile(r"""utter_[a-zA-Z0-9_/]+(?:\{[^}"']*\}[a-zA-Z0-9_/]*)*""")


def test_what_the_engine_says_stands_in_the_domain() -> None:
    named = {
        (file.name, found)
        for file in (PROJECT / "actions").glob("*.py")
        for found in _NAMED.findall(file.read_text("utf-8"))
        if not found.endswith("_") and found not in _NO_RESPONSES
    }
    assert len(named) > 60
    for file, name in named:
        fits = re.compile(re.sub(r"\\\{[^}]*\\\}", ".+?", re.escape(name)) if "{" in name else re.escape(name))
        fitting = [response for response in RESPONSES if fits.fullmatch(response)]
        assert fitting, f"{file}: {name} is no response of domain.yml"
