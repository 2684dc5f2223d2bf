"""Which ear heard an utterance: each recogniser has its own mistakes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("utterance", "correction"):
        op.add_column(table, sa.Column("ear", sa.String(80), nullable=False, server_default=""))


def downgrade() -> None:
    for table in ("correction", "utterance"):
        with op.batch_alter_table(table) as changed:
            changed.drop_column("ear")
