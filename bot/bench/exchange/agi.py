"""Plays Asterisk: a FastAGI client with a channel's variables, and the sample dial plan's steps.

The lines are those of Asterisk 22 (res_agi): facts, an empty line, one answer to each command."""

from __future__ import annotations

import asyncio
import re
import uuid as uuids
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.lines.client import place_call

FACTS = """\
agi_network: yes
agi_network_script: {script}
agi_request: agi://127.0.0.1:{port}/{script}
agi_channel: PJSIP/trunk-00000007
agi_language: en
agi_type: PJSIP
agi_uniqueid: {unique}
agi_version: 22.10.1
agi_callerid: {caller}
agi_calleridname: unknown
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: {dialled}
agi_rdnis: {diverting}
agi_context: from-trunk
agi_extension: {dialled}
agi_priority: 4
agi_enhanced: 0.0
agi_accountcode:
agi_threadid: 140249865504512

"""


@dataclass
class Channel:
    """One channel of Asterisk, with its variables."""

    agi_port: int
    caller: str = "13971800123"
    dialled: str = "unknown"
    diverting: str = "unknown"
    variables: dict[str, str] = field(default_factory=lambda: {"ASID": str(uuids.uuid4())})
    #: commands that came, in order
    commands: list[str] = field(default_factory=list)
    #: lines that are sent before the answer to the n-th command
    between: dict[int, str] = field(default_factory=dict)
    #: what passes between the whisper and the end of the conversation with whoever was rung
    talk: Callable[[], object] = lambda: None
    rung: list[str] = field(default_factory=list)
    told: list[bytes] = field(default_factory=list)
    whispered: list[bytes] = field(default_factory=list)

    async def agi(self, script: str) -> None:
        """AGI(agi://…/script)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.agi_port)
        try:
            facts = FACTS.format(
                script=script, port=self.agi_port, unique="1795450000.7", caller=self.caller or "unknown",
                dialled=self.dialled, diverting=self.diverting,
            )  # fmt: skip
            writer.write(facts.encode())
            while line := (await asyncio.wait_for(reader.readline(), 10.0)).decode().rstrip("\n"):
                writer.write(self._answer(line).encode())
        finally:
            writer.close()

    def _answer(self, command: str) -> str:
        self.commands.append(command)
        before = self.between.get(len(self.commands), "")
        if found := re.fullmatch(r"GET VARIABLE (\w+)", command):
            value = self.variables.get(found[1])
            return before + ("200 result=0\n" if value is None else f"200 result=1 ({value})\n")
        if found := re.fullmatch(r'SET VARIABLE (\w+) "([^"]*)"', command):
            self.variables[found[1]] = found[2]
            return before + "200 result=1\n"
        return before + "520-Invalid command syntax.  Proper usage follows:\nUsage: ...\n520 End of proper usage.\n"

    async def leg(self, port: int, variable: str) -> bytes:
        """TryExec(AudioSocket(${variable},…)), to its end; what was heard."""
        leg = self.variables.pop(variable, "")
        return (await place_call("127.0.0.1", port, leg, [], my_turn=_until_over)).heard if leg else b""

    async def hand_over(self, audio_port: int, answers: Callable[[str], str], most: int = 9) -> None:
        """The sample dial plan after Gege: ask, tell, ring (with a whisper), ask again."""
        for _ in range(most):
            await self.agi("next")
            self.told.append(await self.leg(audio_port, "TELL"))
            number = self.variables["NEXT"]
            if not number:
                return
            self.rung.append(number)
            self.variables["DIALSTATUS"] = status = answers(number)
            if status == "ANSWER":
                called = Channel(self.agi_port, variables={})
                await called.agi(f"whisper?call={self.variables['ASID']}")
                self.whispered.append(await called.leg(audio_port, "WHISPER"))
                self.talk()
        raise AssertionError("the dial plan goes round in circles")


async def _until_over() -> None:
    await asyncio.sleep(1.0)
