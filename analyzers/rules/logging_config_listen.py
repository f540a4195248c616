"""Log settings taken from the network."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, is_name


class LoggingConfigListen(CallRule):
    """The program takes its log settings from a socket, and settings can run code.

    Part of a configuration goes through `eval`; every user of the machine can connect to the port.

    Fix: pass `verify=` and check a signature, or read the settings from a file.
    """

    severity = "high"
    cwe = 94
    prior = 0.8
    references = ("https://docs.python.org/3/library/logging.config.html#logging.config.listen",)
    triggers = ("listen",)
    calls = frozenset({"logging.config.listen"})
    invalid = (
        "import logging.config\nt = logging.config.listen(9999)",
        "from logging.config import listen\nlisten().start()",
        "import logging.config as c\nclass A:\n    def f(self):\n        self.t = c.listen(self.port)",
        "from logging import config\nconfig.listen(port=1, verify=None)",
        "from logging.config import listen as l\nt = l(8000)",
        "import logging.config\ndef f():\n    return logging.config.listen(logging.config.DEFAULT_LOGGING_CONFIG_PORT)",
    )
    valid = (
        "import logging.config\nt = logging.config.listen(9999, verify=check)",
        "import logging.config\nlogging.config.dictConfig(d)  # no listen",
        "import socket\ns = socket.socket()\ns.listen()",
        "def listen(p): ...\nlisten(1)",
        "import logging.config\nlogging.config.stopListening()  # listen",
        "from logging.config import listen\nt = listen(1, check)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for a check."""
        verify = argument(node, "verify", 1)
        if verify is None or is_name(verify, "None"):
            self.report(node)
