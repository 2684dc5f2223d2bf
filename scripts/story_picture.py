"""Draw docs/pictures/story.png: one story of the README, lived by the real service against the tests' double of Telegram.

`PYTHONPATH=. uv run python scripts/story_picture.py` (a trained model in models/dialogue, Chromium and fonts-noto-cjk)."""

from __future__ import annotations

import asyncio
import html
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.bench.doubles.telegram import TelegramServer, telegram_server
from bot.database import open_database
from bot.grid.sample import make_sample
from bot.settings.accounts import TelegramAccount
from tests.chat.test_story import MANAGER, RESIDENT, button, house_and_manager, serving, shown, until
from tests.web.browsing import chromium

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "story.png"
STYLE = """
body{margin:0;padding:24px;background:#fff;display:flex;gap:24px;align-items:flex-start}
body{font:17px/1.5 "Noto Sans CJK SC",sans-serif;color:#14231c}
.phone{width:420px;background:#f4f3ee;border:10px solid #22302a;border-radius:34px;padding:0 14px 18px}
h2{font-size:17px;text-align:center;margin:12px 0;color:#0b6b45}
p{margin:8px 0;padding:9px 13px;border-radius:14px;max-width:86%;width:fit-content;white-space:pre-wrap;overflow-wrap:anywhere}
.in{background:#fff;border:1px solid #dcd9cf}.out{background:#d5efdf;margin-left:auto}
.keys{display:flex;flex-wrap:wrap;gap:6px;margin:-2px 0 8px;max-width:92%}
.keys span{flex:1 1 28%;text-align:center;background:#e6ece8;border-radius:9px;padding:5px 4px;font-size:15px}
.keys .pressed{background:#0b6b45;color:#fff}
"""


class Chats:
    """Both chats, in the order in which things were said."""

    def __init__(self, server: TelegramServer) -> None:
        self._server, self._read = server, 0
        #: by chat: (side, words, rows of buttons as they were replaced, those that were pressed)
        self.said: dict[int, list[tuple[str, str, list[list[str]], set[str]]]] = {RESIDENT: [], MANAGER: []}

    def keep_up(self) -> None:
        for method, form in self._server.calls[self._read :]:
            keys = _labels(form)
            if method == "sendMessage":
                self.said[int(form["chat_id"])].append(("in", form["text"], [keys] if keys else [], set()))
            elif method == "editMessageReplyMarkup" and keys:
                next(rows for _, _, rows, _ in reversed(self.said[int(form["chat_id"])]) if rows).append(keys)
        self._read = len(self._server.calls)

    def says(self, who: int, words: str) -> None:
        self.keep_up()
        self.said[who].append(("out", words, [], set()))
        self._server.message(who, words)

    async def presses(self, who: int, form: dict[str, Any], label: str, data: str = "") -> None:
        await asyncio.sleep(0.5)
        self.keep_up()
        next(pressed for _, text, _, pressed in reversed(self.said[who]) if text == form["text"]).add(label)
        self._server.press(who, data or button(form, label))

    async def sees(self, who: int, words: str) -> dict[str, Any]:
        found: dict[str, Any] = await until(lambda: shown(self._server, who, words))
        await asyncio.sleep(0.3)
        self.keep_up()
        return found

    def drawn(self, who: int, title: str) -> str:
        parts = [f"<div class=phone><h2>{title}</h2>"]
        for side, text, keys, pressed in self.said[who]:
            parts.append(f"<p class={side}>{html.escape(text)}</p>")
            for row in keys:
                drawn = (
                    f"<span class={'pressed' if key in pressed else 'key'}>{html.escape(key)}</span>" for key in row
                )
                parts.append(f"<div class=keys>{''.join(drawn)}</div>")
        return "".join([*parts, "</div>"])


async def live(home: Path) -> str:
    """The story; both chats as HTML."""
    place, _ = house_and_manager(home, telegram_id=str(MANAGER))
    async with telegram_server() as server:
        account = TelegramAccount(token="1:a", base_url=server.url + "/bot", base_file_url=server.url + "/file/bot")
        async with serving(home, telegram=account) as (service, _):
            chats = Chats(server)
            for words, answer in (("我屋里冇得电", "哪"), (f"在{place}", place), ("对", "记下了")):
                chats.says(RESIDENT, words)
                await chats.sees(RESIDENT, answer)
            number = service.desk.tickets()[0].ticket_no
            told = await chats.sees(MANAGER, number)
            await chats.presses(MANAGER, told, "接单")
            await chats.sees(MANAGER, "归您管")
            await chats.sees(RESIDENT, "接了，正在安排")
            await chats.presses(MANAGER, told, "已处理", f"done:{number}")
            await chats.sees(MANAGER, "处理好了")
            chats.says(MANAGER, "换了保险")
            await chats.sees(MANAGER, f"{number} 记下了。")
            asked = await chats.sees(RESIDENT, "满不满意")
            await chats.presses(RESIDENT, asked, "满意")
            await chats.sees(RESIDENT, "谢谢您")
            return chats.drawn(RESIDENT, "居民的手机") + chats.drawn(MANAGER, "网格员的手机")


def _labels(form: dict[str, Any]) -> list[str]:
    rows = json.loads(form.get("reply_markup") or "{}").get("inline_keyboard", [])
    return [key["text"] for row in rows for key in row]


async def main(tell: Callable[[str], None] = print) -> None:
    with tempfile.TemporaryDirectory(prefix="gege-story-") as folder:
        home = Path(folder)
        database = open_database(f"sqlite:///{home / 'gege.sqlite'}")
        database.migrate()
        make_sample(database, home, lambda line: None, 1_600)
        database.dispose()
        body = await live(home)
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 970, "height": 600}, device_scale_factor=1.5)
        await page.set_content(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{body}")
        await page.screenshot(path=str(PICTURE), full_page=True)
    tell(str(PICTURE))


if __name__ == "__main__":
    asyncio.run(main())
