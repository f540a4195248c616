"""SNS subscriptions that anybody can end."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, has_double_star

_CLIENTS = ("boto3.client()", "boto3.Session().client()", "boto3.session.Session().client()")


class AwsSnsUnsubscribe(CallRule):
    """The subscription is confirmed so that anybody who has its address can end it, without credentials.

    Every message carries a link that unsubscribes; whoever sees one message can stop the rest.

    Fix: `confirm_subscription(..., AuthenticateOnUnsubscribe="true")`.
    """

    severity = "medium"
    cwe = 306
    prior = 0.65
    references = ("https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html",)
    triggers = ("boto3",)
    calls = frozenset(f"{client}.confirm_subscription" for client in _CLIENTS)
    invalid = (
        "import boto3\nsns = boto3.client('sns')\nsns.confirm_subscription(TopicArn=t, Token=k)",
        "import boto3\ndef f(t, k):\n    boto3.client('sns').confirm_subscription(TopicArn=t, Token=k, AuthenticateOnUnsubscribe='false')",
        ("from boto3 import client as c\nclass A:\n    def f(self, k):\n"
         "        return c('sns').confirm_subscription(TopicArn=self.t, Token=k)"),
        "import boto3\nsns = boto3.Session().client('sns')\nsns.confirm_subscription(Token=k, TopicArn=t)",
        "import boto3\nOFF = 'false'\ndef f(k):\n    boto3.client('sns').confirm_subscription(Token=k, AuthenticateOnUnsubscribe=OFF)",
        "import boto3 as b\nasync def f(k):\n    s = b.client('sns')\n    s.confirm_subscription(Token=k)",
    )
    valid = (
        "import boto3\nsns = boto3.client('sns')\nsns.confirm_subscription(TopicArn=t, Token=k, AuthenticateOnUnsubscribe='true')",
        "import boto3\ndef f(**o):\n    boto3.client('sns').confirm_subscription(**o)",
        "def f(news):\n    news.confirm_subscription(Token=1)  # boto3",
        "import boto3\nsns = boto3.client('sns')\nsns.unsubscribe(SubscriptionArn=a)",
        "import boto3\ndef f(flag):\n    boto3.client('sns').confirm_subscription(Token=k, AuthenticateOnUnsubscribe=flag)",
        "import boto3\nON = 'true'\nboto3.client('sns').confirm_subscription(Token=k, AuthenticateOnUnsubscribe=ON)",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for the option."""
        option = argument(node, "AuthenticateOnUnsubscribe")
        if (option is None and not has_double_star(node)) or (self.text(option) or "").lower() == "false":
            self.report(node)
