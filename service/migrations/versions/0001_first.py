"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates every table."""
    op.create_table('accounts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('policy', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('disabled_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts')),
    sa.UniqueConstraint('name', name=op.f('uq_accounts_name'))
    )
    op.create_table('applications',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_applications')),
    sa.UniqueConstraint('name', name=op.f('uq_applications_name'))
    )
    op.create_table('audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('resource', sa.String(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit'))
    )
    op.create_index('ix_audit_at', 'audit', ['at'], unique=False)
    op.create_table('file_results',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('blob', sa.String(), nullable=False),
    sa.Column('path', sa.String(), nullable=False),
    sa.Column('engine_version', sa.String(), nullable=False),
    sa.Column('options_hash', sa.String(), nullable=False),
    sa.Column('report', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_file_results')),
    sa.UniqueConstraint('blob', 'path', 'engine_version', 'options_hash', name=op.f('uq_file_results_blob_path_engine_version_options_hash'))
    )
    op.create_index(op.f('ix_file_results_created_at'), 'file_results', ['created_at'], unique=False)
    op.create_table('gate_decisions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('repository', sa.String(), nullable=False),
    sa.Column('commit', sa.String(), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('review_id', sa.BigInteger(), nullable=False),
    sa.Column('by_person', sa.Boolean(), nullable=False),
    sa.Column('decided_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gate_decisions')),
    sa.UniqueConstraint('repository', 'commit', name=op.f('uq_gate_decisions_repository_commit'))
    )
    op.create_table('git_repositories',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('default_branch', sa.String(), nullable=False),
    sa.Column('storage', sa.String(), nullable=False),
    sa.Column('protected', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_git_repositories')),
    sa.UniqueConstraint('name', name=op.f('uq_git_repositories_name')),
    sa.UniqueConstraint('storage', name=op.f('uq_git_repositories_storage'))
    )
    op.create_table('job_failures',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('job', sa.String(), nullable=False),
    sa.Column('outbox_id', sa.BigInteger(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('failed_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job_failures'))
    )
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.Column('happened_at', sa.BigInteger(), nullable=False),
    sa.Column('relayed_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox'))
    )
    op.create_index('ix_outbox_relayed_at_id', 'outbox', ['relayed_at', 'id'], unique=False)
    op.create_table('pipelines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('repository', sa.String(), nullable=False),
    sa.Column('branches', sa.JSON(), nullable=False),
    sa.Column('file', sa.String(), nullable=False),
    sa.Column('domain', sa.String(), nullable=False),
    sa.Column('package_repository', sa.String(), nullable=False),
    sa.Column('network_max', sa.String(), nullable=False),
    sa.Column('require_gate', sa.Boolean(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pipelines')),
    sa.UniqueConstraint('name', name=op.f('uq_pipelines_name'))
    )
    op.create_index(op.f('ix_pipelines_repository'), 'pipelines', ['repository'], unique=False)
    op.create_table('profiling_groups',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('own_packages', sa.JSON(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('interval_seconds', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('last_received_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_profiling_groups')),
    sa.UniqueConstraint('name', name=op.f('uq_profiling_groups_name'))
    )
    op.create_table('registry_domains',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_domains')),
    sa.UniqueConstraint('name', name=op.f('uq_registry_domains_name'))
    )
    op.create_table('registry_upstream_documents',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('connection', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('etag', sa.String(), nullable=False),
    sa.Column('stamp', sa.String(), nullable=False),
    sa.Column('checked_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_upstream_documents')),
    sa.UniqueConstraint('connection', 'name', name=op.f('uq_registry_upstream_documents_connection_name'))
    )
    op.create_table('reviews',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('repository', sa.String(), nullable=False),
    sa.Column('commit', sa.String(), nullable=False),
    sa.Column('base_commit', sa.String(), nullable=False),
    sa.Column('ref', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('gate', sa.JSON(), nullable=False),
    sa.Column('engine_version', sa.String(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reviews')),
    sa.UniqueConstraint('repository', 'commit', name=op.f('uq_reviews_repository_commit'))
    )
    op.create_index('ix_reviews_repository_id', 'reviews', ['repository', 'id'], unique=False)
    op.create_index(op.f('ix_reviews_state'), 'reviews', ['state'], unique=False)
    op.create_table('workers',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_workers'))
    )
    op.create_table('deployment_groups',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('application_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['applications.id'], name=op.f('fk_deployment_groups_application_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deployment_groups')),
    sa.UniqueConstraint('application_id', 'name', name=op.f('uq_deployment_groups_application_id_name'))
    )
    op.create_table('executions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('pipeline_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cause', sa.String(), nullable=False),
    sa.Column('commit', sa.String(), nullable=False),
    sa.Column('ref', sa.String(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('mode', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('definition', sa.JSON(), nullable=False),
    sa.Column('definition_from', sa.String(), nullable=False),
    sa.Column('variables', sa.JSON(), nullable=False),
    sa.Column('superseded_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('stop_asked_by', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['pipeline_id'], ['pipelines.id'], name=op.f('fk_executions_pipeline_id')),
    sa.ForeignKeyConstraint(['superseded_by'], ['executions.id'], name=op.f('fk_executions_superseded_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_executions')),
    sa.UniqueConstraint('pipeline_id', 'cause', name=op.f('uq_executions_pipeline_id_cause'))
    )
    op.create_index('ix_executions_commit', 'executions', ['commit'], unique=False)
    op.create_index('ix_executions_pipeline_state', 'executions', ['pipeline_id', 'state'], unique=False)
    op.create_table('profile_windows',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('period_seconds', sa.BigInteger(), nullable=False),
    sa.Column('starts_at', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('profiles', sa.BigInteger(), nullable=False),
    sa.Column('totals', sa.JSON(), nullable=False),
    sa.Column('units', sa.JSON(), nullable=False),
    sa.Column('rolled_up', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['group_id'], ['profiling_groups.id'], name=op.f('fk_profile_windows_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_profile_windows')),
    sa.UniqueConstraint('group_id', 'period_seconds', 'starts_at', 'version', name=op.f('uq_profile_windows_group_id_period_seconds_starts_at_version'))
    )
    op.create_index('ix_profile_windows_period_seconds_rolled_up_starts_at', 'profile_windows', ['period_seconds', 'rolled_up', 'starts_at'], unique=False)
    op.create_table('profiles',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('instance', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('samples', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('duration_ms', sa.BigInteger(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('merged_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['group_id'], ['profiling_groups.id'], name=op.f('fk_profiles_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_profiles')),
    sa.UniqueConstraint('group_id', 'instance', 'digest', name=op.f('uq_profiles_group_id_instance_digest'))
    )
    op.create_index(op.f('ix_profiles_digest'), 'profiles', ['digest'], unique=False)
    op.create_index('ix_profiles_group_id_started_at', 'profiles', ['group_id', 'started_at'], unique=False)
    op.create_index(op.f('ix_profiles_merged_at'), 'profiles', ['merged_at'], unique=False)
    op.create_table('pushes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('repository_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('commands', sa.JSON(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['repository_id'], ['git_repositories.id'], name=op.f('fk_pushes_repository_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pushes'))
    )
    op.create_index(op.f('ix_pushes_repository_id'), 'pushes', ['repository_id'], unique=False)
    op.create_index(op.f('ix_pushes_state'), 'pushes', ['state'], unique=False)
    op.create_table('registry_repositories',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('domain_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('project', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('upstreams', sa.JSON(), nullable=False),
    sa.Column('connections', sa.JSON(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['domain_id'], ['registry_domains.id'], name=op.f('fk_registry_repositories_domain_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_repositories')),
    sa.UniqueConstraint('domain_id', 'name', name=op.f('uq_registry_repositories_domain_id_name'))
    )
    op.create_table('review_diagnostics',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('review_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('path', sa.String(), nullable=False),
    sa.Column('line', sa.BigInteger(), nullable=False),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('unreadable', sa.Boolean(), nullable=False),
    sa.Column('is_new', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['review_id'], ['reviews.id'], name=op.f('fk_review_diagnostics_review_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_diagnostics'))
    )
    op.create_index(op.f('ix_review_diagnostics_review_id'), 'review_diagnostics', ['review_id'], unique=False)
    op.create_table('tokens',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('last_four', sa.String(), nullable=False),
    sa.Column('label', sa.String(), nullable=False),
    sa.Column('scope', sa.JSON(), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_tokens_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tokens')),
    sa.UniqueConstraint('digest', name=op.f('uq_tokens_digest'))
    )
    op.create_index(op.f('ix_tokens_account_id'), 'tokens', ['account_id'], unique=False)
    op.create_table('waivers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('repository', sa.String(), nullable=False),
    sa.Column('fingerprint', sa.String(), nullable=False),
    sa.Column('review_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.Column('revoked_at', sa.BigInteger(), nullable=True),
    sa.Column('revoked_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['review_id'], ['reviews.id'], name=op.f('fk_waivers_review_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_waivers'))
    )
    op.create_index('ix_waivers_repository_fingerprint', 'waivers', ['repository', 'fingerprint'], unique=False)
    op.create_table('deployments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('bundle_name', sa.String(), nullable=False),
    sa.Column('bundle_bytes', sa.BigInteger(), nullable=False),
    sa.Column('appspec', sa.JSON(), nullable=True),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('rollback_of', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('rolled_back_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('attempt_id', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('stop_asked_by', sa.String(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['group_id'], ['deployment_groups.id'], name=op.f('fk_deployments_group_id')),
    sa.ForeignKeyConstraint(['rollback_of'], ['deployments.id'], name=op.f('fk_deployments_rollback_of')),
    sa.ForeignKeyConstraint(['rolled_back_by'], ['deployments.id'], name=op.f('fk_deployments_rolled_back_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deployments'))
    )
    op.create_index('ix_deployments_group_state', 'deployments', ['group_id', 'state'], unique=False)
    op.create_index(op.f('ix_deployments_state'), 'deployments', ['state'], unique=False)
    op.create_table('findings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('review_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fingerprint', sa.String(), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('tool', sa.String(), nullable=False),
    sa.Column('severity', sa.String(), nullable=False),
    sa.Column('confidence', sa.String(), nullable=False),
    sa.Column('cwe', sa.BigInteger(), nullable=True),
    sa.Column('path', sa.String(), nullable=False),
    sa.Column('blob', sa.String(), nullable=False),
    sa.Column('line', sa.BigInteger(), nullable=False),
    sa.Column('column', sa.BigInteger(), nullable=False),
    sa.Column('end_line', sa.BigInteger(), nullable=False),
    sa.Column('end_column', sa.BigInteger(), nullable=False),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.Column('fix', sa.String(), nullable=False),
    sa.Column('rank', sa.Double(), nullable=False),
    sa.Column('is_new', sa.Boolean(), nullable=False),
    sa.Column('suppression', sa.String(), nullable=True),
    sa.Column('waiver_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['review_id'], ['reviews.id'], name=op.f('fk_findings_review_id')),
    sa.ForeignKeyConstraint(['waiver_id'], ['waivers.id'], name=op.f('fk_findings_waiver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_findings'))
    )
    op.create_index('ix_findings_review_id_rank', 'findings', ['review_id', 'rank'], unique=False)
    op.create_index(op.f('ix_findings_waiver_id'), 'findings', ['waiver_id'], unique=False)
    op.create_table('hosts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('group_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('labels', sa.JSON(), nullable=False),
    sa.Column('claim_digest', sa.String(), nullable=False),
    sa.Column('agent_version', sa.String(), nullable=False),
    sa.Column('health', sa.String(), nullable=False),
    sa.Column('current_revision', sa.String(), nullable=False),
    sa.Column('registered_at', sa.BigInteger(), nullable=False),
    sa.Column('last_seen', sa.BigInteger(), nullable=False),
    sa.Column('removed_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_hosts_account_id')),
    sa.ForeignKeyConstraint(['group_id'], ['deployment_groups.id'], name=op.f('fk_hosts_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hosts')),
    sa.UniqueConstraint('account_id', name=op.f('uq_hosts_account_id')),
    sa.UniqueConstraint('name', name=op.f('uq_hosts_name'))
    )
    op.create_index(op.f('ix_hosts_group_id'), 'hosts', ['group_id'], unique=False)
    op.create_table('login_sessions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('token_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['token_id'], ['tokens.id'], name=op.f('fk_login_sessions_token_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_sessions')),
    sa.UniqueConstraint('digest', name=op.f('uq_login_sessions_digest'))
    )
    op.create_index(op.f('ix_login_sessions_token_id'), 'login_sessions', ['token_id'], unique=False)
    op.create_table('registry_packages',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('repository_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('namespace', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('display_name', sa.String(), nullable=False),
    sa.Column('publish', sa.String(), nullable=False),
    sa.Column('upstream', sa.String(), nullable=False),
    sa.Column('latest', sa.String(), nullable=False),
    sa.Column('summary', sa.String(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['repository_id'], ['registry_repositories.id'], name=op.f('fk_registry_packages_repository_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_packages')),
    sa.UniqueConstraint('repository_id', 'format', 'namespace', 'name', name=op.f('uq_registry_packages_repository_id_format_namespace_name'))
    )
    op.create_table('stage_executions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('execution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['execution_id'], ['executions.id'], name=op.f('fk_stage_executions_execution_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stage_executions')),
    sa.UniqueConstraint('execution_id', 'position', name=op.f('uq_stage_executions_execution_id_position'))
    )
    op.create_index('ix_stage_executions_name_state', 'stage_executions', ['name', 'state'], unique=False)
    op.create_table('action_executions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('execution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stage_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('run_order', sa.BigInteger(), nullable=False),
    sa.Column('inputs', sa.JSON(), nullable=False),
    sa.Column('outputs', sa.JSON(), nullable=False),
    sa.Column('configuration', sa.JSON(), nullable=False),
    sa.Column('timeout_minutes', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('exported', sa.JSON(), nullable=False),
    sa.Column('lost', sa.BigInteger(), nullable=False),
    sa.Column('deadline_at', sa.BigInteger(), nullable=True),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['execution_id'], ['executions.id'], name=op.f('fk_action_executions_execution_id')),
    sa.ForeignKeyConstraint(['stage_id'], ['stage_executions.id'], name=op.f('fk_action_executions_stage_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_action_executions')),
    sa.UniqueConstraint('stage_id', 'position', name=op.f('uq_action_executions_stage_id_position'))
    )
    op.create_index(op.f('ix_action_executions_deadline_at'), 'action_executions', ['deadline_at'], unique=False)
    op.create_index(op.f('ix_action_executions_execution_id'), 'action_executions', ['execution_id'], unique=False)
    op.create_index('ix_action_executions_state_kind', 'action_executions', ['state', 'kind'], unique=False)
    op.create_table('deployment_targets',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('deployment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('host_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('health_before', sa.String(), nullable=False),
    sa.Column('revision_before', sa.String(), nullable=False),
    sa.Column('wave', sa.BigInteger(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('probes_passed', sa.BigInteger(), nullable=False),
    sa.Column('next_probe_at', sa.BigInteger(), nullable=True),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['deployment_id'], ['deployments.id'], name=op.f('fk_deployment_targets_deployment_id')),
    sa.ForeignKeyConstraint(['host_id'], ['hosts.id'], name=op.f('fk_deployment_targets_host_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deployment_targets')),
    sa.UniqueConstraint('deployment_id', 'host_id', name=op.f('uq_deployment_targets_deployment_id_host_id'))
    )
    op.create_index('ix_deployment_targets_host_state', 'deployment_targets', ['host_id', 'state'], unique=False)
    op.create_table('registry_dist_tags',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('package_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tag', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['package_id'], ['registry_packages.id'], name=op.f('fk_registry_dist_tags_package_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_dist_tags')),
    sa.UniqueConstraint('package_id', 'tag', name=op.f('uq_registry_dist_tags_package_id_tag'))
    )
    op.create_table('registry_versions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('package_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('origin', sa.String(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('yanked_reason', sa.String(), nullable=True),
    sa.Column('published_by', sa.String(), nullable=False),
    sa.Column('published_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['package_id'], ['registry_packages.id'], name=op.f('fk_registry_versions_package_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_versions')),
    sa.UniqueConstraint('package_id', 'key', name=op.f('uq_registry_versions_package_id_key'))
    )
    op.create_table('approvals',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('execution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('action_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('decision', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('decided_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['action_id'], ['action_executions.id'], name=op.f('fk_approvals_action_id')),
    sa.ForeignKeyConstraint(['execution_id'], ['executions.id'], name=op.f('fk_approvals_execution_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approvals'))
    )
    op.create_index(op.f('ix_approvals_action_id'), 'approvals', ['action_id'], unique=False)
    op.create_index(op.f('ix_approvals_decision'), 'approvals', ['decision'], unique=False)
    op.create_index(op.f('ix_approvals_execution_id'), 'approvals', ['execution_id'], unique=False)
    op.create_table('attempts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('action_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('execution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('worker_id', sa.String(), nullable=False),
    sa.Column('fence', sa.String(), nullable=False),
    sa.Column('lease_until', sa.BigInteger(), nullable=True),
    sa.Column('cancel_requested', sa.Boolean(), nullable=False),
    sa.Column('token_id', sa.BigInteger(), nullable=False),
    sa.Column('phases', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['action_id'], ['action_executions.id'], name=op.f('fk_attempts_action_id')),
    sa.ForeignKeyConstraint(['execution_id'], ['executions.id'], name=op.f('fk_attempts_execution_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempts')),
    sa.UniqueConstraint('action_id', 'number', name=op.f('uq_attempts_action_id_number'))
    )
    op.create_index(op.f('ix_attempts_execution_id'), 'attempts', ['execution_id'], unique=False)
    op.create_index('ix_attempts_state_lease', 'attempts', ['state', 'lease_until'], unique=False)
    op.create_table('lifecycle_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('target_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('script', sa.String(), nullable=False),
    sa.Column('exit_code', sa.BigInteger(), nullable=True),
    sa.Column('log', sa.Text(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['target_id'], ['deployment_targets.id'], name=op.f('fk_lifecycle_events_target_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lifecycle_events')),
    sa.UniqueConstraint('target_id', 'name', name=op.f('uq_lifecycle_events_target_id_name'))
    )
    op.create_table('registry_assets',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('package_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('hashes', sa.JSON(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('uploaded_at', sa.BigInteger(), nullable=False),
    sa.Column('deleted_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['package_id'], ['registry_packages.id'], name=op.f('fk_registry_assets_package_id')),
    sa.ForeignKeyConstraint(['version_id'], ['registry_versions.id'], name=op.f('fk_registry_assets_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registry_assets')),
    sa.UniqueConstraint('package_id', 'name', name=op.f('uq_registry_assets_package_id_name'))
    )
    op.create_index('ix_registry_assets_digest', 'registry_assets', ['digest'], unique=False)
    op.create_index(op.f('ix_registry_assets_version_id'), 'registry_assets', ['version_id'], unique=False)
    op.create_table('artifacts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('execution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('action_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempt_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['action_id'], ['action_executions.id'], name=op.f('fk_artifacts_action_id')),
    sa.ForeignKeyConstraint(['attempt_id'], ['attempts.id'], name=op.f('fk_artifacts_attempt_id')),
    sa.ForeignKeyConstraint(['execution_id'], ['executions.id'], name=op.f('fk_artifacts_execution_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_artifacts')),
    sa.UniqueConstraint('attempt_id', 'name', name=op.f('uq_artifacts_attempt_id_name'))
    )
    op.create_index(op.f('ix_artifacts_execution_id'), 'artifacts', ['execution_id'], unique=False)


def downgrade() -> None:
    """Drops every table."""
    op.drop_index(op.f('ix_artifacts_execution_id'), table_name='artifacts')
    op.drop_table('artifacts')
    op.drop_index(op.f('ix_registry_assets_version_id'), table_name='registry_assets')
    op.drop_index('ix_registry_assets_digest', table_name='registry_assets')
    op.drop_table('registry_assets')
    op.drop_table('lifecycle_events')
    op.drop_index('ix_attempts_state_lease', table_name='attempts')
    op.drop_index(op.f('ix_attempts_execution_id'), table_name='attempts')
    op.drop_table('attempts')
    op.drop_index(op.f('ix_approvals_execution_id'), table_name='approvals')
    op.drop_index(op.f('ix_approvals_decision'), table_name='approvals')
    op.drop_index(op.f('ix_approvals_action_id'), table_name='approvals')
    op.drop_table('approvals')
    op.drop_table('registry_versions')
    op.drop_table('registry_dist_tags')
    op.drop_index('ix_deployment_targets_host_state', table_name='deployment_targets')
    op.drop_table('deployment_targets')
    op.drop_index('ix_action_executions_state_kind', table_name='action_executions')
    op.drop_index(op.f('ix_action_executions_execution_id'), table_name='action_executions')
    op.drop_index(op.f('ix_action_executions_deadline_at'), table_name='action_executions')
    op.drop_table('action_executions')
    op.drop_index('ix_stage_executions_name_state', table_name='stage_executions')
    op.drop_table('stage_executions')
    op.drop_table('registry_packages')
    op.drop_index(op.f('ix_login_sessions_token_id'), table_name='login_sessions')
    op.drop_table('login_sessions')
    op.drop_index(op.f('ix_hosts_group_id'), table_name='hosts')
    op.drop_table('hosts')
    op.drop_index(op.f('ix_findings_waiver_id'), table_name='findings')
    op.drop_index('ix_findings_review_id_rank', table_name='findings')
    op.drop_table('findings')
    op.drop_index(op.f('ix_deployments_state'), table_name='deployments')
    op.drop_index('ix_deployments_group_state', table_name='deployments')
    op.drop_table('deployments')
    op.drop_index('ix_waivers_repository_fingerprint', table_name='waivers')
    op.drop_table('waivers')
    op.drop_index(op.f('ix_tokens_account_id'), table_name='tokens')
    op.drop_table('tokens')
    op.drop_index(op.f('ix_review_diagnostics_review_id'), table_name='review_diagnostics')
    op.drop_table('review_diagnostics')
    op.drop_table('registry_repositories')
    op.drop_index(op.f('ix_pushes_state'), table_name='pushes')
    op.drop_index(op.f('ix_pushes_repository_id'), table_name='pushes')
    op.drop_table('pushes')
    op.drop_index(op.f('ix_profiles_merged_at'), table_name='profiles')
    op.drop_index('ix_profiles_group_id_started_at', table_name='profiles')
    op.drop_index(op.f('ix_profiles_digest'), table_name='profiles')
    op.drop_table('profiles')
    op.drop_index('ix_profile_windows_period_seconds_rolled_up_starts_at', table_name='profile_windows')
    op.drop_table('profile_windows')
    op.drop_index('ix_executions_pipeline_state', table_name='executions')
    op.drop_index('ix_executions_commit', table_name='executions')
    op.drop_table('executions')
    op.drop_table('deployment_groups')
    op.drop_table('workers')
    op.drop_index(op.f('ix_reviews_state'), table_name='reviews')
    op.drop_index('ix_reviews_repository_id', table_name='reviews')
    op.drop_table('reviews')
    op.drop_table('registry_upstream_documents')
    op.drop_table('registry_domains')
    op.drop_table('profiling_groups')
    op.drop_index(op.f('ix_pipelines_repository'), table_name='pipelines')
    op.drop_table('pipelines')
    op.drop_index('ix_outbox_relayed_at_id', table_name='outbox')
    op.drop_table('outbox')
    op.drop_table('job_failures')
    op.drop_table('git_repositories')
    op.drop_table('gate_decisions')
    op.drop_index(op.f('ix_file_results_created_at'), table_name='file_results')
    op.drop_table('file_results')
    op.drop_index('ix_audit_at', table_name='audit')
    op.drop_table('audit')
    op.drop_table('applications')
    op.drop_table('accounts')
