"""git over HTTP with the real git."""

import base64
import os
import socket
import subprocess
import uuid
from pathlib import Path

import psutil
import pytest

from tests.lockgate_server import Server, wait_for

DEVELOPER = [{"Effect": "Allow", "Action": ["git:Read", "git:Pull", "git:Push"], "Resource": ["git/*"]}]


def git(*arguments: str, cwd: Path | None = None, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
    """The real git, without this machine's configuration."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
             "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@example.com", "GIT_COMMITTER_NAME": "T", "GIT_COMMITTER_EMAIL": "t@example.com", **env}
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, env=clean, timeout=110)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture
def repository(server: Server) -> str:
    name = f"team/{uuid.uuid4().hex[:10]}"
    assert server.call("POST", "/api/v1/repositories", {"name": name, "protected": ["refs/heads/release/*"]}).status == 201
    return name


@pytest.fixture
def work(server: Server, repository: str, tmp_path: Path) -> Path:
    """A clone with three pushed commits on main."""
    folder = tmp_path / "work"
    git("clone", "--quiet", server.git_url(repository), str(folder))
    git("checkout", "-q", "-B", "main", cwd=folder)
    for number in range(3):
        commit(folder, f"file{number}.txt", f"content {number}\n")
    git("push", "-q", "origin", "main", cwd=folder)
    return folder


def commit(folder: Path, name: str, text: str) -> str:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", f"change {name}", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder).stdout.strip()


def test_what_was_pushed_is_cloned(server: Server, repository: str, work: Path, tmp_path: Path) -> None:
    git("clone", "-q", server.git_url(repository) + ".git", str(tmp_path / "copy"))
    assert (tmp_path / "copy" / "file2.txt").read_text() == "content 2\n"


@pytest.mark.parametrize("protocol", ["0", "1", "2"])
def test_every_protocol_version_fetches(server: Server, repository: str, work: Path, tmp_path: Path, protocol: str) -> None:
    done = git("-c", f"protocol.version={protocol}", "clone", "-q", server.git_url(repository), str(tmp_path / "copy"))
    assert done.returncode == 0


def test_protocol_two_is_really_spoken(server: Server, repository: str, work: Path) -> None:
    trace = git("ls-remote", server.git_url(repository), GIT_TRACE_PACKET="1").stderr
    assert "version 2" in trace


def test_a_shallow_clone_has_one_commit(server: Server, repository: str, work: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--depth=1", server.git_url(repository), str(tmp_path / "copy"))
    assert git("rev-list", "--count", "HEAD", cwd=tmp_path / "copy").stdout.strip() == "1"


def test_a_partial_clone_leaves_blobs_out(server: Server, repository: str, work: Path, tmp_path: Path) -> None:
    git("clone", "-q", "--filter=blob:none", "--no-checkout", server.git_url(repository), str(tmp_path / "copy"))
    objects = git("cat-file", "--batch-all-objects", "--batch-check", cwd=tmp_path / "copy", GIT_NO_LAZY_FETCH="1").stdout
    assert " commit " in objects
    assert " blob " not in objects


def test_the_pusher_is_told_where_the_review_is(server: Server, repository: str, work: Path) -> None:
    head = commit(work, "more.txt", "more\n")
    assert f"/reviews/of/{repository}/{head}" in git("push", "origin", "main", cwd=work).stderr


def test_two_hundred_megabytes_are_streamed(server: Server, repository: str, work: Path, tmp_path: Path) -> None:
    with (work / "big.bin").open("wb") as file:
        for _ in range(200):
            file.write(os.urandom(1024 * 1024))
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", "big", cwd=work)
    before = max(p.memory_info().rss for p in server.children("web"))
    git("push", "-q", "origin", "main", cwd=work)
    grown = max(p.memory_info().rss for p in server.children("web")) - before
    assert grown < 60 * 1024 * 1024
    listed = git("ls-remote", server.git_url(repository), "refs/heads/main").stdout.split()[0]
    assert listed == git("rev-parse", "HEAD", cwd=work).stdout.strip()


def test_a_wrong_token_is_told_so(server: Server, repository: str) -> None:
    done = git("ls-remote", server.git_url(repository, "lgt_wrong"), check=False)
    assert done.returncode
    assert "the token is mistyped" in done.stderr


def test_a_missing_token_is_asked_for(server: Server, repository: str) -> None:
    done = git("ls-remote", server.git_url(repository, None), check=False)
    assert "could not read Username" in done.stderr


def test_an_unknown_repository_is_missing(server: Server) -> None:
    assert "there is no git repository named nowhere" in git("ls-remote", server.git_url("nowhere"), check=False).stderr


def test_what_may_not_be_seen_does_not_exist(server: Server, repository: str) -> None:
    stranger = server.new_account(f"stranger-{uuid.uuid4().hex[:6]}", [])
    assert "there is no git repository" in git("ls-remote", server.git_url(repository, stranger), check=False).stderr


def test_a_protected_branch_refuses_with_reason(server: Server, repository: str, work: Path) -> None:
    secret = server.new_account(f"dev-{uuid.uuid4().hex[:6]}", DEVELOPER)
    done = git("push", server.git_url(repository, secret), "main:release/1", cwd=work, check=False)
    assert done.returncode
    assert "[remote rejected] main -> release/1 (protected branch)" in done.stderr
    assert "git:PushProtected" in done.stderr
    assert "release/1" not in git("ls-remote", server.git_url(repository)).stdout


def test_a_reader_may_not_push(server: Server, repository: str, work: Path) -> None:
    secret = server.new_account(f"reader-{uuid.uuid4().hex[:6]}", [{**DEVELOPER[0], "Action": ["git:Read", "git:Pull"]}])
    done = git("push", server.git_url(repository, secret), "main:other", cwd=work, check=False)
    assert "may not push to this ref" in done.stderr


def test_a_refused_ref_refuses_the_whole_push(server: Server, repository: str, work: Path) -> None:
    done = git("push", "origin", "main:fine", "main:refs/internal/x", cwd=work, check=False)
    assert done.returncode
    assert "fine" not in git("ls-remote", server.git_url(repository)).stdout


@pytest.mark.parametrize("name", ["../x", "a/../b", "a//b", "x.git", "-x", "a b", "", "x" * 101, "a/info", "a\nb", ".x"])
def test_a_bad_name_is_refused(server: Server, name: str) -> None:
    answer = server.call("POST", "/api/v1/repositories", {"name": name})
    assert answer.status in (400, 422)


def test_a_name_is_taken_once(server: Server, repository: str) -> None:
    assert server.call("POST", "/api/v1/repositories", {"name": repository}).status == 409


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_truncated_push_changes_nothing(server: Server, repository: str, work: Path, tmp_path: Path, share: float) -> None:
    """The request of a real push, cut off and replayed over a raw socket."""
    head = commit(work, "cut.bin", os.urandom(100_000).hex())
    old = git("rev-parse", "origin/main", cwd=work).stdout.strip()
    pack = subprocess.run(["git", "pack-objects", "--stdout", "--revs", "-q"], cwd=work, input=f"{head}\n^{old}\n".encode(), capture_output=True, check=True).stdout
    command = f"{old} {head} refs/heads/main\0report-status side-band-64k agent=test".encode()
    body = b"%04x" % (len(command) + 4) + command + b"0000" + pack
    sent = body[: max(1, int(len(body) * share))]
    credentials = base64.b64encode(f"x:{server.token}".encode()).decode()
    request = (f"POST /git/{repository}/git-receive-pack HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAuthorization: Basic {credentials}\r\n"
               f"Content-Type: application/x-git-receive-pack-request\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request + sent)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert git("ls-remote", server.git_url(repository), "refs/heads/main").stdout.split()[0] == old
    git("push", "-q", "origin", "main", cwd=work)


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # ended since it was listed
        return ""


def test_a_client_that_left_leaves_no_process(server: Server, repository: str, work: Path) -> None:
    with (work / "big.bin").open("wb") as file:
        file.write(os.urandom(30 * 1024 * 1024))
    commit(work, "x", "y")
    git("push", "-q", "origin", "main", cwd=work)
    client = subprocess.Popen(["git", "clone", "-q", "--bare", server.git_url(repository), str(work / "copy")], stderr=subprocess.DEVNULL, start_new_session=True)

    def serving() -> list[str]:
        return [line for one in server.children("web") if "upload-pack" in (line := _command_of(one))]

    wait_for(lambda: serving() or client.poll() is not None, 20, "the clone runs")
    client.kill()
    client.wait()
    wait_for(lambda: not serving(), 20, "git is gone")


def test_a_web_killed_in_mid_push_loses_nothing(fresh_server: Server, tmp_path: Path) -> None:
    """Whatever the moment of the kill: afterwards the refs and the record of pushes say the same."""
    server = fresh_server
    server.call("POST", "/api/v1/repositories", {"name": "crash"})
    folder = tmp_path / "work"
    git("init", "-q", "-b", "main", str(folder))
    git("remote", "add", "origin", server.git_url("crash"), cwd=folder)
    (folder / "big.bin").write_bytes(os.urandom(40 * 1024 * 1024))
    commit(folder, "a.py", "x = 1\n")
    push = subprocess.Popen(["git", "push", "origin", "main"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: list((server.data / "run" / "pushes").glob("*")) or push.poll() is not None, 20, "the push arrives")
    server.kill("web")
    push.wait(60)
    server.wait_ready()
    wait_for(lambda: not list((server.data / "run" / "pushes").glob("*")), 30, "the push is settled")
    arrived = bool(git("ls-remote", server.git_url("crash"), "refs/heads/main").stdout.strip())
    if not arrived:
        git("push", "-q", "origin", "main", cwd=folder)
    head = git("rev-parse", "HEAD", cwd=folder).stdout.strip()

    def reviewed() -> bool:
        items = server.call("GET", "/api/v1/reviews?repository=crash").json()["items"]
        return [r["commit"] for r in items if r["state"] in ("passed", "blocked")] == [head]

    wait_for(reviewed, 60, "the commit is reviewed exactly once")
