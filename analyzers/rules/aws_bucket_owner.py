"""S3 buckets that may have become somebody else's."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")
_WRITES = ("put_object", "copy_object", "put_bucket_policy", "put_bucket_acl", "create_multipart_upload")


class AwsBucketOwner(CallRule):
    """Data is written to a bucket known by its name alone, which may belong to another account by now.

    A bucket that was deleted can be made again by anybody, and then receives what is meant for you.

    Fix: pass `ExpectedBucketOwner=account_id`; S3 then refuses a bucket of another account.
    """

    severity = "info"
    confidence = "medium"
    cwe = 283
    prior = 0.3
    references = ("https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html",)
    triggers = ("boto3",)
    calls = frozenset(f"{client}.{name}" for client in _CLIENTS for name in _WRITES)
    invalid = (
        "import boto3\ns3 = boto3.client('s3')\ns3.put_object(Bucket='b', Key='k', Body=x)",
        "import boto3\ndef f(x):\n    boto3.client('s3').copy_object(Bucket='b', Key='k', CopySource=x)",
        "from boto3 import client as c\ndef f(p):\n    c('s3').put_bucket_policy(Bucket='b', Policy=p)",
        ("import boto3\nclass A:\n    def f(self):\n        s3 = boto3.Session().client('s3')\n"
         "        s3.create_multipart_upload(Bucket='b', Key='k')"),
        "import boto3 as b\ns3 = b.client('s3')\ndef f(k):\n    for x in k:\n        s3.put_object(Bucket='b', Key=x)",
        "import boto3\ns3 = boto3.session.Session().client('s3')\ns3.put_bucket_acl(Bucket='b', ACL='private')",
    )
    valid = (
        "import boto3\ns3 = boto3.client('s3')\ns3.put_object(Bucket='b', Key='k', ExpectedBucketOwner=o)",
        "import boto3\ns3 = boto3.client('s3')\ns3.get_object(Bucket='b', Key='k')",
        "import boto3\ndef f(**o):\n    boto3.client('s3').put_object(Bucket='b', **o)",
        "def f(s3):\n    s3.put_object(Bucket='b')",
        "import boto3\ns3 = boto3.client('s3')\ns3.list_buckets()",
        "import boto3\ndef f(boto3):\n    boto3.client('s3').put_object(Bucket='b')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for the owner."""
        if argument(node, "ExpectedBucketOwner") is None and not has_double_star(node):
            self.report(node)
