"""`tidewater --port 8080`: serves, and lets Lockgate's profiler watch when it is configured."""

import argparse
import os

import lockgate_agent
from waitress import serve

from tidewater import __version__
from tidewater.web import create_app


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser("tidewater")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--database", default="tidewater.sqlite")
    options = parser.parse_args()
    if os.environ.get("LOCKGATE_PROFILE_SERVER"):
        lockgate_agent.start(version=__version__)
    serve(create_app(options.database), host="127.0.0.1", port=options.port, threads=4)


if __name__ == "__main__":
    main()
