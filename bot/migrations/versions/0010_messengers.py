"""What messengers leave behind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0010"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = bot.database.UTCDateTime
    op.create_table(
        "seen_update",
        sa.Column("id", sa.String(60), primary_key=True),
        sa.Column("at", time(), nullable=False),
    )
    op.create_index("ix_seen_update_at", "seen_update", ["at"])
    op.create_table(
        "chat_opening",
        sa.Column("chat", sa.String(80), primary_key=True),
        sa.Column("dialled", sa.String(40), nullable=False),
    )
    op.create_table(
        "link_code",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("staff_no", sa.String(40), nullable=False),
        sa.Column("expires_at", time(), nullable=False),
    )
    op.create_index("ix_link_code_staff_no", "link_code", ["staff_no"])
    op.create_table(
        "link_try",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("chat", sa.String(80), nullable=False),
        sa.Column("at", time(), nullable=False),
    )
    op.create_index("ix_link_try_chat", "link_try", ["chat"])
    op.create_table(
        "kf_cursor",
        sa.Column("open_kfid", sa.String(80), primary_key=True),
        sa.Column("cursor", sa.String(200), nullable=False),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("session", sa.String(80), nullable=False),
        sa.Column("ticket_no", sa.String(20), nullable=False),
        sa.Column("file", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", time(), nullable=False),
    )
    op.create_index("ix_attachment_session", "attachment", ["session"])
    op.create_index("ix_attachment_ticket_no", "attachment", ["ticket_no"])


def downgrade() -> None:
    for table in ("attachment", "kf_cursor", "link_try", "link_code", "chat_opening", "seen_update"):
        op.drop_table(table)
