"""The studio in a real browser: a manager reads a sentence, and the next caller hears it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.settings import Settings
from bot.speech.audio import resample
from bot.speech.proposals import Proposals
from bot.speech.reading import sentences as sentences_of
from bot.speech.recorded import RecordedPrompts
from bot.speech.speak import GegeVoice
from bot.voice.prompts import prompts as own_sentences
from bot.voice.repertoire import Names, Repertoire, sentences
from bot.web.app import make_app
from tests.speech.test_joined_voice import contains
from tests.web.browsing import both_directions, chromium, page_of
from tests.web.conftest import Grids, Site
from tests.web.test_calling_page import microphone, someone, spoken, state
from tests.web.test_studio import staff_of

# A real browser.
pytestmark = pytest.mark.slow

SENTENCE = "有什么事慢慢讲;"


class County(Repertoire):
    """The repertoire of a small county."""

    def _names(self) -> Names:
        return Names(("桃溪社区", "白泉社区", "凤凰社区"), ("归师傅", "王师傅", "程师傅"))


@pytest.fixture
async def gege(site: Site) -> AsyncIterator[GegeVoice]:
    voice = GegeVoice(site.home, planner=County(Settings().site).planner, loudness=-19.0)
    yield voice
    await voice.close()


def studio(site: Site, gege: GegeVoice) -> Any:
    settings = Settings(home=site.home)
    return make_app(
        site.dialogue, site.recogniser, gege, site.desk, Grids(), settings,
        staff_of=staff_of, repertoire=County(settings.site),
    )  # fmt: skip


async def sign_in(page: Any, who: str = "manager") -> None:
    await page.goto("/phone")
    await page.evaluate(f"document.cookie = 'who={who}; path=/'")


async def choose(page: Any, group: str, sentence: str) -> None:
    await page.locator("#groups button", has_text=group).click()
    await page.locator("#list button", has_text=sentence).first.click()
    await page.locator("#text", has_text=sentence).wait_for()


async def record(page: Any, seconds: float) -> None:
    await page.get_by_role("button", name="录音", exact=True).click()
    await page.locator("#record.on").wait_for()
    await page.wait_for_timeout(seconds * 1000)
    await page.get_by_role("button", name="念完了").click()


async def test_what_a_manager_reads_is_what_the_next_caller_hears(site: Site, gege: GegeVoice, tmp_path: Path) -> None:
    mine = np.concatenate([await spoken(gege, "我是归程,您有么事慢慢跟我讲。"), np.zeros(4800, np.int16)])
    for saying in sentences(Settings().site)[:14]:  # the picture shows a studio at work
        RecordedPrompts(site.home / "prompts").keep(saying.text, resample(someone(0.6), 48000, 16000), 16000)
    file = microphone(tmp_path / "manager.wav", 1.5, mine)
    async with chromium(file) as browser, page_of(browser, studio(site, gege)) as page:
        await sign_in(page)
        await page.goto("/studio")
        await choose(page, "开头", "有什么事慢慢讲")
        assert await page.get_by_role("button", name="听录音").is_disabled()
        await record(page, 1.5 + len(mine) / 48000 + 0.5)
        await page.locator("#tell", has_text="存好了").wait_for()
        assert await page.locator("#list .done", has_text="有什么事慢慢讲").count() == 1
        kept = RecordedPrompts(site.home / "prompts").find(SENTENCE)
        assert kept is not None and kept.seconds == pytest.approx(len(mine) / 48000, abs=1.2)
        assert contains(kept.samples, resample(mine, 48000, 16000)[4000:20000]) > 0.9
        await page.locator("#list button", has_text="有什么事慢慢讲").click()
        await page.screenshot(path=os.environ.get("GEGE_STUDIO_PNG", str(tmp_path / "studio.png")))

    async with (
        chromium(microphone(tmp_path / "caller.wav", 1.0)) as browser,
        page_of(browser, studio(site, gege)) as page,
    ):
        await page.goto("/phone")
        await page.get_by_role("button", name="打电话").click()
        await state(page, "listening")
        (call,) = site.desk.open_calls()
        await page.get_by_role("button", name="挂断").click()
        await state(page, "over")
        await page.wait_for_timeout(1500)
    _, answered = both_directions(site.home, call.id)
    assert contains(answered, kept.samples[1600:16000]) > 0.98


async def test_a_take_without_words_is_refused_and_a_recording_can_be_thrown_away(
    site: Site, gege: GegeVoice, tmp_path: Path
) -> None:
    shelf = RecordedPrompts(site.home / "prompts")
    shelf.keep(SENTENCE, resample(someone(1.0), 48000, 16000), 16000)
    async with (
        chromium(microphone(tmp_path / "silent.wav", 1.0)) as browser,
        page_of(browser, studio(site, gege), refused=422) as page,
    ):
        await sign_in(page)
        await page.goto("/studio")
        await choose(page, "开头", "有什么事慢慢讲")
        await record(page, 1.0)
        await page.locator("#tell.trouble", has_text="声音太小").wait_for()
        assert shelf.find(SENTENCE) is not None
        page.on("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="删掉").click()
        await page.locator("#tell", has_text="删掉了").wait_for()
    assert shelf.find(SENTENCE) is None


async def test_an_experiment_is_heard_and_thrown_away_or_taken(site: Site, gege: GegeVoice, tmp_path: Path) -> None:
    prompts = site.home / "prompts"
    shelf, kept = Proposals(prompts), RecordedPrompts(prompts)
    for sentence in sentences_of(own_sentences().greeting):
        shelf.offer(sentence, resample(someone(1.0), 48000, 16000), 16000)
    async with chromium() as browser, page_of(browser, studio(site, gege)) as page:
        await sign_in(page)
        await page.goto("/studio")
        await choose(page, "开头", "您好")
        assert not await page.locator("#proposal").is_visible()
        assert await page.locator("#list em", has_text="实验").count() == 2
        await choose(page, "开头", "有什么事慢慢讲")
        assert "没请本地人听过" in await page.locator("#proposal").inner_text()
        await page.screenshot(path=os.environ.get("GEGE_PROPOSAL_PNG", str(tmp_path / "proposal.png")))
        async with page.expect_response("**/proposal.wav*") as heard:
            await page.get_by_role("button", name="听实验录音").click()
        assert (await heard.value).status in (200, 206)
        await page.get_by_role("button", name="采用").click()
        await page.locator("#tell", has_text="采用了").wait_for()
        assert (
            kept.find(SENTENCE) is not None and await page.get_by_role("button", name="听录音", exact=True).is_enabled()
        )
        await choose(page, "开头", "要找人")
        page.on("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="丢弃").click()
        await page.locator("#tell", has_text="丢弃了").wait_for()
        assert not await page.locator("#proposal").is_visible()
    assert [file.name for file in (prompts / "proposed").iterdir() if file.suffix == ".wav"] == []


async def test_the_studio_fits_a_telephone_and_shows_what_is_missing(site: Site, gege: GegeVoice) -> None:
    shelf = RecordedPrompts(site.home / "prompts")
    shelf.keep("您慢走。", resample(someone(1.0), 48000, 16000), 16000)
    shelf.keep("一", resample(someone(0.5), 48000, 16000), 16000)
    async with (
        chromium() as browser,
        page_of(browser, studio(site, gege), viewport={"width": 390, "height": 844}) as page,
    ):
        await sign_in(page)
        await page.goto("/studio")
        numbers = page.locator("#groups button", has_text="数字")
        await numbers.click()
        assert (await numbers.locator("span").inner_text()).startswith("1 / ")
        listed = await page.locator("#list li").count()
        await page.get_by_label("只看没录的").check()
        assert await page.locator("#list li").count() == listed - 1
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.locator("#groups button", has_text="回话").click()
        await page.locator("#list button span", has_text="他的电话是").first.click()
        assert "他的电话是" in await page.locator("#context b").inner_text()


async def test_a_stranger_reads_one_plain_sentence(site: Site) -> None:
    async with chromium() as browser, page_of(browser, site.app, refused=403) as page:
        await page.goto("/studio")
        assert "登录" in await page.locator(".say").inner_text()
        assert await page.locator("button").count() == 0
