"""Rasa's event brokers, as something that says what was taken.

Rasa's own `publish` returns before anything has left, keeps what failed without a bound, and waits for minutes where
Kafka is away. Here a batch is handed over and waited for, and what was not taken comes back (`NotTaken`)."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine
from sqlalchemy.engine import make_url

from bot.dialogue import rasa_lite
from bot.dialogue.quiet_logs import quiet_rasa
from bot.foundation.errors import Refused, Unavailable

if TYPE_CHECKING:
    from rasa.core.brokers.broker import EventBroker
    from rasa.utils.endpoints import EndpointConfig

Event = Mapping[str, Any]

#: connecting, and a batch, may take so long (s)
_CONNECT_S, _BATCH_S = 15.0, 10.0
#: who is asked only whether it answers
_ANSWER_S = 5.0
#: letting go of a connection
_CLOSE_S = 1.0
#: what each kind of broker imports beside Rasa; the extra `events` brings it
_LIBRARY = {"pika": "aio_pika", "kafka": "confluent_kafka"}
_KINDS = ("pika", "kafka", "sql", "file")
#: they would tell each event that failed, and each try to connect
_NOISY = ("rasa.core.brokers", "aio_pika", "aiormq", "pamqp")


class NoBroker(Refused):
    """No broker is described, or it cannot be used here; the message says what to correct."""


class NotTaken(Unavailable):
    """The broker is away, slow or full. `events`: what it has not confirmed; some may have arrived all the same."""

    def __init__(self, events: Sequence[Event], reason: str) -> None:
        super().__init__(reason)
        self.events = list(events)


def read_broker(file: Path) -> EndpointConfig:
    """The `event_broker` of a file in the form of Rasa's endpoints.yml (`${NAME}` is read in the environment).

    Raises NoBroker."""
    rasa_lite.install()
    # Where the dialogue is in other processes nobody has done that here, and Rasa's brokers tell each event on stdout.
    quiet_rasa()
    from rasa.shared.exceptions import RasaException
    from rasa.utils.endpoints import read_endpoint_config

    if not file.is_file():
        raise NoBroker(f"{file} is not there: correct [events] endpoints, or write it (docs/operate.md)")
    try:
        found = read_endpoint_config(str(file), "event_broker")
    except (RasaException, OSError, ValueError, TypeError, AttributeError) as problem:
        raise NoBroker(f"{file}: {_first_line(problem)}") from None
    if found is None:
        raise NoBroker(f"{file} has no event_broker: see docs/operate.md, or leave [events] endpoints empty")
    kind = _kind(found)
    if kind not in _KINDS:
        raise NoBroker(f"{file}: event_broker has the type {kind!r}; it is one of {', '.join(_KINDS)}")
    if (library := _LIBRARY.get(kind)) and importlib.util.find_spec(library) is None:
        raise NoBroker(
            f"a broker of the type {kind} needs {library}, which is not installed: uv sync --locked --extra events"
        )
    return found


def where(broker: EndpointConfig, home: Path) -> str:
    """Kind and place, for people: without user and password."""
    kind, options = _kind(broker), broker.kwargs
    if (path := _file_of(broker, home)) is not None:
        return f"the file {path}"
    if kind == "sql":
        return f"the database {make_url(_sql_url(broker, home)).render_as_string()}"
    hosts = [broker.url] if isinstance(broker.url, str) else broker.url or []
    address = ", ".join(str(one).rpartition("@")[2].rpartition("//")[2].partition("/")[0] for one in hosts)
    if kind == "pika":
        return f"RabbitMQ at {address}" + ("" if ":" in address else f":{options.get('port', 5672)}")
    return f"Kafka at {address}"


class Publisher:
    """One open broker. All of it in one thread, with a running loop."""

    def __init__(self, broker: EventBroker) -> None:
        self._broker = broker

    async def publish(self, events: Sequence[Event]) -> None:
        """Hand them over and wait until they are taken. Raises NotTaken."""
        for number, event in enumerate(events):
            try:
                self._broker.publish(dict(event))
            except Exception as problem:
                raise NotTaken(events[number:], _first_line(problem)) from problem

    async def close(self) -> None:
        """Let go of it, without waiting for anybody."""


class _Pika(Publisher):
    async def publish(self, events: Sequence[Event]) -> None:
        broker: Any = self._broker
        # Rasa's own task of each event; it ends when RabbitMQ has confirmed it.
        sending = [asyncio.ensure_future(broker._publish(dict(event))) for event in events]
        await asyncio.wait(sending, timeout=_BATCH_S)
        late = [event for event, one in zip(events, sending, strict=True) if not one.done()]
        for one in sending:
            one.cancel()
        failed = list(broker._unpublished_events)
        broker._unpublished_events.clear()
        if late or failed:
            raise NotTaken([*failed, *late], "RabbitMQ does not confirm")

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._broker.close(), _CLOSE_S)


class _Kafka(Publisher):
    async def publish(self, events: Sequence[Event]) -> None:
        broker: Any = self._broker
        try:
            if broker.producer is None:
                self.connect()
            for event in events:
                broker._publish(dict(event))
            left = broker.producer.flush(_BATCH_S)
        except Exception as problem:
            raise NotTaken(events, _first_line(problem)) from problem
        if left:
            raise NotTaken(events, "Kafka does not confirm")

    def connect(self) -> None:
        """Raises what Kafka's library raises."""
        broker: Any = self._broker
        broker.producer = broker._create_producer()
        broker.producer.list_topics(timeout=_ANSWER_S)

    async def close(self) -> None:
        broker: Any = self._broker
        broker._cancelled = True
        if broker.producer is not None:
            with contextlib.suppress(Exception):
                broker.producer.purge()
                broker.producer.flush(0)
            broker.producer = None


