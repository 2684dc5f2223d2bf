"""What a site sets about the telephone: front ends, turn taking, how many calls, Asterisk, calling out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bot.settings.section import Section, one_or_more, read_secret


class TrunkSettings(Section):
    """[voice.trunk]: a SIP trunk (or an exchange) that calls come from and go to; empty: none."""

    #: host:port where it listens
    registrar: str = ""
    #: its name in SIP addresses; empty: the registrar's
    domain: str = ""
    #: account there; the password may be `env:NAME` or `file:PATH` (its first line)
    user: str = ""
    password: Annotated[str, BeforeValidator(read_secret)] = Field(default="", repr=False)
    #: whether those who are rung for a caller see his number; only for carriers that allow it
    show_caller: bool = False
    #: whether it wants to be told where we are (REGISTER), and for how long a registration is asked: a trunk that forgets us
    #: brings no calls until then
    registers: bool = True
    expires_s: int = Field(default=120, ge=30)
    #: seconds for which one person is rung
    ring_s: float = Field(default=25.0, gt=0)


class ExchangeSettings(Section):
    """[voice.exchange]: the exchange that calls come from when there is no [voice.trunk]; people are rung through it."""

    #: account that it wants for calls from us, if any; the password may be `env:NAME` or `file:PATH` (its first line)
    user: str = "gege"
    password: Annotated[str, BeforeValidator(read_secret)] = Field(default="", repr=False)
    #: whether those who are rung for a caller see his number
    show_caller: bool = False
    #: how people are rung: "call" by a call of ours, "refer" by asking the exchange to transfer the caller, who may be lost
    #: when nobody answers; "auto" tries them in this order
    ring: Literal["auto", "call", "refer"] = "auto"
    #: whether two who talk are left to the exchange (REFER with Replaces), where it says that it can
    leave: bool = True


class VoiceSettings(Section):
    """Telephone front ends; addresses are host:port."""

    #: where Asterisk brings the sound of a call, and asks whom to ring
    audiosocket: str = "127.0.0.1:9092"
    fastagi: str = "127.0.0.1:4573"
    #: where an adapter or a trunk calls without Asterisk; empty: nobody does
    sip: str = "127.0.0.1:5090"
    #: networks whose SIP is answered
    sip_allowed: list[str] = Field(default_factory=lambda: ["127.0.0.0/8", "::1/128"])
    #: SIP calls at the same time
    sip_calls: int = Field(default=30, ge=1)
    #: our address as seen from outside; empty: the interface's
    sip_public: str = ""
    trunk: TrunkSettings = Field(default_factory=lambda: TrunkSettings())
    exchange: ExchangeSettings = Field(default_factory=lambda: ExchangeSettings())
    #: seconds of silence that end a caller's turn (old callers: 0.9 to 1.5)
    end_of_speech: float = 0.9


class TurnSettings(Section):
    """Turn taking on the telephone, seconds."""

    #: "elder" never waits less than 0.9 s for a caller who pauses; "brisk" takes [voice] end_of_speech as it is
    profile: Literal["elder", "brisk"] = "elder"
    #: the longest wait, with all that adds to it
    longest_wait: float = Field(default=1.5, ge=0.3, le=5.0)
    #: waits so much longer while a number or an address is being said
    number_wait: float = Field(default=0.4, ge=0.0, le=3.0)
    #: waits so much longer for a caller who was cut off twice; remembered for the number that calls
    cut_off_wait: float = Field(default=0.3, ge=0.0, le=3.0)
    #: patience with somebody who says nothing
    no_input: float = Field(default=6.0, gt=0.5)
    #: who asked to be waited for (等一下,我去看下) is told after so long that Gege is there, and again each time
    wait_told: float = Field(default=20.0, ge=5.0)
    #: and is waited for so long altogether
    longest_absence: float = Field(default=120.0, ge=0.0, le=900.0)
    #: a turn is answered at the latest after this
    longest_turn: float = Field(default=60.0, ge=5.0)
    #: "let me look" is heard when an answer takes longer than this
    look_after: float = Field(default=0.8, gt=0.0)


class CapacitySettings(Section):
    """How many calls are taken, and what happens to the others."""

    #: calls that are recognised at the same time; the others leave a message. 0: 12 for each core
    recognised_calls: int = Field(default=0, ge=0)
    #: open calls altogether; further ones go to a person at once
    open_calls: int = Field(default=120, ge=1)
    #: a turn that is not recognised, or not answered, after so many seconds goes to a person
    recognise_s: float = Field(default=4.0, gt=0.0)
    dialogue_s: float = Field(default=8.0, gt=0.0)
    #: what is written on a page and would wait longer for its answer (s) is kept, and answered in its order; 0: it waits.
    #: Danger is answered at once
    text_wait_s: float = Field(default=1.0, ge=0.0)
    #: a stopping service lets calls finish for so many seconds
    stop_s: float = Field(default=120.0, ge=0.0, le=600.0)
    #: a service that does nothing for so many seconds is ended, so that callers are rung through; 0: never (for a debugger)
    watchdog_s: float = Field(default=5.0, ge=0.0, le=60.0)


class PhoneSettings(Section):
    """The telephone in the browser."""

    #: calls at the same time, and from one address; behind a proxy all browsers share its address
    calls: int = Field(default=12, ge=0)
    calls_per_address: int = Field(default=3, ge=1)
    #: a call ends after this
    longest_minutes: float = Field(default=30.0, gt=0)


class AmiSettings(Section):
    """[asterisk.ami]: Asterisk's manager interface, to call out by; empty: calls go out by [voice.trunk], or not at all."""

    #: host:port (Asterisk's own port is 5038); where there are two exchanges, both: the second rings when the first cannot
    address: Annotated[list[str], BeforeValidator(one_or_more)] = Field(default_factory=list)
    #: account there (manager.conf: read=call, write=originate,call); the secret may be `env:NAME` or `file:PATH` (its first line)
    user: str = ""
    secret: Annotated[str, BeforeValidator(read_secret)] = Field(default="", repr=False)
    #: what Asterisk dials
    channel: str = "PJSIP/{number}@trunk"
    #: where Asterisk reaches our AudioSocket; empty: [voice] audiosocket
    audiosocket: str = ""


