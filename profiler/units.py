"""Values as people read them, with their units."""


def amount(value: float, unit: str) -> str:
    """`1.24 s`, `310 ms`, `4.1 MB`, `1,204`."""
    if unit == "nanoseconds":
        return _seconds(value / 1e9)
    if unit == "bytes":
        for name in ("B", "kB", "MB", "GB"):
            if value < 1000:
                return f"{value:.3g} {name}"
            value /= 1000
        return f"{value:.3g} TB"
    return f"{value:,.0f}" + ("" if unit in ("count", "") else f" {unit}")


def percent(share: float) -> str:
    """`12.3 %`, `0.4 %`, `100 %`."""
    return f"{100 * share:.0f} %" if share >= 0.9995 or share == 0 else f"{100 * share:.1f} %"


def cores(nanoseconds: float, seconds: float) -> str:
    """CPU time over a span as processor cores kept busy: `0.21 cores`."""
    busy = nanoseconds / 1e9 / seconds if seconds else 0.0
    return f"{busy:.2g} cores" if busy < 1 else f"{busy:.1f} cores"


def _seconds(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7_200:
        return f"{seconds / 60:.3g} m"
    return f"{seconds / 3_600:,.3g} h"
