"""Calls of AWS that have been replaced."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")
_OLD = {
    "list_objects": "list_objects_v2", "invoke_async": "invoke(InvocationType='Event')",
    "get_bucket_lifecycle": "get_bucket_lifecycle_configuration",
    "put_bucket_lifecycle": "put_bucket_lifecycle_configuration", "get_bucket_notification": "get_bucket_notification_configuration",
    "put_bucket_notification": "put_bucket_notification_configuration", "describe_jobs_v1": "describe_jobs",
}  # fmt: skip


class AwsDeprecatedApi(CallRule):
    """The call has been replaced by a newer one and gets no more features.

    `list_objects` returns no token to go on with; `invoke_async` reports less than an asynchronous `invoke`.

    Fix: use the call that AWS names instead, e.g. `list_objects_v2`.
    """

    severity = "low"
    cwe = 477
    prior = 0.6
    references = (
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html",
        "https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html",
    )
    triggers = ("boto3",)
    calls = frozenset(f"{client}.{name}" for client in _CLIENTS for name in (*_OLD, "get_paginator"))
    invalid = (
        "import boto3\ns3 = boto3.client('s3')\nr = s3.list_objects(Bucket='b')",
        "import boto3\ndef f(n):\n    boto3.client('lambda').invoke_async(FunctionName=n, InvokeArgs='{}')",
        "from boto3 import client as c\nclass A:\n    def f(self):\n        c('s3').put_bucket_lifecycle(Bucket='b')",
        "import boto3\ns3 = boto3.Session().client('s3')\ns3.get_bucket_notification(Bucket='b')",
        "import boto3 as b\nasync def f():\n    s = b.client('s3')\n    return s.get_bucket_lifecycle(Bucket='b')",
        "import boto3\np = boto3.client('s3').get_paginator('list_objects')",
        "import boto3\ndef f(bs):\n    s = boto3.client('s3')\n    for x in bs:\n        s.list_objects(Bucket=x)",
    )
    valid = (
        "import boto3\nboto3.client('s3').list_objects_v2(Bucket='b')",
        "import boto3\nboto3.client('lambda').invoke(FunctionName='f', InvocationType='Event')",
        "def f(s3):\n    s3.list_objects(Bucket='b')  # boto3",
        "import boto3\nboto3.client('s3').put_bucket_lifecycle_configuration(Bucket='b')",
        "import boto3\nnames = ['list_objects']",
        "import boto3\ndef list_objects(): ...\nlist_objects()",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Names the successor, and offers it where it takes the same arguments."""
        if name.endswith(".get_paginator"):
            told = self.text(node.args[0].value if node.args else None)
            if told == "list_objects":
                self.report(node, f"`{told}` has been replaced by `{_OLD[told]}`.")
            return
        word = name.rsplit(".", 1)[-1]
        newer = _OLD[word]
        mended = None
        if "(" not in newer and isinstance(node.func, cst.Attribute) and argument(node, "Marker") is None:
            mended = (node.func.attr, cst.Name(newer))
        self.report(node, f"`{word}` has been replaced by `{newer}`.", replacement=mended)
