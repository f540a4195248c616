"""The rehearsal before the fork makes starts better and can never make them fail."""

from tests.lockgate_server import Server


def test_a_start_goes_on_when_what_the_rehearsal_left_is_damaged(fresh_server: Server) -> None:
    stage, = (fresh_server.data / "run").glob("rehearsal-*")
    assert any((fresh_server.data / "run" / "templates").iterdir())
    assert fresh_server.call("GET", "/api/v1/repositories", token=(stage / "token").read_text()).status == 401
    assert "rehearsal" not in fresh_server.log.read_text()

    fresh_server.stop()
    (stage / "lockgate.sqlite").write_bytes(b"no database " * 1000)
    for compiled in (fresh_server.data / "run" / "templates").iterdir():
        compiled.write_bytes(compiled.read_bytes()[:30])
    fresh_server.start()
    page = fresh_server.call("GET", "/login", token=None, headers={"Accept": "text/html"})
    assert (page.status, "<form" in page.text) == (200, True)
    assert "the rehearsal was broken off" in fresh_server.log.read_text()

    fresh_server.stop()
    heard = fresh_server.log.stat().st_size
    fresh_server.start()
    assert "broken off" not in fresh_server.log.read_text()[heard:], "a damaged stage is built anew"
