"""FastAGI over loopback: exact where Asterisk speaks it, deaf to everybody else, and a person at the end of all ways."""

from __future__ import annotations

import asyncio
import uuid as uuids
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.bench.exchange.agi import Channel
from bot.lines.audiosocket import AudioSocketServer
from bot.lines.client import Key, place_call
from bot.lines.fastagi import AgiFailed, AgiSession, FastAgiServer
from bot.lines.line import CallFacts, Line
from bot.settings import Settings
from bot.telephone.dial_plan import DialPlan
from bot.telephone.handover import HandOvers
from bot.voice.call import PhoneCall
from bot.voice.events import CallEvent, Rung, Settled
from bot.voice.prompts import prompts
from tests.voice.doubles import HandingDesk, NotingIntake, ScriptedDialogue, ScriptedRecogniser, ToneVoice, reply
from tests.voice.town import ASSISTANT, DUTY, MANAGER, STATION, Town
from tests.waiting import until

# Calls in real time.
pytestmark = pytest.mark.slow


class Exchange:
    """Both servers as the service has them, with scripted calls."""

    def __init__(self, home: Path, answers: list) -> None:
        self.settings = Settings(home=home)
        self.voice, self.desk = ToneVoice(0.2), HandingDesk()
        self.dialogue = ScriptedDialogue(answers)
        self.has_room, self.now = True, 1000.0
        self.asked_over = False
        self.seen: list[CallEvent] = []
        self.audio = AudioSocketServer("127.0.0.1", 0, self.answer, pace=8.0)
        self.hand_overs = HandOvers(
            Town(), self.desk, self.settings, self.voice, watcher=self.seen.append, clock=lambda: self.now
        )
        self.dial_plan = DialPlan(self.hand_overs, self.audio, self.voice, room=lambda: self.has_room)
        self.agi = FastAgiServer("127.0.0.1", 0, self.dial_plan.scripts, most=20, timeout_s=1.0)

    async def answer(self, line: Line, facts: CallFacts) -> None:
        await PhoneCall(
            line, facts, dialogue=self.dialogue, recogniser=ScriptedRecogniser([]), voice=self.voice, desk=self.desk,
            intake=NotingIntake(), settings=self.settings, steering=self.hand_overs,
        ).run()  # fmt: skip

    def channel(self, **values) -> Channel:
        return Channel(self.agi.port, **{"dialled": "0715-3391024", "talk": self.talked, **values})

    def talked(self) -> None:
        self.now += 60.0

    async def talk(self, channel: Channel, *files: Path | Key) -> None:
        call_id = channel.variables["ASID"]
        await place_call("127.0.0.1", self.audio.port, call_id, files, pace=8.0)
        await until(lambda: self.hand_overs.plans[call_id].life.line_down)

    async def called(self, key: str) -> Channel:
        """A caller who was announced, heard Gege out and pressed this key; their conversation is over."""
        channel = self.channel()
        await channel.agi("start")
        await self.talk(channel, Key(key))
        return channel


@pytest.fixture
def exchange(tmp_path: Path) -> Callable:
    @asynccontextmanager
    async def opened(*answers) -> AsyncIterator[Exchange]:
        made = Exchange(tmp_path, list(answers))
        await made.audio.start()
        await made.agi.start()
        try:
            yield made
        finally:
            await made.hand_overs.close()
            await made.agi.close()
            await made.audio.close()

    return opened


async def test_start_announces_the_call_with_its_numbers_and_says_whom_to_ring(exchange: Callable) -> None:
    async with exchange(reply("好。", ended=True)) as site:
        channel = site.channel(diverting="0715-1")
        await channel.agi("start")
        assert channel.variables["NEXT"] == MANAGER and "GEGE" not in channel.variables
        assert site.desk.notes == [("begin", channel.variables["ASID"], "13971800123", "07153391024", "07151")]
        await site.talk(channel, Key("1"))
        heard = site.dialogue.heard[0]
        assert (heard.caller.address, heard.dialled, heard.diverting) == ("13971800123", "07153391024", "07151")


async def test_an_announced_call_gets_in_once_and_only_for_a_while(exchange: Callable) -> None:
    async with exchange(reply("好。", ended=True)) as site:
        channel = await site.called("1")
        await channel.agi("start")
        placed = await place_call("127.0.0.1", site.audio.port, channel.variables["ASID"], [])
        assert placed.heard == b"" and site.audio.refused == {"unknown UUID": 1}


