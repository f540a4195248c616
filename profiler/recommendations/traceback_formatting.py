"""Tracebacks are formatted often."""

from profiler.recommend import Recommendation


class TracebackFormatting(Recommendation):
    """Exceptions are turned into text often; handle the expected ones without a traceback.

    Formatting reads source files and walks every frame, which costs a hundred times what raising and catching costs.
    """

    title = "Tracebacks are formatted often"
    remedy = (
        "Find the exception that is raised regularly (the caller is named above) and test for its cause "
        "beforehand, or catch it narrowly and log one line without `exc_info`."
    )
    targets = (
        "traceback.format_*",
        "traceback.print_*",
        "traceback.extract_*",
        "traceback.TracebackException.*",
        "traceback.StackSummary.*",
        "traceback.walk_*",
        "logging.Formatter.formatException",
        "linecache.*",
    )
    share_min = 0.02
    links = ("https://docs.python.org/3/library/traceback.html",)
    invalid = (
        (
            "app.serve;app.read;traceback.format_exc;traceback.TracebackException.__init__ 40\n"
            "app.serve;app.work 360"
        ),
    )
    valid = (
        (
            "app.serve;app.read;traceback.format_exc 1\n"
            "app.serve;app.work 399"
        ),
        (
            "app.serve;app.traceback_view 100\n"
            "app.serve;app.work 100"
        ),
    )
