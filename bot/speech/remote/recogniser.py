"""A recogniser elsewhere, behind the same port as those on this machine; alone it has no one to fall back on (two_ears.py)."""

from __future__ import annotations

import asyncio
import weakref

from bot.settings import Settings
from bot.speech.port import NOTHING_LIKELY, Likely
from bot.speech.remote import openai, wyoming
from bot.speech.remote.address import Address, address_of
from bot.speech.remote.failed import told_apart
from bot.speech.remote.funasr import FunAsrSession
from bot.speech.remote.openai import OpenAiSession
from bot.speech.remote.session import Link, RemoteSession
from bot.speech.remote.vosk import VoskServerSession
from bot.speech.remote.wyoming import WyomingSession

_FORMS: dict[str, type[RemoteSession]] = {
    "openai": OpenAiSession,
    "vosk": VoskServerSession,
    "funasr": FunAsrSession,
    "wyoming": WyomingSession,
}


class RemoteRecogniser:
    """One connection for each utterance, so that two calls never share one."""

    def __init__(self, settings: Settings) -> None:
        """Check the address; connects to nobody yet. Raises SettingsError."""
        remote = settings.speech.remote
        self._link = Link(remote, address_of(remote), f"remote:{remote.model or remote.kind}")
        self._open: weakref.WeakSet[RemoteSession] = weakref.WeakSet()

    @property
    def name(self) -> str:
        """Its name in records, in the log and in metrics."""
        return self._link.ear

    @property
    def address(self) -> Address:
        """Where it is."""
        return self._link.address

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> RemoteSession:
        session = _FORMS[self._link.settings.kind](self._link, sample_rate, likely)
        self._open.add(session)
        return session

    async def models(self) -> list[str]:
        """Names of the models that it says it has; empty where its form has no such question. Raises RemoteFailed."""
        ask = {"openai": openai.models, "wyoming": wyoming.models}.get(self._link.settings.kind)
        if ask is None:
            return []
        try:
            async with asyncio.timeout(self._link.settings.timeout_s):
                return await ask(self._link)
        except Exception as problem:
            raise told_apart(problem) from None

    async def close(self) -> None:
        for session in list(self._open):
            session.give_up()
