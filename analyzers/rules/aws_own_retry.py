"""Loops that repeat calls of AWS, which the SDK repeats itself."""

import libcst as cst

from analyzers.blocks import calls_in, in_loop
from analyzers.calls import CallRule

_ERRORS = frozenset({"botocore.exceptions.ClientError", "botocore.exceptions.BotoCoreError", "botocore.exceptions.EndpointConnectionError"})
_ALL = frozenset({"builtins.Exception", "builtins.BaseException"})


class AwsOwnRetry(CallRule):
    """A loop waits and calls AWS again after an error, which the SDK does itself when it is told to.

    A loop of one's own repeats what can never succeed, such as a refused permission, and waits without spreading the load.

    Fix: `boto3.client("s3", config=Config(retries={"mode": "adaptive", "max_attempts": 10}))`.
    """

    severity = "info"
    confidence = "medium"
    cwe = None
    prior = 0.4
    references = ("https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html",)
    triggers = ("botocore", "boto3")
    calls = frozenset({"time.sleep", "asyncio.sleep"})
    invalid = (
        ("import time\nfrom botocore.exceptions import ClientError\ndef f(s3):\n    for n in range(5):\n        try:\n"
         "            return s3.list_buckets()\n"
         "        except ClientError:\n            time.sleep(2 ** n)"),
        ("import time, botocore\ndef f(db):\n    while True:\n        try:\n            return db.scan()\n"
         "        except botocore.exceptions.ClientError as e:\n            log(e)\n            time.sleep(1)"),
        ("from time import sleep\nfrom botocore.exceptions import BotoCoreError, ClientError\nclass A:\n    def f(self):\n"
         "        for _ in range(3):\n"
         "            try:\n                self.c.get()\n            except (BotoCoreError, ClientError):\n                sleep(5)"),
        ("import time, boto3\nsqs = boto3.client('sqs')\ndef f(m):\n    while True:\n"
         "        try:\n            return sqs.send_message(**m)\n"
         "        except Exception:\n            time.sleep(1)"),
        ("import asyncio\nfrom botocore.exceptions import ClientError as Failed\nasync def f(c):\n    while True:\n"
         "        try:\n            await c.get()\n"
         "        except Failed:\n            await asyncio.sleep(1)"),
        ("import time\nimport botocore.exceptions as errors\nfor n in range(3):\n    try:\n        go()\n"
         "    except errors.EndpointConnectionError:\n"
         "        if n < 2:\n            time.sleep(n)"),
        ("import time\nfrom botocore.exceptions import ClientError\ndef f(c, items):\n    for item in items:\n"
         "        while item:\n            try:\n"
         "                c.put(item)\n                item = None\n            except ClientError:\n                time.sleep(1)"),
    )
    valid = (
        "import boto3\nfrom botocore.config import Config\nc = boto3.client('s3', config=Config(retries={'mode': 'adaptive'}))",
        ("from botocore.exceptions import ClientError\ndef f(c):\n    try:\n        return c.get()\n    except ClientError:\n"
         "        return None"),
        ("import time\nfrom botocore.exceptions import ClientError\ndef f(c):\n    try:\n        return c.get()\n    except ClientError:\n"
         "        time.sleep(1)\n        raise"),
        ("import time\nimport botocore\ndef f():\n    while True:\n        try:\n            go()\n        except OSError:\n"
         "            time.sleep(1)"),
        ("import time\nfrom botocore.exceptions import ClientError\ndef f(c):\n    while True:\n        try:\n            c.get()\n"
         "        except ClientError:\n            break\n        time.sleep(60)"),
        ("import time, boto3\ndef f(m):\n    while True:\n        try:\n            return m.send()\n"
         "        except Exception:\n            time.sleep(1)"),
        ("import time\nfrom mine import ClientError  # not botocore\nfor n in x:\n    try:\n        go()\n"
         "    except ClientError:\n        time.sleep(1)"),
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks at waits in a handler of AWS's errors inside a loop."""
        handler = next(iter(self.context.inside((cst.ExceptHandler, cst.FunctionDef, cst.Lambda))), None)
        if not isinstance(handler, cst.ExceptHandler) or handler.type is None or not in_loop(self.context.parents):
            return
        caught = [one.value for one in handler.type.elements] if isinstance(handler.type, cst.Tuple) else [handler.type]
        names = [self.qualified_name(one) for one in caught]
        if any(name in _ERRORS for name in names) or (any(name in _ALL for name in names) and self._calls_aws()):
            self.report(node)

    def _calls_aws(self) -> bool:
        """Whether what is tried calls an object of boto3's."""
        tried = [one for one in self.context.inside(cst.Try)[:1] if isinstance(one, cst.Try)]
        return any((self.qualified_name(call.func) or "").startswith("boto3.") for one in tried for call in calls_in(one.body))
