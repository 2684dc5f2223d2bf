"""The accounts that a site has with messengers: the `[notify.…]` sections of gege.toml."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator


def read_secret(value: object) -> object:
    """What stands in a setting, or what `env:NAME` or `file:/path` (its first line) means. Raises ValueError."""
    if not isinstance(value, str):
        return value
    where, _, name = value.partition(":")
    if where == "env":
        if name not in os.environ:
            raise ValueError(f"the environment has no {name}")
        return os.environ[name]
    if where == "file":
        try:
            return Path(name).read_text("utf-8").splitlines()[0].strip()
        except (OSError, IndexError) as problem:
            raise ValueError(f"{name} cannot be read: {problem}") from problem
    return value


class _Account(BaseModel):
    """A secret may stand in the file, or be `env:NAME` or `file:/path` (its first line)."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("token", "secret", "aes_key", "kf_secret", mode="before", check_fields=False)
    @classmethod
    def _read_secret(cls, value: object) -> object:
        return read_secret(value)


class TelegramAccount(_Account):
    """A bot of @BotFather's; residents and staff write to the same one."""

    token: str = ""
    #: Bot API server: one's own, or a double in tests
    base_url: str = "https://api.telegram.org/bot"
    base_file_url: str = "https://api.telegram.org/file/bot"
    #: where Telegram delivers ("https://gege.example/telegram"), through the page's own port; empty: we fetch
    webhook: str = ""


class WeComAccount(_Account):
    """An internal application (staff), and 微信客服 (residents)."""

    corp_id: str = ""
    agent_id: int = 0
    #: the application's own secret
    secret: str = ""
    #: of the application's callback page: token and EncodingAESKey
    token: str = ""
    aes_key: str = ""
    #: 微信客服: its secret and the account that residents write to
    kf_secret: str = ""
    open_kfid: str = ""
    base_url: str = "https://qyapi.weixin.qq.com"


class RobotAccount(_Account):
    """A robot in a group: one way. `secret` is DingTalk's signing secret; WeCom's robot has none."""

    url: str = ""
    secret: str = ""


class WebhookAccount(_Account):
    """Anything else that takes a signed POST: an SMS gateway, another system."""

    url: str = ""
    secret: str = ""
