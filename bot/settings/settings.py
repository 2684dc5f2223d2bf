"""One typed configuration: `gege.toml` under GEGE_HOME, with the environment on top."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PositiveFloat, ValidationError, model_validator

from bot.foundation.backoff import Backoff
from bot.foundation.errors import Refused
from bot.settings.accounts import RobotAccount, TelegramAccount, WebhookAccount, WeComAccount
from bot.settings.events import EventsSettings
from bot.settings.mistakes import mistake
from bot.settings.section import Network, Section, Span, Weekly, read_secret
from bot.settings.telephony import (
    AsteriskSettings,
    CallingSettings,
    CapacitySettings,
    PhoneSettings,
    TurnSettings,
    VoiceSettings,
)

PROJECT = Path(__file__).resolve().parents[2]


class SettingsError(Refused):
    """The site's settings cannot be used; the message says which line and what to do."""


class SiteSettings(Section):
    """What the site calls itself and its last resorts."""

    #: how Gege calls the company in its greeting
    name: str = "崇阳供电"
    #: the office that residents are sent to when nobody else is known, and its telephone; its area code is put before numbers
    #: that come without one
    station: str = "天城供电所"
    station_phone: str = "0715-3390000"
    #: where residents complain about the service, beside 12398 (the energy regulator); empty: the station
    supervision_phone: str = ""
    #: what the code for paying on notice boards holds (the company's own address); empty: boards carry none
    pay_url: str = ""
    #: name of the zone in which days begin, people work and times are told
    timezone: str = "Asia/Shanghai"


class WebSettings(Section):
    """The page, and staff's pages."""

    #: address and port that the page is served on
    host: str = "127.0.0.1"
    port: int = 8080
    #: how the page is reached from outside, for the links in messages; empty: messages carry no links
    public_url: str = ""
    #: names that the page is reached by, beside loopback and those two
    hosts: list[str] = Field(default_factory=list)
    #: addresses or networks of the proxies in front, which end TLS: what they say of where a request came from
    #: (X-Forwarded-For) is believed
    proxies: list[Network] = Field(default_factory=list)
    #: staff stay signed in this long
    sign_in_hours: float = Field(default=12.0, gt=0)


class ServeSettings(Section):
    """`gege serve`."""

    #: serve other machines although `gege doctor --strict` finds it unsafe; only for a network that nobody else is in
    unsafe: bool = False


class OutsideSettings(Section):
    """95598: tickets that the national hotline hands down over HTTP (POST /api/95598/tickets)."""

    #: what it shows (Authorization: Bearer …); empty: files alone
    token: str = ""


class RemoteEarSettings(Section):
    """A recogniser in another process or on another machine."""

    #: what it speaks: "openai" (/v1/audio/transcriptions), "vosk" or "funasr" (websockets), "wyoming" (TCP)
    kind: Literal["openai", "vosk", "funasr", "wyoming"] = "openai"
    #: its address: loopback, a private address, or encrypted (https, wss)
    url: str = ""
    #: sent as a bearer token, where it asks for one
    token: str = ""
    #: the name of its model, where it has several
    model: str = ""
    #: later than this after a turn's end (seconds), the local ear's words are taken
    timeout_s: float = Field(default=3.0, gt=0)


class RemoteVoiceSettings(Section):
    """A voice in another process or on another machine, where `[speech] voice` is an address."""

    #: sent as a bearer token, where it asks for one
    token: str = ""
    #: the name of its model, where it has several
    model: str = ""
    #: the name of its voice; empty: its own choice
    speaker: str = ""
    #: later than this (seconds) espeak-ng says the sentence
    timeout_s: float = Field(default=2.5, gt=0)


