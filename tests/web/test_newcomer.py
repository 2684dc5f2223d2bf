"""A newcomer opens the page and speaks Mandarin: a person's recording goes into the browser's microphone, and the page says what
was heard, with which ear, and how to go on."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from bot.app.parts import running
from bot.settings import PROJECT, Settings
from bot.speech.audio import read_audio, write_wav
from bot.speech.ear_card import card_in_use
from bot.speech.recogniser_of import make_recogniser
from bot.web.app import make_app
from tests.voice.doubles import ToneVoice
from tests.web.browsing import chromium, page_of

pytestmark = pytest.mark.slow

HUMAN = PROJECT.parent / "shared" / "human_speech" / "flac" / "BAC009S0150W0073.flac"
RATE = 48_000
NO_REPORT = {"unclear", "callback"}


async def test_a_newcomer_sees_what_was_heard_which_ear_it_was_and_how_to_go_on(
    county: Path, dialogue_model: Path, tmp_path: Path
) -> None:
    if not HUMAN.is_file():
        warnings.warn(f"NOT TESTED: a person's voice in the browser's microphone; {HUMAN} is not here", stacklevel=1)
        pytest.skip("the human recordings are not on this machine (../shared/human_speech)")
    said = read_audio(HUMAN, RATE).samples
    pieces = [np.zeros(6 * RATE, np.int16), said, np.zeros(8 * RATE, np.int16), said, np.zeros(6 * RATE, np.int16)]
    write_wav(tmp_path / "person.wav", np.concatenate(pieces), RATE)
    for file in county.glob("gege.sqlite*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    settings = Settings(home=tmp_path)
    ear, card = make_recogniser(settings), card_in_use(settings)
    try:
        async with running(settings, relay=False) as service:
            app = make_app(
                service.dialogue, ear, ToneVoice(), service.desk, service.registry, settings, intake=service.intake,
                sample=lambda: True, ear=card,
            )  # fmt: skip
            async with chromium(tmp_path / "person.wav") as browser, page_of(browser, app) as page:
                await page.goto("/demo")
                told = page.locator("#ear")
                await told.wait_for()
                assert card.name in await told.inner_text() and "gege models list" in await told.inner_text()
                for path in ("/", "/phone"):
                    await page.goto(path)
                    await told.wait_for()
                    assert "100 个字" in await told.inner_text() and "打字" in await told.inner_text()
                await page.goto("/demo")
                await page.get_by_role("button", name="打电话").click()
                # what was heard, and below it an answer
                await page.locator(".captions .you:not(.hearing) ~ .gege").first.wait_for(timeout=90_000)
                assert await page.get_by_role("button", name="找人").is_visible()
                await page.get_by_role("button", name="挂断").click()
                await page.get_by_role("button", name="回去").click()
                assert await page.get_by_label("打字讲").is_visible()
            kinds = {one.kind for one in service.desk.tickets(limit=100)}
        # 想听歌曲爱你一生 reports nothing, whatever an ear makes of it.
        assert kinds <= NO_REPORT
    finally:
        await ear.close()
