"""JSON columns give back what was put in, also what only Python's own JSON can write."""

import json

from flask import Flask
from sqlalchemy import select

from service import start
from service.answers import Json
from service.kernel import audit
from service.kernel.audit import AuditRow
from tests.lockgate_server import Server

UNUSUAL = {"path": "caf\udce9.py", "many": 2**63, "nested": [{"é": None}], "text": "\u2028"}


def test_lone_surrogates_and_long_numbers_return(server: Server) -> None:
    site = start.open_site(server.settings)
    try:
        with site.db.write() as session:
            audit.record_all(session.connection(), "tester", "test:Keep", "test/json", [UNUSUAL, {"second": 2}])
        with site.db.read() as session:
            kept = session.scalars(select(AuditRow.detail).where(AuditRow.action == "test:Keep").order_by(AuditRow.id)).all()
    finally:
        site.db.close()
    assert kept == [UNUSUAL, {"second": 2}]
    # What UTF-8 cannot hold is shown, not fatal.
    page = server.call("GET", "/audit?action=test:Keep", headers={"Accept": "text/html"})
    assert (page.status, "caf\\udce9.py" in page.text) == (200, True)
    answer = Json(Flask("test")).response(UNUSUAL)
    assert json.loads(answer.get_data()) == UNUSUAL
