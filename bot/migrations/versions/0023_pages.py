"""What browsers' pages may follow: their calls, and reports that a code has opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0026"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "page_call",
        sa.Column("call_id", sa.String(40), primary_key=True),
        sa.Column("page", sa.String(80), nullable=False, index=True),
        sa.Column("at", _AT, nullable=False),
    )
    op.create_table(
        "page_code",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("page", sa.String(80), nullable=False, index=True),
        sa.Column("ticket_id", sa.Integer, sa.ForeignKey("ticket.id", ondelete="CASCADE"), index=True),
        sa.Column("address", sa.String(80), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("opened_at", _AT),
    )


def downgrade() -> None:
    for table in ("page_code", "page_call"):
        op.drop_table(table)
