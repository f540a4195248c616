"""git over smart HTTP: `upload-pack` and `receive-pack` run stateless and are streamed both ways (gitprotocol-http)."""

import io
import os
import re
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, current_app, request

from service.git import command, pktline, pushes, repos
from service.git.models import GitRepository
from service.kernel.access import principal, public, site
from service.kernel.blobs import CHUNK_BYTES, Reader
from service.kernel.errors import Malformed, Missing, Problem, Unavailable
from service.kernel.site import Site

http = Blueprint("git_http", __name__, url_prefix="/git")

SERVICES = {"git-upload-pack": "git:Pull", "git-receive-pack": "git:Push"}
TRANSPORTS_MAX = 24
INFLATED_BYTES_MAX = 4 * 1024**3
WANTS_BYTES_MAX = 64 * 1024 * 1024
_transports = threading.BoundedSemaphore(TRANSPORTS_MAX)
_PROTOCOL = re.compile(r"[0-9A-Za-z=:.-]{1,64}")


@http.errorhandler(Problem)
def tell_git(problem: Problem) -> Response:
    """Plain text, which git prints after `remote:`."""
    words = f"{problem.detail}\n{problem.todo}\n" if problem.todo else f"{problem.detail}\n"
    return Response(words, problem.status, {**problem.headers, "Content-Type": "text/plain; charset=utf-8"})


@http.get("/<path:repository>/info/refs")
@public
def advertise(repository: str) -> Response:
    """The refs, for a clone, fetch or push."""
    service = request.args.get("service", "")
    if service not in SERVICES:
        raise Malformed(where="service", why="only the smart protocol is served; use git 1.6.6 or later")
    folder = repos.folder(site().settings, _repository(repository, SERVICES[service]))
    verb = service.removeprefix("git-")
    out = command.run(["git", verb, "--stateless-rpc", "--advertise-refs", str(folder)], env=_protocol())
    head = b"" if _is_v2() and verb == "upload-pack" else pktline.line(f"# service={service}\n".encode()) + pktline.FLUSH
    return _answer(head + out, f"application/x-{service}-advertisement")


@http.post("/<path:repository>/git-upload-pack")
@public
def upload_pack(repository: str) -> Response:
    """Objects to the client: clone and fetch, shallow and partial too."""
    folder = repos.folder(site().settings, _repository(repository, "git:Pull"))
    wants = _whole(_body())
    _take_transport()
    process = command.start(["git", "upload-pack", "--stateless-rpc", str(folder)], env=_protocol())
    return _answer(_Download(process, io.BytesIO(wants)), "application/x-git-upload-pack-result")


@http.post("/<path:repository>/git-receive-pack")
@public
def receive_pack(repository: str) -> Response:
    """Objects from the client, and ref updates."""
    row = _repository(repository, "git:Push")
    body = _body()
    wishes = pktline.read_commands(body)
    reasons = pushes.refusals(principal(), row, wishes.commands)
    kind = "application/x-git-receive-pack-result"
    if reasons:
        _drain(body)
        pushes.refuse(site(), principal(), row, reasons)
        return _answer(_refusal(wishes, reasons, row), kind)
    _take_transport()
    try:
        push_id, lock = pushes.begin(site(), principal(), row, wishes.commands)
        try:
            folder = repos.folder(site().settings, row)
            hooks = _hooks(row)
            asked = ["-c", f"core.hooksPath={hooks}"] if hooks is not None else []
            argv = ["git", *asked, "receive-pack", "--stateless-rpc", str(folder)]
            process = command.start(argv, env={**_protocol(), pushes.NOTE: str(pushes.note(site().settings, push_id))}, pass_fds=(lock,))
        finally:
            os.close(lock)
    except BaseException:
        _transports.release()
        raise
    address = f"{request.host_url}reviews/of/{row.name}/"
    return _answer(_Upload(process, body, wishes, push_id, address), kind)


def _repository(name: str, action: str) -> GitRepository:
    """The repository if the caller may `action` it. What may not be seen looks as if it did not exist."""
    who = principal()
    with site().db.read() as session:
        row = repos.find(session, name)
    if not who.may(action, f"git/{row.name}") and not (action == "git:Push" and who.may("git:Pull", f"git/{row.name}")):
        raise Missing(what="git repository", name=name)
    return row


def _hooks(row: GitRepository) -> Path | None:
    """The folder with git's hooks that a push must pass, where the roof knows of any."""
    door: Callable[[Site, str], Path | None] = current_app.extensions["lockgate_push_hooks"]
    return door(site(), row.name)


def _refusal(wishes: pktline.CommandList, reasons: dict[str, str], row: GitRepository) -> bytes:
    told = [(c, reasons.get(c.ref, "not pushed, because another ref of this push was refused")) for c in wishes.commands]
    words = "\n".join(f"Lockgate: {ref}: {reason}" for ref, reason in reasons.items())
    if "protected branch" in reasons.values():
        words += f"\nPush to another branch, or ask for git:PushProtected on git/{row.name}/…"
    return pktline.refusal(told, wishes.capabilities, words)


