"""What a start must not load: each of these costs tens of milliseconds and megabytes that most processes never need."""

import subprocess
import sys

HEAVY = ("alembic", "bandit", "dbos", "detect_secrets", "docutils", "libcst", "markdown_it", "prometheus_client", "pygments", "pyinstrument", "rich",
         "ruamel.yaml", "sklearn", "sqlalchemy.dialects.postgresql")


def test_the_web_process_loads_nothing_heavy() -> None:
    program = f"import sys, service.cli.serve, service.web_process; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
