"""Objects are copied deeply."""

from profiler.recommend import Recommendation


class DeepCopies(Recommendation):
    """Deep copies take a noticeable share of the time; copy only what changes, or do not change what is shared.

    copy.deepcopy is generic: a memo look-up and several calls per contained object, a hundred times a plain copy.
    """

    title = "Objects are copied deeply"
    remedy = (
        "Use immutable values (tuples, frozen dataclasses with dataclasses.replace), a copy of the one level that"
        " changes (`dict(x)`, `list(x)`), or a `__deepcopy__` of your own for the class that matters."
    )
    targets = ("copy.deepcopy", "copy._deepcopy_*", "copy._reconstruct")
    share_min = 0.03
    links = ("https://docs.python.org/3/library/copy.html",)
    invalid = (
        (
            "app.serve;app.defaults;copy.deepcopy;copy._deepcopy_dict;copy.deepcopy 40\n"
            "app.serve;app.work 160"
        ),
    )
    valid = (
        (
            "app.serve;copy.copy 40\n"
            "app.serve;app.work 160"
        ),
        (
            "app.serve;app.defaults;copy.deepcopy 2\n"
            "app.serve;app.work 398"
        ),
    )
