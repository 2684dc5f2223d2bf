"""The register: entries, tasks, draws."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("subject", sa.String(210), nullable=False),
        sa.Column("household_no", sa.String(40)),
        sa.Column("community", sa.String(80), nullable=False),
        sa.Column("place", sa.String(300), nullable=False),
        sa.Column("grid_no", sa.String(40)),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("claimed_by", sa.String(40), nullable=False),
        sa.Column("claimed_at", _AT),
        sa.Column("fulfilled_at", _AT),
        sa.Column("word", sa.String(300), nullable=False),
        sa.Column("done_at", _AT),
        sa.Column("ticket_id", sa.Integer, sa.ForeignKey("ticket.id"), index=True),
        sa.Column("nonce", sa.String(64), nullable=False, unique=True),
    )
    op.create_index("ix_entry_kind", "entry", ["kind", "day"])
    op.create_index("ix_entry_subject", "entry", ["subject", "kind"])
    op.create_index("ix_entry_grid", "entry", ["grid_no", "day"])
    op.create_table(
        "task",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("rule", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(210), nullable=False),
        sa.Column("period", sa.String(20), nullable=False),
        sa.Column("household_no", sa.String(40)),
        sa.Column("community", sa.String(80), nullable=False),
        sa.Column("place", sa.String(300), nullable=False),
        sa.Column("grid_no", sa.String(40)),
        sa.Column("staff_no", sa.String(40), nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("hurry", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("made_on", sa.Date, nullable=False),
        sa.Column("ended_on", sa.Date),
        sa.Column("ended_by", sa.String(40), nullable=False),
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("entry.id")),
        sa.UniqueConstraint("kind", "rule", "subject", "period"),
    )
    op.create_index("ix_task_open", "task", ["state", "grid_no", "due_on"])
    op.create_index("ix_task_subject", "task", ["subject", "kind"])
    op.create_table(
        "draw",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("seed", sa.String(40), nullable=False),
        sa.Column("each", sa.Integer, nullable=False),
        sa.Column("drawn", sa.JSON, nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False, unique=True),
    )


def downgrade() -> None:
    for table in ("draw", "task", "entry"):
        op.drop_table(table)
