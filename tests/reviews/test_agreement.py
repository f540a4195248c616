"""Pushed step by step or analysed whole in one go: a branch has the same findings, whatever was changed on the way."""

import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from analyzers import duplicates
from analyzers.finding import SourceFile
from analyzers.options import ReviewOptions
from analyzers.review import review_file
from service.git import browse, repos
from service.kernel.events import Pushed
from service.kernel.site import Site
from service.reviews import jobs, store
from service.reviews.models import FindingRow
from tests.reviews.project import CLEAN, CREDENTIAL, INJECTION, LEAK

COPIED = "def total(order):\n" + "".join(f"    order.part_{n} = order.count_{n} * order.price\n" for n in range(12))
RUN = "import os\n\n\ndef run(name):\n    os.system(name)\n\n\n" + COPIED
PAGE = "from flask import request\nfrom imported import run\n\n\ndef page():\n    run(request.args['a'])\n\n\n" + COPIED
SAFE = "def run(name):\n    return len(name)\n"
SIGN = (
    "import configparser\nimport hashlib\nfrom flask import request\n\n\ndef sign():\n    settings = configparser.ConfigParser()\n"
    "    settings.read('sign.ini')\n    return hashlib.new(settings['hash']['name'], request.args['password'].encode()).hexdigest()\n"
)
PIECES = (CLEAN, INJECTION, CREDENTIAL, LEAK, "import os\n\n\n", "# a note\n\n", "x = 1\n", "API_TOKEN = 'k3Tz9QpXv7LmW2rB8sYdN4hJ'\n")
NAMES = ("shop.py", "a/orders.py", "a/b/mail.py", "config.ini", "notes.md")
STEPS = 16


def test_steps_and_the_whole_agree(site: Site, tmp_path: Path) -> None:
    repository = repos.create(site, "shop", "default", actor="ana")
    folder, work, chance = repos.folder(site.settings, repository), tmp_path / "work", random.Random(7)
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    copies, signed = 0, set()
    for _ in range(STEPS):
        change(work, chance)
        git(work, "add", "-A")
        git(work, "commit", "-q", "--allow-empty", "-m", "Change")
        git(work, "push", "-q", str(folder), "main")
        commit = browse.resolve(folder, "main")
        assert commit
        jobs.review_push.run(site, Pushed("shop", "refs/heads/main", "", commit, "ana", 1))
        with site.db.read() as session:
            review = store.of_commit(session, "shop", commit)
            assert review is not None
            rows = session.scalars(select(FindingRow).where(FindingRow.review_id == review.id)).all()
            stored = sorted((row.path, row.rule, row.line, row.column, row.end_line, row.severity, row.message) for row in rows)
        assert stored == whole(work)
        assert stored == whole(work), "and again"
        copies += sum(rule == duplicates.RULE for _, rule, *_ in stored)
        if (work / "sign.py").exists() and (work / "sign.ini").exists():
            signed.add(any(rule == "weak-hash" for _, rule, *_ in stored))
    assert copies > 0
    assert signed == {True, False}


def whole(work: Path) -> list[tuple[object, ...]]:
    files = sorted(path for path in work.rglob("*") if path.is_file() and ".git" not in path.parts)

    def read(paths: Sequence[str]) -> SourceFile | None:
        return next((SourceFile(one, (work / one).read_bytes()) for one in paths if (work / one).is_file()), None)

    sources = [SourceFile(path.relative_to(work).as_posix(), path.read_bytes()) for path in files]
    reports = duplicates.added([(one.path, review_file(one, ReviewOptions(), read=read)) for one in sources], ReviewOptions())
    found = [one for report in reports for one in (*report.findings, *(each.finding for each in report.suppressed))]
    return sorted((f.path, f.rule, f.line, f.column, f.end_line, f.severity, f.message) for f in found)


def change(work: Path, chance: random.Random) -> None:
    """One step as people make it: write, lengthen, rename or remove a file."""
    there = sorted(path for path in work.rglob("*") if path.is_file() and ".git" not in path.parts)
    if chance.random() < 0.3:  # what another file imports changes, and so what is found in that
        (work / "page.py").write_text(PAGE)
        (work / "imported.py").write_text(chance.choice((RUN, SAFE)))
        (work / "sign.py").write_text(SIGN)
        (work / "sign.ini").write_text(f"[hash]\nname = {chance.choice(('md5', 'sha256'))}\n")
        return
    act = chance.choice(("write", "write", "lengthen", "rename", "remove")) if there else "write"
    target = work / chance.choice(NAMES)
    target.parent.mkdir(parents=True, exist_ok=True)
    if act == "write":
        target.write_text("\n\n".join(chance.sample(PIECES, 3)))
    elif act == "lengthen":
        chosen = chance.choice(there)
        chosen.write_text(chance.choice(PIECES) + "\n\n" + chosen.read_text())
    elif act == "rename":
        chosen = chance.choice(there)
        chosen.rename(target)
    else:
        chance.choice(there).unlink()


def git(work: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    subprocess.run(["git", *who, *arguments], cwd=work, check=True, capture_output=True)


def test_a_waiting_review_is_shown_as_queued(site: Site) -> None:
    fact = Pushed("shop", "refs/heads/main", "", "c" * 40, "ana", 1)
    jobs.queue_review.run(site, fact)
    jobs.queue_review.run(site, fact)
    with site.db.read() as session:
        review = store.of_commit(session, "shop", "c" * 40)
    assert review is not None
    assert (review.state, review.verdict) == ("queued", "")
    begun = store.begin(site, fact, "Sell")
    assert begun is not None
    assert (begun.id, begun.state) == (review.id, "running")
    jobs.queue_review.run(site, fact)
    with site.db.read() as session:
        again = store.of_commit(session, "shop", "c" * 40)
    assert again is not None
    assert again.state == "running", "a late word does not put it back"
