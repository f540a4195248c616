"""Uploads that break off or lie about their length, sent over a raw socket as no proper client would, and archives made to hurt."""

import base64
import contextlib
import gzip
import hashlib
import io
import json
import socket
import struct
import tarfile
import zipfile

import pytest

from registry import tarballs
from registry.formats.pypi import archive
from service.kernel.errors import Malformed
from tests.lockgate_server import Server, wait_for
from tests.registry.clients import Clients
from tests.registry.conftest import Upload
from tests.registry.made import Distribution, form, npm_document, npm_tarball, wheel


def send_raw(server: Server, method: str, path: str, headers: dict[str, str], body: bytes, length: int | None) -> bytes:
    """Sends a request whose Content-Length may be wrong, closes our side, and answers what comes back."""
    secret = base64.b64encode(f"test:{server.token}".encode()).decode()
    head = {"Host": f"127.0.0.1:{server.port}", "Authorization": f"Basic {secret}", "Connection": "close", **headers}
    if length is not None:
        head["Content-Length"] = str(length)
    lines = "".join(f"{key}: {value}\r\n" for key, value in head.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as wire:
        wire.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
    return answer


def nothing_is_published(server: Server, clients: Clients) -> bool:
    items = server.call("GET", f"/api/v1/registry/default/{clients.repository}/packages").json()["items"]
    return items == []


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_truncated_wheels_are_never_published(server: Server, clients: Clients, share: float) -> None:
    headers, body = form(wheel("cut", "1.0", "x = '" + "lock" * 50_000 + "'\n"))
    cut = min(int(len(body) * share), len(body) - 1)
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body[:cut], len(body))
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_a_missing_last_byte_is_noticed(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body[:-1], len(body))
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_a_forged_larger_length_is_refused(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body, len(body) + 1000)
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_a_forged_smaller_length_is_refused(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body, len(body) - 20)
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_a_length_beyond_the_limit_is_refused(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = send_raw(server, "POST", f"/pypi/default/{clients.repository}/", headers, body[:100], 1 << 50)
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def test_an_unclosed_form_is_refused(server: Server, clients: Clients) -> None:
    headers, body = form(wheel("cut", "1.0"))
    answer = server.call("POST", f"/pypi/default/{clients.repository}/", headers=headers, body=body[:-10])
    assert answer.status == 400
    assert nothing_is_published(server, clients)


def test_a_killed_server_keeps_nothing_half(fresh_server: Server) -> None:
    one = wheel("killed", "1.0", "x = '" + "lock" * 50_000 + "'\n")
    headers, body = form(one)
    with socket.create_connection(("127.0.0.1", fresh_server.port), timeout=30) as wire:
        head = {"Host": f"127.0.0.1:{fresh_server.port}", "Authorization": f"Bearer {fresh_server.token}", **headers}
        lines = "".join(f"{key}: {value}\r\n" for key, value in {**head, "Content-Length": str(len(body))}.items())
        wire.sendall(f"POST /pypi/default/main/ HTTP/1.1\r\n{lines}\r\n".encode() + body[: len(body) // 2])
        fresh_server.kill("web")
    fresh_server.wait_ready()
    path = "/api/v1/registry/default/main/packages?q=killed"
    assert fresh_server.call("GET", path).json()["items"] == []
    assert fresh_server.call("POST", "/pypi/default/main/", headers=headers, body=body).status == 200
    assert fresh_server.call("GET", f"/pypi/default/main/files/killed/{one.filename}").body == one.data


@pytest.mark.parametrize("with_token", [True, False])
def test_slow_clients_keep_nobody_from_reading(server: Server, clients: Clients, upload: Upload, with_token: bool) -> None:
    upload(wheel("read", "1.0"))
    headers, body = form(wheel("slow", "1.0"))
    secret = base64.b64encode(f"test:{server.token if with_token else 'unknown'}".encode()).decode()
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    head = f"POST /pypi/default/{clients.repository}/ HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {secret}\r\nContent-Length: 9000000\r\n"
    with contextlib.ExitStack() as slow:
        for _ in range(200):  # more than there are threads
            wire = slow.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            wire.sendall(f"{head}{lines}\r\n".encode() + body[:100])
        for _ in range(10):
            assert server.call("GET", f"/pypi/default/{clients.repository}/simple/read/", seconds=10).status == 200
    # The servers see one after the other that these clients have left.
    wait_for(lambda: upload(wheel("read", "1.1")).status == 200, what="room for an upload")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_truncated_npm_documents_are_never_published(server: Server, clients: Clients, share: float) -> None:
    body = json.dumps(npm_document("cut", "1.0.0", npm_tarball("cut", "1.0.0"))).encode()
    cut = min(int(len(body) * share), len(body) - 1)
    headers = {"Content-Type": "application/json"}
    answer = send_raw(server, "PUT", f"/npm/default/{clients.repository}/cut", headers, body[:cut], len(body))
    assert not answer.startswith(b"HTTP/1.1 2"), answer
    assert nothing_is_published(server, clients)


def packed(*headers: tuple[bytes, int, bytes]) -> bytes:
    """A gzipped tar archive of headers as type, size as it claims, and the bytes that follow."""
    raw = b""
    for kind, size, data in headers:
        head = tarfile.TarInfo("package/package.json" if kind == tarfile.REGTYPE else "header")
        head.type, head.size = kind, size
        raw += head.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)
    return gzip.compress(raw + bytes(1024), 1)


HURTFUL = {
    "a file of 3 GiB": [(tarfile.REGTYPE, 3 * 1024**3, b"{}")],
    "a pax header of 1 GiB": [(tarfile.XHDTYPE, 1024**3, b"9 path=a\n"), (tarfile.REGTYPE, 2, b"{}")],
    "a long name of 1 GiB": [(tarfile.GNUTYPE_LONGNAME, 1024**3, b"a"), (tarfile.REGTYPE, 2, b"{}")],
    "headers upon headers": [(tarfile.XHDTYPE, 9, b"9 path=a\n")] * 30,
    "many large headers": [(tarfile.XGLTYPE, 1024 * 1024, b"1048576 a=" + b"x" * (1024 * 1024 - 11) + b"\n"), (tarfile.REGTYPE, 2, b"{}")] * 4,
    "a sparse file": [(tarfile.GNUTYPE_SPARSE, 2, b"{}")],
    "a sparse file by its header": [
        (tarfile.XHDTYPE, 50, b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n6 a=b\n"), (tarfile.REGTYPE, 512, b"9" * 512),
    ],
}


@pytest.mark.anydb
@pytest.mark.parametrize("kind", HURTFUL)
def test_hurtful_tar_archives_are_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tarballs, "HEADERS_BYTES_MAX", 3 * 1024 * 1024)
    with pytest.raises(Malformed):
        sum(len(member.read(10)) for member in tarballs.members(io.BytesIO(packed(*HURTFUL[kind])), "upload"))


def test_a_bomb_is_refused_in_both_formats(server: Server, clients: Clients, upload: Upload) -> None:
    bomb = packed(*HURTFUL["a file of 3 GiB"])
    answers = [
        upload(Distribution("bomb-1.0.tar.gz", bomb, "bomb", "1.0")),
        server.call("PUT", f"/npm/default/{clients.repository}/bomb", npm_document("bomb", "1.0.0", bomb)),
        upload(wheel("bomb", "1.0", members={"bomb-1.0.dist-info/licenses/x": ""}, Description=" " * (archive.METADATA_BYTES_MAX + 1))),
    ]
    assert [answer.status for answer in answers] == [400, 400, 400]
    for answer, why in zip(answers, ("unpacks to more", "unpacks to more", "metadata is larger"), strict=True):
        assert why in answer.text
    assert nothing_is_published(server, clients)


def crowded(count: int) -> Distribution:
    """A wheel of so many empty files beside its own, written faster than zipfile does."""
    plain = wheel("crowded", "1.0")
    local, central = b"", []
    heads = []
    for number in range(count):
        name = b"crowded/%06d" % number
        heads.append(struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0) + name)
        central.append(struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 43 * number) + name)
    local = b"".join(heads)
    with zipfile.ZipFile(io.BytesIO(plain.data)) as own:
        start = own.start_dir
        listed = own.infolist()
    moved = plain.data[:start]
    for one in listed:
        name = one.filename.encode()
        central.append(
            struct.pack(
                "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, one.compress_type, 0, 33, one.CRC, one.compress_size, one.file_size, len(name), 0, 0, 0, 0, 0,
                len(local) + one.header_offset,
            ) + name
        )
    body, total = local + moved, len(central)
    directory = b"".join(central)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, total, total, len(directory), len(body))
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body) + len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), len(body), 0)
    return Distribution(plain.filename, body + directory + end64 + locator + end, "crowded", "1.0")


def test_a_wheel_of_a_hundred_thousand_files_is_published(server: Server, clients: Clients, upload: Upload) -> None:
    one = crowded(100_000)
    answer = upload(one)
    assert answer.status == 200, answer.text
    metadata = server.call("GET", f"/pypi/default/{clients.repository}/files/crowded/{one.filename}.metadata")
    assert metadata.status == 200
    digest = hashlib.sha256(metadata.body).hexdigest()  # stored beside: to find it inside takes a second
    assert (server.data / "blobs" / digest[:2] / digest[2:4] / digest).exists()


@pytest.mark.anydb
def test_more_files_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one = crowded(1000)
    monkeypatch.setattr(archive, "MEMBERS_MAX", 1000)
    with pytest.raises(Malformed, match="more than 1000 files"):
        archive.read_metadata(io.BytesIO(one.data), archive.parse_file_name(one.filename))
