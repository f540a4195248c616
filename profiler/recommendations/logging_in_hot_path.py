"""Logging takes a noticeable share."""

from profiler.recommend import Recommendation


class LoggingInHotPath(Recommendation):
    """Formatting and writing log records takes a noticeable share of the time; log less or write in another thread.

    A record costs tens of microseconds: the caller is looked up, the text formatted, the handler locked, the stream flushed.
    """

    title = "Logging takes a noticeable share"
    remedy = (
        "Lower the level in the hot path, pass arguments instead of formatted text (`log.debug('%s', value)`), "
        "guard costly arguments with `isEnabledFor`, and put a QueueHandler with a QueueListener in front of slow"
        " handlers."
    )
    targets = (
        "logging.Logger._log",
        "logging.Logger.handle",
        "logging.Logger.makeRecord",
        "logging.Logger.findCaller",
        "logging._log",
        "logging.handle",
        "logging.makeRecord",
        "logging.findCaller",
    )
    share_min = 0.05
    links = ("https://docs.python.org/3/howto/logging.html#optimization",)
    invalid = (
        (
            "app.serve;app.step;logging.Logger.info;logging.Logger._log;logging.Logger.handle 40\n"
            "app.serve;app.work 160"
        ),
    )
    valid = (
        (
            "app.serve;logging.Logger.info;logging.Logger._log 3\n"
            "app.serve;app.work 397"
        ),
        (
            "app.serve;logging.Logger.isEnabledFor 20\n"
            "app.serve;app.work 180"
        ),
    )
