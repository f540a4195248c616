"""Pages of the git host: repositories, folders, files, commits, branches."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from service.git import browse, listing, repos, unified
from service.git.browse import Commit, Entry
from service.git.models import GitRepository
from service.kernel.access import demand, needs, principal, public, site
from service.kernel.auth import Principal
from service.kernel.errors import Clash, Malformed, Missing, TooLarge
from service.kernel.site import Site

pages = Blueprint("git", __name__, template_folder="templates")

SHOWN_BYTES_MAX = 512 * 1024
RAW_BYTES_MAX = 16 * 1024 * 1024
DIFF_BYTES_MAX = 4 * 1024 * 1024
FILE_ROWS_MAX = 500
"""A file with more lines than this waits for a click, and so does whatever comes after PAGE_ROWS_MAX lines."""
PAGE_ROWS_MAX = 2000
COMMITS_PAGE = 50
REF_PARTS_MAX = 8
PUSHES_SHOWN = 10
_README = ("readme.md", "readme.rst", "readme.txt", "readme", "readme.markdown")
_ROOT = "/repositories/<path:repository>"
_RAW_CSP = "default-src 'none'; sandbox"


@dataclass(frozen=True)
class Place:
    """Where in a repository the reader is: the ref as written, its commit, the path below."""

    row: GitRepository
    repo: Path
    ref: str
    commit: str
    path: str

    def url(self, kind: str, path: str | None = None, ref: str | None = None) -> str:
        """The address of a `tree`, `blob`, `raw` or `commits` page of this repository."""
        tail = self.path if path is None else path
        return _url(self.row.name, kind, self.ref if ref is None else ref, tail)

    def trail(self) -> list[tuple[str, str]]:
        """The folders above and the path itself, each with its address."""
        parts = self.path.split("/") if self.path else []
        return [(part, self.url("tree", "/".join(parts[: at + 1]))) for at, part in enumerate(parts)]


@pages.get("/repositories")
@public
def repositories() -> str:
    """The git repositories that the reader may read."""
    return _list_page()


@pages.post("/repositories")
@needs("git:Create", "git")
def create_repository() -> BaseResponse | str:
    """Makes an empty repository and shows how to push to it."""
    form = request.form
    name, project = form.get("name", "").strip(), form.get("project", "").strip() or "default"
    try:
        repos.create(site(), name, project, actor=principal().name, description=form.get("description", "").strip()[:1000])
    except (Malformed, Clash) as problem:
        return _list_page(trouble=problem.detail)
    return redirect(f"/repositories/{quote(name)}", 303)


@pages.get(_ROOT)
@needs("git:Read", "git/{repository}")
def repository(repository: str) -> str:
    """The front page: files, last commit, how to clone, README."""
    row, repo = _open(repository)
    branches = browse.branches(repo)
    names = [branch.name for branch in branches]
    ref = row.default_branch if row.default_branch in names or not names else names[0]
    if not names:
        return render_template("git/empty.html", row=row, clone_url=_clone_url(row), tab="Files")
    commit = next(branch.oid for branch in branches if branch.name == ref)
    return _folder_page(Place(row, repo, ref, commit, ""), names, is_home=True)


@pages.get(_ROOT + "/-/tree/<path:rest>")
@needs("git:Read", "git/{repository}")
def tree(repository: str, rest: str) -> BaseResponse | str:
    """A folder at a ref or commit."""
    place = _place(repository, rest)
    if place.path:
        entry = _entry(place)
        if entry.kind != "tree":
            return redirect(place.url("blob"))
    return _folder_page(place, [branch.name for branch in browse.branches(place.repo)])


@pages.get(_ROOT + "/-/blob/<path:rest>")
@needs("git:Read", "git/{repository}")
def blob(repository: str, rest: str) -> BaseResponse | str:
    """A file at a ref or commit, highlighted, each line a link."""
    place = _place(repository, rest)
    entry = _entry(place)
    if entry.kind == "tree":
        return redirect(place.url("tree"))
    size = entry.size or 0
    data = None
    if size <= SHOWN_BYTES_MAX:
        data = browse.blob(place.repo, place.commit, place.path, SHOWN_BYTES_MAX)
    is_text = data is not None and b"\0" not in data[:8000]
    last = browse.log(place.repo, place.commit, path=place.path, limit=1)
    return render_template(
        "git/file.html",
        row=place.row,
        place=place,
        entry=entry,
        file_size=size,
        tab="Files",
        last=last[0] if last else None,
        text=data.decode(errors="replace") if data is not None and is_text else None,
        is_large=data is None,
        permalink=place.url("blob", ref=place.commit),
    )


@pages.get(_ROOT + "/-/raw/<path:rest>")
@needs("git:Read", "git/{repository}")
def raw(repository: str, rest: str) -> BaseResponse:
    """A file's bytes. Never as a document of this site: text is plain, the rest is a download."""
    place = _place(repository, rest)
    entry = _entry(place)
    if (entry.size or 0) > RAW_BYTES_MAX:
        raise TooLarge(what=f"{place.path} (clone the repository to get it)", limit_bytes=RAW_BYTES_MAX)
    data = browse.blob(place.repo, place.commit, place.path, RAW_BYTES_MAX)
    if data is None:
        raise Missing(what="file", name=place.path)
    is_text = b"\0" not in data[:8000]
    answer = Response(data, content_type="text/plain; charset=utf-8" if is_text else "application/octet-stream")
    answer.headers["Content-Security-Policy"] = _RAW_CSP
    if not is_text:
        answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(place.path.rpartition('/')[2], safe='')}"
    return answer


