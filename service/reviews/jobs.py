"""The room's jobs: a push to a branch is reviewed; and its clock."""

from pathlib import Path

from service.git import browse, repos
from service.kernel import bus, clock
from service.kernel.bus import job
from service.kernel.errors import Missing
from service.kernel.events import HistoryScanAsked, Pushed, RepositoryCreated, SearchAsked, TokenLeaked
from service.kernel.site import Site
from service.reviews import cache, commit_review, engine, leaks, store, waivers

_BRANCHES = "refs/heads/"


@job(queue="light", attempts=3)
def queue_review(site: Site, fact: Pushed) -> None:
    """Shows the review as queued while it waits for its turn."""
    if _is_reviewed(fact):
        store.queue(site, fact)


@job(queue="light", attempts=3)
def revoke_pushed_tokens(site: Site, fact: Pushed) -> None:
    """Looks for tokens of this server in all that a push brought: one that is in a clone is nobody's secret any more."""
    repo = _folder(site, fact.repository)
    if repo is not None and fact.new:
        names = leaks.pushed_blobs(repo, [*leaks.known_tips(site, fact.repository), *([fact.old] if fact.old else [])], fact.new)
        leaks.tell(site, fact.repository, fact.new, list(leaks.tokens_in(repo, names)))


@job(queue="light", attempts=3)
def ask_for_search(site: Site, fact: Pushed) -> None:
    """Has the push searched apart from its review: a job waits for room for all that follows from its fact."""
    if fact.new:
        with site.db.write() as session:
            bus.publish(session, SearchAsked(fact.repository, fact.new))


@job(queue="searches", attempts=3)
def search_push(site: Site, fact: SearchAsked) -> None:
    """Searches every blob that a push brought, on any ref and in any of its commits, for secrets."""
    repo = _folder(site, fact.repository)
    if repo is not None:
        names = leaks.pushed_blobs(repo, leaks.known_tips(site, fact.repository), fact.commit)
        leaks.search(site, repo, fact.repository, names, fact.commit)


@job(queue="searches", attempts=2)
def scan_history(site: Site, fact: HistoryScanAsked) -> None:
    """Searches every object of a git repository for secrets and for tokens of this server."""
    repo = _folder(site, fact.repository)
    if repo is not None:
        names = leaks.all_blobs(repo)
        leaks.tell(site, fact.repository, "", list(leaks.tokens_in(repo, names)))
        leaks.search(site, repo, fact.repository, names, "")


@job(queue="light", attempts=5)
def revoke_leaked_token(site: Site, fact: TokenLeaked) -> None:
    """Ends a token of this server that a commit holds."""
    leaks.revoke(site, fact)


def _folder(site: Site, repository: str) -> Path | None:
    try:
        with site.db.read() as session:
            return repos.folder(site.settings, repos.find(session, repository))
    except Missing:
        return None  # deleted since: there is nobody left to tell


def _given_up(site: Site, fact: Pushed, error: str) -> None:
    if _is_reviewed(fact):
        store.fail(site, fact, error)


@job(queue="reviews", attempts=3, given_up=_given_up)
def review_push(site: Site, fact: Pushed) -> None:
    """Reviews the commit that a branch was moved to. Nothing is released from a tag, and a deletion brings no code."""
    if not _is_reviewed(fact):
        return
    folder = _folder(site, fact.repository)
    if folder is None:
        return
    pushed = browse.commit(folder, fact.new)
    review = store.begin(site, fact, pushed.subject if pushed else "")
    if review is None:
        return
    with engine.warm.ahead():
        outcome = commit_review.review(site, folder, fact.repository, fact.new, today=clock.now().date())
    store.finish(site, review.id, outcome)


@job(queue="light", attempts=1)
def warm_up(_site: Site, _fact: RepositoryCreated) -> None:
    """Gets the analysers ready: who makes a git repository pushes to it next."""
    engine.warm.warm_up()


def tick(site: Site) -> None:
    """Judges what leans on revoked waivers, and lets go of memory and results that nobody needs."""
    waivers.settle(site)
    engine.warm.rest()
    cache.prune(site)


def _is_reviewed(fact: Pushed) -> bool:
    return fact.ref.startswith(_BRANCHES) and bool(fact.new)