@pytest.mark.parametrize("asid", ["", "no-uuid", "40325ec2-5efd-4bd3-805f-53576e581d1", "'; DROP TABLE call"])
async def test_a_dial_plan_without_a_uuid_still_reaches_a_person(exchange: Callable, asid: str) -> None:
    async with exchange() as site:
        channel = site.channel(variables={"ASID": asid} if asid else {})
        await channel.agi("start")
        assert channel.variables["NEXT"] == MANAGER and site.hand_overs.plans == {}


@pytest.mark.parametrize(
    ("facts", "script", "wanted"),
    [
        ({"dialled": "unknown"}, "start", DUTY),
        ({"dialled": "s"}, "start", DUTY),
        (
            {"dialled": "unknown", "variables": {"ASID": str(uuids.uuid4()), "GEGE_DIALLED": "07153391024"}},
            "start",
            MANAGER,
        ),
        ({"dialled": "unknown"}, "start?dialled=grid_7", "1380"),
        # The manager's own mobile forwarded to us: he has not taken it, so his assistant is next.
        ({"dialled": "unknown", "diverting": "+86 139 0000 0001"}, "start", ASSISTANT),
        # The manager tries his own grid's number.
        ({"caller": MANAGER}, "start", ASSISTANT),
        ({"caller": ""}, "start", MANAGER),
    ],
)
async def test_the_number_to_ring_fits_the_dial_plan(exchange: Callable, facts: dict, script: str, wanted: str) -> None:
    async with exchange() as site:
        channel = site.channel(**facts)
        await channel.agi(script)
        assert channel.variables["NEXT"] == wanted


async def test_after_a_settled_call_nobody_is_rung(exchange: Callable) -> None:
    async with exchange(reply("记下了。", ended=True, ticket_no="GD1")) as site:
        channel = await site.called("1")
        channel.variables["DIALSTATUS"] = "ANSWER"  # of Dial(AudioSocket/…)
        await channel.hand_over(site.audio.port, lambda number: "ANSWER")
        assert channel.rung == [] and channel.variables["NEXT"] == ""


async def test_a_warm_hand_over_tells_the_manager_and_puts_through(exchange: Callable) -> None:
    async with exchange(
        reply("我给您的网格员打电话。", hand_over=True, hand_over_to="139-0000-0001", ticket_no="GD1")
    ) as site:
        channel = await site.called("0")
        await channel.hand_over(site.audio.port, lambda number: "ANSWER")
        assert channel.rung == [MANAGER]
        assert len(channel.whispered[0]) > 1600, "he heard a sentence before"
        assert prompts().whisper.format(what="停电了", where="沿河路206号") in site.voice.said
        assert all(note[0] != "add" for note in site.desk.notes), "who was reached is owed nothing"
        await site.hand_overs.close()
        call_id = channel.variables["ASID"]
        assert site.seen == [Rung(call_id, MANAGER, "ANSWER"), Settled(call_id, "audiosocket", "handed_over", "GD1")]


async def test_who_does_not_answer_leads_to_the_next_and_at_last_to_a_call_back(exchange: Callable) -> None:
    async with exchange(reply("我给您的网格员打电话。", hand_over=True, hand_over_to=MANAGER, ticket_no="GD1")) as site:
        channel = await site.called("0")
        status = iter(["NOANSWER", "BUSY", "CHANUNAVAIL", "CONGESTION"])
        await channel.hand_over(site.audio.port, lambda number: next(status))
        await site.hand_overs.close()
        assert channel.rung == [MANAGER, ASSISTANT, DUTY, STATION]
        assert prompts().not_reached in site.voice.said and prompts().nobody_reached in site.voice.said
        assert [bool(each) for each in channel.told] == [False, True, True, True, True]
        await channel.agi(f"over?call={channel.variables['ASID']}&status=BUSY")
        await site.hand_overs.close()
        ended = ("end", channel.variables["ASID"], "not_reached")
        assert site.desk.notes[1:] == [ended, ("add", "GD1", prompts().unreached_note)], "written once"


async def test_who_is_complained_of_is_not_handed_the_call(exchange: Callable) -> None:
    async with exchange(reply("我帮您找人。", hand_over=True, hand_over_to=MANAGER, ticket_no="GD1")) as site:
        site.desk.complained_of = frozenset({"M1"})
        channel = await site.called("0")
        await channel.hand_over(site.audio.port, lambda number: "NOANSWER")
        assert channel.rung == [ASSISTANT, DUTY, STATION]


