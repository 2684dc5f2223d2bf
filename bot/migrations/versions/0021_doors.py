"""Devices that staff are signed in on, passwords of desks, looks at cases and households, and links that are void."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("staff_no", sa.String(40), nullable=False, index=True),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("since", _AT, nullable=False),
        sa.Column("seen_at", _AT, nullable=False),
        sa.Column("ends_at", _AT, nullable=False),
        sa.Column("ended_at", _AT),
        sa.Column("ended_by", sa.String(40), nullable=False),
    )
    op.create_table(
        "password",
        sa.Column("staff_no", sa.String(40), sa.ForeignKey("staff.staff_no", ondelete="CASCADE"), primary_key=True),
        sa.Column("hash", sa.String(200), nullable=False),
        sa.Column("second", sa.String(200), nullable=False),
        sa.Column("last_step", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", _AT),
        sa.Column("set_at", _AT, nullable=False),
    )
    op.create_table(
        "look",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", _AT, nullable=False, index=True),
        sa.Column("staff_no", sa.String(40), nullable=False),
        sa.Column("device_id", sa.Integer),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("ref", sa.String(64), nullable=False),
    )
    op.create_index("ix_look_ref", "look", ["what", "ref"])
    op.create_index("ix_look_staff", "look", ["staff_no", "at"])
    op.create_table(
        "link_void",
        sa.Column("staff_no", sa.String(40), primary_key=True),
        sa.Column("before", _AT, nullable=False),
    )


def downgrade() -> None:
    for table in ("link_void", "look", "password", "device"):
        op.drop_table(table)
