"""The room's jobs: a push to a branch is reviewed; and its clock."""


from service.git import browse, repos
from service.kernel import clock
from service.kernel.bus import job
from service.kernel.errors import Missing
from service.kernel.events import Pushed, RepositoryCreated
from service.kernel.site import Site
from service.reviews import cache, commit_review, engine, store, waivers

_BRANCHES = "refs/heads/"


def _given_up(site: Site, fact: Pushed, error: str) -> None:
    if _is_reviewed(fact):
        store.fail(site, fact, error)


@job(queue="reviews", attempts=3, given_up=_given_up)
def review_push(site: Site, fact: Pushed) -> None:
    """Reviews the commit that a branch was moved to. Nothing is released from a tag, and a deletion brings no code."""
    if not _is_reviewed(fact):
        return
    try:
        with site.db.read() as session:
            folder = repos.folder(site.settings, repos.find(session, fact.repository))
    except Missing:
        return  # deleted since: there is nobody left to tell
    pushed = browse.commit(folder, fact.new)
    review = store.begin(site, fact, pushed.subject if pushed else "")
    if review is None:
        return
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