async def test_a_call_that_gege_could_not_take_is_rung_through_and_called_back(exchange: Callable) -> None:
    async with exchange() as site:
        site.has_room = False
        channel = site.channel()
        await channel.agi("start")
        assert await channel.leg(site.audio.port, "ASID2") == b""
        await channel.hand_over(site.audio.port, lambda number: "NOANSWER")
        await site.hand_overs.close()
        assert channel.rung == [MANAGER, ASSISTANT, DUTY, STATION]
        assert site.desk.notes[-1][:3] == ("call_back", channel.variables["ASID"], "not_reached")


async def test_a_dial_plan_that_rang_the_first_number_itself_is_not_led_back_to_it(exchange: Callable) -> None:
    async with exchange() as site:
        channel = site.channel()
        await channel.agi("start")
        channel.variables["DIALSTATUS"] = "NOANSWER"
        await channel.agi("next")
        assert channel.variables["NEXT"] == ASSISTANT


async def test_who_hangs_up_while_it_rings_is_called_back(exchange: Callable) -> None:
    async with exchange(reply("好。", hand_over=True)) as site:
        channel = await site.called("0")
        await channel.agi("next")
        assert channel.variables["NEXT"] == MANAGER
        await channel.agi("next?hangup=1")
        await site.hand_overs.close()
        assert channel.variables["NEXT"] == ""
        assert site.desk.notes[-1][:3] == ("call_back", channel.variables["ASID"], "not_reached")


OVER = ("over?status=ANSWER", "next?hangup=1&status=ANSWER")


@pytest.mark.parametrize("script", OVER)
@pytest.mark.parametrize("when", ["before", "during", "after", "never"])
async def test_who_hangs_up_in_mid_conversation_is_called_back_however_fast_the_dial_plan_is(
    exchange: Callable, when: str, script: str
) -> None:
    """The status is that of Dial(AudioSocket/…): it says nothing about a person."""
    async with exchange(reply("您家在哪里?")) as site:
        channel = site.channel()
        await channel.agi("start")
        call_id = channel.variables["ASID"]

        async def ask() -> None:
            await channel.agi(f"{script}&call={call_id}")
            assert channel.variables["NEXT"] == ""

        if when == "during":
            site.dialogue.until = lambda: site.asked_over
        await place_call(
            "127.0.0.1", site.audio.port, call_id, [Key("1")], pace=8.0,
            before_hanging_up=ask if when == "before" else None, my_turn=_soon if when == "during" else None,
        )  # fmt: skip
        if when == "during":
            await ask()
            site.asked_over = True
        await until(lambda: site.hand_overs.plans[call_id].life.line_down)
        if when == "after":
            await ask()
        site.now += 3.0
        await site.hand_overs.sweep()
        await site.hand_overs.close()
        assert site.desk.notes[1:] == [("call_back", call_id, "dropped")]
        assert [one for one in site.seen if isinstance(one, Settled)] == [
            Settled(call_id, "audiosocket", "dropped", "GD-BACK")
        ]


async def test_a_caller_whose_audiosocket_broke_is_put_through_to_a_person(exchange: Callable) -> None:
    async with exchange(reply("您家在哪里?")) as site:
        channel = await site.called("1")
        await channel.hand_over(site.audio.port, lambda number: "ANSWER")
        await site.hand_overs.close()
        assert channel.rung == [MANAGER] and site.desk.notes[-1][0::2] == ("end", "handed_over")


async def test_a_caller_who_is_there_after_all_is_rung_through_however_late_the_dial_plan_asks(
    exchange: Callable,
) -> None:
    async with exchange(reply("您家在哪里?")) as site:
        channel = await site.called("1")
        site.now += 3.0
        await site.hand_overs.sweep()
        await channel.hand_over(site.audio.port, lambda number: "ANSWER")
        await site.hand_overs.close()
        assert channel.rung == [MANAGER]
        assert [note[0] for note in site.desk.notes] == ["begin", "call_back"], "what was owed by then stays owed"


