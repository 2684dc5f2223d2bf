"""The ways that people reach Gege by, and what can be done on each: the one table of channels."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """A way in. Rows keep its value; `other` stands for a way that this release does not know."""

    phone = "phone"
    web = "web"
    terminal = "terminal"
    telegram = "telegram"
    #: residents of WeCom, who use WeChat
    wechat = "wechat"
    #: WeCom itself, which staff use
    wecom = "wecom"
    sms = "sms"
    other = ""

    @classmethod
    def _missing_(cls, value: object) -> Channel:
        return cls.other

    @property
    def chat(self) -> bool:
        """A conversation that does not end with its report: its session is a chat for ever."""
        return self in (Channel.telegram, Channel.wechat, Channel.wecom)

    @property
    def relayed(self) -> bool:
        """Staff can talk with the resident through the bot here."""
        return self in (Channel.telegram, Channel.wechat)

    @property
    def writable(self) -> bool:
        """Gege can write to the address later, unasked."""
        return self.chat or self is Channel.sms

    @property
    def rings(self) -> bool:
        """The address is a telephone that called us: it can be rung. A number that somebody typed cannot."""
        return self is Channel.phone

    @property
    def contacts(self) -> str:
        """The channel whose contacts are meant: who has a shell on the server speaks for telephone numbers."""
        return str(Channel.phone if self in (Channel.phone, Channel.terminal, Channel.sms) else self)

    @property
    def company(self) -> str:
        """Through whose machines it goes."""
        return "tencent" if self in (Channel.wechat, Channel.wecom) else str(self)
