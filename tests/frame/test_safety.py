"""A site that strangers reach is safe or is not served; on this machine alone it is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from bot.app import safety
from bot.app.safety import UnsafeToServe, refuse_unsafe, strangers_reach, unsafe
from bot.app.serve import _serve
from bot.commands.doctor.strict import examine_safety
from bot.database import now
from bot.foundation.backup_names import archive_of
from bot.settings import Settings

STRONG = "b9f3c1d07a5e4e62"
SAFE: dict[str, Any] = {
    "web": {"host": "0.0.0.0", "proxies": ["10.0.0.5"], "public_url": "https://gege.example"},
    "site": {"station_phone": "0715-3391234"},
    "metrics": {"token": STRONG},
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def names(settings: Settings, sample: bool = False) -> list[str]:
    return [f"{one.name}: {one.detail}" for one in unsafe(settings, sample=sample)]


def site(home: Path, **sections: Any) -> Settings:
    return Settings(home=home, **{**SAFE, **sections})


def test_a_site_behind_its_proxy_is_served(home: Path) -> None:
    assert names(site(home)) == [] and strangers_reach(site(home)) == ["[web] host"]
    assert refuse_unsafe(site(home), sample=False) == []


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"web": {"host": "0.0.0.0"}}, "plain HTTP"),
        ({"web": {"host": "192.168.1.5", "public_url": "http://gege.example"}}, "plain HTTP"),
        ({"web": {"host": "::", "proxies": ["10.0.0.5"], "public_url": "http://gege.example"}}, "not encrypted"),
        ({"web": {"host": "0.0.0.0", "proxies": ["0.0.0.0/0"]}}, "believes every machine"),
        ({"voice": {"sip_allowed": ["0.0.0.0/0"]}}, "anybody's name"),
        ({"asterisk": {"allowed": ["::/0"]}}, "anybody's name"),
        ({"metrics": {"token": "123456"}}, "shorter than"),
        ({"outside": {"token": "changemechangeme"}}, "everybody tries"),
        ({"outside": {"token": "aaaaaaaaaaaaaaaa"}}, "everybody tries"),
        ({"asterisk": {"ami": {"secret": "MANAGER.SECRET"}}}, "everybody tries"),
        ({"notify": {"webhook": {"url": "https://sms.example"}}}, "is empty"),
        ({"database": "postgresql+psycopg2://gege:gege@10.0.0.9/gege"}, "password of the database"),
        ({"site": {}}, "example 0715-3390000"),
    ],
)
def test_what_is_unsafe_is_not_begun_with(home: Path, sections: dict[str, Any], said: str) -> None:
    settings = site(home, **sections)
    with pytest.raises(UnsafeToServe, match="gege doctor --strict") as refused:
        refuse_unsafe(settings, sample=False)
    assert said in str(refused.value) and "→" in str(refused.value)
    for secret in ("123456", "changemechangeme", "aaaaaaaaaaaaaaaa", "gege:gege@"):
        assert secret not in str(refused.value), "the secret itself stays where it is"
    served = settings.model_copy(update={"serve": settings.serve.model_copy(update={"unsafe": True})})
    assert refuse_unsafe(served, sample=False), "told, and served"


def test_on_this_machine_alone_it_is_told_and_served(home: Path) -> None:
    settings = Settings(home=home)
    assert strangers_reach(settings) == [] and refuse_unsafe(settings, sample=True) == []
    home.chmod(0o755)
    assert [one.name for one in refuse_unsafe(settings, sample=True)] == ["file modes"]


def test_files_that_others_may_read_are_not_served_to_strangers(home: Path) -> None:
    home.chmod(0o755)
    with pytest.raises(UnsafeToServe, match="chmod"):
        refuse_unsafe(site(home), sample=False)


def test_nobody_rings_the_sample_countys_numbers(home: Path) -> None:
    settings = Settings(home=home, calling={"enabled": True})  # type: ignore[arg-type]
    assert names(settings, sample=True) and not names(Settings(home=home), sample=True)


@pytest.mark.parametrize("door", ["audiosocket", "fastagi", "sip"])
def test_a_telephone_door_that_others_reach_counts(home: Path, door: str) -> None:
    settings = Settings(home=home, voice={door: "0.0.0.0:9092"})  # type: ignore[arg-type]
    assert strangers_reach(settings) == [f"[voice] {door}"]


def test_the_doctor_says_each_and_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "as_root", lambda: False)
    monkeypatch.setattr("bot.commands.doctor.strict.as_root", lambda: False)
    folder = home / "backups"
    folder.mkdir()
    kept: dict[str, Any] = {"backup": {"folder": str(folder)}}
    for sections, lacks in (({}, "lost"), (kept, "no backup yet")):
        (found,) = examine_safety(site(home, **sections))
        assert found["name"] == "safe: backups" and lacks in found["detail"] and not found["ok"]
    archive_of(folder, now() - dt.timedelta(days=3)).touch()
    assert "72 hours old" in examine_safety(site(home, **kept))[0]["detail"]
    archive_of(folder, now()).touch()
    (fine,) = examine_safety(site(home, **kept))
    assert fine["ok"] and "10.0.0.5" not in fine["detail"]
    home.chmod(0o755)
    (found,) = examine_safety(site(home, **kept))
    assert not found["ok"] and found["name"] == "safe: file modes" and "chmod" in found["advice"]
    monkeypatch.setattr("bot.commands.doctor.strict.as_root", lambda: True)
    assert [one["name"] for one in examine_safety(site(home, **kept))] == ["safe: file modes", "safe: user"]


async def test_the_service_does_not_begin(home: Path) -> None:
    ports = {"audiosocket": "127.0.0.1:0", "fastagi": "127.0.0.1:0", "sip": ""}
    settings = Settings(
        home=home,
        database=f"sqlite:///{home / 'gege.sqlite'}",
        web={"host": "0.0.0.0", "port": 0},  # type: ignore[arg-type]
        voice=ports,  # type: ignore[arg-type]
    )
    with pytest.raises(UnsafeToServe, match=r"\[web\] proxies"):
        await _serve(settings)
