"""A turn is one transaction: the reply beside the utterance, what is half-told found by an index, the registry's version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("utterance", sa.Column("reply", sa.JSON(none_as_null=True)))
    op.add_column("dialogue_state", sa.Column("half_told", sa.Boolean(), nullable=False, server_default=sa.false()))
    state = sa.table("dialogue_state", sa.column("unfinished", sa.JSON), sa.column("half_told", sa.Boolean))
    op.execute(state.update().where(sa.cast(state.c.unfinished, sa.Text) != "{}").values(half_told=True))
    op.create_index("ix_dialogue_half_told", "dialogue_state", ["half_told", "changed_at"])
    version = op.create_table(
        "registry_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.bulk_insert(version, [{"id": 1, "version": 1}])


def downgrade() -> None:
    op.drop_table("registry_version")
    op.drop_index("ix_dialogue_half_told", "dialogue_state")
    for table, column in (("dialogue_state", "half_told"), ("utterance", "reply")):
        with op.batch_alter_table(table) as changed:
            changed.drop_column(column)
