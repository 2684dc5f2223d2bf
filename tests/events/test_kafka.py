"""Kafka over its own wire form: librdkafka carries a cluster for tests within itself, on real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.dialogue.events.broker import answers, read_broker, where
from bot.foundation.errors import Unavailable
from tests.events.brokers import counted, endpoints, eventually, outlet, turn

confluent_kafka = pytest.importorskip("confluent_kafka", reason="NO KAFKA: uv sync --locked --extra events")

TOPIC = "statistics"


def described(address: str) -> str:
    return f"  type: kafka\n  url: {address}\n  topic: {TOPIC}\n  security_protocol: PLAINTEXT\n"


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Its address; it lives as long as the producer that holds it."""
    holder = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 0})
    [broker] = holder.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    del holder


def taken(cluster: str, wanted: int) -> list[bytes]:
    """What lies in the topic, key and headers with it."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": cluster, "group.id": "statistics", "auto.offset.reset": "earliest", "log_level": 0}
    )
    consumer.subscribe([TOPIC])
    found: list[bytes] = []

    def more() -> bool:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append(b"\n".join((message.value(), repr((message.key(), message.headers())).encode())))
        return len(found) >= wanted

    eventually(more)
    consumer.close()
    return found


def test_every_event_comes_to_the_topic(cluster: str, tmp_path: Path) -> None:
    out, sent = outlet(tmp_path, described(cluster)), counted("sent")
    out.start()
    for number in range(200):
        out.put(turn(f"session {number}"))
    eventually(lambda: counted("sent") == sent + 800)
    out.close()
    found: list[dict[str, Any]] = [json.loads(one.splitlines()[0]) for one in taken(cluster, 800)]
    assert len({one["id"] for one in found}) == 800 and len({one["sender_id"] for one in found}) == 200


async def test_whether_kafka_answers_is_asked_and_said(cluster: str, tmp_path: Path) -> None:
    broker = read_broker(endpoints(tmp_path, described(cluster)))
    await answers(broker, tmp_path)
    assert where(broker, tmp_path) == f"Kafka at {cluster}"


async def test_kafka_that_is_away_is_said_to_be_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.dialogue.events.broker._ANSWER_S", 1.0)
    with pytest.raises(Unavailable):
        await answers(read_broker(endpoints(tmp_path, described("127.0.0.1:1"))), tmp_path)


def test_what_kafka_does_not_take_waits_and_comes_when_it_answers(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.dialogue.events.broker._ANSWER_S", 1.0)
    out, sent = outlet(tmp_path, described("127.0.0.1:1")), counted("sent")
    out.start()
    for _ in range(10):
        out.put(turn())
    eventually(lambda: out._away)
    assert counted("sent") == sent
    endpoints(tmp_path, described(cluster))
    eventually(lambda: counted("sent") == sent + 40)
    out.close()