class AsteriskSettings(Section):
    """Who may speak AudioSocket and FastAGI to us, and how people are rung."""

    #: networks; neither protocol has a password
    allowed: list[str] = Field(default_factory=lambda: ["127.0.0.0/8", "::1/128"])
    #: an announced call must connect within so many seconds
    announced_s: float = Field(default=10.0, gt=0.0)
    #: FastAGI questions at the same time: four for each line of the exchange (before and after the call, whisper, hang-up);
    #: who comes then is answered from memory and rung through. Seconds that a command may take
    connections: int = Field(default=500, ge=1)
    timeout_s: float = Field(default=5.0, gt=0.0)
    ami: AmiSettings = Field(default_factory=lambda: AmiSettings())


class CallingSettings(Section):
    """[calling]: whether and whom Gege calls by herself."""

    #: off: nobody is called
    enabled: bool = False
    #: the company's number, which whoever is rung sees, as the trunk wants it; empty: [site] station_phone, and by SIP the
    #: account of [voice.trunk] or [voice.exchange]
    number: str = ""
    #: residents' numbers begin with one of these: mobile telephones and this area's (no toll surprises)
    prefixes: list[str] = Field(default_factory=lambda: ["1", "0715"])
    #: calls to residents in an hour, and at the same time; danger is not counted
    per_hour: int = Field(default=60, ge=0)
    lines: int = Field(default=2, ge=1)
    #: one person is rung so long, a resident who did not answer is tried once more after so long
    ring_s: float = Field(default=25.0, gt=0)
    again_min: float = Field(default=120.0, gt=0)
    #: pause between two rounds of danger
    pause_s: float = Field(default=60.0, gt=0)
