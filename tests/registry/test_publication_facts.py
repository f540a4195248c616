"""What a publication tells others: recorded with it, and nobody is woken for what nobody waits for."""

from sqlalchemy import select

from service import start
from service.kernel.bus import Outbox
from tests.lockgate_server import Server
from tests.registry.clients import Clients
from tests.registry.conftest import Upload
from tests.registry.made import wheel


def test_unheard_facts_need_no_relay(server: Server, clients: Clients, upload: Upload) -> None:
    assert upload(wheel("told", "1.0")).status == 200
    site = start.open_site(server.settings)
    try:
        with site.db.read() as session:
            rows = [row for row in session.scalars(select(Outbox).order_by(Outbox.id)) if row.body.get("repository") == clients.repository]
    finally:
        site.db.close()
    assert [row.kind for row in rows] == ["PackagePublished", "PackageVersionChanged"]
    # The worker's mark would be later than the fact.
    assert all(row.relayed_at == row.happened_at for row in rows)
