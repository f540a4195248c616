"""Queues asked without waiting."""

import libcst as cst

from analyzers.blocks import in_loop
from analyzers.rule import Rule
from analyzers.syntax import argument, has_double_star

_NAMES = frozenset({"boto3.client().receive_message", "boto3.resource().Queue().receive_messages",
                    "boto3.resource().get_queue_by_name().receive_messages"})  # fmt: skip


class AwsShortPolling(Rule):
    """A loop asks SQS for messages without waiting for one, which costs a request each round and misses messages.

    Short polling asks only some of the servers; with a wait all are asked and the answer comes with the first message.

    Fix: `receive_message(QueueUrl=url, WaitTimeSeconds=20)`.
    """

    severity = "low"
    cwe = None
    prior = 0.6
    references = ("https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html",)
    triggers = ("receive_message",)
    methods = ("receive_message", "receive_messages")
    invalid = (
        "import boto3\nsqs = boto3.client('sqs')\nwhile True:\n    sqs.receive_message(QueueUrl=u, WaitTimeSeconds=0)",
        ("import boto3\ndef f(u):\n    q = boto3.resource('sqs').Queue(u)\n    while True:\n"
         "        for m in q.receive_messages():\n            use(m)"),
    )
    valid = (
        "import boto3\nsqs = boto3.client('sqs')\nwhile True:\n    sqs.receive_message(QueueUrl=u, WaitTimeSeconds=20)",
        "import boto3\nsqs = boto3.client('sqs')\nsqs.receive_message(QueueUrl=u)",
        "def f(box):\n    while True:\n        box.receive_message()",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at the wait."""
        if self.qualified_name(node.func) not in _NAMES or has_double_star(node) or not in_loop(self.context.parents):
            return
        wait = argument(node, "WaitTimeSeconds")
        if wait is None or (isinstance(wait, cst.Integer) and wait.value == "0"):
            self.report(node)
