"""A whole conversation full of what must not leave, wherever the dialogue is: every byte that reaches the broker is read."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.app.events_out import events_out
from bot.app.parts import Parts, running
from bot.dialogue.processes import SharedOutDialogue
from bot.settings import DialogueSettings, EventsSettings, Settings
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from tests.dialogue.conftest import TOKEN, rasa_server
from tests.events.brokers import endpoints, eventually, written

# every way to the dialogue, each with its processes
pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

NUMBER, SESSION = "13907158642", "telegram:5550007654321"
SAID = (
    "您好，我是欧阳长青，身份证四二一二二三",
    "我屋里停电了，我爹爹七十八岁瘫在床上",
    "桃花源村三组",
    "户主叫欧阳长青，户号4212230098765",
    "对",
    "门口电线断了掉在路上，冒火花",
    "不晓得在讲么事吧啦吧啦",
    "找人",
)
CANARIES = (
    NUMBER, SESSION, "5550007654321", "4212230098765", "0715-3317000", "call-77881", "alternative-canary", "/recording/canary.wav",
    "欧阳", "长青", "桃花源", "停电", "爹爹",
)  # fmt: skip


def heard(number: int, text: str) -> Heard:
    return Heard(
        f"utterance-{number}",
        SESSION,
        text,
        alternatives=(f"{text}alternative-canary",),
        caller=Caller.by("phone", NUMBER),
        dialled="0715-3317000",
        recording="/recording/canary.wav",
        call_id="call-77881",
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["embedded", "processes", "http"])
async def service(
    request: pytest.FixtureRequest, county: Path, dialogue_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parts]:
    home = tmp_path_factory.mktemp("canaries")
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, home)
    endpoints(home, "  type: file\n  path: events.jsonl\n")
    dialogue = DialogueSettings(processes=2 if request.param == "processes" else 1)
    with contextlib.ExitStack() as stack:
        if request.param == "http":
            url = stack.enter_context(rasa_server(home, '[events]\nendpoints = "endpoints.yml"\n'))
            dialogue = DialogueSettings(adapter="http", url=url, token=TOKEN)
        settings = Settings(home=home, dialogue=dialogue, events=EventsSettings(endpoints="endpoints.yml"))
        async with running(settings, relay=False) as service, events_out(service):
            yield service


async def test_of_a_conversation_only_names_of_things_leave(service: Parts) -> None:
    file = service.settings.home / "events.jsonl"
    service.dialogue.hurries = False  # type: ignore[attr-defined]
    tickets = set[str]()
    for number, text in enumerate(SAID):
        reply = await service.dialogue.turn(heard(number, text))
        tickets |= {reply.ticket_no} if reply.ticket_no else set()
    # Delivered again: the same turn, and no event of it.
    await service.dialogue.turn(heard(len(SAID) - 1, SAID[-1]))
    assert tickets, "something was reported"

    def of(kind: str) -> list[dict[str, Any]]:
        return [one for one in written(file) if one["event"] == kind]

    eventually(lambda: len(of("user")) >= len(SAID) and len(of("ticket")) >= 2)
    raw = file.read_bytes()
    assert raw.isascii() and b"\\u" not in raw, "no Chinese, written as it is or escaped"
    for canary in (*CANARIES, *tickets, *SAID, *(f"utterance-{number}" for number in range(len(SAID)))):
        assert canary.encode() not in raw and json.dumps(canary)[1:-1].encode() not in raw, canary

    events = written(file)
    assert len({one["sender_id"] for one in events}) == 1 and len({one["id"] for one in events}) == len(events)
    assert Counter(one["event"] for one in events)["session_started"] == 1
    users = of("user")
    assert len(users) == len(of("turn")) == len(SAID)
    assert {one["input_channel"] for one in users} == {"phone"}
    assert "report_outage" in {one["parse_data"]["intent"]["name"] for one in users}
    assert "report_hazard" in {one["parse_data"]["intent"]["name"] for one in users}
    assert {one["name"] for one in of("action")} >= {"action_converse"}
    assert len({one["metadata"]["utter_action"] for one in of("bot")}) >= 4
    assert any(one["kind"] == "hazard" and one["urgent"] and one["opened"] for one in of("ticket"))


@pytest.mark.parametrize("service", ["embedded"], indirect=True)
async def test_a_turn_that_comes_to_nothing_is_not_told(service: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the commit nothing leaves."""
    told: list[Any] = []
    monkeypatch.setattr(service.dialogue, "on_turn", told.append)

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the action is broken")

    with monkeypatch.context() as patch:
        patch.setattr(service.desk, "report", broken)
        reply = await service.dialogue.turn(Heard("u-1", "another", "门口电线断了掉在路上", caller=Caller.by("web")))
        assert reply.hand_over and told == []
    end = service.database._end

    def no_commit(unit: Any, *, commit: bool) -> None:
        end(unit, commit=False)
        if commit:
            raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(service.database, "_end", no_commit)
        await service.dialogue.turn(Heard("u-0", "another", "您好", caller=Caller.by("web")))
        assert told == [], "it was all done, and not committed"
    await service.dialogue.turn(Heard("u-2", "another", "您好", caller=Caller.by("web")))
    assert [one.session for one in told] == ["another"]
    await service.dialogue.rehearse()
    assert len(told) == 1, "a rehearsal touches nobody, and no statistics"


async def test_statistics_that_fail_fail_no_turn(service: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("the queue is broken")

    processes = service.dialogue.pids if isinstance(service.dialogue, SharedOutDialogue) else []
    monkeypatch.setattr(service.dialogue, "on_turn", broken)
    reply = await service.dialogue.turn(Heard("u-3", "a third", "您好", caller=Caller.by("web")))
    assert reply.understanding.intent == "greet" and not reply.hand_over
    assert processes == (service.dialogue.pids if isinstance(service.dialogue, SharedOutDialogue) else [])
