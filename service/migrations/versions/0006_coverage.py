"""What a review left out, its metered lines, mends of findings, and which pushes are searched before they are taken."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds three columns and a table."""
    op.add_column('findings', sa.Column('mend', sa.JSON(), nullable=True))
    op.add_column('review_diagnostics', sa.Column('skipped', sa.String(), nullable=False, server_default=''))
    op.add_column('reviews', sa.Column('metered_lines', sa.BigInteger(), nullable=False, server_default='0'))
    op.create_table(
        'push_checks',
        sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
        sa.Column('repository', sa.String(), nullable=False),
        sa.Column('secrets', sa.String(), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_push_checks')),
        sa.UniqueConstraint('repository', name=op.f('uq_push_checks_repository')),
    )


def downgrade() -> None:
    """Removes them."""
    op.drop_table('push_checks')
    for table, column in (('reviews', 'metered_lines'), ('review_diagnostics', 'skipped'), ('findings', 'mend')):
        op.drop_column(table, column)
