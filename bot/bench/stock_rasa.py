"""The same sentences, domain and actions through a stock Rasa set-up: what `gege bench turn` compares itself with.

`rasa run` with its REST channel and an action server of rasa_sdk, each in a process of its own, spoken to over HTTP,
as Rasa's documentation sets it up for Chinese: JiebaTokenizer, CountVectors, a classifier, a CRF. The classifier is
DIET where TensorFlow is installed, else logistic regression."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp

from bot.bench.loopback import free_ports
from bot.dialogue.frozen import Parse, parse_with
from bot.foundation.errors import Broken
from bot.foundation.words import load
from bot.settings import PROJECT, Settings

_CLASSIFIER = {
    True: "  - {name: DIETClassifier, epochs: 100}",
    False: "  - name: LogisticRegressionClassifier\n  - name: CRFEntityExtractor",
}
_CONFIG = """\
recipe: default.v1
assistant_id: stock
language: zh
pipeline:
  - name: JiebaTokenizer
  - name: LexicalSyntacticFeaturizer
  - name: CountVectorsFeaturizer
  - {{name: CountVectorsFeaturizer, analyzer: char_wb, min_ngram: 1, max_ngram: 4}}
{classifier}
  - {{name: FallbackClassifier, threshold: 0.3, ambiguity_threshold: 0.1}}
policies:
  - name: RulePolicy
    core_fallback_threshold: 0.1
    core_fallback_action_name: action_converse
    enable_fallback_prediction: true
"""
#: what Gege's own policy does, as a stock set-up says it: a rule for each intent
_RULE = """\
  - rule: {intent}
    steps:
      - intent: {intent}
      - action: action_converse
"""
_RASA = "import bot.dialogue.rasa_lite as lite; lite.install(lean=False); import runpy; runpy.run_module('rasa', run_name='__main__')"
_ACTIONS = """\
from bot.app.action_server import offer_actions
from bot.settings import load_settings
import sys
from rasa_sdk.endpoint import run
offer_actions(load_settings())
run("actions", port=int(sys.argv[1]))
"""
#: seconds that the two servers may take to start, and that training may take
_START, _TRAINING = 180, 900


class StockFailed(Broken):
    """The stock set-up did not train or start; the message holds its last words."""


def classifier() -> str:
    """What the stock pipeline classifies with on this machine."""
    return "DIET" if importlib.util.find_spec("tensorflow") else "logistic regression"


def train_stock(folder: Path) -> None:
    """Train the stock pipeline on Gege's own sentences and rules, into `folder`. Takes minutes."""
    (folder / "config.yml").write_text(_CONFIG.format(classifier=_CLASSIFIER[classifier() == "DIET"]), encoding="utf-8")
    domain = load(dict[str, Any], PROJECT / "domain.yml")
    rules = "".join(_RULE.format(intent=intent) for intent in [*domain["intents"], "nlu_fallback"])
    (folder / "rules.yml").write_text(f'version: "3.1"\nrules:\n{rules}', encoding="utf-8")
    arguments = ["train", "--config", "config.yml", "--out", "models", "--domain", str(PROJECT / "domain.yml")]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _RASA, *arguments, "--data", str(PROJECT / "nlu"), "rules.yml"],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=_TRAINING,
    )
    if done.returncode:
        raise StockFailed(f"stock Rasa did not train: {(done.stderr or done.stdout)[-400:]}")


def stock_parse(folder: Path) -> Parse:
    """The trained stock pipeline in this process, for understanding only."""
    from rasa.core.agent import Agent

    model = max((folder / "models").glob("*.tar.gz"), default=None)
    if model is None:
        raise StockFailed("stock Rasa left no model")
    return parse_with(Agent.load(str(model)))


@contextlib.asynccontextmanager
async def stock_rasa(settings: Settings, folder: Path) -> AsyncIterator[Stock]:
    """`rasa run` on the model in `folder`, with an action server on the site of `settings`."""
    rasa, actions = free_ports(2)
    (folder / "endpoints.yml").write_text(f"action_endpoint:\n  url: http://127.0.0.1:{actions}/webhook\n", "utf-8")
    (folder / "credentials.yml").write_text("rest:\n", "utf-8")
    home = {"GEGE_HOME": str(settings.home)}
    run = ["run", "--port", str(rasa), "--interface", "127.0.0.1", "--model", "models"]
    with (
        _server([sys.executable, "-W", "ignore", "-c", _ACTIONS, str(actions)], PROJECT, home) as told_actions,
        _server([sys.executable, "-W", "ignore", "-c", _RASA, *run], folder, home) as told_rasa,
    ):
        await _answers(actions, told_actions)
        await _answers(rasa, told_rasa)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
            stock = Stock(http, f"http://127.0.0.1:{rasa}/webhooks/rest/webhook")
            patience = time.monotonic() + _START
            while True:
                # The port opens before the model is loaded.
                with contextlib.suppress(aiohttp.ClientError):
                    if await stock.turn("warm-up", "您好"):
                        break
                if time.monotonic() > patience:
                    raise StockFailed("stock Rasa loaded no model")
                await asyncio.sleep(0.5)
            yield stock


class Stock:
    """Speaks to `rasa run` as its REST channel wants it."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url

    async def turn(self, session: str, text: str) -> list[dict[str, object]]:
        """One turn; Rasa's messages."""
        async with self._http.post(self._url, json={"sender": session, "message": text}) as response:
            response.raise_for_status()
            messages: list[dict[str, object]] = await response.json()
            return messages


def _environment(more: dict[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT), "RASA_TELEMETRY_ENABLED": "false", **(more or {})}


@contextlib.contextmanager
def _server(command: list[str], folder: Path, home: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=folder, env=_environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _answers(port: int, process: subprocess.Popen[bytes]) -> None:
    patience = time.monotonic() + _START
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        if process.poll() is not None or time.monotonic() > patience:
            raise StockFailed(f"a server of the stock set-up did not start (status {process.poll()})")
        await asyncio.sleep(0.3)
