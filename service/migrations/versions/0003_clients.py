"""Advisories, npm logins, project status markers, rules for uploads, and tokens bound to networks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds what the package clients' protocols need."""
    op.create_table('registry_advisories',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('package', sa.String(), nullable=False),
    sa.Column('osv_id', sa.String(), nullable=False),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_advisories')),
    sa.UniqueConstraint('format', 'package', 'osv_id', name=op.f('uq_registry_advisories_format_package_osv_id'))
    )
    op.create_table('registry_advisory_imports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('records', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_advisory_imports')),
    sa.UniqueConstraint('format', name=op.f('uq_registry_advisory_imports_format'))
    )
    op.create_table('registry_npm_logins',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('client', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('token_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['token_id'], ['tokens.id'], name=op.f('fk_registry_npm_logins_token_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_npm_logins')),
    sa.UniqueConstraint('digest', name=op.f('uq_registry_npm_logins_digest'))
    )
    op.create_index(op.f('ix_registry_npm_logins_expires_at'), 'registry_npm_logins', ['expires_at'], unique=False)
    op.create_table('registry_upload_rules',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('repository_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('local_versions', sa.Boolean(), nullable=False),
    sa.Column('closed_after_days', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['repository_id'], ['registry_repositories.id'], name=op.f('fk_registry_upload_rules_repository_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_upload_rules')),
    sa.UniqueConstraint('repository_id', name=op.f('uq_registry_upload_rules_repository_id'))
    )
    op.create_table('registry_project_status',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('package_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('changed_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['package_id'], ['registry_packages.id'], name=op.f('fk_registry_project_status_package_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_project_status')),
    sa.UniqueConstraint('package_id', name=op.f('uq_registry_project_status_package_id'))
    )
    op.add_column('tokens', sa.Column('networks', sa.JSON(), nullable=True))
