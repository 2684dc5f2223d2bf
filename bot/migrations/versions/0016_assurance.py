"""Who says that an address is the caller's: the network, the messenger, a signed link, or nobody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_VOUCHED = {"network": ("phone", "terminal"), "messenger": ("telegram", "wechat", "wecom")}


def upgrade() -> None:
    for name in ("utterance", "ticket"):
        op.add_column(name, sa.Column("assurance", sa.String(10), nullable=False, server_default="typed"))
        rows = sa.table(name, sa.column("channel", sa.String), sa.column("assurance", sa.String))
        for assurance, channels in _VOUCHED.items():
            op.execute(rows.update().where(rows.c.channel.in_(channels)).values(assurance=assurance))


def downgrade() -> None:
    for name in ("utterance", "ticket"):
        with op.batch_alter_table(name) as table:
            table.drop_column("assurance")
