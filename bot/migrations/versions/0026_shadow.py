"""试听 (who switched it, what people said of Gege's proposals), presses that were sent late, and who rides or is busy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0021"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "shadow_switch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("grid_no", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("right_count", sa.Integer, nullable=False),
        sa.Column("judged", sa.Integer, nullable=False),
    )
    op.create_index("ix_shadow_switch", "shadow_switch", ["grid_no", "kind", "id"])
    op.create_table(
        "shadow_verdict",
        sa.Column("ticket_id", sa.Integer, sa.ForeignKey("ticket.id"), primary_key=True),
        sa.Column("grid_no", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("is_right", sa.Boolean, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False),
    )
    op.create_index("ix_shadow_verdict", "shadow_verdict", ["grid_no", "kind", "at"])
    op.create_table(
        "sent_press",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("staff_no", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False, index=True),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("said", sa.String(300), nullable=False),
    )
    op.create_table(
        "occupied",
        sa.Column("staff_no", sa.String(40), sa.ForeignKey("staff.staff_no", ondelete="CASCADE"), primary_key=True),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("since", _AT, nullable=False),
        sa.Column("until", _AT, nullable=False),
    )


def downgrade() -> None:
    for table in ("occupied", "sent_press", "shadow_verdict", "shadow_switch"):
        op.drop_table(table)