@pages.get(_ROOT + "/-/commits/<path:rest>")
@needs("git:Read", "git/{repository}")
def commits(repository: str, rest: str) -> str:
    """The history of a ref, or of one path in it."""
    place = _place(repository, rest)
    skip = request.args.get("skip", "0")
    if not skip.isdecimal() or len(skip) > 8:
        raise Malformed(where="skip", why="is not a number of commits")
    first = int(skip)
    found = browse.log(place.repo, place.commit, path=place.path or None, skip=first, limit=COMMITS_PAGE + 1)
    here = place.url("commits")
    newer = f"{here}?{urlencode({'skip': max(first - COMMITS_PAGE, 0)})}" if first > COMMITS_PAGE else here
    return render_template(
        "git/commits.html",
        row=place.row,
        place=place,
        commits=found[:COMMITS_PAGE],
        tab="Commits",
        newer=newer if first else "",
        older=f"{here}?skip={first + COMMITS_PAGE}" if len(found) > COMMITS_PAGE else "",
    )


@pages.get(_ROOT + "/-/commit/<oid>")
@needs("git:Read", "git/{repository}")
def commit(repository: str, oid: str) -> BaseResponse | str:
    """A commit, its message and what it changed; `?path=` shows one file of it whole."""
    row, repo = _open(repository)
    whole = browse.resolve(repo, oid)
    found = browse.commit(repo, whole) if whole else None
    if found is None:
        raise Missing(what="commit", name=oid)
    if found.oid != oid:
        return redirect(f"/repositories/{quote(row.name)}/-/commit/{found.oid}")
    text, is_cut = browse.diff(repo, None, found.oid, limit_bytes=DIFF_BYTES_MAX)
    files = unified.parse(text)
    only = request.args.get("path", "")
    if only:
        files = [file for file in files if file.path == only]
    return render_template(
        "git/commit.html",
        row=row,
        commit=found,
        tab="Commits",
        only=only,
        is_cut=is_cut,
        files=_laid_out(files, bool(only)),
        added=sum(file.added for file in files),
        removed=sum(file.removed for file in files),
        tree_url=_url(row.name, "tree", found.oid, ""),
    )


@pages.get(_ROOT + "/-/branches")
@needs("git:Read", "git/{repository}")
def branches(repository: str) -> str:
    """Branches and tags, newest first."""
    row, repo = _open(repository)
    found = browse.branches(repo)
    protected = {branch.name for branch in found if repos.is_protected(row, f"refs/heads/{branch.name}")}
    return render_template(
        "git/branches.html", row=row, branches=found, tags=browse.tags(repo), protected=protected, tab="Branches", clone_url=_clone_url(row)
    )


def panel(site: Site, who: Principal) -> dict[str, Any]:
    """For the home page: the latest pushes."""
    with site.db.read() as session:
        pushes = listing.recent_pushes(session, who, PUSHES_SHOWN)
    rows = [
        {
            "text": f"{push.repository}: {push.ref}",
            "at": push.at,
            "url": _commit_url(push.repository, push.commit) if push.commit else f"/repositories/{quote(push.repository)}",
            "line": f"{push.actor} pushed {push.commit[:10]}" if push.commit else f"{push.actor} deleted it",
        }
        for push in pushes
    ]
    return {
        "title": "Pushes",
        "url": "/repositories",
        "rows": rows,
        "empty": "No push yet. Pushes to git repositories would be listed here.",
    }