class _Download:
    """git's output as a WSGI iterable. Closing it, also because the client went away, kills the process group."""

    def __init__(self, process: "subprocess.Popen[bytes]", body: Reader) -> None:
        self._process = process
        self._feeder = threading.Thread(target=_feed, args=(process, body), daemon=True)
        self._feeder.start()
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        assert self._process.stdout is not None
        while chunk := os.read(self._process.stdout.fileno(), CHUNK_BYTES):
            yield chunk

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            command.end(self._process)
            self._feeder.join(5)
            _transports.release()


class _Upload:
    """A push: feeds git, then answers its report. The push is on record before the client hears that it succeeded."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", body: Reader, wishes: pktline.CommandList, push_id: int, address: str
    ) -> None:
        self._process, self._wishes, self._push_id, self._address = process, wishes, push_id, address
        self._site = site()
        self._closed = False
        self._whole = False
        try:
            self._whole = _feed(process, body, wishes.raw)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        assert self._process.stdout is not None
        held = b""
        while chunk := os.read(self._process.stdout.fileno(), CHUNK_BYTES):
            # The last flush ends the answer, so it is held back until the push is on record and the words are said.
            held += chunk
            yield held[:-4]
            held = held[-4:]
        self._process.wait()
        done = pushes.finish(self._site, self._push_id)
        if done and held == pktline.FLUSH and "side-band-64k" in self._wishes.capabilities:
            yield pktline.message("\n".join(self._words()))
        yield held

    def _words(self) -> list[str]:
        branches = [c for c in self._wishes.commands if c.ref.startswith("refs/heads/") and c.new != command.ZERO]
        return [f"Review of {c.ref.removeprefix('refs/heads/')}: {self._address}{c.new}" for c in branches[:5]]

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            if self._whole and self._process.poll() is None:
                # All the bytes were delivered: git may finish even though the client no longer listens.
                self._process.communicate(timeout=60)
        except (subprocess.TimeoutExpired, ValueError):
            pass
        finally:
            command.end(self._process)
            _transports.release()
            pushes.finish(self._site, self._push_id)


def _feed(process: "subprocess.Popen[bytes]", body: Reader, head: bytes = b"") -> bool:
    """Hands the request to git; False when the client broke off, and then git is killed before it could believe it."""
    assert process.stdin is not None
    try:
        chunk = head or body.read(CHUNK_BYTES)
        while chunk:
            process.stdin.write(chunk)
            chunk = body.read(CHUNK_BYTES)
        process.stdin.close()
    except BrokenPipeError:
        _drain(body)
    except (Problem, OSError, ValueError):
        command.end(process)
        return False
    return True


class _Inflated:
    """A gzip request body, inflated as it is read."""

    def __init__(self, source: Reader) -> None:
        self._source, self._inflater, self._count = source, zlib.decompressobj(wbits=31), 0

    def read(self, size: int, /) -> bytes:
        data = b""
        while not data and not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._source.read(CHUNK_BYTES)
            if not packed:
                break
            try:
                data = self._inflater.decompress(packed, size)
            except zlib.error:
                raise Malformed(where="body", why="the gzip data is damaged") from None
        self._count += len(data)
        if self._count > INFLATED_BYTES_MAX:
            raise Malformed(where="body", why="inflates to more than 4 GiB")
        return data


class _Counted:
    """A body with Content-Length that ends early is an error, not an end: both servers end a broken upload silently."""

    def __init__(self, source: Reader, length: int) -> None:
        self._source, self._left = source, length

    def read(self, size: int, /) -> bytes:
        data = self._source.read(min(size, self._left)) if self._left else b""
        self._left -= len(data)
        if not data and self._left:
            raise Malformed(where="body", why=f"{self._left} bytes of the announced Content-Length never came")
        return data


def _body() -> Reader:
    stream: Reader = request.environ["wsgi.input"]
    if request.content_length is not None:
        stream = _Counted(stream, request.content_length)
    return _Inflated(stream) if request.headers.get("Content-Encoding") == "gzip" else stream


def _whole(body: Reader) -> bytes:
    """The list of wants and haves: small, and read before git starts so that a broken request starts nothing."""
    data = bytearray()
    while chunk := body.read(CHUNK_BYTES):
        data += chunk
        if len(data) > WANTS_BYTES_MAX:
            raise Malformed(where="body", why=f"a fetch request of more than {WANTS_BYTES_MAX} bytes")
    return bytes(data)


def _drain(body: Reader) -> None:
    try:
        while body.read(CHUNK_BYTES):
            pass
    except Problem:
        pass


def _take_transport() -> None:
    if not _transports.acquire(timeout=30):
        raise Unavailable(what="git transport", why=f"{TRANSPORTS_MAX} clones and pushes are running; try again in a minute")


def _protocol() -> dict[str, str]:
    value = request.headers.get("Git-Protocol", "")
    return {"GIT_PROTOCOL": value} if _PROTOCOL.fullmatch(value) else {}


def _is_v2() -> bool:
    return "version=2" in request.headers.get("Git-Protocol", "").split(":")


def _answer(body: "bytes | _Download | _Upload", kind: str) -> Response:
    headers = {"Content-Type": kind, "Cache-Control": "no-cache, max-age=0, must-revalidate", "X-Accel-Buffering": "no"}
    return Response(body, HTTPStatus.OK, headers, direct_passthrough=True)

