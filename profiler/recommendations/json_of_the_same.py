"""Much time goes into JSON."""

from profiler.recommend import Recommendation


class JsonOfTheSame(Recommendation):
    """A large share of the time encodes or decodes JSON; keep the result where the input is the same.

    Typical causes: a response that is serialised anew for every reader, configuration read per request, a round trip
    through JSON to copy an object.
    """

    title = "Much time goes into JSON"
    remedy = (
        "Cache the encoded bytes of answers that do not change between requests, read configuration once, copy "
        "with dataclasses.replace instead of a JSON round trip. Where every document is new, orjson or msgspec "
        "take a fraction of the time."
    )
    targets = ("json.dumps", "json.dump", "json.loads", "json.load", "json.encoder.*", "json.decoder.*")
    share_min = 0.15
    links = ("https://docs.python.org/3/library/json.html",)
    invalid = (
        (
            "app.serve;app.answer;json.dumps;json.encoder.JSONEncoder.encode 80\n"
            "app.serve;app.query 120"
        ),
    )
    valid = (
        (
            "app.serve;app.answer;json.dumps 10\n"
            "app.serve;app.query 190"
        ),
        "app.serve;app.json_report 200",
    )
