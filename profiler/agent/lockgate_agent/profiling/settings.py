"""What the profiler was told: arguments of `start()` first, then environment variables, then defaults."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Optional
from urllib.parse import urlsplit

PREFIX = "LOCKGATE_PROFILE_"
OFF_WORDS = frozenset({"1", "true", "yes", "on"})


class SettingsMissing(ValueError):
    """The profiler cannot start with what it was told; the text says what to add."""


@dataclass(frozen=True)
class Settings:
    """One profiler's settings. Each is also read from `LOCKGATE_PROFILE_<NAME>`."""

    server: str
    """Where Lockgate is: `http://host:port`, with a path when it lives under one."""
    token: str
    group: str
    """The profiling group the profiles go to; it must exist."""
    version: str = ""
    """What runs here: a release or a commit."""
    instance: str = ""
    """Which process this is; "" means host name and process id."""
    own: str = ""
    """Packages that are the program's own code, separated by commas; "" means the package that called `start()`."""
    interval_seconds: float = 60.0
    """Between two deliveries."""
    first_seconds: float = 5.0
    """Until the first delivery, so that a new deployment shows soon."""
    hertz: float = 20.0
    """Samples a second to begin with; the budget moves it between 1 and `hertz_max`."""
    hertz_max: float = 100.0
    budget_percent: float = 0.5
    """The share of the process' CPU time that the profiler may take."""
    spool: str = ""
    """Folder for profiles that could not be delivered; "" means one in the temporary folder."""
    off_file: str = "/var/tmp/lockgate-profile-off"  # noqa: S108  its existence is all that is read
    """While this file exists nothing is sampled."""

    def instance_now(self) -> str:
        """The instance's name in this very process; differs after a fork."""
        return self.instance or f"{socket.gethostname()}:{os.getpid()}"


def switched_off(environ: Mapping[str, str]) -> bool:
    """Whether LOCKGATE_PROFILE_OFF says no."""
    return environ.get(PREFIX + "OFF", "").lower() in OFF_WORDS


def read(arguments: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """The settings. Raises SettingsMissing when one is absent or cannot be used."""
    values: dict[str, Any] = {}
    for field in fields(Settings):
        given: Optional[Any] = arguments.get(field.name)
        if given is None:
            given = environ.get(PREFIX + field.name.upper()) or None
        if given is not None:
            values[field.name] = _number(field.name, given) if field.type in (float, "float") else str(given)
    missing = [name for name in ("server", "token", "group") if not values.get(name)]
    if missing:
        names = ", ".join(PREFIX + name.upper() for name in missing)
        raise SettingsMissing(f"set {names} or pass {', '.join(missing)} to lockgate_agent.start()")
    parts = urlsplit(values["server"])
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsMissing(f"the server must look like http://host:port, not {values['server']!r}")
    return Settings(**values)


def _number(name: str, given: Any) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = 0.0
    if not 0.01 <= value <= 86_400:
        raise SettingsMissing(f"{name} must be a number between 0.01 and 86400, not {given!r}")
    return value