@pytest.mark.parametrize("left", [False, True])
async def test_who_hangs_up_while_the_case_is_told_was_not_reached(exchange: Callable, left: bool) -> None:
    """DIALSTATUS is ANSWER all the same; the caller may be cut off with him, or be there yet."""
    async with exchange(reply("好。", hand_over=True, hand_over_to=MANAGER)) as site:
        site.voice.seconds = 7.0
        channel = await site.called("0")
        await channel.agi("next")
        called = site.channel(variables={})
        await called.agi(f"whisper?call={channel.variables['ASID']}")
        leg = called.variables["WHISPER"]
        await place_call("127.0.0.1", site.audio.port, leg, [], pace=8.0, hang_up_after=0.3, my_turn=_soon)
        site.now += 60.0
        if left:
            await channel.agi("over?status=ANSWER")
        else:
            await channel.agi("next?status=ANSWER")
            assert (channel.variables["NEXT"], bool(channel.variables["TELL"])) == (ASSISTANT, True)
        await site.hand_overs.close()
        assert Rung(channel.variables["ASID"], MANAGER, "HUNGUP") in site.seen
        owed = [note[0::2] for note in site.desk.notes[1:]]
        assert owed == ([("call_back", "not_reached")] if left else [])


@pytest.mark.parametrize(("seconds", "reached"), [(2.0, False), (3.5, True)])
async def test_whom_nobody_talked_to_for_three_seconds_was_not_reached(
    exchange: Callable, seconds: float, reached: bool
) -> None:
    async with exchange(reply("好。", hand_over=True, hand_over_to=MANAGER, ticket_no="GD1")) as site:
        channel = await site.called("0")

        def talked() -> None:
            site.now += seconds

        channel.talk = talked
        await channel.hand_over(site.audio.port, lambda number: "ANSWER" if number == MANAGER else "BUSY")
        await site.hand_overs.close()
        assert channel.rung == ([MANAGER] if reached else [MANAGER, ASSISTANT, DUTY, STATION])
        assert site.desk.notes[1][2] == ("handed_over" if reached else "not_reached")


async def test_who_hears_the_case_is_told_when_the_caller_has_hung_up(exchange: Callable) -> None:
    async with exchange(reply("好。", hand_over=True)) as site:
        channel = await site.called("0")
        await channel.agi("next")
        called = site.channel(variables={})
        await called.agi(f"whisper?call={channel.variables['ASID']}")
        site.voice.seconds = 7.0
        hearing = asyncio.create_task(called.leg(site.audio.port, "WHISPER"))
        await until(lambda: any("格格转来一个电话" in each for each in site.voice.said))
        site.voice.seconds = 0.2
        await channel.agi("over?status=CANCEL")
        assert await asyncio.wait_for(hearing, 5.0) and prompts().caller_gone in site.voice.said
        await site.hand_overs.close()
        assert site.desk.notes[-1][0::2] == ("call_back", "not_reached")


@pytest.mark.parametrize("script", OVER)
async def test_our_own_ringing_that_came_back_is_no_call(exchange: Callable, script: str) -> None:
    async with exchange(reply("好。", hand_over=True)) as site:
        channel = await site.called("0")
        await channel.agi("next")
        back = site.channel(diverting=MANAGER)
        await back.agi("start")
        await back.agi(f"{script}&call={back.variables['ASID']}")
        await site.hand_overs.close()
        assert back.variables["ASID"] not in site.hand_overs.plans
        assert [note[0] for note in site.desk.notes] == ["begin"], "the caller's own row, and nothing beside it"


async def test_after_a_restart_who_was_just_rung_is_not_rung_again(exchange: Callable) -> None:
    async with exchange() as site:
        channel = site.channel()
        channel.variables |= {"GEGE_SAID": ASSISTANT, "NEXT": ASSISTANT}
        await channel.agi("next?status=NOANSWER")
        assert channel.variables["NEXT"] == DUTY
        other = site.channel()
        other.variables |= {"GEGE_SAID": MANAGER, "NEXT": MANAGER}
        await other.agi("next?status=ANSWER")
        assert other.variables["NEXT"] == "", "who has talked to a person is not rung through again"


async def test_without_room_the_dial_plan_is_told_to_ring_at_once_and_its_first_one_counts_as_rung(
    exchange: Callable,
) -> None:
    async with exchange() as site:
        site.has_room = False
        channel = site.channel()
        await channel.agi("start")
        assert (channel.variables["GEGE"], channel.variables["NEXT"]) == ("full", MANAGER)
        await channel.agi("next?status=CHANUNAVAIL")
        assert channel.variables["NEXT"] == ASSISTANT
        older = site.channel()
        await older.agi("start")
        await older.agi("next")
        assert older.variables["NEXT"] == MANAGER, "a dial plan that does not know the word asks before it rings"


