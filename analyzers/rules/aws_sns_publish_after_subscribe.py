"""Messages sent to a subscriber who has not confirmed."""

import libcst as cst

from analyzers.blocks import calls_in, last_name
from analyzers.calls import CallRule
from analyzers.syntax import argument

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")


class AwsSnsPublishAfterSubscribe(CallRule):
    """A message is published right after the subscription, which nobody has confirmed yet: the subscriber misses it.

    Mail and web subscribers receive nothing until they confirm.

    Fix: publish from another place, after the subscription is confirmed.
    """

    severity = "low"
    confidence = "medium"
    cwe = None
    prior = 0.5
    references = ("https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html",)
    triggers = ("boto3",)
    calls = frozenset(f"{client}.publish" for client in _CLIENTS)
    invalid = (
        ("import boto3\nsns = boto3.client('sns')\ndef f(t):\n    sns.subscribe(TopicArn=t, Protocol='email', Endpoint=e)\n"
         "    sns.publish(TopicArn=t, Message='hi')"),
        ("import boto3\ndef f(t):\n    s = boto3.client('sns')\n    s.subscribe(TopicArn=t, Protocol='https')\n"
         "    return s.publish(TopicArn=t, Message='x')"),
        ("from boto3 import client\nclass A:\n    def f(self):\n        c = client('sns')\n"
         "        c.subscribe(TopicArn=self.t, Protocol='http')\n        c.publish(TopicArn=self.t)"),
        "import boto3\nsns = boto3.client('sns')\nsns.subscribe(TopicArn='t', Protocol='email')\nsns.publish(TopicArn='t', Message='m')",
        ("import boto3 as b\nsns = b.client('sns')\nasync def f(t):\n    sns.subscribe(TopicArn=t, Protocol='email-json')\n"
         "    sns.publish(Message='m', TopicArn=t)"),
        ("import boto3\nsns = boto3.client('sns')\ndef f(t, us):\n    for u in us:\n"
         "        sns.subscribe(TopicArn=t, Protocol='email', Endpoint=u)\n    sns.publish(TopicArn=t, Message='m')"),
    )
    valid = (
        ("import boto3\nsns = boto3.client('sns')\ndef f(t):\n    sns.subscribe(TopicArn=t, Protocol='email')\ndef g(t):\n"
         "    sns.publish(TopicArn=t)"),
        "import boto3\nsns = boto3.client('sns')\ndef f(t):\n    sns.publish(TopicArn=t, Message='x')",
        ("import boto3\nsns = boto3.client('sns')\ndef f(t):\n    sns.publish(TopicArn=t, Message='x')\n"
         "    sns.subscribe(TopicArn=t, Protocol='email')"),
        ("import boto3\nsns = boto3.client('sns')\ndef f(t):\n    sns.subscribe(TopicArn=t, Protocol='lambda')\n"
         "    sns.publish(TopicArn=t)"),
        ("import boto3\nsns = boto3.client('sns')\ndef f(t, u):\n    sns.subscribe(TopicArn=t, Protocol='email')\n"
         "    sns.publish(TopicArn=u)"),
        "def f(bus, t):\n    bus.subscribe(TopicArn=t, Protocol='email')\n    bus.publish(TopicArn=t)  # boto3",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for an earlier subscription to the same topic that needs to be confirmed."""
        topic = argument(node, "TopicArn")
        if topic is None:
            return
        for call in calls_in(self.scope.node):
            if call is node:
                return
            other = argument(call, "TopicArn")
            slow = (self.text(argument(call, "Protocol")) or "").startswith(("email", "http"))
            if last_name(call.func) == "subscribe" and slow and other is not None and other.deep_equals(topic):
                self.report(node)
                return
