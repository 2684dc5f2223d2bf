"""The studio's API: who may record, what is kept, and that Gege speaks with it at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.settings import Settings
from bot.speech.audio import read_sent, wav_bytes
from bot.speech.level import loudness
from bot.speech.proposals import Proposals
from bot.speech.speak import GegeVoice
from bot.voice.repertoire import Repertoire
from bot.web.app import make_app
from tests.speech.test_joined_voice import contains
from tests.speech.test_level import quiet
from tests.speech.test_level import voice as spoken
from tests.web.conftest import Grids, Site


@dataclass(frozen=True)
class Person:
    staff_no: str
    role: str


PEOPLE = {"manager": Person("M24", "manager"), "admin": Person("A1", "admin"), "crew": Person("C1", "crew")}


async def staff_of(request: web.Request) -> Person | None:
    """The sign-in of this test: a cookie with the role."""
    return PEOPLE.get(request.cookies.get("who", ""))


@pytest.fixture
async def gege(tmp_path: Path) -> AsyncIterator[GegeVoice]:
    voice = GegeVoice(tmp_path, planner=Repertoire(Settings().site).planner, loudness=-19.0)
    yield voice
    await voice.close()


@pytest.fixture
async def client(site: Site, gege: GegeVoice) -> AsyncIterator[TestClient]:
    settings = Settings(home=site.home)
    app = make_app(site.dialogue, site.recogniser, gege, site.desk, Grids(), settings, staff_of=staff_of)
    async with TestClient(TestServer(app), cookies={"who": "manager"}) as client:
        yield client


async def items(client: TestClient) -> dict[str, dict]:
    found = await (await client.get("/api/studio")).json()
    return {item["text"]: item for group in found["groups"] for item in group["items"]}


def take(seconds: float = 1.0, gain: float = 0.2) -> bytes:
    return wav_bytes(np.concatenate([quiet(0.8), spoken(seconds, gain), quiet(0.6)]), 16000)


async def test_a_take_is_trimmed_levelled_kept_and_spoken_from_then_on(client: TestClient, gege: GegeVoice) -> None:
    item = (await items(client))["有事再找我。"]
    assert item["recorded"] is None
    answer = await client.put(f"/api/studio/{item['name']}", data=take())
    kept = await answer.json()
    assert answer.status == 200 and 1.0 < kept["seconds"] < 1.6 and kept["recorded"]
    heard = read_sent(await (await client.get(f"/api/studio/{item['name']}.wav")).read())
    assert heard.rate == 16000 and loudness(heard.samples, 16000) == pytest.approx(-19.0, abs=1.0)
    assert (await items(client))["有事再找我。"]["recorded"]
    said = np.frombuffer(await gege.say("好,您慢走。有事再找我。", 16000), "<i2").astype(np.int16)
    assert contains(said, spoken(1.0)[1600:14400]) > 0.95
    assert gege.engine.starts == 1, "the other sentence is the machine's"


async def test_a_part_is_spoken_inside_its_sentences(client: TestClient, gege: GegeVoice) -> None:
    listed = await items(client)
    for text in ("他的电话是", *"零一二三四五六七八九幺"):
        assert (await client.put(f"/api/studio/{listed[text]['name']}", data=take(0.4))).status == 200
    sample = await client.get(f"/api/studio/{listed['他的电话是']['name']}/sample.wav")
    assert read_sent(await sample.read()).seconds > 4 and gege.engine.starts == 0


async def test_a_recording_is_replaced_and_removed(client: TestClient) -> None:
    name = (await items(client))["有事再找我。"]["name"]
    lengths = []
    for seconds in (1.0, 2.0):
        await client.put(f"/api/studio/{name}", data=take(seconds))
        lengths.append(read_sent(await (await client.get(f"/api/studio/{name}.wav")).read()).seconds)
    assert lengths[1] - lengths[0] == pytest.approx(1.0, abs=0.2)
    assert (await (await client.delete(f"/api/studio/{name}")).json())["recorded"] is None
    assert (await client.get(f"/api/studio/{name}.wav")).status == 404
    assert (await client.delete(f"/api/studio/{name}")).status == 200, "twice is not a fault"


def offered(site: Site, text: str, seconds: float = 1.0) -> Proposals:
    shelf = Proposals(site.home / "prompts")
    shelf.offer(text, spoken(seconds), 16000)
    return shelf


async def test_what_is_offered_is_spoken_only_after_a_manager_took_it(
    client: TestClient, site: Site, gege: GegeVoice
) -> None:
    offered(site, "有事再找我。")
    item = (await items(client))["有事再找我。"]
    assert item["proposed"] and item["recorded"] is None
    assert not contains(await said(gege, "有事再找我。"), spoken(1.0)[1600:14400]) > 0.95, "offered is not in use"
    heard = read_sent(await (await client.get(f"/api/studio/{item['name']}/proposal.wav")).read())
    assert heard.seconds == pytest.approx(1.0, abs=0.01)
    taken = await (await client.post(f"/api/studio/{item['name']}/proposal")).json()
    assert taken["recorded"] and taken["proposed"] is None
    assert contains(await said(gege, "有事再找我。"), spoken(1.0)[1600:14400]) > 0.95
    twice = await client.post(f"/api/studio/{item['name']}/proposal")
    assert twice.status == 409 and "不在了" in (await twice.json())["error"]


async def test_what_is_thrown_away_is_deleted_and_never_offered_again(client: TestClient, site: Site) -> None:
    shelf = offered(site, "有事再找我。")
    name = (await items(client))["有事再找我。"]["name"]
    left = await (await client.delete(f"/api/studio/{name}/proposal")).json()
    assert left["proposed"] is None and left["recorded"] is None
    assert not list((site.home / "prompts").rglob("*.wav")) and not shelf.open_to("有事再找我。")
    assert (await client.get(f"/api/studio/{name}/proposal.wav")).status == 404
    assert (await client.delete(f"/api/studio/{name}/proposal")).status == 409


async def test_a_managers_own_voice_is_never_replaced_by_an_offer(client: TestClient, site: Site) -> None:
    shelf = offered(site, "有事再找我。")
    name = (await items(client))["有事再找我。"]["name"]
    await client.put(f"/api/studio/{name}", data=take())
    mine = await (await client.get(f"/api/studio/{name}.wav")).read()
    assert (await items(client))["有事再找我。"]["proposed"] is None and not shelf.open_to("有事再找我。")
    assert (await client.post(f"/api/studio/{name}/proposal")).status == 409
    assert await (await client.get(f"/api/studio/{name}.wav")).read() == mine


async def said(gege: GegeVoice, text: str) -> np.ndarray:
    return np.frombuffer(await gege.say(text, 16000), "<i2").astype(np.int16)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no_sound"), (b"words", "no_sound"), (wav_bytes(quiet(2.0, 20), 16000), "quiet"),
        (wav_bytes(np.clip(spoken(1.0).astype(int) * 9, -32768, 32767).astype(np.int16), 16000), "loud"),
        (take(40), "long"),
    ],
    ids=["nothing", "words", "silence", "overdriven", "a speech"],
)  # fmt: skip
async def test_a_take_of_no_use_is_refused_in_plain_words_and_the_old_one_stays(
    client: TestClient, data: bytes, reason: str
) -> None:
    name = (await items(client))["有事再找我。"]["name"]
    await client.put(f"/api/studio/{name}", data=take())
    before = await (await client.get(f"/api/studio/{name}.wav")).read()
    answer = await client.put(f"/api/studio/{name}", data=data)
    told = await answer.json()
    assert answer.status == 422 and told["name"] == reason and any("\u4e00" <= c <= "\u9fff" for c in told["error"])
    assert await (await client.get(f"/api/studio/{name}.wav")).read() == before


async def told(answer: aiohttp.ClientResponse) -> str:
    """What a page, or its script, is told."""
    is_page = answer.content_type == "text/html"
    return await answer.text() if is_page else str((await answer.json())["error"])


REQUESTS = [
    ("GET", "/studio"), ("GET", "/api/studio"), ("GET", "/api/studio/{}.wav"), ("GET", "/api/studio/{}/sample.wav"),
    ("PUT", "/api/studio/{}"), ("DELETE", "/api/studio/{}"), ("GET", "/api/studio/{}/proposal.wav"),
    ("POST", "/api/studio/{}/proposal"), ("DELETE", "/api/studio/{}/proposal"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), REQUESTS)
@pytest.mark.parametrize("who", ["", "crew", "nobody"])
async def test_only_those_who_may_record_get_in(client: TestClient, method: str, path: str, who: str) -> None:
    name = (await items(client))["有事再找我。"]["name"]
    client.session.cookie_jar.clear()
    answer = await client.request(method, path.format(name), data=take(), cookies={"who": who})
    assert answer.status == 403 and "录音" in await told(answer)
    client.session.cookie_jar.update_cookies({"who": "admin"})
    assert (await client.get(f"/api/studio/{name}.wav")).status == 404, "nothing was kept"


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_without_a_sign_in_nobody_gets_in_also_on_this_machine(site: Site, method: str, path: str) -> None:
    async with TestClient(TestServer(site.app), cookies={"who": "admin"}) as client:
        answer = await client.request(method, path.format("0" * 16), data=b"x")
        assert answer.status == 403 and "登录" in await told(answer)


async def test_a_site_chooses_who_records(site: Site, gege: GegeVoice) -> None:
    settings = Settings.model_validate({"home": site.home, "prompts": {"recorders": ["crew"]}})
    app = make_app(site.dialogue, None, gege, site.desk, Grids(), settings, staff_of=staff_of)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/studio", cookies={"who": "crew"})).status == 200
        assert (await client.get("/studio", cookies={"who": "manager"})).status == 403


@pytest.mark.parametrize("name", ["0" * 16, "..%2f..%2fgege", "x"])
async def test_only_what_gege_says_can_be_recorded(client: TestClient, site: Site, name: str) -> None:
    for method, path in REQUESTS[2:]:
        assert (await client.request(method, path.format(name), data=take())).status == 404
    assert not (site.home / "prompts").exists()


async def test_a_foreign_page_records_nothing(client: TestClient) -> None:
    name = (await items(client))["有事再找我。"]["name"]
    headers = {"Origin": "http://evil.example"}
    assert (await client.put(f"/api/studio/{name}", data=take(), headers=headers)).status == 403
    assert (await items(client))["有事再找我。"]["recorded"] is None


async def test_a_full_disk_is_told_and_loses_no_recording(client: TestClient, site: Site) -> None:
    name = (await items(client))["有事再找我。"]["name"]
    (site.home / "prompts").write_text("a file where the folder should be")
    answer = await client.put(f"/api/studio/{name}", data=take())
    assert answer.status == 507 and "没存下来" in (await answer.json())["error"]
