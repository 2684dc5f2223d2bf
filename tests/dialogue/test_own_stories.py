"""Conversations as residents hold them, each with what a good system makes of it (tests/dialogue/stories)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app.conversations import Conversations
from bot.app.parts import running
from bot.app.site_copy import copied
from bot.settings import Settings
from tests.dialogue.story import Played, Story, faults, play, stories

pytestmark = pytest.mark.asyncio(loop_scope="module")

STORIES = stories()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talks(full_county: Path, dialogue_model: Path) -> AsyncIterator[Conversations]:
    with copied(Settings(home=full_county)) as settings:
        async with running(settings, relay=False) as service:
            yield Conversations(service, own=True)


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
async def test_a_resident_is_served(talks: Conversations, story: Story) -> None:
    played = await play(talks, story)
    wrong = faults(story, played)
    assert not wrong, "\n".join([*wrong, *played.transcript])


async def test_the_judge_sees_what_is_wrong(talks: Conversations) -> None:
    story = next(one for one in STORIES if one.expect.kinds == ["hazard"])
    played = await play(talks, story)
    assert faults(story, played) == []
    said = Played(replies=["记下了"] * 3, sentences=[("对不对?", "记下了")] * 3, questions=[""] * 3)
    found = " ".join(faults(story, said))
    for part in ("no ticket hazard", "the first reply lacks", "three times", "and then more", "there is no ticket"):
        assert part in found


async def test_every_story_has_a_name_of_its_own() -> None:
    names = [story.name for story in STORIES]
    assert len(set(names)) == len(names) >= 120
