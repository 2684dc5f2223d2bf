"""Outages that group reports, ratings, and calls that are owed to residents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.database import UTCDateTime

revision = "0004"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outage",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("outage_no", sa.String(20), nullable=False, unique=True),
        sa.Column("planned", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(200), nullable=False),
        sa.Column("transformer_id", sa.Integer(), sa.ForeignKey("transformer.id")),
        sa.Column("feeder_id", sa.Integer(), sa.ForeignKey("feeder.id")),
        sa.Column("grids", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("started_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("estimated_restore_at", UTCDateTime(timezone=True)),
        sa.Column("restored_at", UTCDateTime(timezone=True)),
        sa.Column("owner", sa.String(40), sa.ForeignKey("staff.staff_no")),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("update_at", UTCDateTime(timezone=True)),
        sa.Column("merged_into", sa.Integer(), sa.ForeignKey("outage.id")),
        sa.Column("entered_at", UTCDateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_outage_state", "outage", ["state"])
    op.create_table(
        "rating",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("ticket_id", sa.Integer(), sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("asked_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(10), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("answered_at", UTCDateTime(timezone=True)),
    )
    op.create_index("ix_rating_ticket_id", "rating", ["ticket_id"])
    op.create_index("ix_rating_asked_at", "rating", ["asked_at"])
    op.create_table(
        "owed_call",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("ticket_id", sa.Integer(), sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("number", sa.String(80), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_owed_call_ticket_id", "owed_call", ["ticket_id"])
    op.create_index("ix_owed_call_due", "owed_call", ["state", "due_at"])
    # Not by batch: SQLite would drop the table, which other tables' rows point at.
    for name in ("transformer", "outage"):
        op.execute(f"ALTER TABLE ticket ADD COLUMN {name}_id INTEGER REFERENCES {name} (id)")
    op.create_index("ix_ticket_outage", "ticket", ["outage_id", "id"])
    op.create_index("ix_ticket_transformer", "ticket", ["transformer_id", "opened_at"])


def downgrade() -> None:
    for name in ("transformer", "outage"):
        op.drop_index(f"ix_ticket_{name}", "ticket")
        op.execute(f"ALTER TABLE ticket DROP COLUMN {name}_id")
    op.drop_table("owed_call")
    op.drop_table("rating")
    op.drop_table("outage")
