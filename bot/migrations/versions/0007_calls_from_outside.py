"""Calls seen from outside: the call log, messages to decode later, callers' pace, deleted recordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.database import UTCDateTime

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_log",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("call_id", sa.String(64), nullable=False, unique=True),
        sa.Column("caller", sa.String(80), nullable=False),
        sa.Column("dialled", sa.String(80), nullable=False),
        sa.Column("diverting", sa.String(80), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("hand_over_to", sa.String(40), nullable=False),
        sa.Column("ticket_no", sa.String(20), nullable=False),
        sa.Column("recording", sa.String(200), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("first_audio", sa.Float(), nullable=False),
        sa.Column("greeting", sa.JSON(), nullable=False),
        sa.Column("rung", sa.JSON(), nullable=False),
    )
    op.create_index("ix_call_log_started_at", "call_log", ["started_at"])
    op.create_table(
        "call_turn",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("heard", sa.Text(), nullable=False),
        sa.Column("recording", sa.String(200), nullable=False),
        sa.Column("story", sa.JSON(), nullable=False),
        sa.UniqueConstraint("call_id", "turn"),
    )
    op.create_index("ix_call_turn_call_id", "call_turn", ["call_id"])
    op.create_table(
        "unheard_message",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("utterance_id", sa.String(64), nullable=False, unique=True),
        sa.Column("ticket_no", sa.String(20), nullable=False),
        sa.Column("recording", sa.String(200), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("done_at", UTCDateTime()),
    )
    op.create_index("ix_unheard_message_done_at", "unheard_message", ["done_at"])
    op.create_table(
        "caller_pace",
        sa.Column("caller", sa.String(80), primary_key=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("cut_off", sa.Integer(), nullable=False),
        sa.Column("added", sa.Float(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
    )
    op.create_table(
        "recording_deletion",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("deleted_at", UTCDateTime(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_recording_deletion_name", "recording_deletion", ["name"])


def downgrade() -> None:
    for table in ("recording_deletion", "caller_pace", "unheard_message", "call_turn", "call_log"):
        op.drop_table(table)
