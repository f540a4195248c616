"""Connections are opened again and again."""

from profiler.recommend import Recommendation


class ConnectionsOpenedEachTime(Recommendation):
    """Opening connections takes a noticeable share of the time; keep one session or pool for the whole program.

    A new TLS connection costs round trips and a handshake of asymmetric cryptography; a client object often costs more.
    """

    title = "Connections are opened again and again"
    remedy = (
        "Create the HTTP session (requests.Session, httpx.Client), the database pool or the SDK client once, at "
        "start, and use it from every request."
    )
    targets = (
        "ssl.SSLSocket.do_handshake",
        "ssl.SSLSocket._create",
        "ssl.SSLContext.wrap_socket",
        "ssl.create_default_context",
        "socket.create_connection",
        "socket.getaddrinfo",
        "botocore.session.Session.create_client",
        "boto3.session.Session.client",
        "psycopg.connection.Connection.connect",
        "psycopg2.connect",
        "pymysql.connections.Connection.connect",
    )
    metric = "wall"
    share_min = 0.05
    links = ("https://requests.readthedocs.io/en/latest/user/advanced/#session-objects",)
    invalid = (
        (
            "app.serve;app.fetch;requests.api.get;ssl.SSLSocket.do_handshake 60\n"
            "app.serve;app.work 140"
        ),
    )
    valid = (
        (
            "app.serve;app.fetch;http.client.HTTPResponse.begin 60\n"
            "app.serve;app.work 140"
        ),
        (
            "app.serve;app.fetch;socket.create_connection 4\n"
            "app.serve;app.work 396"
        ),
    )