class SpeechSettings(Section):
    """Recognition, and the machine's voice."""

    #: "local" (a model on this machine) or "remote" (a recogniser elsewhere, see [speech.remote])
    engine: Literal["local", "remote"] = "local"
    #: the speech model: a folder, or a name under GEGE_HOME/models; empty: the first one installed there, else models/demo
    model: str = ""
    #: a second, stronger ear over the same turn: folder or name of its model, or "remote"; empty: none
    second: str = ""
    #: the second ear may take so long (seconds) after the turn's end; then the first one's words stand
    second_s: float = Field(default=2.5, gt=0)
    #: turns that are recognised at the same time
    threads: int = 2
    #: threads that work on one turn (sherpa-onnx, Whisper)
    threads_a_turn: int = Field(default=1, ge=1)
    #: readings of a sentence that are kept
    alternatives: int = 5
    #: who speaks: "" (Kokoro where it is installed, else espeak-ng), "espeak", "kokoro", "kokoro:VOICE", "sherpa:FOLDER",
    #: "sherpa:FOLDER#SPEAKER", "https://HOST/v1/audio/speech", "wyoming://HOST:PORT" (docs/speech.md)
    voice: str = ""
    #: speaking rate in words a minute, for every engine; slow for old ears
    rate: int = 150
    remote: RemoteEarSettings = Field(default_factory=RemoteEarSettings)
    remote_voice: RemoteVoiceSettings = Field(default_factory=RemoteVoiceSettings)


class DialogueSettings(Section):
    """Rasa, which understands and answers."""

    #: "embedded" (Rasa in this process) or "http" (a Rasa server, see docs)
    adapter: str = "embedded"
    #: processes that take turns side by side, one core each; 1: the service itself takes them
    processes: int = Field(default=1, ge=1, le=64)
    #: address of that server, and the token that it asks for
    url: str = "http://127.0.0.1:5005"
    token: str = ""
    #: folder of trained dialogue models; empty: models/dialogue in the project
    models: str = ""
    #: a dialogue that rested this long (minutes) is over; a half-filled form becomes a ticket
    session_minutes: int = 30
    #: a turn waits so long (seconds) for others that write to the database; then its report waits in GEGE_HOME/spool
    write_s: float = Field(default=5.0, gt=0)
    #: a dialogue that is over leaves the database after so many days
    keep_days: int = Field(default=7, ge=1)


class NotifySettings(Section):
    """Messages to staff, and news to residents."""

    #: providers used for staff without a messenger of their own
    providers: list[str] = Field(default_factory=lambda: ["console", "file"])
    #: one send may take this long
    timeout_s: float = Field(default=10.0, gt=0)
    #: messages a minute for one person; what is more comes together in one (danger does not wait)
    per_person_a_minute: int = Field(default=12, ge=1)
    #: from this many waiting for one person they come as one message
    together_from: int = Field(default=4, ge=2)
    telegram: TelegramAccount = Field(default_factory=TelegramAccount)
    wecom: WeComAccount = Field(default_factory=WeComAccount)
    wecom_robot: RobotAccount = Field(default_factory=RobotAccount)
    dingtalk_robot: RobotAccount = Field(default_factory=RobotAccount)
    webhook: WebhookAccount = Field(default_factory=WebhookAccount)
    #: a message that was not taken is tried again after so long, then ever more rarely
    retry_first_s: float = Field(default=1.0, gt=0)
    #: the longest pause between two tries
    retry_max_s: float = 3600.0
    #: the same for danger, whatever a provider asks for
    retry_max_urgent_s: float = Field(default=60.0, gt=0, le=60)
    #: what nobody took for so long is given up
    dead_letter_after_h: float = 24.0
    #: settled messages of cases that are over are forgotten after so many days
    keep_days: int = Field(default=180, ge=1)

    def backoff(self, urgent: bool) -> Backoff:
        """When a message that was not taken is tried again."""
        most, until = self.retry_max_urgent_s, self.dead_letter_after_h * 3600
        if urgent:
            return Backoff(min(self.retry_first_s, most), most, give_up_after_s=until, most_asked_s=most)
        return Backoff(self.retry_first_s, self.retry_max_s, give_up_after_s=until)


class ChatSettings(Section):
    """Conversations in messengers."""

    #: an answer that a messenger does not take for so long is given up
    answers_for_min: PositiveFloat = 60.0
    #: a person who talks to a resident through the bot, and is silent for so long, gives the resident back to the bot
    taken_over_min: PositiveFloat = 30.0


