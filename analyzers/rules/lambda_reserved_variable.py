"""Environment variables that belong to the Lambda runtime."""

import libcst as cst

from analyzers.rule import Rule
from analyzers.syntax import string_value

_RESERVED = frozenset(
    {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
     "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_EXECUTION_ENV", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT",
     "LAMBDA_RUNTIME_DIR", "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_LAMBDA_INITIALIZATION_TYPE"}
)  # fmt: skip


class LambdaReservedVariable(Rule):
    """The code overwrites an environment variable that the Lambda runtime sets and reads.

    The SDK and the runtime then work with the wrong region, function or trace.

    Fix: use a name of your own, or pass the value: `boto3.client("s3", region_name=region)`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 15
    prior = 0.6
    references = ("https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html",)
    triggers = ("AWS_", "LAMBDA_", "_HANDLER", "_X_AMZN")
    calls = frozenset({"os.putenv", "os.environ.setdefault", "os.environ.__setitem__", "os.unsetenv"})
    invalid = (
        "import os\ndef handler(event, context):\n    os.environ['AWS_REGION'] = 'eu-west-1'",
        "import os\nos.environ['_HANDLER'] = 'a.b'\ndef lambda_handler(event, context): ...",
        "from os import environ\ndef lambda_handler(event, context):\n    environ['AWS_LAMBDA_FUNCTION_NAME'] = 'x'",
        "import os\ndef handler(event, context):\n    os.putenv('LAMBDA_TASK_ROOT', '/x')",
        "import os\ndef handler(event, context):\n    del os.environ['AWS_EXECUTION_ENV']",
        "import os as o\nclass A:\n    def f(self):\n        o.environ['_X_AMZN_TRACE_ID'] = self.t\ndef handler(event, context): ...",
    )
    valid = (
        "import os\ndef handler(event, context):\n    return os.environ['AWS_REGION']",
        "import os\ndef handler(event, context):\n    os.environ['APP_REGION'] = 'x'  # not AWS_REGION",
        "import os\nos.environ['AWS_REGION'] = 'eu-west-1'",
        "import os\ndef handler(event, context):\n    d = {}\n    d['AWS_REGION'] = 1",
        "def handler(event, context, os):\n    os.environ['AWS_REGION'] = 1",
        "import os\ndef handler(event, context):\n    assert os.environ['AWS_REGION'] == 'x'",
        "import os\ndef handler(event, context):\n    env = {**os.environ, 'AWS_REGION': 'x'}",
    )

    def visit_Assign(self, node: cst.Assign) -> None:
        """Looks at variables being set."""
        if any(self._reserved(one.target) for one in node.targets):
            self._report(node)

    def visit_Del(self, node: cst.Del) -> None:
        """Looks at variables being taken away."""
        if self._reserved(node.target):
            self._report(node)

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at variables set by a call."""
        if node.args and string_value(node.args[0].value) in _RESERVED:
            self._report(node)

    def _reserved(self, target: cst.CSTNode) -> bool:
        match target:
            case cst.Subscript(value=owner, slice=[cst.SubscriptElement(slice=cst.Index(value=key))]):
                return string_value(key) in _RESERVED and self.qualified_name(owner) == "os.environ"
        return False

    def _report(self, node: cst.CSTNode) -> None:
        """Only in a module with a handler: elsewhere these are plain settings of the SDK."""
        names = ("handler(event", "handler(_event", "handler(event:")
        if any(word in self.context.text for word in names):
            self.report(node)
