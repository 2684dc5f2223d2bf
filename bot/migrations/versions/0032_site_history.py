"""What the site itself has been through: every restore from a backup."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0024"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "restored",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("jump", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("restored")
