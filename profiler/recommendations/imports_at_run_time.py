"""Modules are imported while requests are served."""

from profiler.recommend import Recommendation


class ImportsAtRunTime(Recommendation):
    """Import statements run inside functions that serve requests; import at the top of the module.

    Even a module that is already loaded costs a look-up and a lock; one that failed to import is searched on disk every time.
    """

    title = "Modules are imported while requests are served"
    remedy = (
        "Move the import to the top of the module. For an optional dependency, import once in a try block there "
        "and remember the result; for a heavy one, import when the program starts, before it takes requests."
    )
    targets = ("importlib._bootstrap.*", "importlib._bootstrap_external.*", "importlib.import_module")
    under = (
        "*.dispatch_request",
        "*.full_dispatch_request",
        "*.wsgi_app",
        "*.get_response",
        "*.handle_request",
        "*.service",
        "*.run_task",
        "*.serve",
    )
    share_min = 0.03
    links = ("https://docs.python.org/3/reference/import.html#the-module-cache",)
    invalid = (
        (
            "app.serve;app.handler;importlib._bootstrap._find_and_load;importlib._bootstrap_external.PathFinder.find_spec 40\n"
            "app.serve;app.work 160"
        ),
    )
    valid = (
        (
            "app.<module>;importlib._bootstrap._find_and_load 150\n"
            "app.serve;app.work 50"
        ),
        (
            "app.serve;app.handler;importlib._bootstrap._handle_fromlist 2\n"
            "app.serve;app.work 398"
        ),
    )
