"""Several services on one database: who runs, what one does alone, and whose calls, messages and updates are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0033"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
_OWNED = ("call", "notification", "kept_update", "owed_answer", "waiting_turn")


def upgrade() -> None:
    op.create_table(
        "running_service",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, index=True),
        sa.Column("began_at", _AT, nullable=False),
        sa.Column("beat_at", _AT, nullable=False),
    )
    op.create_table(
        "lease",
        sa.Column("what", sa.String(120), primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("since", _AT, nullable=False),
    )
    for table in _OWNED:
        op.add_column(table, sa.Column("service", sa.String(80), nullable=False, server_default=""))


def downgrade() -> None:
    for table in _OWNED:
        op.drop_column(table, "service")
    for table in ("lease", "running_service"):
        op.drop_table(table)
