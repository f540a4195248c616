"""Gate minimums, leaked secrets, searches of histories, other tools' findings, and the way of a value."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def _id() -> sa.Column[int]:
    return sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    """Adds four tables and a column."""
    op.add_column('findings', sa.Column('steps', sa.JSON(), nullable=True))
    op.create_table(
        'gate_minimums', _id(),
        *_texts('repositories', 'block_at', 'unparsable_files', 'excludes', 'suppressions', 'imported', 'actor'),
        sa.Column('updated_at', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_gate_minimums')),
        sa.UniqueConstraint('repositories', name=op.f('uq_gate_minimums_repositories')),
    )
    op.create_table(
        'leaked_secrets', _id(),
        *_texts('repository', 'rule', 'message', 'severity', 'confidence', 'secret_hash', 'path'),
        sa.Column('line', sa.BigInteger(), nullable=False),
        *_texts('blob', 'commit'),
        sa.Column('found_at', sa.BigInteger(), nullable=False),
        sa.Column('resolved_at', sa.BigInteger(), nullable=True),
        *_texts('resolved_by', 'resolution'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_leaked_secrets')),
        sa.UniqueConstraint('repository', 'rule', 'secret_hash', name=op.f('uq_leaked_secrets_repository_rule_secret_hash')),
    )
    op.create_index('ix_leaked_secrets_repository_id', 'leaked_secrets', ['repository', 'id'], unique=False)
    op.create_table(
        'history_scans', _id(), *_texts('repository', 'commit'),
        sa.Column('blobs', sa.BigInteger(), nullable=False), *_texts('engine_version'),
        sa.Column('finished_at', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_history_scans')),
        sa.UniqueConstraint('repository', 'commit', name=op.f('uq_history_scans_repository_commit')),
    )
    op.create_table(
        'imported_logs', _id(), *_texts('repository', 'commit', 'tool'),
        sa.Column('findings', sa.JSON(), nullable=False), *_texts('actor'),
        sa.Column('created_at', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_imported_logs')),
        sa.UniqueConstraint('repository', 'commit', 'tool', name=op.f('uq_imported_logs_repository_commit_tool')),
    )


def downgrade() -> None:
    """Removes them."""
    for table in ('imported_logs', 'history_scans', 'leaked_secrets', 'gate_minimums'):
        op.drop_table(table)
    op.drop_column('findings', 'steps')
