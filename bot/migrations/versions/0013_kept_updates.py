"""Updates kept before they are confirmed, answers owed to chats, what staff are waited for, conversations taken over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = bot.database.UTCDateTime
    op.create_table(
        "kept_update",
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("id", sa.String(60), nullable=False, unique=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("chat", sa.String(80), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("at", time(), nullable=False),
    )
    op.create_index("ix_kept_update_channel", "kept_update", ["channel"])
    op.create_table(
        "owed_answer",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(80), nullable=False, unique=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("chat", sa.String(80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("board", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", time(), nullable=False),
        sa.Column("due_at", time(), nullable=False),
    )
    op.create_index("ix_owed_answer_chat", "owed_answer", ["channel", "chat", "id"])
    op.create_table(
        "staff_wait",
        sa.Column("staff_no", sa.String(40), primary_key=True),
        sa.Column("ticket_no", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("since", time(), nullable=False),
    )
    op.create_table(
        "takeover",
        sa.Column("channel", sa.String(20), primary_key=True),
        sa.Column("chat", sa.String(80), primary_key=True),
        sa.Column("ticket_no", sa.String(20), nullable=False),
        sa.Column("staff_no", sa.String(40), nullable=False, unique=True),
        sa.Column("staff_channel", sa.String(20), nullable=False),
        sa.Column("staff_chat", sa.String(80), nullable=False),
        sa.Column("begun_at", time(), nullable=False),
        sa.Column("last_at", time(), nullable=False),
    )
    op.create_index("ix_takeover_last_at", "takeover", ["last_at"])


def downgrade() -> None:
    for table in ("takeover", "staff_wait", "owed_answer", "kept_update"):
        op.drop_table(table)
