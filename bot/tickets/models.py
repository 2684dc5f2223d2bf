"""What was heard, what was promised, what is owed: the tables of the ticket's life."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, validates

from bot.database import Base, UTCDateTime, now
from bot.tickets.intake.caller import Caller


class Kind(enum.StrEnum):
    """Ticket kinds (docs/promises.md)."""

    outage = "outage"
    breaker_fault = "breaker_fault"
    hazard = "hazard"
    arrears = "arrears"
    reconnect = "reconnect"
    pricing = "pricing"
    new_account = "new_account"
    meter_relocation = "meter_relocation"
    indoor_repair = "indoor_repair"
    care = "care"
    complaint = "complaint"
    callback = "callback"
    unclear = "unclear"


class State(enum.StrEnum):
    """reported → acknowledged → on_site → resolved → closed; cancelled and merged end it early."""

    reported = "reported"
    acknowledged = "acknowledged"
    on_site = "on_site"
    resolved = "resolved"
    closed = "closed"
    cancelled = "cancelled"
    merged = "merged"


class OutageState(enum.StrEnum):
    """announced (planned) or open → restored; cancelled and merged (into that of the whole feeder) end it early."""

    announced = "announced"
    open = "open"
    restored = "restored"
    cancelled = "cancelled"
    merged = "merged"


class Call(Base):
    """One telephone call: a row before a word is spoken (promise 7)."""

    __tablename__ = "call"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    caller: Mapped[str] = mapped_column(String(80), default="")
    dialled: Mapped[str] = mapped_column(String(80), default="")
    diverting: Mapped[str] = mapped_column(String(80), default="")
    front_end: Mapped[str] = mapped_column(String(20), default="audiosocket")
    started_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str] = mapped_column(String(40), default="")
    #: id of the service that carries it (bot/replicas); empty: none that stays
    service: Mapped[str] = mapped_column(String(80), default="", server_default="")


class Utterance(Base):
    """What was heard or typed. `id` is unique: a replayed turn is answered once."""

    __tablename__ = "utterance"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    session: Mapped[str] = mapped_column(String(80), index=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("call.id"))
    caller: Mapped[str] = mapped_column(String(80), default="")
    channel: Mapped[str] = mapped_column(String(20))
    #: who says that `caller` is the caller's (bot/tickets/intake/caller.py)
    assurance: Mapped[str] = mapped_column(String(10), default="typed", server_default="typed")
    text: Mapped[str] = mapped_column(Text)
    alternatives: Mapped[list[str]] = mapped_column(JSON, default=list)
    recording: Mapped[str] = mapped_column(String(200), default="")
    #: name of the speech model that heard it, empty when typed
    ear: Mapped[str] = mapped_column(String(80), default="", server_default="")
    #: keyed digest of the network address that a page was written on from; empty where somebody vouches for the caller
    origin: Mapped[str] = mapped_column(String(32), default="", server_default="")
    heard_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    #: what was answered (bot/tickets/intake/answered.py), in the same transaction as all that the answer speaks of
    reply: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class WaitingTurn(Base):
    """A sentence of a page that was kept while too many wrote at once; its turn is taken when there is room."""

    __tablename__ = "waiting_turn"
    #: the utterance's
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: all of it, as bot/tickets/intake/heard.py writes it
    heard: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now, index=True)
    #: id of the service that takes it (bot/replicas)
    service: Mapped[str] = mapped_column(String(80), default="", server_default="")


class Ticket(Base):
    """工单. Deadlines are timers, history is activities; nothing is stored twice."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_open", "state", "grid_no"),
        Index("ix_ticket_household", "household_no"),
        Index("ix_ticket_session", "session"),
        Index("ix_ticket_opened", "opened_at"),
        Index("ix_ticket_outage", "outage_id", "id"),
        Index("ix_ticket_transformer", "transformer_id", "opened_at"),
        # A replayed turn makes no second ticket; a sentence about two matters makes two.
        Index("ix_ticket_utterance", "utterance_id", "kind", unique=True),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_no: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default=State.reported)
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    grid_no: Mapped[str | None] = mapped_column(ForeignKey("grid.grid_no"))
    household_no: Mapped[str | None] = mapped_column(ForeignKey("household.household_no"))
    #: number or chat id of the reporter, who need not live there
    reporter: Mapped[str] = mapped_column(String(80), default="", index=True)
    channel: Mapped[str] = mapped_column(String(20), default="")
    #: who says that `reporter` is the reporter's
    assurance: Mapped[str] = mapped_column(String(10), default="typed", server_default="typed")
    session: Mapped[str] = mapped_column(String(80), default="")
    place: Mapped[str] = mapped_column(String(300), default="")
    householder: Mapped[str] = mapped_column(String(80), default="")
    #: what was said, in the resident's words
    said: Mapped[str] = mapped_column(Text, default="")
    #: facts collected on the way (smell, neighbours, owed, ...)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    owner: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_no"))
    #: the transformer that may be out; empty for what one household suffers alone (arrears, its own breaker)
    transformer_id: Mapped[int | None] = mapped_column(ForeignKey("transformer.id"))
    #: the outage that this report belongs to
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outage.id"))
    utterance_id: Mapped[str | None] = mapped_column(ForeignKey("utterance.id"))
    opened_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    changed_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)

    @property
    def caller(self) -> Caller:
        """Who reported it."""
        return Caller.from_json({"address": self.reporter, "channel": self.channel, "assurance": self.assurance})


