"""Residents who telephone: by Asterisk (AudioSocket) or by SIP, silent ones whose call breaks off and ones who speak."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

import numpy as np

from bot.bench.crash.house import House
from bot.bench.crash.residents import OUTAGE
from bot.bench.crash.told import Told
from bot.bench.exchange.agi import Channel
from bot.bench.exchange.sip import exchange
from bot.lines.client import place_call

#: quieter than this (int16) is silence
_LOUD = 200
_DIALLED = "07153391024"
#: a silent caller stays so long (s); one who speaks waits for Gege, and so long (s) for her answer
_STAYS_S, _SPEAKS_S = (0.3, 1.5), 12.0
_AGAIN_S = 0.2
#: a response is waited for so long (s); of those who hang up some do so with a BYE (share)
_PATIENCE_S, _BYE = 3.0, 0.7


class Callers:
    """Until `ending`, one call after the other, each from a number of its own."""

    def __init__(self, house: House, told: Told, seed: int) -> None:
        self._house, self._told, self._seed = house, told, seed
        self.ending = False

    async def silent(self, number: int) -> None:
        """Rings through Asterisk, listens a while, and is gone."""
        dice, count = random.Random(f"{self._seed}/silent/{number}"), 0
        while not self.ending:
            count += 1
            phone = f"139{number:02d}{count:06d}"
            if await self._heard(phone, [], _for_ever, dice.uniform(*_STAYS_S)):
                self._told.broken_calls.append(phone)
                self._told.answers["audiosocket"] += 1
            await asyncio.sleep(dice.uniform(0.1, 0.6))

    async def speaking(self, number: int) -> None:
        """Says what is wrong when Gege has spoken, hears her answer and hangs up."""
        from tools.demo_model.speaker import demo_wav

        count = 0
        with tempfile.TemporaryDirectory(prefix="gege-crash-") as folder:
            file = Path(folder) / "outage.wav"
            await asyncio.to_thread(demo_wav, OUTAGE, file)
            while not self.ending:
                count += 1
                phone = f"137{number:02d}{count:06d}"
                if await self._heard(phone, [file], None, _SPEAKS_S):
                    self._told.spoken_calls.append(phone)
                    self._told.answers["speaking"] += 1

    async def _heard(self, phone: str, files: list[Path], my_turn: object, seconds: float) -> bool:
        """One call by FastAGI and AudioSocket; whether Gege was heard in it."""
        channel = Channel(self._house.agi, caller=phone, dialled=_DIALLED)
        try:
            await channel.agi("start")
            call = await place_call(
                "127.0.0.1", self._house.audio, channel.variables["ASID"], files, my_turn=my_turn,  # type: ignore[arg-type]
                hang_up_after=seconds,
            )  # fmt: skip
        except (OSError, TimeoutError, asyncio.IncompleteReadError, KeyError):
            await asyncio.sleep(_AGAIN_S)
            return False
        return _loud(call.heard)

    async def by_sip(self, number: int) -> None:
        """Rings without Asterisk, listens a while, and is gone: with a BYE, or as lines go that are cut."""
        dice, count = random.Random(f"{self._seed}/sip/{number}"), 0
        while not self.ending:
            count += 1
            phone = f"136{number:02d}{count:06d}"
            # A line of its own: Gege speaks on to one that was cut, for a while.
            async with exchange() as line:
                line.gege = ("127.0.0.1", self._house.sip)
                line.patience_s = _PATIENCE_S
                try:
                    call = await line.call(_DIALLED, phone)
                    await asyncio.sleep(dice.uniform(*_STAYS_S))
                    if dice.random() < _BYE:
                        await call.ask("BYE")
                except (OSError, TimeoutError):
                    await asyncio.sleep(_AGAIN_S)
                if _loud(bytes(line.sound.heard)):
                    self._told.broken_calls.append(phone)
                    self._told.answers["sip"] += 1
            await asyncio.sleep(dice.uniform(0.1, 0.6))


def _loud(pcm: bytes) -> bool:
    """Whether Gege was heard: a line that is up and silent is no word of hers."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.int32)
    return len(samples) > 0 and int(np.abs(samples).max()) > _LOUD


async def _for_ever() -> None:
    await asyncio.Event().wait()
