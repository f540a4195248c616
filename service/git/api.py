"""JSON API of the git host."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from service.git import browse, repos
from service.git.models import GitRepository
from service.kernel.access import needs, principal, public, site

api = APIBlueprint("git_api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="git")])


class NewRepository(BaseModel):
    """A git repository to create."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(description="at most 100 characters; `/` groups")
    project: str = "default"
    description: str = Field("", max_length=1000)
    default_branch: str = "main"
    protected: list[str] = Field([], description="globs of full ref names, such as refs/heads/release/*")


class RepositoryPath(BaseModel):
    """Names a git repository."""

    repository: str


@api.get("/repositories")
@public
def list_repositories() -> dict[str, Any]:
    """The git repositories that the caller may read."""
    who = principal()
    with site().db.read() as session:
        rows = [r for r in repos.all_repositories(session) if who.may("git:Read", f"git/{r.name}")]
    return {"items": [_row(r) for r in rows], "next": None}


@api.post("/repositories", responses={"201": {}})
@needs("git:Create", "git")
def create_repository(body: NewRepository) -> tuple[dict[str, Any], int]:
    """Creates an empty git repository."""
    row = repos.create(
        site(), body.name, body.project, actor=principal().name, description=body.description,
        default_branch=body.default_branch, protected=body.protected,
    )
    return _row(row), 201


@api.get("/repositories/<path:repository>/-/branches")
@needs("git:Read", "git/{repository}")
def list_branches(path: RepositoryPath) -> dict[str, Any]:
    """The branches, newest commit first."""
    with site().db.read() as session:
        folder = repos.folder(site().settings, repos.find(session, path.repository))
    return {"items": [{"name": b.name, "commit": b.oid, "subject": b.subject} for b in browse.branches(folder)], "next": None}


@api.get("/repositories/<path:repository>")
@needs("git:Read", "git/{repository}")
def get_repository(path: RepositoryPath) -> dict[str, Any]:
    """One git repository."""
    with site().db.read() as session:
        return _row(repos.find(session, path.repository))


def _row(row: GitRepository) -> dict[str, Any]:
    return {
        "name": row.name, "project": row.project, "description": row.description, "default_branch": row.default_branch,
        "protected": row.protected, "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        "clone_url": f"{site().settings.base_url}/git/{row.name}",
    }
