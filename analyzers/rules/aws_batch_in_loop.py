"""AWS asked once for each item."""

import libcst as cst

from analyzers.blocks import in_loop
from analyzers.rule import Rule

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")
_RESOURCES = ("boto3.resource()", "boto3.Session().resource()")
_BATCHED = {"delete_object": "delete_objects", "put_item": "batch_write_item", "send_message": "send_message_batch",
            "put_record": "put_records", "publish": "publish_batch", "delete_message": "delete_message_batch"}  # fmt: skip
_OBJECTS = {
    "Object().delete": "Bucket.delete_objects", "Table().put_item": "Table.batch_writer", "Table().delete_item": "Table.batch_writer",
    "Queue().send_message": "Queue.send_messages",
}  # fmt: skip


class AwsBatchInLoop(Rule):
    """AWS is called once for each item where one call takes many.

    Each call costs a round trip and money; a batch takes ten messages, twenty-five items or a thousand keys.

    Fix: collect them and use the call for many, such as `delete_objects`, `batch_writer` or `send_message_batch`.
    """

    severity = "info"
    cwe = 1050
    prior = 0.45
    references = ("https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html",)
    triggers = ("boto3",)
    methods = (*_BATCHED, "delete", "delete_item")
    invalid = (
        "import boto3\ns3 = boto3.resource('s3')\nfor k in keys:\n    s3.Object('b', k).delete()",
        ("import boto3\ndef f(messages, url):\n    sqs = boto3.client('sqs')\n    for m in messages:\n"
         "        sqs.send_message(QueueUrl=url, MessageBody=m)"),
        "import boto3\nt = boto3.resource('dynamodb').Table('a')\nfor i in items:\n    t.put_item(Item=i)",
    )
    valid = (
        "import boto3\nsqs = boto3.client('sqs')\nsqs.send_message(QueueUrl=u, MessageBody='a')",
        ("import boto3\nt = boto3.resource('dynamodb').Table('a')\nwith t.batch_writer() as w:\n    for i in items:\n"
         "        w.put_item(Item=i)"),
        "import boto3\nfor x in xs:\n    x.delete()",
    )

    def visit_Call(self, node: cst.Call) -> None:
        """Looks at calls in loops, and names the one for many."""
        name = self.qualified_name(node.func) or ""
        if not name.startswith("boto3.") or not in_loop(self.context.parents):
            return
        client = next((one for one in _CLIENTS if name.startswith(f"{one}.")), None)
        resource = next((one for one in _RESOURCES if name.startswith(f"{one}.")), None)
        many = _BATCHED.get(name[len(client) + 1 :]) if client else _OBJECTS.get(name[len(resource) + 1 :]) if resource else None
        if many is not None:
            self.report(node, f"AWS is called once for each item; `{many}` takes many.")
