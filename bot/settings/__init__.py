"""What a site sets: one typed configuration, read from `gege.toml`."""

from bot.settings.events import (
    EventsSettings as EventsSettings,
)
from bot.settings.settings import (
    PROJECT as PROJECT,
)
from bot.settings.settings import (
    BackupSettings as BackupSettings,
)
from bot.settings.settings import (
    BucketSettings as BucketSettings,
)
from bot.settings.settings import (
    ChatSettings as ChatSettings,
)
from bot.settings.settings import (
    DeadlineSettings as DeadlineSettings,
)
from bot.settings.settings import (
    DialogueSettings as DialogueSettings,
)
from bot.settings.settings import (
    FloodSettings as FloodSettings,
)
from bot.settings.settings import (
    LearningSettings as LearningSettings,
)
from bot.settings.settings import (
    LogSettings as LogSettings,
)
from bot.settings.settings import (
    MetricsSettings as MetricsSettings,
)
from bot.settings.settings import (
    NotifySettings as NotifySettings,
)
from bot.settings.settings import (
    OutageSettings as OutageSettings,
)
from bot.settings.settings import (
    PromptSettings as PromptSettings,
)
from bot.settings.settings import (
    RatingSettings as RatingSettings,
)
from bot.settings.settings import (
    RecordingSettings as RecordingSettings,
)
from bot.settings.settings import (
    ServiceSettings as ServiceSettings,
)
from bot.settings.settings import (
    Settings as Settings,
)
from bot.settings.settings import (
    SettingsError as SettingsError,
)
from bot.settings.settings import (
    SiteSettings as SiteSettings,
)
from bot.settings.settings import (
    SpeechSettings as SpeechSettings,
)
from bot.settings.settings import (
    WebSettings as WebSettings,
)
from bot.settings.settings import (
    load_settings as load_settings,
)
from bot.settings.settings import (
    settings_of as settings_of,
)
from bot.settings.telephony import (
    AmiSettings as AmiSettings,
)
from bot.settings.telephony import (
    AsteriskSettings as AsteriskSettings,
)
from bot.settings.telephony import (
    CallingSettings as CallingSettings,
)
from bot.settings.telephony import (
    CapacitySettings as CapacitySettings,
)
from bot.settings.telephony import (
    PhoneSettings as PhoneSettings,
)
from bot.settings.telephony import (
    TrunkSettings as TrunkSettings,
)
from bot.settings.telephony import (
    TurnSettings as TurnSettings,
)
from bot.settings.telephony import (
    VoiceSettings as VoiceSettings,
)
