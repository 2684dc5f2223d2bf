"""A Rasa developer feels at home: Rasa's own commands work in this clone, on the site's actions."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.dialogue.utterances import said_in_code
from bot.settings import PROJECT

# Rasa's own commands in processes of their own.
pytestmark = pytest.mark.slow

GEGE = [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", "rasa"]


def rasa(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GEGE, *words], capture_output=True, text=True, env={**os.environ, "GEGE_HOME": str(home)}, cwd=home,
        timeout=300, check=False,
    )  # fmt: skip


def test_the_sentences_rules_and_responses_are_valid(tmp_path: Path) -> None:
    done = rasa(tmp_path, "data", "validate", "--fail-on-warnings")
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_response_that_nobody_says_is_found(tmp_path: Path) -> None:
    domain = yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8"))
    domain["responses"]["utter_nobody_says_this"] = [{"text": "好"}]
    (tmp_path / "domain.yml").write_text(yaml.safe_dump(domain, allow_unicode=True), "utf-8")
    done = rasa(tmp_path, "data", "validate", "--fail-on-warnings", "--domain", str(tmp_path / "domain.yml"))
    assert done.returncode == 1 and "utter_nobody_says_this" in done.stderr + done.stdout


def test_a_response_counts_as_said_when_its_name_is_built() -> None:
    assert said_in_code("utter_greet") and said_in_code("utter_hazard_shock") and said_in_code("utter_could_not_log")
    assert said_in_code("utter_smell_first"), "a flow says it"
    assert said_in_code("utter_complain") and said_in_code("utter_meter_display"), "said with what follows the stroke"
    assert not said_in_code("utter_nobody_says_this") and not said_in_code("utter_")


def test_the_stories_of_the_model_pass(tmp_path: Path, dialogue_model: Path) -> None:
    done = rasa(
        tmp_path, "test", "core", "--e2e", "--stories", "tests/rasa", "--model", str(dialogue_model), "--out",
        str(tmp_path / "results"), "--no-plot", "--fail-on-prediction-errors",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads((tmp_path / "results" / "story_report.json").read_text("utf-8"))
    assert told["conversation_accuracy"]["correct"] == told["conversation_accuracy"]["total"] >= 5


def _post(port: int, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/webhook", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def test_rasas_action_server_runs_the_sites_actions_on_loopback(home: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*GEGE, "run", "actions", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "GEGE_HOME": str(home)},
    )  # fmt: skip
    try:
        patience = time.monotonic() + 90
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < patience
                time.sleep(0.2)
        tracker = {
            "sender_id": "s", "slots": {}, "latest_message": {"text": "您好", "intent": {"name": "greet"}, "entities": []},
            "events": [], "paused": False, "followup_action": None, "active_loop": {}, "latest_action_name": None,
        }  # fmt: skip
        call = {"next_action": "action_converse", "tracker": tracker, "domain": {}, "version": "3.6.21"}
        told = _post(port, call)
        assert told["responses"][0]["response"] == "utter_greet"
        # What looks at the county works as well: the action knows its site.
        meant = {"name": "ask_manager", "confidence": 0.99}
        tracker["latest_message"] = {"text": "泉水巷归哪个管", "intent": meant, "entities": []}
        told = _post(port, call)
        assert told["responses"][0]["response"].startswith("utter_manager")
        if ss := shutil.which("ss"):
            listening = subprocess.run([ss, "-Hltn"], capture_output=True, text=True, check=True).stdout
            assert f"127.0.0.1:{port}" in listening and f"0.0.0.0:{port}" not in listening
    finally:
        server.terminate()
        server.wait(20)
