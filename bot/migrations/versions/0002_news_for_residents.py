"""Messages owed to residents, who are no staff: channel and address on the outbox row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("notification") as table:
        table.alter_column("staff_no", existing_type=sa.String(40), nullable=True)
        table.add_column(sa.Column("channel", sa.String(20), nullable=False, server_default=""))
        table.add_column(sa.Column("address", sa.String(80), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("notification") as table:
        table.drop_column("address")
        table.drop_column("channel")
        table.alter_column("staff_no", existing_type=sa.String(40), nullable=False)