class DeadlineSettings(Section):
    """How soon somebody must be there, and how soon it must be settled."""

    #: minutes until somebody is on site, for what is served around the clock (State Grid: 45 / 90 / 120)
    on_site_min: dict[str, PositiveFloat] = Field(
        default_factory=lambda: {"town": 45.0, "village": 90.0, "remote": 120.0}
    )
    #: minutes from there until the supply is back
    restore_min: dict[str, PositiveFloat] = Field(
        default_factory=lambda: {"town": 180.0, "village": 240.0, "remote": 240.0}
    )
    #: working days until an everyday matter is settled; kinds that are not named have `other`
    working_days: dict[str, PositiveFloat] = Field(
        default_factory=lambda: {
            "callback": 0.5,
            "unclear": 0.5,
            "arrears": 1,
            "pricing": 1,
            "indoor_repair": 1,
            "care": 3,
            "new_account": 5,
            "meter_relocation": 5,
            "complaint": 5,
            "other": 5,
        }
    )
    #: hours around the clock, for kinds that count no working days (supply is back within 24 h of payment)
    hours: dict[str, PositiveFloat] = Field(default_factory=lambda: {"reconnect": 24.0})
    #: grid numbers (or patterns: XZ*) outside of town; all others are town
    village_grids: list[str] = Field(default_factory=list)
    #: those of them that are far away
    remote_grids: list[str] = Field(default_factory=list)


class OutageSettings(Section):
    """When reports are one outage, and how often its conversation may speak."""

    #: so many households of one transformer within so many minutes
    households: int = Field(default=3, ge=2)
    window_min: PositiveFloat = 20.0
    #: so many transformers of one feeder (of fewer: all of them) within so many minutes
    transformers: int = Field(default=3, ge=2)
    feeder_window_min: PositiveFloat = 30.0
    #: who owes so many months may have been cut off: looked at alone
    arrears_months: int = Field(default=2, ge=1)
    #: the newest counts are told at most so often
    update_every_min: PositiveFloat = 5.0
    #: a planned outage that is not over so long after its announced end is one that nobody planned
    overrun_min: float = Field(default=60.0, ge=0)
    #: who does not say that it is still dark has light
    silence_days: PositiveFloat = 2.0


class RatingSettings(Section):
    """Asking whether the resident is satisfied."""

    #: no answer closes the ticket as unrated
    unrated_days: PositiveFloat = 3.0


class FloodSettings(Section):
    """From how many reports on those of one source are one case that a person sees; none is refused."""

    #: of one number, one chat or one browser's conversation within `window_min`
    reports: int = Field(default=10, ge=1)
    #: of one network address, behind which a whole village may sit
    network: int = Field(default=30, ge=1)
    #: minutes in which an empty bucket is full again
    window_min: PositiveFloat = 60.0


class ServiceSettings(Section):
    """When people work, what may wait until the morning, and which deadlines count."""

    #: ISO weekdays, Monday is 1
    workdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(default=[1, 2, 3, 4, 5], min_length=1)
    #: spans of a working day in the site's own time
    working_hours: list[Span] = Field(default=["08:00-17:30"], min_length=1)
    #: nobody is written to, except about danger and what is served around the clock
    quiet_hours: Span = "21:00-07:00"
    #: YAML of holidays and of the weekends worked in exchange; empty: GEGE_HOME/holidays.yml, else what ships with Gege
    holidays: str = ""
    #: these kinds climb and are told at any hour, and so does whatever is urgent
    around_the_clock: list[str] = Field(default_factory=lambda: ["hazard", "outage", "breaker_fault"])
    #: news of their report goes by SMS to those who telephoned from a mobile
    sms_news: bool = False
    #: in 试听 (/desk/shadow) a report waits so long for a person's 对 or 改, then it goes on as it is
    confirm_min: int = Field(default=10, ge=1, le=60)
    deadlines: DeadlineSettings = Field(default_factory=DeadlineSettings)
    outages: OutageSettings = Field(default_factory=OutageSettings)
    ratings: RatingSettings = Field(default_factory=RatingSettings)
    floods: FloodSettings = Field(default_factory=FloodSettings)


