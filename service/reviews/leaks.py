"""Secrets in histories: each new blob of a push is searched once, on every ref; the only writer of what was found.

A review looks at the tree of a branch's newest commit. What an earlier commit of the same push brought and a later one took
away, and what only a tag reaches, is in every clone all the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import chain, islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from analyzers.finding import Finding, SourceFile
from analyzers.limits import FILE_BYTES_MAX, is_binary
from analyzers.options import ALL_BUT_SECRETS, ReviewOptions
from analyzers.parts import Part, parts
from analyzers.version import engine_version
from service.git import browse, command, large_blobs
from service.git.command import in_repository
from service.kernel import audit, auth, bus, clock
from service.kernel.errors import Malformed, Missing
from service.kernel.events import TokenLeaked
from service.kernel.site import Site
from service.reviews import engine
from service.reviews.analysis import readable
from service.reviews.keyed import analyse_keyed
from service.reviews.models import HistoryScan, LeakedSecret
from service.reviews.options import read_options

LARGE_BYTES_MAX = 64 * 1024 * 1024
"""So much of each file above the reviewer's limit is searched, part by part."""
BATCH_BLOBS = 200
KNOWN_TIPS_MAX = 200
LIST_SECONDS_MAX = 300
REASON_CHARACTERS = range(3, 1001)
_OPTIONS = ReviewOptions(disable=(ALL_BUT_SECRETS,))
_TOKEN = re.compile(rb"(?<![0-9A-Za-z])" + auth.TOKEN_PATTERN.pattern.encode() + rb"(?![0-9A-Za-z])")

Names = Mapping[str, str]
"""Blobs with one path each at which they were."""


