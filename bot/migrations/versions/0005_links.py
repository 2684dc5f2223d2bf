"""Links that have done their work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_use",
        sa.Column("nonce", sa.String(24), primary_key=True),
        sa.Column("used_at", bot.database.UTCDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("link_use")
