"""The accounts that a site has with messengers: the `[notify.…]` sections of gege.toml."""

from __future__ import annotations

from pydantic import field_validator

from bot.settings.section import Section, read_secret


class _Account(Section):
    """A secret may stand in the file, or be `env:NAME` or `file:PATH` (its first line). A robot's address is one as well."""

    @field_validator("url", "token", "secret", "aes_key", "kf_secret", mode="before", check_fields=False)
    @classmethod
    def _read_secret(cls, value: object) -> object:
        return read_secret(value)


class TelegramAccount(_Account):
    """A bot of @BotFather's; residents and staff write to the same one."""

    #: of the bot; empty: no Telegram. Its servers are abroad: read docs/privacy.md (cross-border) before it is switched on
    token: str = ""
    #: Bot API server: one's own, or a double in tests
    base_url: str = "https://api.telegram.org/bot"
    base_file_url: str = "https://api.telegram.org/file/bot"
    #: where Telegram delivers ("https://gege.example/telegram"), through the page's own port; empty: we fetch
    webhook: str = ""


class WeComAccount(_Account):
    """An internal application (staff), and 微信客服 (residents)."""

    #: of the company and of the application
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
    #: WeCom's API
    base_url: str = "https://qyapi.weixin.qq.com"


class RobotAccount(_Account):
    """A robot in a group: one way. `secret` is DingTalk's signing secret; WeCom's robot has none."""

    #: where it is posted to; empty: it is not used
    url: str = ""
    #: what a message is signed with
    secret: str = ""


class WebhookAccount(_Account):
    """Anything else that takes a signed POST: an SMS gateway, another system."""

    #: where it is posted to; empty: it is not used
    url: str = ""
    #: what a message is signed with
    secret: str = ""
