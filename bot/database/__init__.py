"""The database: one engine and its sessions."""

from bot.database.clock import (
    Clock as Clock,
)
from bot.database.clock import (
    clock as clock,
)
from bot.database.clock import (
    now as now,
)
from bot.database.database import (
    MIGRATIONS as MIGRATIONS,
)
from bot.database.database import (
    Base as Base,
)
from bot.database.database import (
    Database as Database,
)
from bot.database.database import (
    DatabaseBusy as DatabaseBusy,
)
from bot.database.database import (
    Unit as Unit,
)
from bot.database.database import (
    UTCDateTime as UTCDateTime,
)
from bot.database.database import (
    at_once as at_once,
)
from bot.database.database import (
    database_away as database_away,
)
from bot.database.database import (
    open_database as open_database,
)
from bot.database.database import (
    patience as patience,
)
