"""AWS clients made anew for each event."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.scope import parameters


class LambdaClientInHandler(CallRule):
    """The Lambda handler makes its client for each event, which costs time and connections every time.

    What the module makes is kept between the events of one container, with its open connections.

    Fix: make the client at the top of the module.
    """

    severity = "low"
    cwe = 400
    prior = 0.65
    references = ("https://docs.aws.amazon.com/lambda/latest/dg/best-practices.html",)
    triggers = ("boto3",)
    calls = frozenset({"boto3.client", "boto3.resource", "boto3.Session", "boto3.session.Session"})
    invalid = (
        "import boto3\ndef lambda_handler(event, context):\n    s3 = boto3.client('s3')\n    s3.get_object()",
        "import boto3\ndef handler(event, context):\n    return boto3.resource('dynamodb').Table('t').get_item(Key=event)",
        "from boto3 import client\ndef handler(event, _context):\n    if event:\n        client('sns').publish()",
        "import boto3 as b\ndef main_handler(event, ctx):\n    b.client('sqs')",
        "import boto3\ndef handler(event, context):\n    for r in event['Records']:\n        boto3.client('s3').copy(r)",
        "import boto3\ndef process(event: dict, context: object) -> None:\n    boto3.session.Session()",
    )
    valid = (
        "import boto3\ns3 = boto3.client('s3')\ndef lambda_handler(event, context):\n    s3.get_object()",
        "import boto3\ndef make():\n    return boto3.client('s3')",
        "import boto3\n_c = None\ndef handler(event, context):\n    global _c\n    if _c is None:\n        _c = boto3.client('s3')",
        "import boto3\ndef handler(event, context):\n    return boto3.client('s3', region_name=event['region'])",
        "import boto3\ndef f(event):\n    return boto3.client('s3')",
        "def handler(event, context, boto3):\n    boto3.client('s3')",
        "import boto3\ndef handler(event, context):\n    c = boto3.client('s3', aws_access_key_id=event['id'])",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks whether the function is a handler, and the client the same each time."""
        function = self.scope.node
        if not isinstance(function, cst.FunctionDef):
            return
        names = [one.name.value for one in parameters(function.params)]
        handler = len(names) == 2 and names[0] == "event" and names[1].strip("_").startswith(("context", "ctx"))
        if handler and all(self.is_constant(arg.value) for arg in node.args) and not self._kept():
            self.report(node)

    def _kept(self) -> bool:
        around = self.parent()
        target = around.targets[0].target if isinstance(around, cst.Assign) else None
        return isinstance(target, cst.Name) and self.scope.declares_elsewhere(target.value)
