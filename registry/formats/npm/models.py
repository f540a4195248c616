"""npm logins that wait for somebody to approve them in a browser."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id


class PendingLogin(Base):
    """One `npm login`. The client holds a random id, this row its SHA-256, and who approved it. Only `login.py` writes here."""

    __tablename__ = "registry_npm_logins"
    id: Mapped[Id]
    digest: Mapped[str] = mapped_column(unique=True)
    client: Mapped[str]
    """From where it was asked, shown to who approves."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("tokens.id"))
    """The token behind the browser session that approved it; None: nobody yet."""
