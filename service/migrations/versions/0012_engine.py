"""Keeps what added rules cost in a review."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds a column."""
    op.add_column('reviews', sa.Column('rule_costs', sa.JSON(), nullable=False, server_default='{}'))


def downgrade() -> None:
    """Removes it."""
    op.drop_column('reviews', 'rule_costs')