async def test_after_a_restart_an_unknown_call_is_put_through_and_never_for_ever(exchange: Callable) -> None:
    async with exchange() as site:
        channel = site.channel()
        await channel.hand_over(site.audio.port, lambda number: "")
        assert channel.rung == [MANAGER, ASSISTANT, DUTY, STATION]


async def test_a_forwarded_telephone_does_not_ring_in_a_circle(exchange: Callable) -> None:
    async with exchange(reply("好。", hand_over=True)) as site:
        channel = await site.called("0")
        await channel.agi("next")
        back = site.channel(diverting=MANAGER)  # the manager's mobile forwards our own call to us
        await back.agi("start")
        assert (back.variables["NEXT"], back.variables["GEGE"]) == ("", "busy")
        neighbour = site.channel(caller="13971800999", diverting=MANAGER)  # another one rings the manager meanwhile
        await neighbour.agi("start")
        assert neighbour.variables["NEXT"] == ASSISTANT and "GEGE" not in neighbour.variables
        site.now += 120
        again = site.channel(diverting=MANAGER)
        await again.agi("start")
        assert again.variables["NEXT"] == ASSISTANT


async def test_an_announced_call_that_never_came_becomes_a_call_back(exchange: Callable) -> None:
    async with exchange() as site:
        channel = site.channel()
        await channel.agi("start")
        await site.hand_overs.sweep()
        assert [note[0] for note in site.desk.notes] == ["begin"]
        site.now += 40
        await site.hand_overs.sweep()
        await site.hand_overs.sweep()
        await site.hand_overs.close()
        assert [note[:2] for note in site.desk.notes[1:]] == [("call_back", channel.variables["ASID"])]


async def test_a_locked_database_holds_up_no_telephone(exchange: Callable) -> None:
    async with exchange() as site:
        site.desk.hangs_s = 3.0
        channel = site.channel()
        began = asyncio.get_running_loop().time()
        await channel.agi("start")
        assert channel.variables["NEXT"] == MANAGER and asyncio.get_running_loop().time() - began < 2.5


async def test_without_a_voice_the_manager_is_rung_without_a_word(exchange: Callable) -> None:
    async with exchange() as site:
        site.hand_overs._voice = site.dial_plan._voice = None
        channel = site.channel()
        await channel.agi("start")
        await channel.hand_over(site.audio.port, lambda number: "ANSWER")
        assert channel.rung == [MANAGER] and channel.whispered == [b""]


async def test_what_asterisk_says_between_does_not_confuse(exchange: Callable) -> None:
    async with exchange() as site:
        channel = site.channel(between={1: "HANGUP\n", 2: "100 Trying...\n520-Invalid command syntax.\n"})
        await channel.agi("start")
        assert channel.variables["NEXT"] == MANAGER


async def test_a_dead_channel_ends_the_script_and_nothing_else(exchange: Callable) -> None:
    async with exchange() as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.agi.port)
        writer.write(b"agi_network_script: start\nagi_callerid: 139\n\n")
        assert await reader.readline() == b"GET VARIABLE GEGE_DIALLED\n"
        writer.write(b"511 Command Not Permitted on a dead channel or intercept routine\n" * 3)
        while (await asyncio.wait_for(reader.readline(), 3.0)) != b"":
            pass
        writer.close()
        channel = site.channel()
        await channel.agi("start")
        assert channel.variables["NEXT"] == MANAGER


@pytest.mark.parametrize(
    "noise",
    [b"GET / HTTP/1.1\r\n\r\n", b"agi_x\n\n", b"\x00" * 100 + b"\n", b"agi_a: " + b"x" * 20_000 + b"\n\n",
     b"agi_a: 1\n" * 400 + b"\n", b"agi_network_script: nothing\n\n", b"\n", b"agi_network_script: start"],
)  # fmt: skip
async def test_strangers_are_closed(exchange: Callable, noise: bytes) -> None:
    async with exchange() as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.agi.port)
        writer.write(noise)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 4.0) == b""
        writer.close()
        assert site.agi.failed.total() == 1


async def test_a_network_that_is_not_allowed_is_closed(exchange: Callable) -> None:
    server = FastAgiServer("127.0.0.1", 0, {}, allowed=("10.0.0.0/8",))
    await server.start()
    try:
        channel = Channel(server.port)
        with pytest.raises((ConnectionError, KeyError)):
            await channel.agi("start")
            channel.variables["NEXT"]
        assert server.failed == {"address": 1}
    finally:
        await server.close()


