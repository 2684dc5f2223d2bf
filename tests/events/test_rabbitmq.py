"""A real RabbitMQ: it is killed, stands still and comes back, and no event is lost and no turn waits."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.dialogue import rasa_lite
from bot.dialogue.events.broker import answers, read_broker, where
from bot.foundation.errors import Unavailable
from tests.events.brokers import counted, endpoints, eventually, outlet, turn
from tests.events.rabbitmq import RabbitMQ

pytestmark = pytest.mark.slow

QUEUE = "statistics"


def described(port: int, password: str = "guest") -> str:
    return f"  type: pika\n  url: 127.0.0.1\n  port: {port}\n  username: guest\n  password: {password}\n  queues: [{QUEUE}]\n"


@pytest.fixture(scope="module")
def rabbit() -> Iterator[RabbitMQ]:
    node = RabbitMQ()
    try:
        node.start()
        yield node
    finally:
        node.close()


def taken(node: RabbitMQ) -> list[bytes]:
    """All that lies in the queue, with what RabbitMQ says beside it, taken out."""
    return asyncio.run(_taken(node))


async def _taken(node: RabbitMQ) -> list[bytes]:
    import aio_pika

    found: list[bytes] = []
    async with await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{node.port}/") as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(QUEUE, durable=True)
        while message := await queue.get(fail=False):
            found.append(b"\n".join((message.body, repr(message.info()).encode(), repr(message.headers).encode())))
            await message.ack()
    return found


def events(messages: list[bytes]) -> dict[str, dict[str, Any]]:
    """By their ids: what RabbitMQ had taken and could not confirm any more comes twice."""
    found = [json.loads(one.splitlines()[0]) for one in messages]
    return {one["id"]: one for one in found}


@pytest.fixture(autouse=True)
def let_in() -> None:
    rasa_lite.install()
    rasa_lite.let_in("aiormq")


def test_a_broker_that_is_killed_and_comes_back_has_every_event(rabbit: RabbitMQ, tmp_path: Path) -> None:
    out = outlet(tmp_path, described(rabbit.port))
    out.start()
    eventually(lambda: out._loop is not None)
    turns = 600
    longest = 0.0

    def talk() -> None:
        nonlocal longest
        for number in range(turns):
            began = time.monotonic()
            out.put(turn(f"session {number}"))
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.01)

    before = counted("dropped")
    talking = threading.Thread(target=talk)
    talking.start()
    time.sleep(1.5)
    rabbit.kill()
    talking.join()
    assert out._queue, "what came meanwhile waits"
    rabbit.start()
    eventually(lambda: not out._queue and not out._back)
    out.close()
    found = events(taken(rabbit))
    assert len(found) == 4 * turns and counted("dropped") == before
    assert len({one["sender_id"] for one in found.values()}) == turns
    assert longest < 1.0, "a turn never meets the broker"


def test_a_broker_that_stands_still_gets_what_waited_when_it_goes_on(
    rabbit: RabbitMQ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.dialogue.events.broker._BATCH_S", 1.0)
    out, sent = outlet(tmp_path, described(rabbit.port)), counted("sent")
    out.start()
    out.put(turn())
    eventually(lambda: counted("sent") == sent + 4)
    rabbit.stand_still(True)
    try:
        for _ in range(100):
            out.put(turn())
        time.sleep(3.0)
    finally:
        rabbit.stand_still(False)
    eventually(lambda: not out._queue and not out._back)
    out.close()
    assert len(events(taken(rabbit))) == 404


async def test_whether_it_answers_is_asked_without_making_anything(rabbit: RabbitMQ, tmp_path: Path) -> None:
    file = endpoints(tmp_path, described(rabbit.port).replace(QUEUE, "never_made"))
    broker = read_broker(file)
    await answers(broker, tmp_path)
    assert where(broker, tmp_path) == f"RabbitMQ at 127.0.0.1:{rabbit.port}"
    import aio_pika

    async with await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{rabbit.port}/") as connection:
        with pytest.raises(aio_pika.exceptions.ChannelClosed):
            await (await connection.channel()).declare_queue("never_made", passive=True)
    endpoints(tmp_path, described(rabbit.port, password="wrong"))
    with pytest.raises(Unavailable) as refused:
        await answers(read_broker(file), tmp_path)
    assert "wrong" not in str(refused.value)
