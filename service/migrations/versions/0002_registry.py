"""The registry's statuses, events, package groups, minimum age, and policies of resources."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    """Applies it."""
    op.create_table('resource_policies',
    sa.Column('id', _BIG, autoincrement=True, nullable=False),
    sa.Column('resource', sa.String(), nullable=False),
    sa.Column('statements', sa.JSON(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_resource_policies')),
    sa.UniqueConstraint('resource', name=op.f('uq_resource_policies_resource'))
    )
    op.add_column('registry_domains', sa.Column('groups_revision', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('registry_repositories', sa.Column('minimum_age_hours', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('registry_repositories', sa.Column('sequence', sa.BigInteger(), server_default='0', nullable=False))
    op.create_table('registry_package_groups',
    sa.Column('id', _BIG, autoincrement=True, nullable=False),
    sa.Column('domain_id', sa.BigInteger(), nullable=False),
    sa.Column('pattern', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('restrictions', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['domain_id'], ['registry_domains.id'], name=op.f('fk_registry_package_groups_domain_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_package_groups')),
    sa.UniqueConstraint('domain_id', 'pattern', name=op.f('uq_registry_package_groups_domain_id_pattern'))
    )
    op.create_table('registry_age_exceptions',
    sa.Column('id', _BIG, autoincrement=True, nullable=False),
    sa.Column('repository_id', sa.BigInteger(), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('package', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['repository_id'], ['registry_repositories.id'], name=op.f('fk_registry_age_exceptions_repository_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_age_exceptions'))
    )
    op.create_index('ix_registry_age_exceptions_repository_id_package', 'registry_age_exceptions', ['repository_id', 'package'])
    op.create_table('registry_events',
    sa.Column('id', _BIG, autoincrement=True, nullable=False),
    sa.Column('repository_id', sa.BigInteger(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('operation', sa.String(), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('package', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('revision', sa.String(), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('happened_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['repository_id'], ['registry_repositories.id'], name=op.f('fk_registry_events_repository_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_events')),
    sa.UniqueConstraint('repository_id', 'sequence', name=op.f('uq_registry_events_repository_id_sequence'))
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table('registry_events')
    op.drop_index('ix_registry_age_exceptions_repository_id_package', table_name='registry_age_exceptions')
    op.drop_table('registry_age_exceptions')
    op.drop_table('registry_package_groups')
    op.drop_column('registry_repositories', 'sequence')
    op.drop_column('registry_repositories', 'minimum_age_hours')
    op.drop_column('registry_domains', 'groups_revision')
    op.drop_table('resource_policies')
