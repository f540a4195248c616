"""What changes when the engine does, and the child that does the work."""

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from sqlalchemy import delete, select, update

from analyzers.finding import SourceFile
from analyzers.options import ReviewOptions
from service.git import browse, repos
from service.git.models import GitRepository
from service.kernel.events import Pushed
from service.kernel.site import Site
from service.reviews import cache, jobs, store
from service.reviews.engine import WarmReviewer
from service.reviews.models import FileResult, FindingRow, Review
from tests.lockgate_server import wait_for
from tests.reviews.project import CLEAN, INJECTION, MEDIUM


def push(site: Site, repository: GitRepository, work: Path, files: dict[str, str]) -> Review:
    """Commits into the hosted repository and reviews in this process."""
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
        subprocess.run(["git", *who, *arguments], cwd=work, check=True, capture_output=True)

    work.mkdir(exist_ok=True)
    git("init", "-q", "-b", "main")
    for name, content in files.items():
        (work / name).write_text(content)
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "Change")
    folder = repos.folder(site.settings, repository)
    git("push", "-q", str(folder), "main")
    commit = browse.resolve(folder, "main")
    assert commit
    jobs.review_push.run(site, Pushed(repository.name, "refs/heads/main", "", commit, "ana", 1))
    with site.db.read() as session:
        review = store.of_commit(session, repository.name, commit)
    assert review is not None
    return review


def test_a_new_rule_does_not_blame_old_code(site: Site, tmp_path: Path) -> None:
    repository = repos.create(site, "shop", "default", actor="ana")
    first = push(site, repository, tmp_path / "work", {".lockgate.yml": "gate:\n  block_at: never\n", "legacy.py": INJECTION})
    assert first.verdict == "passed"
    with site.db.write() as session:  # as if an engine without the rule had reviewed it
        session.execute(delete(FindingRow))
        session.execute(delete(FileResult))
        session.execute(update(Review).values(engine_version="older"))
    second = push(site, repository, tmp_path / "work", {".lockgate.yml": MEDIUM, "shop.py": CLEAN})
    assert (second.verdict, second.base_commit) == ("passed", first.commit)
    with site.db.read() as session:
        assert session.scalars(select(FindingRow.is_new)).all() == [False]


def test_the_same_job_twice_reviews_once(site: Site, tmp_path: Path) -> None:
    repository = repos.create(site, "shop", "default", actor="ana")
    review = push(site, repository, tmp_path / "work", {"legacy.py": INJECTION})
    jobs.review_push.run(site, Pushed("shop", "refs/heads/main", "", review.commit, "ana", 1))
    with site.db.read() as session:
        assert len(session.scalars(select(FindingRow)).all()) == 1


def test_results_of_long_ago_are_forgotten(site: Site, tmp_path: Path) -> None:
    repository = repos.create(site, "shop", "default", actor="ana")
    review = push(site, repository, tmp_path / "work", {"shop.py": CLEAN})
    jobs.tick(site)
    with site.db.write() as session:
        assert len(session.scalars(select(FileResult)).all()) == 1
        session.execute(update(FileResult).values(created_at=review.created_at.replace(year=2020)))
    assert cache.prune(site) == 1
    with site.db.read() as session:
        assert not session.scalars(select(FileResult)).all()


def test_an_idle_engine_rests_and_comes_back() -> None:
    engine = WarmReviewer()
    files = [SourceFile("shop.py", INJECTION.encode())]
    assert engine.review_files(files, ReviewOptions())[0].findings
    first = engine.pid
    engine.rest(idle_seconds_max=3600)
    assert engine.pid == first is not None
    engine.rest(idle_seconds_max=0)
    assert engine.pid is None
    assert engine.review_files(files, ReviewOptions())[0].findings
    engine.rest(idle_seconds_max=0)


def test_several_files_get_a_second_child_which_rests_too() -> None:
    engine = WarmReviewer()
    files = [SourceFile(f"shop{number}.py", INJECTION.encode()) for number in range(6)]
    wanted = engine.at_once(len(files))
    assert wanted == min(2, len(os.sched_getaffinity(0))) == engine.at_once(len(files))
    assert engine.at_once(1) == 1
    with ThreadPoolExecutor(wanted) as threads:
        reports = [one for part in threads.map(lambda file: engine.review_files([file], ReviewOptions()), files) for one in part]
    assert [report.findings[0].path for report in reports] == [file.path for file in files]
    wait_for(lambda: len(engine.pids) == wanted, 60, "the second child")
    children = engine.pids
    wait_for(lambda: engine.rest(0) or not engine.pids, 60, "the end of both children")
    assert not any(psutil.pid_exists(pid) for pid in children)
    assert engine.review_files(files[:1], ReviewOptions())[0].findings and len(engine.pids) == 1
    engine.rest(0)


def test_a_search_stands_aside_for_reviews() -> None:
    reviewer = WarmReviewer()
    files = [SourceFile(f"a{number}.env", b"COLOUR=green\n") for number in range(40)]
    reports: list[object] = []
    search = threading.Thread(target=lambda: reports.extend(reviewer.search_files(files, ReviewOptions())))
    with reviewer.ahead():
        search.start()
        [report] = reviewer.review_files([SourceFile("shop.py", INJECTION.encode())], ReviewOptions())
        assert report.findings
        search.join(0.3)
        assert search.is_alive() and not reports
    search.join(60)
    assert len(reports) == len(files)
    reviewer.rest(0)