class Outage(Base):
    """停电 (CIM UnplannedOutage, PlannedOutage): one transformer area or one feeder without power, many reports."""

    __tablename__ = "outage"
    __table_args__ = (Index("ix_outage_state", "state"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    outage_no: Mapped[str] = mapped_column(String(20), unique=True)
    planned: Mapped[bool] = mapped_column(Boolean, default=False)
    cause: Mapped[str] = mapped_column(String(200), default="")
    #: what is out: a transformer area, or (without one) the whole feeder
    transformer_id: Mapped[int | None] = mapped_column(ForeignKey("transformer.id"))
    feeder_id: Mapped[int | None] = mapped_column(ForeignKey("feeder.id"))
    #: grid numbers of the households that hang on it
    grids: Mapped[list[str]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(10), default=OutageState.open)
    #: the earliest report, or as it was entered
    started_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    estimated_restore_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    restored_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    #: staff_no of whoever has taken it; empty while nobody has
    owner: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_no"))
    #: staff_nos of those who read its one conversation, the crew among them
    told: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: until then the newest counts are on their way
    update_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("outage.id"))
    entered_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)


class Rating(Base):
    """满意 / 比较满意 / 不满意: one row each time that somebody was asked, or said it unasked."""

    __tablename__ = "rating"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    asked_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, index=True)
    #: good, fair or bad; empty while nobody has answered
    answer: Mapped[str] = mapped_column(String(10), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class ProofFailures(Base):
    """How often somebody could not prove on one day that a household is theirs: a row a household, a row a caller.

    It outlives the conversation, and counts over all channels."""

    __tablename__ = "proof_failures"
    #: household:户号, or caller:number or chat id
    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    #: yymmdd in the site's own time
    day: Mapped[str] = mapped_column(String(6), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)


class ReportSource(Base):
    """How many reports of one source still become cases of their own (bot/tickets/life/flooding.py)."""

    __tablename__ = "report_source"
    #: caller:number or chat id, session:conversation, network:digest
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: what was left at `at`; it fills up again with time
    tokens: Mapped[float] = mapped_column(Float)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, index=True)


