"""The browser's telephone on the wire: who gets in, what a call is, what becomes of one that breaks off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.recordings.room import open_recording
from bot.settings import Settings
from bot.speech.audio import read_sent
from bot.web.app import make_app
from tests.voice.doubles import ToneVoice, reply, silence, speech
from tests.web.browsing import both_directions
from tests.web.conftest import Grids, Site

# Calls in real time.
pytestmark = pytest.mark.slow

SESSION = "0123456789abcdef"
FRAME_S = 0.02


@pytest.fixture
async def client(site: Site) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(site.app)) as client:
        yield client


def origin(client: TestClient) -> dict[str, str]:
    return {"Origin": f"http://127.0.0.1:{client.port}"}


class Caller:
    """A page, as far as the server can tell: sends sound in real time, keeps what comes."""

    def __init__(self, client: TestClient, query: str = f"session={SESSION}&grid=24") -> None:
        self._client, self._query = client, query
        self.events: list[dict[str, Any]] = []
        self.sound = b""
        self.came = asyncio.Event()
        self.closed = asyncio.Event()

    async def __aenter__(self) -> Caller:
        self.socket = await self._client.ws_connect(f"/phone/line?{self._query}", headers=origin(self._client))
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._talk())]
        self._said = b""
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self.socket.close()

    def say(self, pcm: bytes) -> None:
        self._said += pcm

    def names(self) -> list[str]:
        return [event.get("event", "drop") for event in self.events]

    async def until(self, name: str, count: int = 1) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while self.names().count(name) < count:
                self.came.clear()
                await self.came.wait()
        return [event for event in self.events if event.get("event", "drop") == name][count - 1]

    async def _talk(self) -> None:
        size = int(16000 * FRAME_S) * 2
        while not self.socket.closed:
            frame, self._said = self._said[:size], self._said[size:]
            await self.socket.send_bytes(frame.ljust(size, b"\0"))
            await asyncio.sleep(FRAME_S)

    async def _listen(self) -> None:
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self.sound += message.data
            else:
                self.events.append(json.loads(message.data))
            self.came.set()
        self.closed.set()


async def test_a_call_is_greeted_understood_recorded_and_logged(client: TestClient, site: Site) -> None:
    site.dialogue.answers[0:0] = [reply("您家在哪里?")]
    async with Caller(client) as caller:
        assert "自动语音" in (await caller.until("said"))["text"]
        await caller.until("said", 2)
        caller.say(speech(1.2, 16000))
        assert (await caller.until("heard"))["text"] == "我屋里停电了"
        await caller.until("said", 3)
        caller.say(silence(1.0, 16000) + speech(1.2, 16000))
        found = await caller.until("case")
        assert (found["case"]["what"], found["case"]["who"]) == ("停电了", "归程")
        assert set(found) == {"event", "case"} and "GD" not in str(caller.events)
        assert "understood" not in caller.names(), "what a machine made of it is for whoever tries her"
        await caller.until("said", 4)
        await caller.socket.send_str('{"hang_up": true}')
        await asyncio.wait_for(caller.closed.wait(), 60)
    assert len(caller.sound) > 2 * 16000 * 1.0 and np.abs(np.frombuffer(caller.sound, "<i2")).max() > 3000
    (first, second) = site.dialogue.heard
    assert first.alternatives == second.alternatives == ("别的",), "every reading counts"
    assert (first.channel, first.dialled, first.caller.address) == (
        "web",
        "grid_24",
        "",
    ) and first.call_id == second.call_id
    assert read_sent(open_recording(Settings(home=site.home), first.recording)).seconds > 1.0
    said, answered = both_directions(site.home, first.call_id)
    assert len(said) == len(answered) > 3 * 16000 and np.abs(said).max() > 3000 < np.abs(answered).max()
    shown = await (await client.get("/api/case", params={"session": SESSION})).json()
    assert shown["case"] == found["case"]


async def test_who_speaks_into_a_sentence_stops_it_at_once(client: TestClient, site: Site) -> None:
    voice = ToneVoice(8.0)
    app = make_app(site.dialogue, site.recogniser, voice, site.desk, Grids(), Settings(home=site.home))
    async with TestClient(TestServer(app)) as client, Caller(client) as caller:
        await caller.until("said")
        # The notice is spoken whole; the greeting after it may be cut off.
        async with asyncio.timeout(60):
            while len(caller.sound) < 2 * 16000 * 8.5:
                await asyncio.sleep(0.05)
        caller.say(speech(1.2, 16000))
        await caller.until("drop")
        heard = len(caller.sound)
        assert heard < 2 * 16000 * 12, "the greeting was played to its end"
        await caller.until("heard")


async def test_a_connection_that_is_lost_leaves_what_was_said_to_a_person(client: TestClient, site: Site) -> None:
    def ask(heard: Any) -> Any:
        site.desk.keep(heard)
        return reply("您家在哪里?")

    site.dialogue.answers[:] = [ask]
    async with Caller(client) as caller:
        await caller.until("said", 2)
        caller.say(speech(1.2, 16000))
        await caller.until("said", 3)
        # The network goes without a goodbye.
        caller.socket._response.connection.transport.abort()
        async with asyncio.timeout(60):
            while not site.desk.tickets():
                await asyncio.sleep(0.05)
    (ticket,) = site.desk.tickets()
    assert (ticket.kind, ticket.said, ticket.grid_no) == ("unclear", "我屋里停电了", "24")
    async with asyncio.timeout(10):
        while not (found := await (await client.get("/api/case", params={"session": SESSION})).json())["case"]:
            await asyncio.sleep(0.05)
    assert found["case"]["said"] == ["我屋里停电了"]


async def test_a_key_asks_for_a_person_and_the_call_ends_by_itself(client: TestClient, site: Site) -> None:
    site.dialogue.answers[:] = [reply("好,我请人联系您。", intent="request_human", hand_over=True)]
    async with Caller(client) as caller:
        await caller.until("said", 2)
        await caller.socket.send_str('{"key": "0"}')
        assert (await caller.until("key"))["text"] == "转人工"
        await asyncio.wait_for(caller.closed.wait(), 60)
        assert caller.socket.close_code == 1000
    assert site.dialogue.heard[0].text == "转人工"


async def test_two_calls_at_once_do_not_hear_each_other(client: TestClient, site: Site) -> None:
    async with Caller(client, "session=first-browser&grid=24") as one, Caller(client, "session=other-browser") as two:
        await asyncio.gather(one.until("said", 2), two.until("said", 2))
        one.say(speech(1.2, 16000))
        found = await one.until("case")
        assert two.names().count("heard") == 0
        two.say(speech(1.2, 16000))
        other = await two.until("case")
    assert found["case"] and other["case"] and len({ticket.session for ticket in site.desk.tickets()}) == 2
    assert [heard.dialled for heard in site.dialogue.heard] == ["grid_24", ""]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
    ],
    ids=["no page", "a foreign page", "null", "another port", "nonsense"],
)
async def test_a_stranger_gets_no_line(client: TestClient, site: Site, headers: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(f"/phone/line?session={SESSION}", headers=headers)
    assert refused.value.status == 403 and site.recogniser.fed == []


@pytest.mark.parametrize("query", ["", "session=../../x", "session=short"])
async def test_a_line_without_a_session_is_refused(client: TestClient, query: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.ws_connect(f"/phone/line?{query}", headers=origin(client))
    assert refused.value.status == 400


async def test_a_plain_request_is_no_call(client: TestClient) -> None:
    response = await client.get(f"/phone/line?session={SESSION}", headers=origin(client))
    assert response.status == 400 and (await response.json())["error"]


async def test_more_calls_than_one_address_may_have_are_told_so(site: Site) -> None:
    settings = Settings.model_validate({"home": site.home, "phone": {"calls_per_address": 1}})
    app = make_app(site.dialogue, site.recogniser, ToneVoice(), site.desk, Grids(), settings)
    async with TestClient(TestServer(app)) as client:
        async with Caller(client) as first:
            await first.until("said")
            async with Caller(client) as second:
                assert "95598" in (await second.until("refused"))["text"]
                await asyncio.wait_for(second.closed.wait(), 60)
                assert second.socket.close_code == 1013
            await first.socket.send_str('{"hang_up": true}')
            await asyncio.wait_for(first.closed.wait(), 60)
        async with Caller(client) as third:
            await third.until("said")


async def test_a_site_without_ears_says_that_nobody_can_be_called(site: Site, tmp_path: Path) -> None:
    app = make_app(site.dialogue, None, None, site.desk, Grids(), Settings(home=tmp_path))
    async with TestClient(TestServer(app)) as client, Caller(client) as caller:
        assert "打字" in (await caller.until("refused"))["text"]


@pytest.mark.parametrize(
    "messages",
    [
        ["no json", "[]", '{"key": 5}', '{"key": "00"}', '{"key": "A"}', "[" * 5000, '"x"', "null", ""],
        [b"", b"\x01", b"\x01\x02\x03", bytes(range(256)) * 100],
        ['{"hang_up": "yes"}', '{"key": "1", "x": [1]}'],
    ],
    ids=["words", "sound", "half right"],
)
async def test_a_few_strange_messages_do_not_end_a_call(client: TestClient, site: Site, messages: list[Any]) -> None:
    async with Caller(client) as caller:
        await caller.until("said")
        for message in messages:
            await (caller.socket.send_bytes if isinstance(message, bytes) else caller.socket.send_str)(message)
        await caller.until("said", 2)
        caller.say(speech(1.2, 16000))
        await caller.until("heard")
        assert not caller.socket.closed


async def test_who_goes_on_sending_nonsense_is_put_down(client: TestClient) -> None:
    async with Caller(client) as caller:
        await caller.until("call_started")
        for _ in range(30):
            await caller.socket.send_str("nonsense")
        await asyncio.wait_for(caller.closed.wait(), 60)
        assert caller.socket.close_code == 1008


async def test_a_message_as_long_as_a_book_ends_the_call(client: TestClient, site: Site) -> None:
    async with Caller(client) as caller:
        await caller.until("said")
        await caller.socket.send_bytes(bytes(1 << 20))
        await asyncio.wait_for(caller.closed.wait(), 60)
    assert (await client.get("/healthz")).status == 200


async def test_keys_held_down_do_not_become_a_hundred_turns(client: TestClient, site: Site) -> None:
    site.dialogue.answers[:] = [reply("好。")]
    async with Caller(client) as caller:
        await caller.until("said", 2)
        for _ in range(25):
            await caller.socket.send_str('{"key": "1"}')
        await caller.until("key")
        await asyncio.sleep(0.5)
    assert len(site.dialogue.heard) <= 2


async def test_a_silent_page_still_ends_a_turn(client: TestClient, site: Site) -> None:
    async with Caller(client) as caller:
        await caller.until("said", 2)
        caller._tasks[1].cancel()
        # One sentence in one piece, then nothing: a page in the background.
        pcm = silence(0.5, 16000) + speech(1.2, 16000)
        for at in range(0, len(pcm), 6400):
            await caller.socket.send_bytes(pcm[at : at + 6400])
        assert (await caller.until("heard"))["text"] == "我屋里停电了"


async def test_a_stopping_service_ends_its_calls_and_loses_nothing(site: Site) -> None:
    def ask(heard: Any) -> Any:
        site.desk.keep(heard)
        return reply("您家在哪里?")

    site.dialogue.answers[:] = [ask]
    server = TestServer(site.app)
    async with TestClient(server) as client, Caller(client) as caller:
        await caller.until("said", 2)
        caller.say(speech(1.2, 16000))
        await caller.until("said", 3)
        await site.app.shutdown()
        await asyncio.wait_for(caller.closed.wait(), 60)
    (ticket,) = site.desk.tickets()
    assert ticket.said == "我屋里停电了"
