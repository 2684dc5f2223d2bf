"""Who stands in for whom, what the auditor has told, and messages that wait for working hours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "substitution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_no", sa.String(40), nullable=False),
        sa.Column("stands_in", sa.String(40), nullable=False),
        sa.Column("begins_at", bot.database.UTCDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", bot.database.UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_no"], ["staff.staff_no"]),
        sa.ForeignKeyConstraint(["stands_in"], ["staff.staff_no"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_substitution_staff_no", "substitution", ["staff_no"])
    op.create_table(
        "stuck",
        sa.Column("finding", sa.String(80), nullable=False),
        sa.Column("told_at", bot.database.UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("finding"),
    )
    op.add_column(
        "notification", sa.Column("held_until", bot.database.UTCDateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("notification", "held_until")
    op.drop_table("stuck")
    op.drop_index("ix_substitution_staff_no", "substitution")
    op.drop_table("substitution")
