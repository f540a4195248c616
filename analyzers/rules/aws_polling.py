"""Loops that ask AWS again and again whether it is ready."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.rule import Rule

_READY = ("describe_instances", "describe_instance_status", "describe_stacks", "describe_table", "describe_db_instances",
          "describe_cluster",
          "describe_volumes", "describe_snapshots", "describe_images", "describe_services", "describe_tasks", "head_object", "head_bucket",
          "get_function", "describe_stream", "describe_nat_gateways", "describe_certificate", "describe_distribution")  # fmt: skip


class AwsPolling(Rule):
    """A loop asks AWS again and again until something is ready, where the SDK has a waiter.

    A loop of one's own forgets a limit, the states that mean failure, or the pause between two questions.

    Fix: `client.get_waiter("instance_running").wait(InstanceIds=[...])`.
    """

    severity = "low"
    cwe = None
    prior = 0.6
    references = ("https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html#waiters",)
    triggers = ("boto3",)
    invalid = (
        ("import boto3, time\nec2 = boto3.client('ec2')\ndef f(i):\n"
         "    while ec2.describe_instances(InstanceIds=[i])['x'] != 'running':\n        time.sleep(5)"),
        ("import boto3, time\ndef f(n):\n    cf = boto3.client('cloudformation')\n    while True:\n"
         "        s = cf.describe_stacks(StackName=n)\n        if s == 'x':\n            break\n        time.sleep(3)"),
        ("import boto3\nfrom time import sleep\nclass A:\n    def f(self, t):\n        db = boto3.client('dynamodb')\n"
         "        while 1:\n            if db.describe_table(TableName=t)['Table']['TableStatus'] == 'ACTIVE':\n"
         "                return\n            sleep(1)"),
        ("import boto3, time\nrds = boto3.client('rds')\nready = False\nwhile not ready:\n"
         "    ready = rds.describe_db_instances()['x']\n    time.sleep(9)"),
        ("import boto3 as b, time\ndef f(k):\n    s3 = b.client('s3')\n    while not s3.head_object(Bucket='b', Key=k):\n"
         "        time.sleep(1)"),
        ("import boto3, time\ndef f(n):\n    c = boto3.session.Session().client('lambda')\n"
         "    while c.get_function(FunctionName=n)['x'] == 'Pending':\n        time.sleep(1)"),
    )
    valid = (
        "import boto3\nec2 = boto3.client('ec2')\ndef f(i):\n    ec2.get_waiter('instance_running').wait(InstanceIds=[i])",
        "import boto3, time\nsqs = boto3.client('sqs')\nwhile True:\n    sqs.receive_message(QueueUrl=u)\n    time.sleep(1)",
        "import boto3\nec2 = boto3.client('ec2')\nfor i in ids:\n    ec2.describe_instances(InstanceIds=[i])",
        "import boto3, time\nlogs = boto3.client('logs')\nwhile True:\n    logs.get_log_events(logGroupName='a')\n    time.sleep(1)",
        "import time  # boto3\ndef f(c):\n    while c.describe_table():\n        time.sleep(1)",
        ("import boto3\nec2 = boto3.client('ec2')\ndef f():\n    while work():\n        step()\n"
         "    return ec2.describe_instances(InstanceIds=[1])"),
    )

    def visit_While(self, node: cst.While) -> None:
        """Looks for a pause and a question about a state."""
        names = [self.qualified_name(call.func) or "" for call in calls_in(node)]
        asked = [call for call in calls_in(node) if last_name(call.func) in _READY]
        known = any((self.qualified_name(call.func) or "").startswith("boto3.") for call in asked)
        if known and "time.sleep" in names:
            self.report(node.test if any(call in list(calls_in(node.test)) for call in asked) else asked[0])
