"""Reports of one source: how many tokens are left to it, and from which network a page was written on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_source",
        sa.Column("source", sa.String(80), primary_key=True),
        sa.Column("tokens", sa.Float, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    op.add_column("utterance", sa.Column("origin", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("utterance", "origin")
    op.drop_table("report_source")
