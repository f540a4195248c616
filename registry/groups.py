"""Package groups: what a domain lets into its package repositories, by pattern, each setting inherited from the next wider group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from registry import patterns
from registry.models import ALLOW, BLOCK, EXTERNAL, INTERNAL, Domain, PackageGroup, PackageRepository
from registry.names import PackageName
from registry.patterns import ROOT, STRONG, WEAK, Pattern
from service.kernel import audit, clock
from service.kernel.errors import Clash, Malformed, Missing
from service.kernel.site import Site
from service.kernel.statements import Readable, Statement, url_of

PUBLISH, EXTERNAL_UPSTREAM, INTERNAL_UPSTREAM = "PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"
SETTINGS = (PUBLISH, EXTERNAL_UPSTREAM, INTERNAL_UPSTREAM)
SPECIFIC, INHERIT = "ALLOW_SPECIFIC_REPOSITORIES", "INHERIT"
MODES = (ALLOW, BLOCK, SPECIFIC, INHERIT)
GROUPS_MAX = 1000
Lists = Mapping[str, Sequence[str]]
"""By setting: names of package repositories."""
SETTING_OF_ORIGIN = {EXTERNAL: EXTERNAL_UPSTREAM, INTERNAL: INTERNAL_UPSTREAM}


@dataclass(frozen=True)
class Restriction:
    """One setting: its mode, and for ALLOW_SPECIFIC_REPOSITORIES the names of the repositories."""

    mode: str
    repositories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """A package group as stored; a setting it does not name is inherited."""

    pattern: Pattern
    description: str
    restrictions: Mapping[str, Restriction]


@dataclass(frozen=True)
class Effective:
    """What holds for a package: the group it belongs to, and for each setting who says what."""

    pattern: str
    rules: Mapping[str, tuple[Restriction, str]]
    """By setting: the restriction, and the pattern of the group that makes it."""
    association: str = STRONG
    """WEAK: the name is but a variation of the pattern, and nothing new of it is let in."""

    def allows(self, setting: str, repository: str) -> bool:
        """Whether packages of the group may enter the repository this way."""
        rule = self.rules[setting][0]
        return rule.mode == ALLOW or (rule.mode == SPECIFIC and repository in rule.repositories)


OPEN = Effective(ROOT.text, {setting: (Restriction(ALLOW), ROOT.text) for setting in SETTINGS})
"""A domain without groups of its own: the root group lets everything in."""
_groups = cast(Table, PackageGroup.__table__)
_OF_DOMAIN = Statement(
    select(_groups.c.pattern, _groups.c.description, _groups.c.restrictions)
    .where(_groups.c.domain_id == bindparam("domain")).order_by(_groups.c.pattern)
)
_kept: dict[tuple[str, int], tuple[int, tuple[Group, ...]]] = {}


def load(source: Readable, domain_id: int, revision: int) -> tuple[Group, ...]:
    """The groups of a domain; read once for each of its `groups_revision`."""
    if revision == 0:
        return ()
    key = (url_of(source), domain_id)
    found = _kept.get(key)
    if found is None or found[0] != revision:
        found = _kept[key] = (revision, tuple(_group(*row) for row in _OF_DOMAIN.rows(source, {"domain": domain_id})))
    return found[1]


def effective(groups: tuple[Group, ...], name: PackageName) -> Effective:
    """What holds for a package, after inheritance."""
    if not groups:
        return OPEN
    pattern, association = patterns.best([g.pattern for g in groups], name) or (ROOT, STRONG)
    if association == WEAK:
        return Effective(pattern.text, {setting: (Restriction(BLOCK), pattern.text) for setting in SETTINGS}, WEAK)
    return _resolve(groups, pattern)


def effective_of(groups: tuple[Group, ...], pattern: Pattern) -> Effective:
    """What holds for the packages of one group."""
    return _resolve(groups, pattern)


def create(
    site: Site, domain: str, text: str, *, actor: str, description: str = "", restrictions: Mapping[str, Restriction] | None = None
) -> Group:
    """A new group. Raises Malformed, Missing or Clash."""
    pattern = patterns.parse(text)
    with site.db.write() as session:
        owner = _owner(session, domain)
        if _row(session, owner, pattern) is not None:
            raise Clash(what="package group", name=pattern.text)
        if len(session.scalars(select(PackageGroup.id).where(PackageGroup.domain_id == owner.id)).all()) >= GROUPS_MAX:
            raise Malformed(where="package groups", why=f"a domain has at most {GROUPS_MAX}")
        row = PackageGroup(
            domain_id=owner.id, pattern=pattern.text, description=description, restrictions=_checked(session, owner, restrictions or {}),
            created_at=clock.now(), updated_at=clock.now(),
        )
        session.add(row)
        _changed(session, owner, actor, pattern, "created", row.restrictions)
        return _group(row.pattern, row.description, row.restrictions)


def change(
    site: Site, domain: str, text: str, *, actor: str, description: str | None = None,
    restrictions: Mapping[str, Restriction] | None = None, add: Lists | None = None, remove: Lists | None = None,
) -> Group:
    """Changes what is given; a setting that is not named stays. The root group is made by its first change.

    `add` and `remove` change the repositories of settings that are, or hereby become, ALLOW_SPECIFIC_REPOSITORIES.
    Raises Malformed or Missing.
    """
    pattern = patterns.read(text)
    with site.db.write() as session:
        owner = _owner(session, domain)
        row = _row(session, owner, pattern)
        if row is None:
            if pattern != ROOT:
                raise Missing(what="package group", name=pattern.text)
            row = PackageGroup(
                domain_id=owner.id, pattern=pattern.text, description="", restrictions={}, created_at=clock.now(), updated_at=clock.now()
            )
            session.add(row)
        if description is not None:
            row.description = description
        if restrictions is not None:
            row.restrictions = {**row.restrictions, **_checked(session, owner, restrictions)}
        if add or remove:
            moved = _moved(_group(row.pattern, row.description, row.restrictions).restrictions, add or {}, remove or {})
            row.restrictions = {**row.restrictions, **_checked(session, owner, moved)}
        row.updated_at = clock.now()
        _changed(session, owner, actor, pattern, "changed", row.restrictions)
        return _group(row.pattern, row.description, row.restrictions)


def delete(site: Site, domain: str, text: str, actor: str) -> None:
    """Deletes a group; its packages belong to the next wider one. The root group stays. Raises Missing or Malformed."""
    pattern = patterns.read(text)
    if pattern == ROOT:
        raise Malformed(where="package group", why="the root group /* can be changed, not deleted")
    with site.db.write() as session:
        owner = _owner(session, domain)
        row = _row(session, owner, pattern)
        if row is None:
            raise Missing(what="package group", name=pattern.text)
        session.delete(row)
        _changed(session, owner, actor, pattern, "deleted", {})


def _resolve(groups: tuple[Group, ...], own: Pattern) -> Effective:
    by_pattern = {g.pattern: g for g in groups}
    line = [own, *patterns.parents(list(by_pattern), own)]
    rules = {}
    for setting in SETTINGS:
        rules[setting] = OPEN.rules[setting]
        for pattern in line:
            rule = by_pattern[pattern].restrictions.get(setting) if pattern in by_pattern else None
            if rule is not None and rule.mode != INHERIT:
                rules[setting] = (rule, pattern.text)
                break
    return Effective(own.text, rules)


def _moved(own: Mapping[str, Restriction], add: Lists, remove: Lists) -> dict[str, Restriction]:
    moved = {}
    for setting in {**add, **remove}:
        rule = own.get(setting, Restriction(INHERIT))
        if rule.mode != SPECIFIC:
            raise Malformed(where=f"restriction {setting}", why=f"is {rule.mode}: set it to {SPECIFIC} first, its list can be changed then")
        gone = set(remove.get(setting, ()))
        names = dict.fromkeys([*rule.repositories, *add.get(setting, ())])
        moved[setting] = Restriction(SPECIFIC, tuple(name for name in names if name not in gone))
    return moved


def _checked(session: Session, owner: Domain, told: Mapping[str, Restriction]) -> dict[str, Any]:
    known = set(session.scalars(select(PackageRepository.name).where(PackageRepository.domain_id == owner.id)))
    for setting, rule in told.items():
        if setting not in SETTINGS or rule.mode not in MODES:
            raise Malformed(where=f"restriction {setting}", why=f"use {', '.join(SETTINGS)}, each one of {', '.join(MODES)}")
        unknown = set(rule.repositories) - known
        if unknown or (rule.repositories and rule.mode != SPECIFIC):
            why = f"there is no package repository {min(unknown)!r} in {owner.name}" if unknown else f"only {SPECIFIC} takes a list"
            raise Malformed(where=f"restriction {setting}", why=why)
    return {setting: {"mode": rule.mode, "repositories": list(rule.repositories)} for setting, rule in told.items()}


def _changed(session: Session, owner: Domain, actor: str, pattern: Pattern, change: str, restrictions: dict[str, Any]) -> None:
    owner.groups_revision += 1
    # What any repository of the domain shows may be another now.
    session.execute(
        update(PackageRepository).where(PackageRepository.domain_id == owner.id).values(revision=PackageRepository.revision + 1)
    )
    audit.record(
        session, actor, "registry:Admin", f"registry/{owner.name}", group=pattern.text, change=f"package group {change}",
        restrictions=restrictions,
    )
    session.flush()


def _owner(session: Session, domain: str) -> Domain:
    row = session.scalar(select(Domain).where(Domain.name == domain).with_for_update())
    if row is None:
        raise Missing(what="domain", name=domain)
    return row


def _row(session: Session, owner: Domain, pattern: Pattern) -> PackageGroup | None:
    return session.scalar(select(PackageGroup).where(PackageGroup.domain_id == owner.id, PackageGroup.pattern == pattern.text))


def _group(pattern: str, description: str, restrictions: dict[str, Any]) -> Group:
    rules = {setting: Restriction(rule["mode"], tuple(rule["repositories"])) for setting, rule in restrictions.items()}
    return Group(patterns.read(pattern), description, rules)
