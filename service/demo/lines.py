"""Lines of a build's log, for somebody who watches: the runner's markers (`pipelines.builds.transcript`) in plain words."""

import re

_MARKER = re.compile(r"##\[(?P<kind>[a-z]+)(?: (?P<name>[^\]]*))?\] ?(?P<text>.*)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z ?")
_TELLING = ("passed", "Uploading", "+ tidewater", "Successfully", "rror")
"""What a line of the build's own output holds when it is worth telling."""
_SLOW_SECONDS = 1.0


def plain(line: str) -> str | None:
    """What to tell of a line, or None when it goes without saying."""
    marker = _MARKER.match(line)
    if marker is None:
        return line if any(word in line for word in _TELLING) else None
    text = _TIME.sub("", marker["text"]).rstrip()
    match marker["kind"]:
        case "command":
            return f"$ {text}"
        case "more":
            return f"  {text}"
        case "info":
            return text
        case "warning" | "error":
            return f"{marker['kind']}: {text}"
        case "end":
            state, _, seconds = text.partition(" ")
            return f"{marker['name']} {state} in {float(seconds):.1f} s" if state != "skipped" and _is_slow(seconds) else None
        case "exit":
            code, _, seconds = text.partition(" ")
            return f"exit code {code} after {float(seconds):.1f} s" if code != "0" else None
    return None


def _is_slow(seconds: str) -> bool:
    return float(seconds) >= _SLOW_SECONDS
