"""The first schema."""

from alembic import op

from service.kernel.db import Base

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates every table."""
    Base.metadata.create_all(op.get_bind())


def downgrade() -> None:
    """Drops every table."""
    Base.metadata.drop_all(op.get_bind())