class OwedCall(Base):
    """A telephone call that is owed to a resident who cannot be written to; whoever can ring takes it."""

    __tablename__ = "owed_call"
    __table_args__ = (Index("ix_owed_call_due", "state", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    #: light_on ("is your light on again?") or rating
    kind: Mapped[str] = mapped_column(String(20))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    number: Mapped[str] = mapped_column(String(80))
    #: waiting, answered, given_up, dropped (nobody needs it any more)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class TicketNumber(Base):
    """The last running number of a day; its row lock keeps two writers from taking the same one."""

    __tablename__ = "ticket_number"
    #: yymmdd in the site's own time
    day: Mapped[str] = mapped_column(String(6), primary_key=True)
    last: Mapped[int] = mapped_column()


class Activity(Base):
    """One thing done to a ticket (CIM ActivityRecord); never changed afterwards."""

    __tablename__ = "activity"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    #: reported, added, acknowledged, on_site, resolved, reopened, cancelled, passed_on, escalated, ...
    kind: Mapped[str] = mapped_column(String(30))
    #: staff_no, or "resident", or "gege"
    by: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Notification(Base):
    """One message owed to one person: an outbox row, delivered at least once by the relay.

    The person is staff (`staff_no`), or a resident reached by `channel` at `address` (news of their own ticket)."""

    __tablename__ = "notification"
    __table_args__ = (Index("ix_notification_due", "state", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    staff_no: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_no"))
    #: a resident's messenger (telegram, wecom, sms, …) and number or chat id there; empty for staff
    channel: Mapped[str] = mapped_column(String(20), default="", server_default="")
    address: Mapped[str] = mapped_column(String(80), default="", server_default="")
    #: name of a text in bot/notify/texts.yml
    template: Mapped[str] = mapped_column(String(40))
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    #: pending, sent, dead
    state: Mapped[str] = mapped_column(String(10), default="pending")
    #: names of the providers that have taken it, comma-separated; a retry goes to the others
    provider: Mapped[str] = mapped_column(String(120), default="")
    #: what the text needs beyond the ticket (note, minutes waited, the message that died, ...)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    #: an everyday message rests until people work; how long it has waited counts from here
    held_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    sent_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str] = mapped_column(Text, default="")
    #: id of the service that has claimed it last (bot/replicas)
    service: Mapped[str] = mapped_column(String(80), default="", server_default="")


class Timer(Base):
    """Something due later about a ticket; a row, so that it survives a restart."""

    __tablename__ = "timer"
    __table_args__ = (Index("ix_timer_due", "done_at", "due_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    #: unacknowledged, unconfirmed, on_site_due, resolve_due, unrated, light_on
    kind: Mapped[str] = mapped_column(String(30))
    step: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class ShadowSwitch(Base):
    """试听 put on or off for one kind in one grid: the newest row counts, the others say who did what when."""

    __tablename__ = "shadow_switch"
    __table_args__ = (Index("ix_shadow_switch", "grid_no", "kind", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    grid_no: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    #: from now on a person confirms; False: it goes its way by itself
    on: Mapped[bool] = mapped_column("is_on", Boolean)
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    #: what was counted when it was switched: so many right of so many
    right: Mapped[int] = mapped_column("right_count", default=0)
    judged: Mapped[int] = mapped_column(default=0)


class ShadowVerdict(Base):
    """对 or 改 about one report, as Gege had proposed it; never changed afterwards."""

    __tablename__ = "shadow_verdict"
    __table_args__ = (Index("ix_shadow_verdict", "grid_no", "kind", "at"),)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    #: of the proposal
    grid_no: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    right: Mapped[bool] = mapped_column("is_right", Boolean)
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)


class Stuck(Base):
    """Something that the auditor found stuck and has told; the row goes when it is no longer stuck."""

    __tablename__ = "stuck"
    #: what is stuck, and which: no_timer:GD2611230001
    finding: Mapped[str] = mapped_column(String(80), primary_key=True)
    told_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class DialogueState(Base):
    """A dialogue that goes on after a restart: Rasa's events of one session, as JSON."""

    __tablename__ = "dialogue_state"
    __table_args__ = (Index("ix_dialogue_half_told", "half_told", "changed_at"),)
    session: Mapped[str] = mapped_column(String(80), primary_key=True)
    caller: Mapped[str] = mapped_column(String(80), default="")
    events: Mapped[str] = mapped_column(Text)
    #: {"matters": what is open in it, oldest first, "caller": …}, empty when nothing is; what the sweeper makes tickets of
    unfinished: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: there is something in `unfinished`
    half_told: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    changed_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now, index=True)

    @validates("unfinished")
    def _flag(self, _key: str, unfinished: dict[str, Any]) -> dict[str, Any]:
        self.half_told = bool(unfinished)
        return unfinished

    def take(self) -> dict[str, Any]:
        """What is half-told; from now on it is somebody's who has taken it."""
        taken, self.unfinished = self.unfinished, {}
        return taken