def pushed_blobs(repo: Path, known: Sequence[str], new: str) -> Names:
    """The blobs that `new` reaches and none of `known` does."""
    old = command.run(in_repository(repo, "cat-file", "--batch-check=%(objectname)"), data="\n".join(known).encode())
    there = [line for line in old.decode().splitlines() if " " not in line]
    argv = in_repository(repo, "rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "--stdin")
    wanted = "\n".join([new, *(f"^{oid}" for oid in there)]) + "\n"
    return _named(command.run(argv, data=wanted.encode(), seconds_max=LIST_SECONDS_MAX))


def all_blobs(repo: Path) -> Names:
    """Every blob of a repository; those that no ref reaches any more are read as YAML, whose readers understand the most."""
    argv = in_repository(repo, "rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "--all", "--reflog")
    named = dict(_named(command.run(argv, seconds_max=LIST_SECONDS_MAX)))
    check = "--batch-check=%(objectname) %(objecttype)"
    every = command.run(in_repository(repo, "cat-file", "--batch-all-objects", "--unordered", check), seconds_max=LIST_SECONDS_MAX)
    blobs = sorted(line.split()[0] for line in every.decode().splitlines() if line.endswith(" blob"))
    return {oid: named.get(oid, f"unreachable/{oid}.yaml") for oid in blobs}


def known_tips(site: Site, repository: str) -> list[str]:
    """The commits up to which the engine of today has searched, newest first."""
    query = (
        select(HistoryScan.commit).where(HistoryScan.repository == repository, HistoryScan.engine_version == engine_version(),
                                         HistoryScan.commit != "")
        .order_by(HistoryScan.id.desc()).limit(KNOWN_TIPS_MAX)
    )  # fmt: skip
    with site.db.read() as session:
        return list(session.scalars(query))


def search(site: Site, repo: Path, repository: str, names: Names, tip: str) -> int:
    """Searches blobs and stores what is new, batch by batch; answers how many secrets were not known. Idempotent.

    What the settings at the tip (of a whole history: of the default branch) accept is none.
    """
    accepted = read_options(partial(browse.blob, repo, tip or "HEAD")).review.accept
    analyse = analyse_keyed(site, partial(engine.warm.search_files, options=_OPTIONS.model_copy(update={"accept": accepted})))
    fresh = 0
    small, large = _by_size(repo, names)
    for batch in _batches(small):
        contents = list(browse.blobs(repo, batch, limit_bytes=FILE_BYTES_MAX))
        reports = analyse([SourceFile(readable(names[oid]), content) for oid, content in contents], read=None)
        found = [(oid, one) for (oid, _), report in zip(contents, reports, strict=True) for one in report.findings if one.secret_hash]
        fresh += _store(site, repo, repository, found)
    for oid in large:
        for part in _parts(repo, oid, readable(names[oid])):
            [report] = analyse([part.file], read=None)
            found = [(oid, part.placed(one)) for one in report.findings if one.secret_hash]
            fresh += _store(site, repo, repository, found)
    with site.db.write() as session:
        session.merge(_scan(session, repository, tip, len(names)))
    return fresh


def tokens_in(repo: Path, names: Names) -> Iterator[tuple[str, str]]:
    """The digest of every well-formed Lockgate token in these blobs, and the path."""
    small, large = _by_size(repo, names)
    for batch in _batches(small):
        for oid, content in browse.blobs(repo, batch, limit_bytes=FILE_BYTES_MAX):
            yield from _tokens(content, readable(names[oid]))
    for oid in large:
        for part in _parts(repo, oid, readable(names[oid])):
            yield from _tokens(part.file.content, part.file.path)


def _tokens(content: bytes, path: str) -> Iterator[tuple[str, str]]:
    for match in set(_TOKEN.findall(content)) if auth.PREFIX.encode() in content else ():
        if auth.well_formed(match.decode()):
            yield auth.digest_of(match.decode()), path


def _by_size(repo: Path, names: Names) -> tuple[list[str], list[str]]:
    """The blobs that one review takes whole, and those above its limit."""
    sizes = large_blobs.sizes(repo, sorted(names))
    return [oid for oid in sizes if sizes[oid] <= FILE_BYTES_MAX], [oid for oid in sizes if sizes[oid] > FILE_BYTES_MAX]


def _parts(repo: Path, oid: str, path: str) -> Iterator[Part]:
    """A large text in parts that overlap; nothing of a binary."""
    with closing(large_blobs.chunks(repo, oid, LARGE_BYTES_MAX)) as chunks:
        first = next(chunks, b"")
        if not is_binary(SourceFile(path, first)):
            yield from parts(path, chain((first,), chunks))


def tell(site: Site, repository: str, commit: str, tokens: Sequence[tuple[str, str]]) -> None:
    """Publishes TokenLeaked for those that are tokens of this server and still in force."""
    with site.db.write() as session:
        for digest, path in dict(tokens).items():
            token = session.scalar(select(auth.Token).where(auth.Token.digest == digest, auth.Token.revoked_at.is_(None)))
            if token is not None:
                bus.publish(session, TokenLeaked(digest, repository, commit, path))


def revoke(site: Site, fact: TokenLeaked) -> None:
    """Ends the leaked token, and says in the audit trail why. Idempotent."""
    with site.db.write() as session:
        token = session.scalar(select(auth.Token).where(auth.Token.digest == fact.digest, auth.Token.revoked_at.is_(None)))
        if token is None:
            return
        owner = session.get_one(auth.Account, token.account_id)
        auth.revoke_token(session, token.id)
        audit.record(session, "lockgate", "admin:RevokeToken", f"admin/accounts/{owner.name}", token=token.id, label=token.label,
                     reason=f"the token is in {fact.path} of commit {fact.commit} in {fact.repository}")


def leaked(session: Session, repositories: Sequence[str], *, before: int | None, limit: int, state: str = "") -> list[LeakedSecret]:
    """What was found in these repositories, newest first."""
    query = select(LeakedSecret).where(LeakedSecret.repository.in_(list(repositories))).order_by(LeakedSecret.id.desc()).limit(limit)
    if state:
        query = query.where(LeakedSecret.resolved_at.is_(None) if state == "open" else LeakedSecret.resolved_at.is_not(None))
    return list(session.scalars(query if before is None else query.where(LeakedSecret.id < before)))


def one(session: Session, secret_id: int) -> LeakedSecret:
    """One of them. Raises Missing."""
    row = session.get(LeakedSecret, secret_id) if secret_id < 2**63 else None
    if row is None:
        raise Missing(what="leaked secret", name=str(secret_id))
    return row


def resolve(site: Site, secret_id: int, reason: str, actor: str) -> LeakedSecret:
    """Marks one as dealt with: withdrawn where it was issued, or no secret. Raises Missing, Malformed."""
    reason = reason.strip()
    if len(reason) not in REASON_CHARACTERS:
        raise Malformed(where="reason", why="say in 3 to 1000 characters what was done about it")
    with site.db.write() as session:
        row = one(session, secret_id)
        row.resolved_at, row.resolved_by, row.resolution = clock.now(), actor, reason
        audit.record(session, actor, "review:ResolveSecret", f"review/{row.repository}", secret=secret_id, reason=reason)
        return row


def _store(site: Site, repo: Path, repository: str, found: Sequence[tuple[str, Finding]]) -> int:
    keys = {(finding.rule, finding.secret_hash): (oid, finding) for oid, finding in reversed(found)}
    with site.db.read() as session:
        hashes = [secret_hash for _, secret_hash in keys]
        rows = session.execute(select(LeakedSecret.rule, LeakedSecret.secret_hash).where(
            LeakedSecret.repository == repository, LeakedSecret.secret_hash.in_(hashes)))  # fmt: skip
        known = {(rule, secret_hash) for rule, secret_hash in rows}
    fresh = {name: value for name, value in keys.items() if name not in known}
    commits = {oid: _first_commit(repo, oid) for oid in {oid for oid, _ in fresh.values()}}
    with site.db.write() as session:
        for (rule, secret_hash), (oid, finding) in fresh.items():
            if session.scalar(select(LeakedSecret.id).where(
                LeakedSecret.repository == repository, LeakedSecret.rule == rule, LeakedSecret.secret_hash == secret_hash)):  # fmt: skip
                continue
            session.add(LeakedSecret(
                repository=repository, rule=rule, message=finding.message, severity=finding.severity, confidence=finding.confidence,
                secret_hash=secret_hash, path=finding.path, line=finding.line, blob=oid, commit=commits[oid], found_at=clock.now(),
                resolved_at=None, resolved_by="", resolution="",
            ))  # fmt: skip
    return len(fresh)


def _first_commit(repo: Path, oid: str) -> str:
    argv = in_repository(repo, "log", "--all", "--reflog", "--reverse", "--format=%H", f"--find-object={oid}", "--diff-filter=AMR")
    return next(iter(command.run(argv, seconds_max=LIST_SECONDS_MAX, ok=(0, 128)).decode().split()), "")


def _scan(session: Session, repository: str, tip: str, blobs: int) -> HistoryScan:
    row = session.scalar(select(HistoryScan).where(HistoryScan.repository == repository, HistoryScan.commit == tip))
    row = row or HistoryScan(repository=repository, commit=tip)
    row.blobs, row.engine_version, row.finished_at = blobs, engine_version(), clock.now()
    return row


def _named(out: bytes) -> Names:
    pairs = (line.decode(errors="surrogateescape").partition(" ") for line in out.split(b"\n") if line)
    return {oid: path or oid for oid, _, path in pairs}


def _batches(oids: Sequence[str]) -> Iterator[list[str]]:
    left = iter(oids)
    while batch := list(islice(left, BATCH_BLOBS)):
        yield batch
