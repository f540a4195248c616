"""Batches of AWS of which a part may have failed."""

import libcst as cst

from analyzers.calls import CallRule

_BATCHES = {
    "batch_write_item": "UnprocessedItems", "batch_get_item": "UnprocessedKeys", "put_records": "FailedRecordCount",
    "put_record_batch": "FailedPutCount", "send_message_batch": "Failed", "delete_message_batch": "Failed",
    "put_events": "FailedEntryCount",
    "change_message_visibility_batch": "Failed", "delete_objects": "Errors", "publish_batch": "Failed",
    "batch_delete_image": "failures",
}  # fmt: skip
_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()", "boto3.resource()")


class AwsUncheckedBatch(CallRule):
    """Nobody looks whether all of the batch went through; what AWS refused is lost without an error.

    These calls succeed even if single entries failed, and list those in the answer.

    Fix: look at `UnprocessedItems`, `Failed` or `FailedRecordCount`, and send those entries again.
    """

    severity = "medium"
    cwe = 252
    prior = 0.75
    references = (
        "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html",
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html",
    )
    triggers = ("boto3",)
    calls = frozenset(f"{client}.{name}" for client in _CLIENTS for name in _BATCHES)
    invalid = (
        "import boto3\ndb = boto3.client('dynamodb')\ndef f(r):\n    db.batch_write_item(RequestItems=r)",
        "import boto3\ndef f(r):\n    k = boto3.client('kinesis')\n    k.put_records(Records=r, StreamName='s')",
        "from boto3 import client\nclass A:\n    def f(self, e):\n        client('sqs').send_message_batch(QueueUrl='u', Entries=e)",
        "import boto3\nevents = boto3.client('events')\ndef f(e):\n    r = events.put_events(Entries=e)\n    print('sent')",
        "import boto3 as b\ns3 = b.client('s3')\ndef f(k):\n    for x in k:\n        s3.delete_objects(Bucket='b', Delete=x)",
        ("import boto3\nfirehose = boto3.Session().client('firehose')\ndef f(r):\n    firehose.put_record_batch(Records=r)\n"
         "    return len(r)"),
    )
    valid = (
        ("import boto3\ndb = boto3.client('dynamodb')\ndef f(r):\n    while r:\n"
         "        r = db.batch_write_item(RequestItems=r)['UnprocessedItems']"),
        ("import boto3\nk = boto3.client('kinesis')\ndef f(r):\n    a = k.put_records(Records=r)\n    if a['FailedRecordCount']:\n"
         "        raise ValueError"),
        "import boto3\nk = boto3.client('kinesis')\ndef f(r):\n    return k.put_records(Records=r)",
        "import boto3\nsqs = boto3.client('sqs')\ndef f(m):\n    sqs.send_message(QueueUrl='u', MessageBody=m)",
        "def f(k, r):\n    k.put_records(Records=r)",
        "import boto3\nsqs = boto3.client('sqs')\ndef f(e):\n    a = sqs.send_message_batch(Entries=e)\n    check(a)",
        "import boto3\nt = boto3.resource('dynamodb').Table('t')\nwith t.batch_writer() as w:\n    w.put_item(Item={})",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks whether the answer is thrown away, or kept and never used."""
        key = _BATCHES[name.rsplit(".", 1)[-1]]
        around = self.parent()
        if isinstance(around, cst.Expr):
            self.report(node)
        elif isinstance(around, cst.Assign) and isinstance(around.targets[0].target, cst.Name):
            used = self.context.module.code_for_node(self.scope.node)
            target = around.targets[0].target.value
            ends = (")", "[", ".", ",")
            if key not in used and not any(f"{target}{end}" in used for end in ends) and f"return {target}" not in used:
                self.report(node)
