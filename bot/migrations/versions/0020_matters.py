"""A sentence about two matters makes two tickets: an utterance is unique among the tickets of one kind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

#: SQLite gives a constraint no name; PostgreSQL has named it like this
_OLD = "ticket_utterance_id_key"
_NAMES = {"uq": "%(table_name)s_%(column_0_name)s_key"}


def upgrade() -> None:
    with op.batch_alter_table("ticket", naming_convention=_NAMES) as changed:
        changed.drop_constraint(_OLD, type_="unique")
        changed.create_index("ix_ticket_utterance", ["utterance_id", "kind"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("ticket") as changed:
        changed.drop_index("ix_ticket_utterance")
        changed.create_unique_constraint(_OLD, ["utterance_id"])
