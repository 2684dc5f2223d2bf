"""Corrections by staff, and runs of learning."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0011"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = bot.database.UTCDateTime
    op.create_table(
        "learning_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("began_at", time(), nullable=False),
        sa.Column("ended_at", time()),
        sa.Column("decision", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(80), nullable=False),
    )
    op.create_index("ix_learning_run_began_at", "learning_run", ["began_at"])
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("ticket_no", sa.String(20), nullable=False),
        sa.Column("utterance_id", sa.String(64), sa.ForeignKey("utterance.id")),
        sa.Column("heard", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(40), nullable=False),
        sa.Column("household_no", sa.String(40), nullable=False),
        sa.Column("by_staff_no", sa.String(40), sa.ForeignKey("staff.staff_no"), nullable=False),
        sa.Column("at", time(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("second_staff_no", sa.String(40), sa.ForeignKey("staff.staff_no")),
        sa.Column("decided_at", time()),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("learning_run.id")),
    )
    op.create_index("ix_correction_ticket_no", "correction", ["ticket_no"])
    op.create_index("ix_correction_state", "correction", ["state", "at"])
    op.create_index("ix_correction_by", "correction", ["by_staff_no", "at"])


def downgrade() -> None:
    op.drop_table("correction")
    op.drop_table("learning_run")