def search(site: Site, who: Principal, text: str) -> list[dict[str, str]]:
    """Repositories by name or description, and commits by the beginning of their hash."""
    with site.db.read() as session:
        found, _ = listing.page(session, who, text, rows_max=20)
        others = listing.page(session, who)[0] if listing.COMMIT_PREFIX.fullmatch(text.lower()) else []
    hits = [
        {"kind": "Git repository", "title": row.name, "url": f"/repositories/{quote(row.name)}", "line": row.description} for row in found
    ]
    for row in others:
        oid = browse.resolve(repos.folder(site.settings, row), text.lower())
        commit = browse.commit(repos.folder(site.settings, row), oid) if oid else None
        if commit:
            hits.append(
                {
                    "kind": "Commit",
                    "title": commit.subject,
                    "url": _commit_url(row.name, commit.oid),
                    "line": f"{row.name} {commit.oid[:10]}",
                }
            )
    return hits


def _list_page(trouble: str = "") -> str:
    who = principal()
    text, after = request.args.get("q", "").strip()[:200], request.args.get("after", "")
    with site().db.read() as session:
        rows, following = listing.page(session, who, text, after)
        pushes = listing.last_pushes(session, rows)
    older = f"/repositories?{urlencode({'q': text, 'after': following})}" if following else ""
    return render_template(
        "git/list.html",
        rows=rows,
        pushes=pushes,
        text=text,
        trouble=trouble,
        form=request.form,
        after=after,
        older=older,
        may_create=who.may("git:Create", "git"),
        host=request.host_url,
    )


def _folder_page(place: Place, branches: list[str], *, is_home: bool = False) -> str:
    entries = browse.tree(place.repo, place.commit, place.path)
    last: list[Commit] = browse.log(place.repo, place.commit, path=place.path or None, limit=1)
    readme, text = next((e for name in _README for e in entries if e.kind == "blob" and _name(e).lower() == name), None), ""
    if readme is not None:
        data = browse.blob(place.repo, place.commit, readme.path, SHOWN_BYTES_MAX) or b""
        text = data.decode(errors="replace")
    listed = [(_name(entry), _entry_url(place, entry), entry) for entry in entries]
    return render_template(
        "git/tree.html",
        row=place.row,
        place=place,
        entries=listed,
        last=last[0] if last else None,
        branches=branches[:50],
        branch_count=len(branches),
        readme=readme,
        readme_text=text,
        is_home=is_home,
        clone_url=_clone_url(place.row),
        tab="Files",
    )


def _laid_out(files: list[unified.FileChange], is_alone: bool) -> list[tuple[unified.FileChange, bool]]:
    """Each file with whether its lines are in the page: not when it is huge, nor when the page is full."""
    rest = PAGE_ROWS_MAX
    found = []
    for file in files:
        is_shown = is_alone or (file.rows <= min(FILE_ROWS_MAX, rest))
        rest -= file.rows if is_shown else 0
        found.append((file, is_shown))
    return found


def _open(name: str) -> tuple[GitRepository, Path]:
    with site().db.read() as session:
        row = repos.find(session, name)
    # `name.git` finds the same row, so what was found is asked for too: a rule may name it without the ending.
    demand("git:Read", f"git/{row.name}")
    return row, repos.folder(site().settings, row)


def _place(repository: str, rest: str) -> Place:
    """Splits `feature/x/src/a.py` into ref and path: the shortest beginning that names a commit is the ref."""
    row, repo = _open(repository)
    parts = rest.strip("/").split("/")
    for length in range(1, min(len(parts), REF_PARTS_MAX) + 1):
        ref = "/".join(parts[:length])
        oid = browse.resolve(repo, ref)
        if oid:
            return Place(row, repo, ref, oid, "/".join(parts[length:]))
    raise Missing(what="branch, tag or commit", name=parts[0])


def _entry(place: Place) -> Entry:
    entry = browse.entry_at(place.repo, place.commit, place.path)
    if entry is None:
        raise Missing(what=f"file or folder in {place.ref}", name=place.path or "/")
    return entry


def _name(entry: Entry) -> str:
    """The last part of the path; bytes that are no UTF-8 become question marks."""
    return entry.path.rpartition("/")[2].encode(errors="surrogateescape").decode(errors="replace")


def _entry_url(place: Place, entry: Entry) -> str:
    """Where the entry leads, or "" for a submodule and for a name that no address can hold."""
    try:
        entry.path.encode()
    except UnicodeEncodeError:
        return ""
    return "" if entry.kind == "commit" else place.url("tree" if entry.kind == "tree" else "blob", entry.path)


def _url(name: str, kind: str, ref: str, path: str) -> str:
    tail = f"/{quote(path)}" if path else ""
    return f"/repositories/{quote(name)}/-/{kind}/{quote(ref)}{tail}"


def _commit_url(name: str, oid: str) -> str:
    return f"/repositories/{quote(name)}/-/commit/{oid}"


def _clone_url(row: GitRepository) -> str:
    return f"{request.host_url}git/{quote(row.name)}"
