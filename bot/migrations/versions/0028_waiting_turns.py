"""Sentences of pages that were kept while too many wrote at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_turn",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("heard", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("waiting_turn")
