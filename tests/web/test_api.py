"""The page's API: turns, sound, tickets; whatever comes in, a plain sentence goes out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.settings import Settings, SpeechSettings
from bot.settings.settings import RemoteEarSettings
from bot.speech.audio import read_sent
from bot.web.app import make_app
from bot.web.resident import heard_elsewhere
from bot.web.words import words
from tests.voice.doubles import reply
from tests.web.conftest import Grids, Site

SESSION = "0123456789abcdef"


@pytest.fixture
async def client(site: Site) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(site.app)) as client:
        yield client


async def turn(client: TestClient, **body: object) -> dict:
    response = await client.post("/api/turn", json={"session": SESSION, "caller": "139 0715-0000", **body})
    assert response.status == 200, await response.text()
    return await response.json()


async def test_a_typed_sentence_is_answered_and_its_ticket_shown(client: TestClient, site: Site) -> None:
    found = await turn(client, text=" 我屋里停电了 ", dialled="grid_24")
    assert found["reply"].startswith("记下了") and len(found["sentences"]) == 2
    case = found["case"]
    assert (case["what"], case["state"], case["said"]) == ("停电了", "reported", ["我屋里停电了"])
    assert (case["who"], case["phone"]) == ("归程", "13907150024") and case["state_name"] and case["opened_at"]
    heard = site.dialogue.heard[0]
    assert (heard.text, heard.caller.address, heard.channel, heard.dialled) == (
        "我屋里停电了",
        "13907150000",
        "web",
        "grid_24",
    )


async def test_a_resident_is_shown_nothing_of_what_staff_read(client: TestClient) -> None:
    found = await turn(client, text="我屋里停电了")
    assert set(found) == {"reply", "sentences", "hand_over", "ended", "speech", "case"}
    assert set(found["case"]) == {
        "what", "state", "state_name", "steps", "said", "who", "phone", "opened_at", "changed_at",
    }  # fmt: skip
    assert not [word for word in ("工单", "GD", "notifications", "understanding", "confidence") if word in str(found)]


async def test_no_number_is_filled_in_for_anybody(client: TestClient) -> None:
    for path in ("/", "/phone", "/find", "/static/resident.js", "/static/dial.js"):
        assert "1390715" not in await (await client.get(path)).text(), path


async def test_staffs_side_is_shown_where_everybody_is_invented_and_nowhere_else(
    client: TestClient, site: Site
) -> None:
    said = {"text": "我屋里停电了", "caller": "13907150000"}
    assert (await client.get("/demo")).status == 404
    assert (await client.post("/demo/say", data=said)).status == 404 and site.dialogue.heard == []
    site.sample = True
    first = await (await client.get("/demo")).text()
    assert "13907150000" in first and 'href="/desk"' in first
    found = await (await client.post("/demo/say", data=said)).text()
    assert "听懂：停电 93%" in found and "GD" in found and "归程" in found
    note = found.split('class="message">')[1]
    assert "停电" in note and "13907150000" not in note.split("</p>")[0], "masked, as every messenger has it"
    resident = await (await client.get("/")).text()
    assert "听懂" not in resident and "GD" not in resident and "93%" not in resident


async def test_the_ticket_is_followed_while_the_page_is_open(client: TestClient, site: Site) -> None:
    await turn(client, text="停电了")
    (ticket,) = site.desk.tickets()
    site.desk.acknowledge(ticket.ticket_no, "M24")
    found = await (await client.get("/api/case", params={"session": SESSION})).json()
    assert found["case"]["state"] == "acknowledged"


async def test_nobody_sees_the_ticket_of_another_browser(client: TestClient) -> None:
    await turn(client, text="停电了")
    found = await (await client.get("/api/case", params={"session": "another-browser"})).json()
    assert found == {"case": None}


async def test_a_ticket_that_a_turn_touched_is_not_shown_for_that(client: TestClient, site: Site) -> None:
    """Only what was reported in this conversation is this browser's."""
    await turn(client, text="停电了")
    (other,) = site.desk.tickets()
    site.dialogue.answers[:] = [reply("您讲的停电了,程师傅接了。", ticket_no=other.ticket_no)]
    found = await turn(client, session="another-browser", text="我报的修到哪一步了")
    assert found["case"] is None


async def test_the_case_is_there_after_the_service_began_anew(client: TestClient, site: Site) -> None:
    await turn(client, text="停电了")
    app = make_app(site.dialogue, None, None, site.desk, Grids(), Settings(home=site.home))
    async with TestClient(TestServer(app)) as again:
        found = await (await again.get("/api/case", params={"session": SESSION})).json()
    assert found["case"]["said"] == ["停电了"]


