"""Regular expressions are compiled again and again."""

from profiler.recommend import Recommendation


class RegexCompiledEachTime(Recommendation):
    """Regular expressions are compiled while requests are served; compile each once, at import.

    The module's own cache holds 512 patterns and is emptied when it overflows; patterns built from data never hit it.
    """

    title = "Regular expressions are compiled again and again"
    remedy = (
        "Move the pattern to a module constant, `PATTERN = re.compile(...)`, and call its methods. Where the "
        "pattern depends on data, keep compiled ones in a dictionary or use functools.lru_cache."
    )
    targets = (
        "re.compile",
        "re._compile",
        "re._compiler.compile",
        "re._parser.parse",
        "sre_compile.compile",
        "sre_parse.parse",
    )
    share_min = 0.03
    links = ("https://docs.python.org/3/library/re.html#re.compile",)
    invalid = (
        (
            "app.serve;app.parse;re.match;re._compile;re._compiler.compile 40\n"
            "app.serve;app.render 160"
        ),
    )
    valid = (
        (
            "app.serve;app.parse;re._compile 2\n"
            "app.serve;app.render 398"
        ),
        "app.serve;app.compile_report 200",
    )
