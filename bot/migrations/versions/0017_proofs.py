"""Failed proofs over conversations and channels, and whether the county is the invented one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proof_failures",
        sa.Column("subject", sa.String(100), primary_key=True),
        sa.Column("day", sa.String(6), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
    )
    op.create_table("sample_county", sa.Column("made_at", sa.DateTime(timezone=True), primary_key=True))


def downgrade() -> None:
    op.drop_table("sample_county")
    op.drop_table("proof_failures")