async def test_a_repeated_turn_has_the_same_id(client: TestClient, site: Site) -> None:
    for _ in range(2):
        await turn(client, text="停电了", id="abcdef0123456789")
    assert len({heard.id for heard in site.dialogue.heard}) == 1
    assert len(site.desk.tickets()) == 1


async def test_a_broken_dialogue_gives_the_words_to_a_person(client: TestClient, site: Site) -> None:
    site.dialogue.answers[:] = [RuntimeError("broken")]
    found = await turn(client, text="我屋里停电了", dialled="grid_24")
    assert "记下来了" in found["error"]
    (ticket,) = site.desk.tickets()
    assert (ticket.kind, ticket.said, ticket.grid_no) == ("unclear", "我屋里停电了", "24")


async def test_what_gege_said_can_be_heard_and_nothing_else(client: TestClient) -> None:
    url = (await turn(client, text="停电了"))["speech"]
    response = await client.get(url)
    assert response.content_type == "audio/wav"
    assert read_sent(await response.read()).rate == 16000
    assert (await client.get("/api/speech/hello.wav")).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (json.dumps({"session": SESSION}).encode(), 400),
        (json.dumps({"session": SESSION, "text": "   "}).encode(), 400),
        (json.dumps({"session": SESSION, "text": 5}).encode(), 400),
        (json.dumps({"session": SESSION, "text": "停" * 5001}).encode(), 413),
        (json.dumps({"session": "../../x", "text": "停电"}).encode(), 400),
        (json.dumps({"text": "停电"}).encode(), 400),
        (json.dumps({"session": SESSION, "text": "停电", "caller": 5}).encode(), 400),
        (b"x" * (11 * 1024 * 1024), 413),
    ],
    ids=[
        "nothing",
        "no JSON",
        "a list",
        "no UTF-8",
        "too deep",
        "no text",
        "blanks",
        "a number",
        "too long",
        "a path as session",
        "no session",
        "no number",
        "11 MB",
    ],
)
async def test_a_bad_turn_gets_a_plain_chinese_sentence(client: TestClient, body: bytes, status: int) -> None:
    response = await client.post("/api/turn", data=body, headers={"Content-Type": "application/json"})
    text = await response.text()
    assert response.status == status
    assert any("\u4e00" <= char <= "\u9fff" for char in json.loads(text)["error"]) and "Traceback" not in text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/none", 404), ("GET", "/api/turn", 405), ("GET", "/static/../app.py", 404)],
)
async def test_a_wrong_address_gets_a_plain_sentence(client: TestClient, method: str, path: str, status: int) -> None:
    response = await client.request(method, path)
    assert response.status == status and (await response.json())["error"]


async def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/", "/healthz", "/static/resident.js", "/none"):
        headers = (await client.get(path)).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"] and "unsafe" not in str(headers)
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert (await client.get("/")).headers["Cache-Control"] == "no-store"


async def test_a_foreign_host_or_page_is_refused(client: TestClient, site: Site) -> None:
    assert (await client.get("/", headers={"Host": "evil.example"})).status == 403
    assert (await client.get("/healthz", headers={"Host": "localhost:1"})).status == 200
    body = {"session": SESSION, "text": "停电"}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        assert (await client.post("/api/turn", json=body, headers={"Origin": origin})).status == 403
    own = f"http://127.0.0.1:{client.port}"
    assert (await client.post("/api/turn", json=body, headers={"Origin": own})).status == 200
    assert len(site.dialogue.heard) == 1


async def test_a_site_without_ears_and_voice_still_reads_and_writes(site: Site, tmp_path: Path) -> None:
    app = make_app(site.dialogue, None, None, site.desk, Grids(), Settings(home=tmp_path))
    async with TestClient(TestServer(app)) as client:
        assert (await turn(client, text="停电了"))["speech"] is None
        for path in ("/live", "/healthz"):
            assert (await (await client.get(path)).json()) == {"ok": True, "hears": False, "speaks": False}


async def test_the_page_says_where_voices_go_to_be_heard(tmp_path: Path) -> None:
    near = RemoteEarSettings(kind="wyoming", url="tcp://10.0.0.3:10300")
    for speech, told in ((SpeechSettings(), ""), (SpeechSettings(engine="remote", remote=near), words().heard_near)):
        chosen = Settings(home=tmp_path, speech=speech)
        assert heard_elsewhere(chosen) == told
