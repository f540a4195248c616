"""The severity from which on a pushed secret is refused."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds a column; who blocks secrets today goes on to block those of high severity."""
    op.add_column('push_checks', sa.Column('level', sa.String(), nullable=False, server_default='high'))


def downgrade() -> None:
    """Removes it."""
    op.drop_column('push_checks', 'level')
