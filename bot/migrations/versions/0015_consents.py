"""Whose recordings may be used to train speech recognition."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0015"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = bot.database.UTCDateTime
    op.create_table(
        "corpus_consent",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("ticket_no", sa.String(20), nullable=False),
        sa.Column("how", sa.String(10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_staff_no", sa.String(40), sa.ForeignKey("staff.staff_no"), nullable=False),
        sa.Column("at", time(), nullable=False),
        sa.Column("withdrawn_at", time(), nullable=True),
        sa.Column("withdrawn_by", sa.String(40), sa.ForeignKey("staff.staff_no"), nullable=True),
    )
    op.create_index("ix_corpus_consent_ticket_no", "corpus_consent", ["ticket_no"])


def downgrade() -> None:
    op.drop_table("corpus_consent")
