"""Rows of the reviews room: reviews, their findings and diagnostics, results kept by file, and waivers."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.kernel.db import Base, Id


class Review(Base):
    """One run of the analysers on one commit, and the gate's decision about that commit."""

    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("repository", "commit"), Index("ix_reviews_repository_id", "repository", "id"))
    id: Mapped[Id]
    repository: Mapped[str]
    commit: Mapped[str]
    base_commit: Mapped[str]
    """The commit whose findings are old; "" when there is none and everything is new."""
    ref: Mapped[str]
    subject: Mapped[str]
    actor: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    """"queued", "running", "passed", "blocked" or "failed"."""
    verdict: Mapped[str]
    """"passed" or "blocked"; "" until decided. A failed review is blocked: the gate fails closed."""
    reasons: Mapped[list[str]]
    counts: Mapped[dict[str, Any]]
    """Whole numbers: findings, new, waived, suppressed, files, analysed, lines, and one for each severity of what is new."""
    gate: Mapped[dict[str, Any]]
    """The gate options of the exact commit; under "problems" what is wrong with its `.lockgate.yml`."""
    engine_version: Mapped[str]
    metered_lines: Mapped[int] = mapped_column(server_default="0")
    """Lines of code that were new to the reviewer; see metering."""
    rule_costs: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """Milliseconds by name of the rules that somebody installed or the repository brought, over the files read anew."""
    error: Mapped[str]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Waiver(Base):
    """A person's word that a finding may stay: for one repository and fingerprint, with a reason and an end."""

    __tablename__ = "waivers"
    __table_args__ = (Index("ix_waivers_repository_fingerprint", "repository", "fingerprint"),)
    id: Mapped[Id]
    repository: Mapped[str]
    fingerprint: Mapped[str]
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"))
    """Where it was said."""
    reason: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str]


class FindingRow(Base):
    """A finding of one review."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_review_id_rank", "review_id", "rank"),)
    id: Mapped[Id]
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"))
    fingerprint: Mapped[str]
    rule: Mapped[str]
    tool: Mapped[str]
    severity: Mapped[str]
    confidence: Mapped[str]
    cwe: Mapped[int | None]
    path: Mapped[str]
    blob: Mapped[str]
    """The git object that holds the file, so that its lines are read without walking the tree."""
    line: Mapped[int]
    column: Mapped[int]
    end_line: Mapped[int]
    end_column: Mapped[int]
    message: Mapped[str]
    why: Mapped[str]
    fix: Mapped[str]
    rank: Mapped[float]
    is_new: Mapped[bool]
    suppression: Mapped[str | None]
    """The reason that a comment in the code gives for silencing it; None when none does. It does not count then."""
    waiver_id: Mapped[int | None] = mapped_column(ForeignKey("waivers.id"), index=True)
    steps: Mapped[list[Any] | None] = mapped_column(nullable=True)
    """The way of the value from source to sink, as analyzers.finding.Step in JSON; None without data flow."""
    mend: Mapped[dict[str, Any] | None] = mapped_column(nullable=True)
    """A change that removes it, as analyzers.finding.Mend in JSON."""


class DiagnosticRow(Base):
    """Something the analysers could not read or do in one review: shown, never silent."""

    __tablename__ = "review_diagnostics"
    id: Mapped[Id]
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"), index=True)
    path: Mapped[str]
    line: Mapped[int]
    message: Mapped[str]
    unreadable: Mapped[bool]
    """Whether the file itself could not be reviewed, so that anything may hide in it."""
    is_new: Mapped[bool]
    skipped: Mapped[str] = mapped_column(server_default="")
    """Why the file was left out on purpose, as analyzers.finding.SkipReason; "" for what could not be read or done."""


class FileResult(Base):
    """What the engine said about one blob at one path: the reason why a push costs only what it changed."""

    __tablename__ = "file_results"
    __table_args__ = (UniqueConstraint("blob", "path", "engine_version", "options_hash"),)
    id: Mapped[Id]
    blob: Mapped[str]
    path: Mapped[str]
    engine_version: Mapped[str]
    options_hash: Mapped[str]
    report: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class GateMinimum(Base):
    """What no commit's own `.lockgate.yml` can lower, for git repositories whose name fits a glob."""

    __tablename__ = "gate_minimums"
    id: Mapped[Id]
    repositories: Mapped[str] = mapped_column(unique=True)
    """A glob over names: `*`, `payments/*`."""
    block_at: Mapped[str]
    unparsable_files: Mapped[str]
    """"block", or "commit": as the commit says."""
    excludes: Mapped[str]
    """"commit": what the commit leaves out is left out; "ignore": everything is reviewed."""
    suppressions: Mapped[str]
    """"commit": comments in the code silence; "ignore": what they silence counts."""
    imported: Mapped[str]
    """"commit", or "count": findings of other tools count, whatever the commit says."""
    actor: Mapped[str]
    updated_at: Mapped[datetime]


class LeakedSecret(Base):
    """A secret that some pushed commit of a repository holds, wherever in its history. Never the secret itself."""

    __tablename__ = "leaked_secrets"
    __table_args__ = (UniqueConstraint("repository", "rule", "secret_hash"), Index("ix_leaked_secrets_repository_id", "repository", "id"))
    id: Mapped[Id]
    repository: Mapped[str]
    rule: Mapped[str]
    message: Mapped[str]
    severity: Mapped[str]
    confidence: Mapped[str]
    secret_hash: Mapped[str]
    """HMAC-SHA256 with the key in the data folder: tells the same secret again, and helps nobody to guess it."""
    path: Mapped[str]
    line: Mapped[int]
    blob: Mapped[str]
    commit: Mapped[str]
    """The first that brought the blob; "" when no ref reaches one any more."""
    found_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str]
    resolution: Mapped[str]


class HistoryScan(Base):
    """A commit up to which a repository's blobs were searched for secrets: the next search goes on from there."""

    __tablename__ = "history_scans"
    __table_args__ = (UniqueConstraint("repository", "commit"),)
    id: Mapped[Id]
    repository: Mapped[str]
    commit: Mapped[str]
    """"" for a search of every object."""
    blobs: Mapped[int]
    engine_version: Mapped[str]
    finished_at: Mapped[datetime]


class ImportedLog(Base):
    """What another tool said about a commit: the findings of its SARIF log. A later upload replaces an earlier one."""

    __tablename__ = "imported_logs"
    __table_args__ = (UniqueConstraint("repository", "commit", "tool"),)
    id: Mapped[Id]
    repository: Mapped[str]
    commit: Mapped[str]
    tool: Mapped[str]
    findings: Mapped[list[Any]]
    actor: Mapped[str]
    created_at: Mapped[datetime]


class PushCheck(Base):
    """What a git repository does with pushes that bring secrets, before it takes them."""

    __tablename__ = "push_checks"
    id: Mapped[Id]
    repository: Mapped[str] = mapped_column(unique=True)
    secrets: Mapped[str]
    """"gate": taken, and told by the review; "block": refused."""
    level: Mapped[str] = mapped_column(server_default="high")
    """The lowest severity that is refused."""
    actor: Mapped[str]
    updated_at: Mapped[datetime]