async def test_a_flood_is_capped_and_a_real_call_still_gets_through(exchange: Callable) -> None:
    async with exchange() as site:
        idle = [await asyncio.open_connection("127.0.0.1", site.agi.port) for _ in range(60)]
        await asyncio.sleep(0.1)
        assert site.agi.open <= 20 and site.agi.failed["flood"] == 40
        await asyncio.sleep(1.2)  # who says nothing is closed
        channel = site.channel()
        await channel.agi("start")
        assert channel.variables["NEXT"] == MANAGER
        for _, writer in idle:
            writer.close()


async def test_connections_that_hang_hold_up_no_caller(exchange: Callable) -> None:
    async with exchange() as site:
        hung = [await asyncio.open_connection("127.0.0.1", site.agi.port) for _ in range(150)]
        _, trickling = hung[-1]

        async def trickle() -> None:
            with suppress(ConnectionError):
                while True:
                    trickling.write(b"agi_callerid: 139\n")
                    await trickling.drain()
                    await asyncio.sleep(0.1)

        slow = asyncio.create_task(trickle())
        began = asyncio.get_running_loop().time()
        for _ in range(20):
            channel = site.channel()
            await channel.agi("start")
            assert channel.variables["NEXT"] == MANAGER
        assert asyncio.get_running_loop().time() - began < 5.0
        await until(lambda: site.agi.open == 0)
        assert site.agi.failed["flood"] >= 130 and site.agi.failed["silent"] >= 1
        slow.cancel()
        for _, writer in hung:
            writer.close()


async def test_one_caller_more_than_there_are_places_gets_a_person_at_once(exchange: Callable) -> None:
    async with exchange() as site:
        site.agi._most, site.desk.hangs_s = 2, 3.0
        waiting = [asyncio.create_task(site.channel().agi("start")) for _ in range(2)]
        await until(lambda: site.agi.open == 2)
        began = asyncio.get_running_loop().time()
        first, second = site.channel(), site.channel()
        await asyncio.gather(first.agi("start"), second.agi("alive"))
        assert asyncio.get_running_loop().time() - began < 1.0, "from memory"
        assert (first.variables["NEXT"], first.variables["GEGE"]) == (MANAGER, "full")
        assert second.variables["GEGE_ALIVE"] == "1"
        first.variables["DIALSTATUS"] = "NOANSWER"
        await first.agi("next")
        assert first.variables["NEXT"] == ASSISTANT
        assert await first.leg(site.audio.port, "ASID") == b"", "not announced"
        await asyncio.gather(*waiting)
        site.desk.hangs_s = 0.0


async def test_a_call_that_there_is_no_room_for_says_so(exchange: Callable) -> None:
    async with exchange() as site:
        site.has_room = False
        channel = site.channel()
        await channel.agi("start")
        assert (channel.variables["NEXT"], channel.variables["GEGE"]) == (MANAGER, "full")


async def test_two_exchanges_with_the_same_uuid_both_come_to_a_person(exchange: Callable) -> None:
    async with exchange(reply("好。", hand_over=True)) as site:
        one, other = site.channel(), site.channel()
        other.variables["ASID"] = one.variables["ASID"]
        for channel in (one, other):
            await channel.agi("start")
            assert channel.variables["NEXT"] == MANAGER
        await site.talk(one, Key("0"))
        for channel in (one, other):
            await channel.agi("next")
        assert {one.variables["NEXT"], other.variables["NEXT"]} == {MANAGER, ASSISTANT}


async def _soon() -> None:
    await asyncio.sleep(0.3)


class _Nowhere:
    """A writer that leads nowhere."""

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...


@hypothesis_settings(max_examples=500, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([b"agi_callerid: 139", b"", b"HANGUP", b"200 result=1 (x)",
    b"200 result=1", b"510 Invalid", b"520-x", b"agi_network_script: start?a=%ff&b"])), max_size=30)
)  # fmt: skip
def test_fuzzed_lines_break_nothing(lines: list[bytes]) -> None:
    async def speak() -> None:
        reader = asyncio.StreamReader(limit=8192)
        reader.feed_data(b"\n".join(lines) + b"\n")
        reader.feed_eof()
        session = AgiSession(reader, _Nowhere(), 1.0)  # type: ignore[arg-type]
        try:
            await session.begin()
            assert isinstance(await session.variable("ASID"), str)
            await session.set_variable("NEXT", "139")
        except AgiFailed:
            pass

    asyncio.run(speak())