class BucketSettings(Section):
    """[recording.bucket]: recordings leave this machine's disk for a bucket of an S3-compatible storage; empty: they stay.

    They go there sealed; the keys stay here (docs/decisions/0042-recordings-elsewhere.md)."""

    model_config = ConfigDict(frozen=True)

    #: its address: https://…, http:// in a network of our own
    url: str = ""
    bucket: str = ""
    #: before every name, where a bucket is shared by several sites: "county-1/"
    prefix: str = ""
    region: str = "us-east-1"
    #: account there; both may be `env:NAME` or `file:PATH` (its first line)
    access_key: Annotated[str, BeforeValidator(read_secret)] = ""
    secret_key: Annotated[str, BeforeValidator(read_secret)] = Field(default="", repr=False)
    #: minutes that a recording stays on the disk after its last change
    after_min: float = Field(default=60.0, ge=0)
    #: seconds that one answer of the storage may take; no call waits for it
    timeout_s: float = Field(default=30.0, gt=0)

    @model_validator(mode="after")
    def _whole(self) -> BucketSettings:
        if self.url and not re.fullmatch(r"https?://[^/@\s]+", self.url):
            raise ValueError(f"url is http(s)://HOST[:PORT] and no more, not {self.url!r}")
        if self.url and not (self.bucket and self.access_key and self.secret_key):
            raise ValueError("url needs bucket, access_key and secret_key beside it")
        return self


class RecordingSettings(Section):
    """Recordings of calls (docs/decisions/0015-sealed-recordings.md)."""

    #: file with the keys; empty: GEGE_HOME/keys/recording.key (GEGE_RECORDING_KEY comes before both)
    key_file: str = ""
    #: kept for so many days; a State Grid company keeps them three months at least
    days: int = Field(default=180, ge=90)
    bucket: BucketSettings = Field(default_factory=BucketSettings)


class PrivacySettings(Section):
    """How long what people said and reported is kept (days), and where it is written down who was deleted (docs/privacy.md)."""

    #: what was said in calls and chats, and how calls went
    words_days: int = Field(default=365, ge=30)
    #: pictures and files that came with a report
    pictures_days: int = Field(default=365, ge=30)
    #: words, places and names of a case, from its last change; kind, state, grid and times stay for statistics
    cases_days: int = Field(default=1095, ge=180)
    #: visits, wishes and other lines of the register
    register_days: int = Field(default=1825, ge=365)
    #: corrections by staff, and what is learned from them
    learning_days: int = Field(default=730, ge=30)
    #: who of the staff looked, and what was done for a person's sake (network logs: six months at least)
    looks_days: int = Field(default=1095, ge=180)
    #: small traces: how slowly somebody speaks, proofs that failed, calls that were owed
    traces_days: int = Field(default=90, ge=7)
    #: file of those who were deleted, which a restore reads; best beside the backups, on another disk. Empty: GEGE_HOME/deleted.jsonl
    deleted_file: str = ""


class LogSettings(Section):
    """The service's log on standard error; GEGE_LOG in the environment comes before it."""

    #: of Gege's own lines; other libraries are heard from "warning" on
    level: Literal["debug", "info", "warning", "error"] = "warning"
    #: "lines" for people, "json" (an object a line) for a collector
    form: Literal["lines", "json"] = "lines"


class BackupSettings(Section):
    """Backups that the service makes of itself while it runs (docs/operate.md)."""

    #: folder on another disk or machine; it must be there. Empty: none is made by itself
    folder: str = ""
    #: so often: what a lost machine loses at most
    every_min: float = Field(default=4.0, ge=1, le=60)
    #: archives older than this go, and with them what the site has deleted meanwhile
    keep_days: int = Field(default=14, ge=1)


class MetricsSettings(Section):
    """`/metrics` is for this machine, and for whoever shows this token (Authorization: Bearer …)."""

    #: empty: only this machine may read
    token: str = ""


class PromptSettings(Section):
    """What the site recorded (bot/voice/repertoire.py), and how everything that is said sounds."""

    #: dBFS (RMS of what is spoken) of every recording and of the machine's voice; louder for old ears
    loudness: float = Field(default=-19.0, ge=-35.0, le=-9.0)
    #: below 1 is slower than it was recorded
    speed: float = Field(default=1.0, ge=0.6, le=1.5)
    #: roles that may record in the studio
    recorders: list[str] = Field(default_factory=lambda: ["manager", "duty", "admin"])
    #: the longest recording of one sentence
    longest_s: float = Field(default=30.0, gt=1.0, le=120.0)


class ReplicaSettings(Section):
    """Several services on one PostgreSQL database (docs/replicas.md)."""

    #: this service's place, another one for each; empty: machine and GEGE_HOME
    name: str = ""
    #: a service that gave no sign of life for so long (seconds) is dead: the others take over its calls and messages
    lease_s: float = Field(default=20.0, ge=1.0, le=300.0)


