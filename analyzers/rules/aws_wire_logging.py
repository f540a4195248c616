"""Logs of all that goes to AWS and comes back."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, string_value


class AwsWireLogging(CallRule):
    """All that boto3 sends and gets is logged, session tokens and the contents of answers included.

    The boto3 documentation warns of it: an empty name logs everything of botocore at its finest level.

    Fix: `boto3.set_stream_logger("boto3.resources", logging.INFO)`.
    """

    severity = "medium"
    cwe = 532
    prior = 0.7
    references = ("https://boto3.amazonaws.com/v1/documentation/api/latest/reference/core/boto3.html#boto3.set_stream_logger",)
    triggers = ("set_stream_logger",)
    calls = frozenset({"boto3.set_stream_logger"})
    invalid = (
        "import boto3\nboto3.set_stream_logger('')",
        "import boto3\nimport logging\nboto3.set_stream_logger('botocore', logging.DEBUG)",
        "import boto3 as b\nb.set_stream_logger(name='', level=10)",
    )
    valid = (
        "import boto3, logging\nboto3.set_stream_logger('boto3.resources', logging.INFO)",
        "import boto3, logging\nboto3.set_stream_logger('', logging.WARNING)",
        "import boto3\nboto3.set_stream_logger('boto3')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at name and level."""
        level = argument(node, "level", 1)
        fine = level is None or self.number(level) == _DEBUG or self.qualified_name(level) == "logging.DEBUG"
        if fine and string_value(argument(node, "name", 0)) in ("", "botocore", "botocore.endpoint"):
            self.report(node)


_DEBUG = 10
