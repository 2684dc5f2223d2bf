"""Film docs/film/gege.webm: a resident, a danger, the manager's telephone, the desk, the wall and learning, on the real service.

`PYTHONPATH=. uv run python scripts/film.py` (Chromium, fonts-noto-cjk; five to ten minutes). Nothing in it is staged but the time: a
picture stands as long as it takes to read it, however long the machine took."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import ColorRange
from sqlalchemy import select

from bot.app.parts import existing_site
from bot.database import now
from bot.foundation.words import load
from bot.grid.models import GridStaff, Household, Role, Staff
from bot.settings import PROJECT, load_settings
from bot.speech.audio import read_audio, write_wav
from tests.web.browsing import chromium
from tools.demo_model.speaker import demo_wav

FOLDER = PROJECT / "docs" / "film"
WIDTH, HEIGHT = 1280, 720
PHONE = {"width": 390, "height": 640}
OFFICE = {"width": 1200, "height": 600}
#: frames a second; the pictures stand still
RATE = 5
RATE_OF_SOUND = 48_000
GEGE = [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()"]
STAGE = """<!doctype html><meta charset=utf-8><style>
body{margin:0;width:1280px;height:720px;background:#22302a;color:#fff6e6;font-family:'Noto Sans CJK SC',sans-serif;overflow:hidden}
#shots{height:620px;display:flex;gap:70px;justify-content:center;align-items:center}
figure{margin:0;text-align:center} figcaption{font-size:15px;color:#cdbfa5;margin-bottom:6px}
img{display:block;border-radius:14px;box-shadow:0 4px 22px #0009;max-width:1200px;max-height:576px}
#words{height:100px;text-align:center;background:#1a2520;padding-top:10px;box-sizing:border-box}
#zh{font-size:30px;font-weight:700} #en{font-size:19px;color:#cdbfa5}
#card{font-size:96px;font-weight:700} #foot{position:fixed;right:14px;bottom:6px;font-size:12px;color:#8d9a92}
</style><div id=shots></div><div id=words><div id=zh></div><div id=en></div></div><div id=foot></div>"""


@dataclass(frozen=True)
class Words:
    """film.yml."""

    title: tuple[str, ...]
    end: tuple[str, ...]
    invented: str
    resident: str
    manager: str
    scenes: dict[str, tuple[str, ...]]


@dataclass
class Film:
    """Pictures, and for how many seconds each stands."""

    stage: Any
    words: Words
    frames: list[tuple[bytes, float]] = field(default_factory=list)

    async def card(self, texts: tuple[str, ...], seconds: float) -> None:
        await self._show([f"<div id=card>{texts[0]}</div>"], texts[1], texts[2], seconds)

    async def scene(self, name: str, seconds: float, *pages: tuple[str, Any]) -> None:
        """The pages beside each other as they are now, each with whose it is."""
        shots = []
        for whose, page in pages:
            data = base64.b64encode(await page.screenshot()).decode()
            shots.append(f"<figure><figcaption>{whose}</figcaption><img src='data:image/png;base64,{data}'></figure>")
        await self._show(shots, *self.words.scenes[name], seconds)

    async def _show(self, shots: list[str], zh: str, en: str, seconds: float) -> None:
        await self.stage.evaluate(
            "async ([shots, zh, en, foot]) => { document.getElementById('shots').innerHTML = shots;"
            " for (const [id, said] of [['zh', zh], ['en', en], ['foot', foot]]) document.getElementById(id).textContent = said;"
            " await Promise.all([...document.images].map((one) => one.decode())); }",
            ["".join(shots), zh, en, self.words.invented],
        )
        self.frames.append((bytes(await self.stage.screenshot()), seconds))

    def write(self, file: Path) -> float:
        """→ its length in seconds."""
        count = 0
        with av.open(str(file), "w", format="webm") as container:
            stream = container.add_stream("libvpx-vp9", rate=RATE)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.bit_rate, stream.codec_context.gop_size = 0, 30 * RATE
            stream.options = {"crf": "33", "cpu-used": "5", "row-mt": "1"}
            for picture, seconds in self.frames:
                (shown,) = av.open(io.BytesIO(picture)).decode(video=0)
                for _ in range(max(1, round(seconds * RATE))):
                    # A browser takes the film's colours for those of television, and a picture's own mark for a key frame's.
                    frame = shown.reformat(WIDTH, HEIGHT, "yuv420p", dst_color_range="MPEG")
                    frame.color_range, frame.pict_type = ColorRange.MPEG, PictureType.NONE
                    frame.pts, frame.time_base = count, Fraction(1, RATE)
                    count += 1
                    container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return count / RATE


def prepare(home: Path) -> str:
    """A demo county with calls, and a port of its own; → the page's address."""
    home.mkdir(parents=True, exist_ok=True)
    ports = []
    for _ in range(4):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    address = f"http://127.0.0.1:{ports[0]}"
    (home / "gege.toml").write_text(
        f'[web]\nport = {ports[0]}\npublic_url = "{address}"\n[speech]\nvoice = "espeak"\n[voice]\n'
        f'audiosocket = "127.0.0.1:{ports[1]}"\nfastagi = "127.0.0.1:{ports[2]}"\nsip = "127.0.0.1:{ports[3]}"\n'
        '[notify]\nproviders = ["file"]\n'
    )
    made = subprocess.run([*GEGE, "sample", "--calls"], env=environment(home), cwd=PROJECT, check=False)
    assert made.returncode == 0 or any(home.glob("recordings/*/call.sealed")), "no sample county"
    return address


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "GEGE_HOME": str(home), "RASA_TELEMETRY_ENABLED": "false", "GEGE_LANG": "zh"}


def link_of(home: Path, staff_no: str) -> str:
    """A link that signs somebody in."""
    told = subprocess.run(
        [*GEGE, "sign-in", staff_no], env=environment(home), cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def people(home: Path) -> tuple[str, dict[str, str]]:
    """(the duty desk's number, grid → its manager's)."""
    database = existing_site(load_settings(home))
    try:
        with database.reading() as session:
            duty = session.scalars(
                select(Staff.staff_no).where(Staff.role == Role.duty).order_by(Staff.staff_no)
            ).first()
            wanted = select(GridStaff.grid_no, GridStaff.staff_no).join(Staff, Staff.staff_no == GridStaff.staff_no)
            managers = {grid: no for grid, no in session.execute(wanted.where(Staff.role == Role.manager))}
    finally:
        database.dispose()
    return str(duty), managers


def lone_house(home: Path, street: str) -> tuple[str, str]:
    """(address, grid) of a house that stands alone at its number."""
    database = existing_site(load_settings(home))
    try:
        with database.reading() as session:
            wanted = select(Household.address, Household.grid_no).where(Household.compound == "")
            found = session.execute(
                wanted.where(Household.address.like(f"{street}%")).order_by(Household.address)
            ).all()
    finally:
        database.dispose()
    count = Counter(address for address, _ in found)
    address, grid = next((address, grid) for address, grid in found if count[address] == 1)
    return str(address), str(grid)


def microphone(folder: Path) -> Path:
    """What is spoken into the page's telephone: after the greeting, that it is dark."""
    demo_wav("我屋里停电了", folder / "said.wav")
    said = read_audio(folder / "said.wav", RATE_OF_SOUND).samples
    silence = np.zeros(16 * RATE_OF_SOUND, np.int16)
    write_wav(folder / "microphone.wav", np.concatenate([silence, said, silence, said, silence]), RATE_OF_SOUND)
    return folder / "microphone.wav"


async def type_and_send(film: Film, name: str, page: Any, text: str, whose: str) -> None:
    box = page.get_by_label("打字讲")
    for end in [*range(2, len(text) - 1, 2), len(text)]:
        await box.fill(text[:end])
        await film.scene(name, 0.4, (whose, page))
    answers = await page.locator("#talk .gege").count()
    await page.get_by_role("button", name="发送").click()
    await page.locator("#talk .gege").nth(answers).wait_for(timeout=120_000)
    await page.wait_for_timeout(500)
    await page.locator("#talk .gege").last.scroll_into_view_if_needed()


async def play(film: Film, browser: Any, address: str, home: Path) -> None:
    words = film.words
    duty, managers = await asyncio.to_thread(people, home)
    house, grid = await asyncio.to_thread(lone_house, home, "沿河路")
    await film.card(words.title, 4)

    async def opened(size: dict[str, int], path: str = "/") -> Any:
        context = await browser.new_context(viewport=size, base_url=address, locale="zh-CN", permissions=["microphone"])
        page = await context.new_page()
        await page.goto(path)
        return page

    resident = await opened(PHONE)
    manager = await opened(PHONE, await asyncio.to_thread(link_of, home, managers[grid]))
    await manager.locator("button").first.click()
    await manager.goto("/desk")
    both = ((words.resident, resident), (words.manager, manager))
    await film.scene("open", 5, both[0])
    await type_and_send(film, "said", resident, "我屋里停电了", words.resident)
    await film.scene("asked", 4, both[0])
    await type_and_send(film, "asked", resident, house, words.resident)
    await film.scene("read_back", 5, both[0])
    await type_and_send(film, "read_back", resident, "对", words.resident)
    await film.scene("logged", 6, both[0])
    await manager.reload()
    await film.scene("list", 7, *both)
    await manager.locator("a.what").first.click()
    await manager.wait_for_load_state()
    await film.scene("case", 7, *both)
    await manager.get_by_role("button", name="我来接单").first.click()
    await manager.wait_for_load_state()
    await resident.reload()
    await resident.locator("#mine .report").first.scroll_into_view_if_needed()
    await film.scene("taken", 7, *both)

    other = await opened(PHONE)
    wall = await opened(OFFICE, await asyncio.to_thread(link_of, home, duty))
    await wall.locator("button").first.click()
    await type_and_send(film, "danger", other, "电线断了掉在路上，还在冒火", words.resident)
    await film.scene("safety", 7, (words.resident, other))
    await type_and_send(film, "safety", other, "白泉街80号", words.resident)
    await film.scene("safety", 5, (words.resident, other))
    await wall.goto("/desk/wall")
    await wall.wait_for_timeout(1_500)
    await film.scene("wall", 9, ("值班大屏", wall))

    caller = await opened(PHONE, "/phone")
    await caller.get_by_role("button", name="打电话").click()
    await caller.wait_for_timeout(3_000)
    for _ in range(12):
        await film.scene("speak", 0.8, (words.resident, caller))
        await caller.wait_for_timeout(1_000)
    await caller.locator(".captions .you:not(.hearing) ~ .gege").first.wait_for(timeout=120_000)
    await film.scene("heard", 6, (words.resident, caller))
    await caller.get_by_role("button", name="挂断").click()

    await wall.goto("/calls")
    await film.scene("calls", 4, ("通话", wall))
    await wall.locator("a[href^='/calls/']").last.click()
    await wall.wait_for_load_state()
    await film.scene("calls", 8, ("通话", wall))
    await wall.goto("/learning")
    await film.scene("learning", 8, ("学习", wall))
    await film.card(words.end, 5)


async def main() -> None:
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    words = load(Words, Path(__file__).with_suffix(".yml"))
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gege-film-") as folder:
        home = Path(folder) / "home"
        if given is not None:
            shutil.copytree(given, home)
        address = prepare(home)
        with open(Path(folder) / "log", "wb") as log:
            service = subprocess.Popen([*GEGE, "serve"], env=environment(home), cwd=PROJECT, stdout=log, stderr=log)
        try:
            await asyncio.to_thread(_ready, address)
            async with chromium(microphone(Path(folder))) as browser:
                stage = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                await stage.set_content(STAGE)
                film = Film(stage, words)
                await play(film, browser, address, home)
                file = FOLDER / "gege.webm"
                seconds = film.write(file)
                await stage.set_content(STAGE)
                (FOLDER / "poster.png").write_bytes(film.frames[_poster(film)][0])
        finally:
            service.terminate()
            service.wait(60)
    print(f"{file}: {seconds:.0f} s, {file.stat().st_size / 1e6:.1f} MB, {now():%Y-%m-%d}")


def _poster(film: Film) -> int:
    """The picture that stands longest of those with two telephones."""
    return max(range(len(film.frames)), key=lambda one: (film.frames[one][1] == 7, one < len(film.frames) // 2, one))


def _ready(address: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            asyncio.run(asyncio.sleep(0.5))
    raise SystemExit("gege serve did not begin")


if __name__ == "__main__":
    asyncio.run(main())
