"""SNS subscriptions whose address is never known."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")


class AwsSnsSubscription(CallRule):
    """The answer to this subscription holds no ARN until it is confirmed, so nobody can end it from here.

    SNS answers `pending confirmation` unless it is asked for the ARN.

    Fix: pass `ReturnSubscriptionArn=True`.
    """

    severity = "low"
    cwe = None
    prior = 0.5
    references = ("https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html",)
    triggers = ("boto3",)
    calls = frozenset(f"{client}.subscribe" for client in _CLIENTS)
    invalid = (
        "import boto3\nsns = boto3.client('sns')\nr = sns.subscribe(TopicArn=t, Protocol='email', Endpoint=e)",
        "import boto3\ndef f(t):\n    return boto3.client('sns').subscribe(TopicArn=t, Protocol='https')",
        "from boto3 import client as c\nclass A:\n    def f(self):\n        c('sns').subscribe(TopicArn=self.t, Protocol='sms')",
        "import boto3\nsns = boto3.Session().client('sns')\nsns.subscribe(TopicArn=t, ReturnSubscriptionArn=False)",
        "import boto3 as b\ndef f(ts):\n    sns = b.client('sns')\n    for t in ts:\n        sns.subscribe(TopicArn=t, Protocol='email')",
        "import boto3\nasync def f(t):\n    sns = boto3.client('sns')\n    return sns.subscribe(TopicArn=t, Attributes={})",
    )
    valid = (
        "import boto3\nsns = boto3.client('sns')\nsns.subscribe(TopicArn=t, Protocol='email', ReturnSubscriptionArn=True)",
        "import boto3\nsns = boto3.client('sns')\nsns.publish(TopicArn=t, Message=m)",
        "import boto3\ndef f(**o):\n    boto3.client('sns').subscribe(**o)",
        "def f(bus):\n    bus.subscribe('topic')  # boto3",
        "import boto3\ndef f(flag):\n    boto3.client('sns').subscribe(TopicArn=t, ReturnSubscriptionArn=flag)",
        "import boto3\ndef f(boto3):\n    boto3.client('sns').subscribe(TopicArn=t)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for the option."""
        option = argument(node, "ReturnSubscriptionArn")
        if (option is None and not has_double_star(node)) or self.is_false(option):
            self.report(node)