class LearningSettings(Section):
    """Learning from what staff correct (gege learn)."""

    #: when it learns by itself, in the site's own time: "Sun 03:00"; empty: never
    weekly: Weekly = ""
    #: further changes of the kind by one account within a day wait for a second person
    relabels_a_day: int = Field(default=10, ge=1)
    #: the last corrections, by time, are kept for the comparison
    held_out: float = Field(default=0.2, ge=0.0, le=0.5)
    #: share of the frozen sentences that a new model may understand worse (none of the dangers)
    allowed_loss: float = Field(default=0.005, ge=0.0, le=0.05)


class Settings(Section):
    """Everything a site can change. Paths hang below `home`."""

    home: Path = Path("var")
    #: SQLAlchemy URL (postgresql+psycopg://…); empty: a SQLite file in GEGE_HOME. GEGE_DATABASE_URL comes before it
    database: str = ""
    site: SiteSettings = Field(default_factory=SiteSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    serve: ServeSettings = Field(default_factory=ServeSettings)
    voice: VoiceSettings = Field(default_factory=VoiceSettings)
    speech: SpeechSettings = Field(default_factory=SpeechSettings)
    dialogue: DialogueSettings = Field(default_factory=DialogueSettings)
    notify: NotifySettings = Field(default_factory=NotifySettings)
    chat: ChatSettings = Field(default_factory=ChatSettings)
    service: ServiceSettings = Field(default_factory=ServiceSettings)
    recording: RecordingSettings = Field(default_factory=RecordingSettings)
    turns: TurnSettings = Field(default_factory=TurnSettings)
    capacity: CapacitySettings = Field(default_factory=CapacitySettings)
    asterisk: AsteriskSettings = Field(default_factory=AsteriskSettings)
    calling: CallingSettings = Field(default_factory=CallingSettings)
    privacy: PrivacySettings = Field(default_factory=PrivacySettings)
    log: LogSettings = Field(default_factory=LogSettings)
    backup: BackupSettings = Field(default_factory=BackupSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    events: EventsSettings = Field(default_factory=EventsSettings)
    prompts: PromptSettings = Field(default_factory=PromptSettings)
    phone: PhoneSettings = Field(default_factory=PhoneSettings)
    outside: OutsideSettings = Field(default_factory=OutsideSettings)
    learning: LearningSettings = Field(default_factory=LearningSettings)
    replicas: ReplicaSettings = Field(default_factory=ReplicaSettings)
    #: YAML of dated prices; empty: the one that ships with Gege
    tariff: str = ""

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL; the embedded default is a SQLite file under `home`."""
        return self.database or f"sqlite:///{self.home / 'gege.sqlite'}"

    @property
    def dialogue_models(self) -> Path:
        return Path(self.dialogue.models) if self.dialogue.models else PROJECT / "models" / "dialogue"


def load_settings(home: Path | None = None) -> Settings:
    """Read `gege.toml` of GEGE_HOME (default `var/`); GEGE_DATABASE_URL overrides the database, GEGE_LOG the log's level.

    Raises SettingsError with the file, the key and the reason."""
    root = Path(home or os.environ.get("GEGE_HOME") or "var").expanduser()
    values: dict[str, Any] = {}
    file = root / "gege.toml"
    if file.exists():
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise SettingsError(f"{file}: not valid TOML: {problem}") from problem
    if url := os.environ.get("GEGE_DATABASE_URL"):
        values["database"] = url
    if level := os.environ.get("GEGE_LOG"):
        values["log"] = {**_table(values.get("log")), "level": level.lower()}
    return settings_of(values, root)


def settings_of(values: dict[str, Any], home: Path) -> Settings:
    """The settings that a gege.toml in `home` with these values makes. Raises SettingsError with file, key and reason."""
    try:
        return Settings(**{**_below(values, home), "home": home})
    except ValidationError as problem:
        raise SettingsError(f"{home / 'gege.toml'}: {mistake(problem, Settings)}") from problem


def _below(values: dict[str, Any], home: Path) -> dict[str, Any]:
    """`file:keys/wecom` names a file of the site: it is meant from GEGE_HOME, wherever a command is given."""
    found = {}
    for name, value in values.items():
        if isinstance(value, dict):
            value = _below(value, home)
        elif isinstance(value, str) and value.startswith("file:"):
            value = f"file:{home.absolute() / value.removeprefix('file:')}"
        found[name] = value
    return found


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
