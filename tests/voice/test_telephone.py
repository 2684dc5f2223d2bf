"""The telephone of a service, with the real desk and a real database: storms, failures, stopping, looking from outside."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import time
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update
from typer.testing import CliRunner

from bot.bench.exchange.agi import Channel
from bot.cli import app
from bot.database import Database, now
from bot.grid.models import Contact, Household, HouseholdContact
from bot.grid.registry import Registry
from bot.lines.client import Key, place_call
from bot.lines.line import CallFacts
from bot.recordings.room import open_recording
from bot.settings import CapacitySettings, Settings
from bot.sound.times import say_time
from bot.telephone.telephone import Telephone
from bot.tickets.desk import TicketCard, TicketDesk
from bot.voice.call_log import find_call, latest_calls
from bot.voice.known_outages import Known, KnownOutages
from bot.voice.patience import CallerPaces
from bot.voice.prompts import prompts
from bot.web.metrics import metrics_route
from tests.tickets.county import county as small_county
from tests.tickets.county import on_sqlite
from tests.voice.doubles import ScriptedDialogue, ScriptedRecogniser, ToneVoice, reply, silence, speech
from tests.waiting import until

county = small_county
pytestmark = [on_sqlite, pytest.mark.slow]  # Calls in real time.
CALLER = "13971800123"


class House:
    """A telephone and what is behind it."""

    def __init__(
        self, home: Path, database: Database, answers: list, texts: list[str] | None, **capacity: float
    ) -> None:
        self.home = home
        self.settings = Settings(home=home, capacity=CapacitySettings(**capacity))  # type: ignore[arg-type]
        self.database = database
        self.desk = TicketDesk(database)
        self.dialogue = ScriptedDialogue(answers)
        self.recogniser = None if texts is None else ScriptedRecogniser(list(texts))
        self.telephone = Telephone(
            database, self.desk, Registry.load(database), self.dialogue, self.recogniser, ToneVoice(0.2), self.settings,
            audiosocket=("127.0.0.1", 0), fastagi=("127.0.0.1", 0),
        )  # fmt: skip
        self.telephone.audiosocket.pace = 8.0

    def sound(self, pcm: bytes) -> Path:
        from bot.speech.audio import write_wav

        path = self.home / f"{time.monotonic_ns()}.wav"
        write_wav(path, np.frombuffer(pcm, "<i2").astype(np.int16), 8000)
        return path

    async def call(self, *files: Path | Key, **more) -> Channel:
        channel = Channel(self.telephone.fastagi.port, caller=CALLER, dialled="0715-3391024")
        await channel.agi("start")
        port = self.telephone.audiosocket.port
        await place_call("127.0.0.1", port, channel.variables["ASID"], files, pace=8.0, **more)
        await until(lambda: not self.telephone.calls)
        return channel

    def tickets(self) -> list[TicketCard]:
        return self.desk.tickets()


@pytest.fixture
def house(tmp_path: Path, county: Database) -> Callable:
    @asynccontextmanager
    async def opened(*answers, texts: list[str] | None = (), **capacity) -> AsyncIterator[House]:  # type: ignore[assignment]
        made = House(tmp_path, county, list(answers), texts, **{"stop_s": 0.2, **capacity})
        await made.telephone.start()
        try:
            yield made
        finally:
            await made.telephone.close()

    return opened


async def test_a_dropped_call_is_a_call_back_within_seconds_with_what_was_heard(house: Callable) -> None:
    async with house(reply("您家在哪里?"), texts=["我家停电了"]) as site:
        await site.call(site.sound(speech(1.5)))
        dropped = time.monotonic()
        await until(lambda: bool(site.tickets()), 5.0)
        assert time.monotonic() - dropped < 5.0
        (ticket,) = site.tickets()
        assert (ticket.kind, ticket.reporter, ticket.grid_no, ticket.owner) == ("callback", CALLER, "24", "M1")


async def test_in_a_storm_the_outages_of_the_dialled_grid_are_told_first(house: Callable) -> None:
    async with house(texts=[], recognised_calls=1) as site:
        site.telephone.seats.take()
        site.telephone.seats.most = 1
        site.desk.outages.open("M1", transformer="沿河一台区", started_at=now() - dt.timedelta(minutes=30))
        await site.call(site.sound(silence(1.0) + speech(2.0) + silence(6.0)))
        said = site.telephone.voice.said
        said = said[len(said) - said[::-1].index(prompts().notice_of(site.settings.site.name)) :]  # after warming up
        told = next(i for i, sentence in enumerate(said) if sentence.startswith("桃溪社区有一片"))
        assert "停的电，我们晓得了" in said[told] and said.index(prompts().storm) == told + 1
        assert "206" not in "".join(said), "no house is named"


async def test_what_is_known_is_told_by_house_or_grid_and_only_while_it_lasts(house: Callable) -> None:
    async with house() as site:
        registry, zone, began = Registry.load(site.database), ZoneInfo("Asia/Shanghai"), now() - dt.timedelta(hours=1)
        known = KnownOutages(site.desk.outages, registry, zone)
        here, elsewhere = CallFacts("1", dialled="0715-3391024"), CallFacts("2", dialled="0715-3391007")
        assert await known(here) == Known()
        outage = site.desk.outages.open("M1", transformer="沿河一台区", started_at=began)
        until = now() + dt.timedelta(hours=2)
        since = say_time(began, now(), zone)
        words = f"桃溪社区有一片{since}停的电，我们晓得了，在叫人修，几时来电还不晓得。"
        assert await known(here) == Known((words,), own=False)
        site.desk.outages.estimate(outage.outage_no, "M1", until)
        assert "估计" in (await known(here)).sentences[0]
        assert await known(elsewhere) == Known() and await known(CallFacts("3")) == Known()
        # The caller's own house, known by the number: 您那一片, whatever was dialled.
        with site.database.session() as session:
            session.execute(update(Household).values(months_owed=0))
            contact = Contact(channel="phone", address=CALLER)
            session.add(contact)
            session.flush()
            session.add(
                HouseholdContact(household_no="4200000001", contact_id=contact.id, verifies=True, source="import")
            )
        own = await known(CallFacts("4", CALLER, "0715-3391007"))
        assert own.sentences[0].startswith("您那一片") and own.own
        site.desk.outages.restored(outage.outage_no, "M1")
        assert await known(here) == Known()


async def test_in_a_storm_messages_are_kept_and_understood_later(house: Callable) -> None:
    async with house(reply("好。"), texts=["沿河路停电了"], recognised_calls=1) as site:
        assert site.telephone.seats.take()
        site.telephone.seats.most = 1
        await site.call(site.sound(silence(1.0) + speech(2.0) + silence(6.0)))
        (ticket,) = site.tickets()
        assert (ticket.kind, ticket.said, ticket.owner, ticket.facts["reason"]) == ("unclear", "", "M1", "storm")
        assert site.recogniser.fed == []
        site.telephone.seats.give_back()
        await until(lambda: bool(site.desk.ticket(ticket.ticket_no).facts.get("understood_later")))
        assert [each.note for each in site.desk.activities(ticket.ticket_no)][-1] == "沿河路停电了"
        loud = np.abs(np.frombuffer(site.recogniser.fed[0], "<i2").astype(int)) > 1000
        assert loud.sum() > 8000, "the message was decoded, not the silence"
        await until(lambda: site.telephone.later._oldest() is None)  # that it is done is written down after the words
        assert not await site.telephone.later.understand_one()


async def test_a_message_that_breaks_the_recogniser_is_left_to_people(house: Callable) -> None:
    async with house(texts=[RuntimeError("a"), RuntimeError("b"), RuntimeError("c")]) as site:  # type: ignore[list-item]
        site.telephone.seats.taken = site.telephone.seats.most
        await site.call(site.sound(silence(1.0) + speech(2.0) + silence(6.0)))
        site.telephone.seats.taken = 0
        await until(lambda: len(site.recogniser.fed) == 3)
        await until(lambda: site.telephone.later._oldest() is None)  # the third failure is written down, too
        assert len(site.recogniser.fed) == 3 and not await site.telephone.later.understand_one()


async def test_without_a_model_the_telephone_still_takes_messages(house: Callable) -> None:
    async with house(texts=None) as site:
        channel = await site.call(site.sound(silence(1.0) + speech(2.0) + silence(6.0)))
        (ticket,) = site.tickets()
        assert (ticket.kind, ticket.reporter, ticket.facts["reason"]) == ("unclear", CALLER, "no_recogniser")
        assert open_recording(site.settings, ticket.facts["recording"])[:4] == b"RIFF"
        await channel.agi("next")
        assert channel.variables["NEXT"] == ""


async def test_a_report_waits_for_a_locked_database_and_is_one_ticket_then(house: Callable, monkeypatch) -> None:
    async with house(RuntimeError("broken"), texts=["我家停电了"]) as site:
        report, keep = site.desk.report, site.desk.keep

        def locked(*args, **more):
            raise RuntimeError("database is locked")

        for name in ("report", "keep", "call_back", "end_call"):
            monkeypatch.setattr(site.desk, name, locked)
        channel = await site.call(site.sound(speech(1.5)))
        assert site.tickets() == [] and site.telephone.spool.waiting >= 1
        await channel.agi("next")
        assert channel.variables["NEXT"] == "13900000001", "nothing is sure, so a person is rung"
        assert await site.telephone.spool.retry() == 0
        monkeypatch.setattr(site.desk, "report", report)
        monkeypatch.setattr(site.desk, "keep", keep)
        await site.telephone.spool.retry()
        (ticket,) = site.tickets()
        assert (ticket.said, ticket.reporter, ticket.grid_no) == ("我家停电了", CALLER, "24")
        assert site.telephone.spool.waiting == 0


async def test_stopping_lets_live_calls_finish_then_apologises_and_calls_back(house: Callable) -> None:
    async with house(reply("您家在哪里?"), texts=["停电"]) as site:
        port = site.telephone.audiosocket.port

        async def stop() -> None:
            await site.telephone.drain()

        began = time.monotonic()
        await site.call(site.sound(speech(1.5)), before_hanging_up=stop)
        assert time.monotonic() - began < 20
        (ticket,) = site.tickets()
        assert (ticket.kind, ticket.facts["call_back"]) == ("callback", "stopped")
        channel = Channel(site.telephone.fastagi.port, dialled="0715-3391024")
        await channel.agi("start")
        assert channel.variables["NEXT"] == "13900000001", "a new call goes to a person"
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_a_full_house_sends_further_calls_to_a_person(house: Callable) -> None:
    async with house(reply("好。"), open_calls=1) as site:
        site.telephone.calls["somebody"] = None  # type: ignore[assignment]
        channel = Channel(site.telephone.fastagi.port, dialled="0715-3391024")
        await channel.agi("start")
        placed = await place_call("127.0.0.1", site.telephone.audiosocket.port, channel.variables["ASID"], [])
        site.telephone.calls.clear()
        assert placed.heard == b"" and channel.variables["NEXT"] == "13900000001"


async def test_the_first_sound_comes_within_300_ms_and_stands_in_the_log(house: Callable) -> None:
    async with house(reply("您家在哪里?"), reply("记下了。", ended=True), texts=["我家停电了", "沿河路"]) as site:
        await site.call(site.sound(speech(1.5)), site.sound(speech(1.0)))
        await asyncio.to_thread(site.telephone._log.close)
        call = find_call(site.database, "1")
        assert call is not None and call == find_call(site.database, call.call_id)
        assert (call.caller, call.dialled, call.outcome, call.rung) == (CALLER, "07153391024", "goodbye", [])
        assert [turn["heard"] for turn in call.turns] == ["我家停电了", "沿河路"]
        seconds = [turn["seconds"] for turn in call.turns]
        assert set(seconds[0]) == {"at", "speech", "end_of_speech", "recognise", "dialogue", "first_audio"}
        assert 0 < seconds[0]["speech"] < seconds[0]["at"] < seconds[1]["at"]
        assert call.first_audio > 0.0
        assert [each.number for each in latest_calls(site.database)] == [1] and find_call(site.database, "99") is None
        with wave.open(io.BytesIO(open_recording(site.settings, call.recording))) as file:
            assert file.getnchannels() == 2 and file.getnframes() > 8000
            assert seconds[1]["at"] <= file.getnframes() / file.getframerate(), "places in the recording, at any pace"


async def test_a_caller_who_is_often_cut_off_is_remembered(house: Callable) -> None:
    async with house() as site:
        paces = CallerPaces(site.database, site.settings)
        paces.learn(CALLER, 0)
        assert paces.added(CALLER) == 0.0
        paces.learn(CALLER, 3)
        assert paces.added(CALLER) == pytest.approx(0.3)
        for _ in range(5):
            paces.learn(CALLER, 4)
        assert paces.added(CALLER) == pytest.approx(0.6) and paces.added("") == paces.added("139") == 0.0


async def test_metrics_count_calls_and_tell_nothing_of_anybody(house: Callable) -> None:
    async with house(reply("记下了。", ended=True), texts=["我家停电了"]) as site:
        await site.call(site.sound(speech(1.5)))
        text = site.telephone.metrics.text().decode()
        assert (
            'gege_calls_total{front_end="audiosocket",outcome="goodbye"} 1.0' in text and "gege_calls_open 0.0" in text
        )
        assert 'gege_turn_seconds_count{step="first_audio"} 1.0' in text
        assert "gege_recognised_calls 0.0" in text
        assert CALLER not in text and "停电" not in text


@pytest.mark.parametrize(
    ("token", "given", "status"),
    [("", "", 200), ("s3cret", "", 403), ("s3cret", "s3cret", 200), ("s3cret", "x", 403)],
)
async def test_metrics_are_for_this_machine_or_for_the_token(
    token: str, given: str, status: int, database_url: str
) -> None:
    site = web.Application()
    site.router.add_routes([metrics_route(lambda: b"gege_up 1\n", token)])
    async with TestClient(TestServer(site)) as client:
        headers = {"Authorization": f"Bearer {given}"} if given else {}
        assert (await client.get("/metrics", headers=headers)).status == status


async def test_call_log_lists_shows_and_plays(house: Callable, monkeypatch, database_url: str) -> None:
    async with house(reply("记下了。", ended=True), texts=["我家停电了"]) as site:
        await site.call(site.sound(speech(1.5)))
        home = site.home
    monkeypatch.setenv("GEGE_HOME", str(home))
    monkeypatch.setenv("GEGE_DATABASE_URL", database_url)
    run = CliRunner().invoke
    (listed,) = json.loads(run(app, ["call-log", "--json"]).stdout)
    assert (listed["number"], listed["caller"], listed["outcome"]) == (1, CALLER, "goodbye")
    told = json.loads(run(app, ["call-log", "1", "--json"]).stdout)
    assert told["turns"][0]["heard"] == "我家停电了"
    assert "我家停电了" in run(app, ["call-log", "1"]).stdout
    for more, channels in (([], 2), (["--turn", "1"], 1)):
        out = home / "out.wav"
        assert run(app, ["call-log", "1", "--play", str(out), *more]).exit_code == 0
        with wave.open(str(out)) as file:
            assert file.getnchannels() == channels and file.getnframes() > 8000
    assert run(app, ["call-log", "7"]).exit_code == 1
    assert run(app, ["call-log", "1", "--play", str(home / "x.wav"), "--turn", "9"]).exit_code == 1