class _Sql(Publisher):
    async def close(self) -> None:
        self._broker.engine.dispose()  # type: ignore[attr-defined]


class _File(Publisher):
    def __init__(self, broker: EventBroker) -> None:
        super().__init__(broker)
        self._logger: logging.Logger = broker.event_logger  # type: ignore[attr-defined]
        for handler in self._logger.handlers:
            # A full disk would print a traceback and lose the event.
            handler.handleError = _raise  # type: ignore[method-assign]

    async def close(self) -> None:
        # Rasa adds one at every opening: each event would stand there twice.
        for handler in list(self._logger.handlers):
            self._logger.removeHandler(handler)
            with contextlib.suppress(OSError):  # the disk is full: it flushes once more
                handler.close()


def _raise(_record: logging.LogRecord) -> None:
    raise  # called in the handler's own `except`


_PUBLISHERS: dict[str, type[Publisher]] = {"pika": _Pika, "kafka": _Kafka, "sql": _Sql, "file": _File}


async def open_publisher(described: EndpointConfig, home: Path) -> Publisher:
    """Connect. Raises Unavailable, NoBroker."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            return _PUBLISHERS[_kind(described)](await _open(described, home))
    except TypeError as problem:
        raise NoBroker(f"event_broker: {_first_line(problem)}") from problem
    except Refused:
        raise
    except Exception as problem:
        raise Unavailable(_first_line(problem)) from problem


async def answers(described: EndpointConfig, home: Path) -> None:
    """Look whether it is there and lets us in, and change nothing. Raises Unavailable, NoBroker."""
    if (path := _file_of(described, home)) is not None:
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise Unavailable(f"{path} cannot be written")
        return
    kind = _kind(described)
    try:
        async with asyncio.timeout(_ANSWER_S):
            await _ANSWERS[kind](described, home)
    except TypeError as problem:
        raise NoBroker(f"event_broker: {_first_line(problem)}") from problem
    except TimeoutError:
        raise Unavailable(f"it does not answer within {_ANSWER_S:g} s") from None
    except Exception as problem:
        raise Unavailable(_first_line(problem)) from problem


async def _pika_answers(described: EndpointConfig, home: Path) -> None:
    rasa_lite.let_in("aiormq")
    from rasa.core.brokers.pika import PikaEventBroker

    options = _options(described, home)
    broker: Any = PikaEventBroker(described.url, **options, event_loop=asyncio.get_running_loop())
    # The connection alone: neither the exchange nor a queue is made.
    await (await broker._connect()).close()


async def _kafka_answers(described: EndpointConfig, home: Path) -> None:
    publisher = _Kafka(await _open(described, home))
    try:
        publisher.connect()
    finally:
        await publisher.close()


async def _sql_answers(described: EndpointConfig, home: Path) -> None:
    engine = create_engine(_sql_url(described, home))
    try:
        with engine.connect():
            pass
    finally:
        engine.dispose()


_ANSWERS = {"pika": _pika_answers, "kafka": _kafka_answers, "sql": _sql_answers}


async def _open(described: EndpointConfig, home: Path) -> EventBroker:
    kind = _kind(described)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if kind == "pika":
        rasa_lite.let_in("aiormq")
    import rasa.shared.core.events  # noqa: F401 (Rasa's brokers use it, and leave the import to others)
    from rasa.core.brokers import broker as rasa_broker
    from rasa.utils.endpoints import EndpointConfig

    if kind == "sql":
        described = EndpointConfig(_sql_url(described, home), type=kind)
    else:
        described = EndpointConfig(described.url, type=kind, **_options(described, home))
    # What EventBroker.create does: that itself imports aio-pika, whatever the kind.
    made = await rasa_broker._create_from_endpoint_config(described, asyncio.get_running_loop())
    if made is None:
        raise NoBroker(f"Rasa makes no event broker of the type {kind}")
    if kind == "kafka":
        quiet = {**made._get_kafka_config(), "log_level": 0}
        made._get_kafka_config = lambda: quiet
    return made  # type: ignore[no-any-return]


def _options(described: EndpointConfig, home: Path) -> dict[str, Any]:
    """The site's, with what Gege does itself (waiting, trying again, keeping) taken off Rasa's hands."""
    kind, options = _kind(described), dict(described.kwargs)
    if kind == "pika":
        options.setdefault("queues", ["rasa_core_events"])
        options |= {"connection_attempts": 1, "retry_delay_in_seconds": 0}
        options |= {"should_keep_unpublished_messages": True, "raise_on_failure": False}
    elif kind == "file":
        options["path"] = str(_path(options, home))
    return options


def _sql_url(described: EndpointConfig, home: Path) -> str:
    """Whole: Rasa's own way to put one together is SQLAlchemy 1.4's."""
    options = described.kwargs
    if described.url and "://" in described.url:
        return str(described.url)
    file = _file_of(described, home)
    url = URL.create(
        str(options.get("dialect", "sqlite")),
        options.get("username"),
        options.get("password"),
        described.url or None,
        options.get("port"),
        str(file or options.get("db", "events.db")),
    )
    return url.render_as_string(hide_password=False)


def _file_of(described: EndpointConfig, home: Path) -> Path | None:
    """The file that a broker on this machine's disk writes."""
    kind, options = _kind(described), described.kwargs
    if kind == "file":
        return _path(options, home)
    if kind == "sql" and not described.url and str(options.get("dialect", "sqlite")) == "sqlite":
        return home / str(options.get("db", "events.db"))
    return None


def _path(options: Mapping[str, Any], home: Path) -> Path:
    return home / str(options.get("path") or "rasa_event.log")


def _kind(described: EndpointConfig) -> str:
    return str(described.type or "pika").lower()


def _first_line(problem: BaseException) -> str:
    """What went wrong, for an operator: a name at least."""
    said = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {said[0]}" if said else type(problem).__name__
