"""The Install event on a host: what it copies, keeps, removes and permits."""

import os
from pathlib import Path
from typing import Any

import pytest

from lockgate_agent.deploy.install import InstallRefused, install
from lockgate_agent.deploy.layout import Layout, RootInUse


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(str(tmp_path / "root"))


def _archive(tmp_path: Path, name: str, **files: str) -> str:
    for path, text in files.items():
        target = tmp_path / name / path.replace("__", "/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return str(tmp_path / name)


def _spec(*files: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"files": [{"source": s, "destination": d} for s, d in files], **more}


def _tree(layout: Layout) -> dict[str, str]:
    top = Path(layout.destination_root)
    return {
        str(path.relative_to(top)): path.read_text()
        for path in sorted(top.rglob("*")) if path.is_file() and "lockgate-agent" not in path.parts
    }


def test_folder_contents_and_single_files_land_where_told(layout: Layout, tmp_path: Path) -> None:
    archive = _archive(tmp_path, "one", app__a="a", app__sub__b="b", conf="c")
    (tmp_path / "one" / "app" / "link").symlink_to("a")
    install(layout, archive, _spec(("app", "/srv/app"), ("conf", "/etc/app")), None)
    assert _tree(layout) == {"etc/app/conf": "c", "srv/app/a": "a", "srv/app/link": "a", "srv/app/sub/b": "b"}
    assert str(Path(layout.destination("/srv/app/link")).readlink()) == "a"


def test_slash_means_the_whole_bundle(layout: Layout, tmp_path: Path) -> None:
    install(layout, _archive(tmp_path, "one", x="x", d__y="y"), _spec(("/", "/opt")), None)
    assert _tree(layout) == {"opt/x": "x", "opt/d/y": "y"}


def test_next_install_removes_what_the_last_put(layout: Layout, tmp_path: Path) -> None:
    install(layout, _archive(tmp_path, "one", app__old="1", app__both="1"), _spec(("app", "/srv/app")), None)
    Path(layout.destination("/srv/app/mine")).write_text("made by the application")
    install(layout, _archive(tmp_path, "two", app__new="2", app__both="2"), _spec(("app", "/srv/app")), None)
    assert _tree(layout) == {"srv/app/both": "2", "srv/app/mine": "made by the application", "srv/app/new": "2"}
    install(layout, _archive(tmp_path, "three", readme="3"), _spec(("readme", "/opt")), None)
    assert _tree(layout) == {"opt/readme": "3", "srv/app/mine": "made by the application"}


def test_disallow_keeps_foreign_files_and_copies_nothing(layout: Layout, tmp_path: Path) -> None:
    foreign = Path(layout.destination("/srv/app/b"))
    foreign.parent.mkdir(parents=True)
    foreign.write_text("theirs")
    archive = _archive(tmp_path, "one", app__a="a", app__b="b")
    with pytest.raises(InstallRefused, match="exists and was not put there"):
        install(layout, archive, _spec(("app", "/srv/app")), None)
    assert _tree(layout) == {"srv/app/b": "theirs"}


@pytest.mark.parametrize(("behavior", "left"), [("OVERWRITE", "ours"), ("RETAIN", "theirs")])
def test_foreign_file_is_treated_as_told(layout: Layout, tmp_path: Path, behavior: str, left: str) -> None:
    foreign = Path(layout.destination("/srv/app/b"))
    foreign.parent.mkdir(parents=True)
    foreign.write_text("theirs")
    archive = _archive(tmp_path, "one", app__b="ours", app__a="a")
    install(layout, archive, _spec(("app", "/srv/app"), file_exists_behavior=behavior), "DISALLOW")
    assert _tree(layout) == {"srv/app/a": "a", "srv/app/b": left}
    install(layout, _archive(tmp_path, "two", x="x"), _spec(), None)
    assert _tree(layout) == ({"srv/app/b": "theirs"} if behavior == "RETAIN" else {})


def test_install_can_run_again_after_a_crash(layout: Layout, tmp_path: Path) -> None:
    archive = _archive(tmp_path, "one", app__a="a", app__b="b")
    spec = _spec(("app", "/srv/app"), ("missing", "/srv/other"))
    with pytest.raises(InstallRefused, match="not in the bundle"):
        install(layout, archive, spec, None)
    install(layout, archive, _spec(("app", "/srv/app")), None)
    install(layout, archive, _spec(("app", "/srv/app")), None)
    assert _tree(layout) == {"srv/app/a": "a", "srv/app/b": "b"}


def test_permissions_reach_what_they_name(layout: Layout, tmp_path: Path) -> None:
    archive = _archive(tmp_path, "one", app__run__x="x", app__keep__x="y", app__note="n")
    wishes = [
        {"object": "/srv/app", "pattern": "**", "except": ["keep", "keep/*"], "mode": "0750", "type": ["file", "directory"]},
        {"object": "/srv/app/note", "mode": "0604", "type": ["file"]},
    ]
    install(layout, archive, _spec(("app", "/srv/app"), permissions=wishes), None)

    def mode(path: str) -> int:
        return Path(layout.destination(path)).stat().st_mode & 0o777

    assert (mode("/srv/app"), mode("/srv/app/run"), mode("/srv/app/run/x")) == (0o750, 0o750, 0o750)
    assert mode("/srv/app/note") == 0o604
    assert mode("/srv/app/keep/x") == 0o644


def test_unknown_owner_is_said(layout: Layout, tmp_path: Path) -> None:
    archive = _archive(tmp_path, "one", a="a")
    spec = _spec(("a", "/srv"), permissions=[{"object": "/srv", "owner": "nobody-of-that-name"}])
    with pytest.raises(InstallRefused, match="nobody-of-that-name"):
        install(layout, archive, spec, None)


def test_agent_files_are_no_destination(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(InstallRefused, match="belongs to the agent"):
        install(layout, _archive(tmp_path, "one", token="t"), _spec(("token", "/lockgate-agent")), None)


def test_second_agent_in_a_root_is_refused(layout: Layout) -> None:
    lock = layout.hold()
    with pytest.raises(RootInUse, match="another lockgate-agent"):
        Layout(layout.root).hold()
    os.close(lock)
