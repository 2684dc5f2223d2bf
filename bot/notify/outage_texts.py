"""What is said about an outage in its one conversation: counted when the message leaves, not when it was owed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.notify.texts import clock, first_to_see
from bot.tickets.models import Outage
from bot.tickets.outages.cards import card


def outage_fields(session: Session, detail: Mapping[str, Any], zone: dt.tzinfo) -> dict[str, str]:
    """The fields of an outage's texts; none when the message is about no outage."""
    outage = session.get(Outage, detail["outage_id"]) if detail.get("outage_id") else None
    if outage is not None and outage.merged_into:
        outage = session.get(Outage, outage.merged_into)
    if outage is None:
        return {}
    found = card(session, outage)
    return {
        "outage_no": found.outage_no,
        "scope": found.scope,
        "since": _clock(found.started_at, zone),
        "until": _clock(found.estimated_restore_at, zone),
        "restored": _clock(found.restored_at, zone),
        "households": str(found.households),
        "reports": str(found.reports),
        "cause": found.cause,
        "oxygen": first_to_see(found.urgent) if found.urgent else "",
        "crew_owner": found.owner_name,
    }


def _clock(at: dt.datetime | None, zone: dt.tzinfo) -> str:
    return clock(at.isoformat() if at else None, zone)
