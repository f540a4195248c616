"""The HTTP interface."""

from datetime import datetime, timezone

from flask import Flask, jsonify, request

from tidewater import __version__, hydraulics, log


def create_app(database: str) -> Flask:
    """The application over a log file."""
    app = Flask("tidewater")

    @app.get("/healthz")
    def health():
        log.of_ship(database, "")
        return jsonify(status="ok", version=__version__)

    @app.get("/passages")
    def passages():
        return jsonify(log.of_ship(database, request.args.get("ship", "")))

    @app.post("/passages")
    def write_down():
        sent = request.get_json()
        if sent.get("direction") not in ("up", "down") or not sent.get("ship"):
            return jsonify(error="a passage needs a ship and a direction, up or down"), 400
        log.write(database, sent["ship"], sent["direction"], datetime.now(timezone.utc).isoformat())
        return jsonify(sent), 201

    @app.get("/filling")
    def filling():
        lift = min(max(request.args.get("lift", 3.0, type=float), 0.0), 12.0)
        return jsonify(lift=lift, seconds=hydraulics.filling_seconds(lift))

    return app
