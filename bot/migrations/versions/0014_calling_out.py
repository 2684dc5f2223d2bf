"""Calls that Gege makes, and numbers that do not want them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = bot.database.UTCDateTime
    op.create_table(
        "placed_call",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", time(), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("ticket_no", sa.String(20), nullable=False),
        sa.Column("staff_no", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("ended_at", time(), nullable=True),
    )
    op.create_index("ix_placed_call_at", "placed_call", ["at"])
    op.create_index("ix_placed_call_ticket_no", "placed_call", ["ticket_no"])
    op.create_table(
        "no_call",
        sa.Column("number", sa.String(40), primary_key=True),
        sa.Column("at", time(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("no_call")
    op.drop_table("placed_call")
