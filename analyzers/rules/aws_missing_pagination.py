"""Listings of AWS of which only the first page is read."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument

_LISTS = ("list_objects_v2", "list_objects", "list_users", "list_roles", "list_functions", "list_tables", "list_topics", "list_queues",
          "list_buckets_v2", "list_secrets", "list_keys", "list_clusters", "list_stacks", "describe_instances", "describe_volumes",
          "describe_snapshots", "describe_log_streams", "describe_log_groups", "describe_db_instances", "get_log_events",
          "filter_log_events", "list_stack_resources", "describe_stacks", "list_policies", "list_subscriptions")  # fmt: skip
_TOKENS = ("NextToken", "nextToken", "Marker", "NextMarker", "ContinuationToken", "NextContinuationToken", "LastEvaluatedKey",
           "ExclusiveStartKey", "IsTruncated", "get_paginator", "ExclusiveStartTableName")  # fmt: skip
_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")
_TABLES = ("boto3.resource().Table()", "boto3.Session().resource().Table()")


class AwsMissingPagination(CallRule):
    """Only the first page of the listing is read; what comes after it is silently left out.

    AWS answers with up to 1,000 entries or 1 MB at a time and a token for the rest.

    Fix: `client.get_paginator("list_objects_v2").paginate(...)`, or go on while there is a `NextToken`.
    """

    severity = "medium"
    confidence = "medium"
    cwe = 19
    prior = 0.65
    references = ("https://boto3.amazonaws.com/v1/documentation/api/latest/guide/paginators.html",)
    triggers = ("boto3",)
    calls = frozenset(f"{c}.{m}" for c in _CLIENTS for m in _LISTS) | frozenset(f"{t}.{m}" for t in _TABLES for m in ("scan", "query"))
    invalid = (
        "import boto3\ns3 = boto3.client('s3')\ndef f():\n    return s3.list_objects_v2(Bucket='b')['Contents']",
        "import boto3\ndef f():\n    iam = boto3.client('iam')\n    for u in iam.list_users()['Users']:\n        print(u)",
        "import boto3\ntable = boto3.resource('dynamodb').Table('t')\ndef f():\n    return table.scan()['Items']",
        "from boto3 import client\nclass A:\n    def f(self):\n        return client('lambda').list_functions()",
        "import boto3 as b\ndef f():\n    s = b.Session()\n    ec2 = s.client('ec2')\n    return ec2.describe_instances()",
        "import boto3\nlogs = boto3.client('logs')\ngroups = logs.describe_log_groups()['logGroups']",
    )
    valid = (
        ("import boto3\ns3 = boto3.client('s3')\ndef f():\n    for p in s3.get_paginator('list_objects_v2').paginate(Bucket='b'):\n"
         "        print(p)"),
        ("import boto3\niam = boto3.client('iam')\ndef f():\n    r = iam.list_users()\n    while r['IsTruncated']:\n"
         "        r = iam.list_users(Marker=r['Marker'])"),
        "import boto3\ns3 = boto3.client('s3')\ndef f(k):\n    return s3.list_objects_v2(Bucket='b', Prefix=k, MaxKeys=1)",
        "import boto3\ns3 = boto3.client('s3')\ndef f():\n    return s3.get_object(Bucket='b', Key='k')",
        "def f(s3):\n    return s3.list_objects_v2(Bucket='b')",
        "import boto3\nec2 = boto3.client('ec2')\ndef f(i):\n    return ec2.describe_instances(InstanceIds=[i])",
        "import boto3\nt = boto3.resource('dynamodb').Table('t')\ndef f(k):\n    return t.get_item(Key=k)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for a token in the same function; a listing of named things, or one with a small limit, has one page."""
        limited = any(argument(node, word) is not None for word in ("MaxKeys", "MaxItems", "Limit", "InstanceIds", "StackName", "limit",
                                                                     "VolumeIds", "SnapshotIds", "DBInstanceIdentifier"))  # fmt: skip
        code = self.context.module.code_for_node(self.scope.node)
        if not limited and not any(word in code for word in _TOKENS):
            self.report(node)
