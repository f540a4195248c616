"""`lockgate login`: clients work right after it, and their files keep what else they hold."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import Address, all_formats
from service.cli import login_files, login_undo
from service.cli.login_files import Target, get_key, set_key
from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload
from tests.registry.made import wheel

pytestmark = pytest.mark.anydb  # clients and their files; the server's part is tested elsewhere on every database


def login(clients: Clients, client: str, *more: str, token: str = "") -> subprocess.CompletedProcess[str]:
    return clients.run(
        sys.executable, "-m", "service.cli.main", "login", client, "--server", clients.server_url, "--token", token or clients.token,
        "--repository", clients.repository, *more, cwd=Path(__file__).parents[2], PIP_CONFIG_FILE="",
    )


def test_pip_installs_after_login(clients: Clients, upload: Upload, tmp_path: Path) -> None:
    upload(wheel("after-login", "1.0"))
    done = login(clients, "pip")
    assert done.returncode == 0, done.stderr
    config = clients.home / ".config/pip/pip.conf"
    assert str(config) in done.stdout
    assert config.stat().st_mode & 0o777 == 0o600
    installed = clients.run(
        sys.executable, "-m", "pip", "install", "--no-cache-dir", "--target", str(tmp_path / "site"), "after-login", PIP_CONFIG_FILE=""
    )
    assert installed.returncode == 0, installed.stderr


def test_twine_uploads_after_login(clients: Clients, tmp_path: Path) -> None:
    assert login(clients, "twine").returncode == 0
    one = wheel("after-login", "1.0")
    (tmp_path / one.filename).write_bytes(one.data)
    sent = clients.run(sys.executable, "-m", "twine", "upload", "--non-interactive", "-r", "lockgate", str(tmp_path / one.filename))
    assert sent.returncode == 0, sent.stdout + sent.stderr


def test_uv_installs_after_login(clients: Clients, upload: Upload, tmp_path: Path) -> None:
    upload(wheel("after-login", "1.0"))
    assert login(clients, "uv").returncode == 0
    assert login(clients, "uv").returncode == 0
    done = clients.run(sys.executable, "-m", "uv", "pip", "install", "--no-cache", "--target", str(tmp_path / "site"), "after-login")
    assert done.returncode == 0, done.stderr


def test_npm_knows_us_after_login(clients: Clients) -> None:
    (clients.home / ".npmrc").write_text("fund=false\n")
    assert login(clients, "npm").returncode == 0
    assert clients.run("npm", "whoami").stdout.strip() == "admin"
    assert (clients.home / ".npmrc").read_text().startswith("fund=false\n")


def test_git_clones_after_login(server: Server, clients: Clients, tmp_path: Path) -> None:
    name = f"login-{clients.repository}"
    assert server.call("POST", "/api/v1/repositories", {"name": name}).status == 201
    assert login(clients, "git").returncode == 0
    done = clients.run("git", "clone", f"{server.url}/git/{name}", str(tmp_path / "clone"), GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="true")
    assert done.returncode == 0, done.stderr


def test_a_wrong_token_writes_nothing(clients: Clients) -> None:
    done = login(clients, "pip", token="lgt_wrong")
    assert done.returncode == 2
    assert "401" in done.stderr
    assert not (clients.home / ".config/pip/pip.conf").exists()


def test_a_dry_run_shows_no_secret(clients: Clients) -> None:
    (clients.home / ".git-credentials").write_text("https://me:other-secret@elsewhere\n")
    done = login(clients, "git", "--dry-run")
    assert done.returncode == 0
    assert clients.token not in done.stdout
    assert "other-secret" not in done.stdout
    assert not (clients.home / ".gitconfig").exists()


def test_other_settings_stay_as_they_are() -> None:
    text = "# mine\n[global]\ntimeout = 9\nindex-url = old\n    continued\n\n[install]\nno-cache = yes\n"
    changed = set_key(text, "global", "index-url", "new")
    assert changed == "# mine\n[global]\ntimeout = 9\nindex-url = new\n\n[install]\nno-cache = yes\n"
    assert set_key(changed, "global", "index-url", "new") == changed
    assert get_key(changed, "install", "no-cache") == " yes"
    assert set_key("", "distutils", "a", "b") == "[distutils]\na = b\n"


def test_an_undone_login_leaves_what_was(clients: Clients) -> None:
    npmrc = clients.home / ".npmrc"
    npmrc.write_text("fund=false\nregistry=http://127.0.0.1:9/old/\n")
    assert login(clients, "npm").returncode == 0
    assert login(clients, "npm").returncode == 0
    npmrc.write_text(npmrc.read_text() + "audit=false\n")
    shown = login(clients, "npm", "--undo", "--dry-run")
    assert "would restore" in shown.stdout
    done = login(clients, "npm", "--undo")
    assert done.returncode == 0, done.stderr
    assert npmrc.read_text() == "fund=false\nregistry=http://127.0.0.1:9/old/\naudit=false\n"
    again = login(clients, "npm", "--undo")
    assert again.returncode == 2
    assert "no login of npm" in again.stderr


def test_an_undone_login_removes_its_own_files(clients: Clients) -> None:
    assert login(clients, "uv").returncode == 0
    kept = clients.home / ".local/state/lockgate/login/uv.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert login(clients, "uv", "--undo").returncode == 0
    assert not (clients.home / ".config/uv/uv.toml").exists()
    assert not kept.exists()


def test_waits_of_clients_are_told(clients: Clients) -> None:
    for client, file in (("pnpm", ".config/pnpm/config.yaml"), ("yarn", ".yarnrc.yml")):
        told = login(clients, client, "--dry-run").stdout
        assert "within the last day" in told, client
        assert not (clients.home / file).exists()
        told = login(clients, client, "--scope", "team").stdout
        assert "@team are taken as soon as they are published" in told
        assert "@team/*" in (clients.home / file).read_text()


def test_every_python_client_has_its_file(tmp_path: Path) -> None:
    target = Target("http://127.0.0.1:1", "lgt_secret")
    [pdm] = login_files.pdm(target, tmp_path, {}).edits
    assert tomllib.loads(pdm.text) == {
        "pypi": {"url": "http://127.0.0.1:1/pypi/default/main/simple/", "username": "__token__", "password": "lgt_secret"},
        "repository": {"lockgate": {"url": "http://127.0.0.1:1/pypi/default/main/", "username": "__token__", "password": "lgt_secret"}},
    }
    [hatch] = login_files.hatch(target, tmp_path, {}).edits
    index = tomllib.loads(hatch.text)["publish"]["index"]
    assert (index["repo"], index["repos"]["lockgate"]["auth"]) == ("lockgate", "lgt_secret")
    poetry, publishing = login_files.poetry(target, tmp_path, {}).edits
    assert tomllib.loads(publishing.text)["repositories"]["lockgate"]["url"] == "http://127.0.0.1:1/pypi/default/main/"
    assert tomllib.loads(poetry.text)["http-basic"]["lockgate"]["password"] == "lgt_secret"
    classic, yarnrc = login_files.yarn_classic(target, tmp_path, {}).edits
    assert yarnrc.text == 'registry "http://127.0.0.1:1/npm/default/main/"\n'
    assert "//127.0.0.1:1/npm/default/main/:always-auth=true" in classic.text.splitlines()


def test_nothing_is_published_after_a_refused_login() -> None:
    address = Address("http://127.0.0.1:1/", "default", "main")
    for one in all_formats().values():
        for recipe in one.publish(address):
            first, _, rest = recipe.text.partition("\n")
            assert first.startswith("lockgate login ") and first.endswith(" &&"), recipe
            assert rest, recipe


@given(before=st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=8), ours=st.lists(st.sampled_from(["OURS 1", "OURS 2"]), max_size=4), at=st.integers(0, 8), theirs=st.lists(st.sampled_from(["later", "still later"]), max_size=3))
def test_what_others_add_later_survives_an_undo(before: list[str], ours: list[str], at: int, theirs: list[str]) -> None:
    old = "".join(f"{line}\n" for line in before)
    after = "".join(f"{line}\n" for line in [*before[:at], *ours, *before[at:]])
    text, is_whole = login_undo.put_back(old, after, after + "".join(f"{line}\n" for line in theirs))
    assert is_whole
    assert (text or "").split() == [*old.split(), *" ".join(theirs).split()]
