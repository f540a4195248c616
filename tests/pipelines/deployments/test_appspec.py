"""appspec.yml: what is understood, and errors that name file, line and key."""

import pytest

from pipelines.deployments import appspec
from pipelines.deployments.appspec import BadAppspec

GOOD = b"""version: 0.0
os: linux
files:
  - source: app
    destination: /srv/app
file_exists_behavior: OVERWRITE
permissions:
  - object: /srv/app
    pattern: "*.sh"
    except: [secret.sh]
    mode: "0755"
hooks:
  BeforeInstall:
    - location: ./scripts/before.sh
      timeout: 20
      runas: nobody
  ValidateService:
    - location: scripts/validate.sh
"""


def test_whole_file_is_understood() -> None:
    spec = appspec.parse(GOOD)
    assert spec.hooks["BeforeInstall"][0].location == "scripts/before.sh"
    assert spec.hooks["ValidateService"][0].timeout == 3600
    assert spec.permissions[0].exclude == ["secret.sh"]
    assert spec.model_dump(by_alias=True)["permissions"][0]["except"] == ["secret.sh"]


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "why"),
    [
        (b"BeforeInstall", b"BeforInstall", 13, "hooks.BeforInstall", "Input should be"),
        (b"timeout: 20", b"timeout: 20s", 15, "hooks.BeforeInstall[0].timeout", "valid integer"),
        (b"timeout: 20", b"timeout: 3601", 15, "hooks.BeforeInstall[0].timeout", "less than or equal"),
        (b"timeout: 20", b"timout: 20", 15, "hooks.BeforeInstall[0].timout", "no such key"),
        (b"version: 0.0", b"version: 1.0", 1, "version", "0.0 is the only version"),
        (b"os: linux", b"os: windows", 2, "os", "'linux'"),
        (b"/srv/app\nfile", b"srv/app\nfile", 5, "files[0].destination", "absolute path"),
        (b"/srv/app\nfile", b"/srv/../etc\nfile", 5, "files[0].destination", "`..` is not allowed"),
        (b"source: app", b"source: ../app", 4, "files[0].source", "`..` is not allowed"),
        (b"./scripts/before.sh", b"/bin/sh", 14, "hooks.BeforeInstall[0].location", "inside the bundle"),
        (b'"0755"', b"0755", 8, "permissions[0]", "in quotes"),
        (b'mode: "0755"', b"acls: [u:bob:rw]", 8, "permissions[0]", "acls is not supported"),
        (b"os: linux", b"os: linux\nos: linux", 3, "os", "given twice"),
        (b"os: linux", b"os: [linux", 3, "the file", "expected"),
        (b"os: linux\n", b"", 1, "os", "is missing"),
    ],
)
def test_mistake_is_named_by_line_and_key(old: bytes, new: bytes, line: int, key: str, why: str) -> None:
    assert old in GOOD
    with pytest.raises(BadAppspec) as caught:
        appspec.parse(GOOD.replace(old, new, 1))
    facts = caught.value.facts
    assert (facts["file"], facts["line"], facts["key"]) == ("appspec.yml", line, key)
    assert why in facts["why"]
    assert f"appspec.yml, line {line}, {key}: " in caught.value.detail


def test_time_limits_of_an_event_add_up() -> None:
    text = GOOD + b"    - {location: a.sh, timeout: 3000}\n    - {location: b.sh, timeout: 700}\n"
    with pytest.raises(BadAppspec, match=r"line 17, hooks.ValidateService: the time limits add up to 3700"):
        appspec.parse(text)


def test_script_must_be_in_the_bundle() -> None:
    spec = appspec.parse(GOOD)
    with pytest.raises(BadAppspec, match=r"line 18, hooks.ValidateService: scripts/validate.sh is not in the bundle"):
        appspec.check_members(spec, {"scripts/before.sh", "app/main.py"}, GOOD)
    with pytest.raises(BadAppspec, match=r"line 4, files: app is not in the bundle"):
        appspec.check_members(spec, {"scripts/before.sh", "scripts/validate.sh"}, GOOD)


@pytest.mark.parametrize(
    "text",
    [b"", b"- a\n", b"\xff", b"x" * 300_000, b"[" * 5000, b"a: &a [1]\nb: *a\n", b"version: !!python/name:os.system 0.0\n",
     b"a: [" + b"1," * 20_000 + b"]\n"],
    ids=["empty", "list", "bytes", "large", "deep", "alias", "tag", "wide"],
)
def test_hostile_file_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(BadAppspec, match=r"^appspec.yml, line \d+, "):
        appspec.parse(text)
