"""The county's map, what entries said before, who made a link, tries of browsers that are known, how many a list showed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0028"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "map_shape",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("layer", sa.String(12), nullable=False, index=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("feeder", sa.String(80), nullable=False),
        sa.Column("shape", sa.JSON, nullable=False),
    )
    op.create_table(
        "entry_change",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("entry.id"), nullable=False, index=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("was", sa.JSON, nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
    )
    op.create_table(
        "link_made",
        sa.Column("nonce", sa.String(24), primary_key=True),
        sa.Column("staff_no", sa.String(40), nullable=False, index=True),
        sa.Column("by", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False, index=True),
    )
    op.create_table(
        "browser_try",
        sa.Column("browser", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", _AT),
        sa.Column("at", _AT, nullable=False, index=True),
    )
    with op.batch_alter_table("look") as look:
        look.add_column(sa.Column("many", sa.Integer))
        look.drop_index("ix_look_ref")
        look.create_index("ix_look_again", ["what", "ref", "staff_no", "at"])


def downgrade() -> None:
    with op.batch_alter_table("look") as look:
        look.drop_index("ix_look_again")
        look.create_index("ix_look_ref", ["what", "ref"])
        look.drop_column("many")
    for table in ("browser_try", "link_made", "entry_change", "map_shape"):
        op.drop_table(table)
