"""Structured logs: one JSON object a line on standard error, request and job ids in every line.

The first module to load structlog, so that it comes without what it does not need.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _without_rich() -> Iterator[None]:
    """Structlog loads rich when it finds it, for coloured tracebacks that JSON lines do not have: 0.1 s and 5 MB a start."""
    if "rich" in sys.modules:
        yield
        return
    absent: Any = None
    sys.modules["rich"] = absent  # how the import system is told that a module is not there
    try:
        yield
    finally:
        del sys.modules["rich"]


with _without_rich():
    import structlog

get_logger = structlog.get_logger


def configure(*, json: bool = True) -> None:
    """Sets structlog up for this process and its forks."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.format_exc_info, renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
