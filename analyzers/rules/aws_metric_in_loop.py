"""Calls of AWS made one by one where a batch would do."""

import libcst as cst

from analyzers.blocks import in_loop
from analyzers.calls import CallRule

_BATCH = {
    "put_metric_data": "one call with up to 1,000 metrics", "send_message": "send_message_batch", "put_record": "put_records",
    "delete_object": "delete_objects", "delete_message": "delete_message_batch",
}  # fmt: skip
_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")


class AwsMetricInLoop(CallRule):
    """AWS is called once for each item of a loop where one call takes many.

    Every call is a round trip over the network, is paid for, and counts against the limit of calls a second.

    Fix: collect the items and send them in batches: `put_metric_data(MetricData=[...])`, `send_message_batch`, `put_records`.
    """

    severity = "low"
    cwe = 400
    prior = 0.55
    references = ("https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html",)
    triggers = ("boto3",)
    calls = frozenset(f"{client}.{name}" for client in _CLIENTS for name in _BATCH)
    invalid = (
        ("import boto3\ncw = boto3.client('cloudwatch')\ndef f(xs):\n    for x in xs:\n"
         "        cw.put_metric_data(Namespace='n', MetricData=[x])"),
        "import boto3\ndef f(xs):\n    sqs = boto3.client('sqs')\n    for x in xs:\n        sqs.send_message(QueueUrl='u', MessageBody=x)",
        ("from boto3 import client\nclass A:\n    def f(self, ks):\n        s3 = client('s3')\n        for k in ks:\n"
         "            s3.delete_object(Bucket='b', Key=k)"),
        "import boto3 as b\nk = b.client('kinesis')\nfor r in records:\n    if r:\n        k.put_record(Data=r)",
        ("import boto3\nsqs = boto3.client('sqs')\ndef f(ms):\n    for m in ms:\n"
         "        sqs.delete_message(QueueUrl='u', ReceiptHandle=m['h'])"),
        ("import boto3\ncw = boto3.Session().client('cloudwatch')\nasync def f(xs):\n    async for x in xs:\n"
         "        cw.put_metric_data(MetricData=[x])"),
    )
    valid = (
        "import boto3\ncw = boto3.client('cloudwatch')\ndef f(xs):\n    cw.put_metric_data(MetricData=[g(x) for x in xs])",
        "import boto3\nsqs = boto3.client('sqs')\ndef f(xs):\n    for x in xs:\n        sqs.send_message_batch(QueueUrl='u', Entries=x)",
        "import boto3\nsqs = boto3.client('sqs')\nwhile True:\n    m = wait()\n    sqs.send_message(QueueUrl='u', MessageBody=m)",
        "def f(sqs, xs):\n    for x in xs:\n        sqs.send_message(x)  # boto3",
        "import boto3\ns3 = boto3.client('s3')\ndef f(ks):\n    for k in ks:\n        s3.get_object(Bucket='b', Key=k)",
        ("import boto3\nsqs = boto3.client('sqs')\ndef f(xs):\n    for x in xs:\n        def send():\n"
         "            sqs.send_message(MessageBody=x)\n        send()"),
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for a `for` around; a `while` waits for things that come one by one."""
        loops = self.context.inside((cst.For, cst.While, cst.FunctionDef, cst.Lambda))
        if loops and isinstance(loops[0], cst.For) and in_loop(self.context.parents):
            self.report(node)
