"""Run by Alembic for each upgrade, over the connection that service.migrate opened."""

from alembic import context

import service.models  # noqa: F401  every table must be known
from service.kernel.db import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
