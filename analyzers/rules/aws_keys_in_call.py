"""Long-lived AWS keys handed to a client by the program."""

import libcst as cst

from analyzers.calls import CallRule
from analyzers.syntax import argument, dotted, is_name, string_value

_MAKERS = ("client", "resource", "Session", "session.Session", "Session().client", "Session().resource", "setup_default_session")


class AwsKeysInCall(CallRule):
    """The program hands AWS keys to the client itself, where the SDK would find short-lived ones.

    Keys that a program reads from its settings live long, are copied along with the settings, and nobody changes them.

    Fix: leave them out: the SDK takes the role of the instance, the container or the profile; for another role use `sts.assume_role`.
    """

    severity = "low"
    confidence = "medium"
    cwe = 522
    prior = 0.5
    references = (
        "https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    )
    triggers = ("aws_secret_access_key", "Session(")
    calls = frozenset(f"boto3.{maker}" for maker in _MAKERS)
    invalid = (
        "import boto3\ns3 = boto3.client('s3', aws_access_key_id=settings.KEY, aws_secret_access_key=settings.SECRET)",
        "import boto3, os\nsession = boto3.Session(aws_access_key_id=os.environ['K'], aws_secret_access_key=os.environ['S'])",
        ("from boto3 import resource\nclass Store:\n    def __init__(self, key, secret):\n"
         "        self.db = resource('dynamodb', aws_access_key_id=key, aws_secret_access_key=secret)"),
        "import boto3 as b\ndef f(c):\n    return b.session.Session(aws_access_key_id=c.k, aws_secret_access_key=c.s).client('sqs')",
        "import boto3\ndef f(k, s):\n    return boto3.Session(k, s, region_name='eu-west-1')",
        "import boto3\ndef f(k, s):\n    boto3.setup_default_session(aws_access_key_id=k, aws_secret_access_key=s)",
        ("import boto3\nasync def f(c):\n"
         "    return boto3.client('s3', aws_access_key_id=c['id'], aws_secret_access_key=c['key'], aws_session_token=None)"),
    )
    valid = (
        "import boto3\ns3 = boto3.client('s3')  # no aws_secret_access_key",
        ("import boto3\ndef f(c):\n    return boto3.client('s3', aws_access_key_id=c['AccessKeyId'],\n"
         "                        aws_secret_access_key=c['SecretAccessKey'], aws_session_token=c['SessionToken'])"),
        "import boto3\ns3 = boto3.Session(profile_name='shop').client('s3')  # aws_secret_access_key",
        "import boto3\ndef f(k, s, t):\n    return boto3.Session(k, s, t)",
        "import boto3\nsession = boto3.Session(aws_access_key_id=None, aws_secret_access_key=None)",
        "def f(minio, k, s):\n    return minio.client('s3', aws_access_key_id=k, aws_secret_access_key=s)",
        "import boto3\ns3 = boto3.client('s3', endpoint_url='http://localhost:9000', aws_access_key_id='a', aws_secret_access_key='b')",
    )

    def check(self, node: cst.Call, name: str) -> None:
        """Looks for keys without a session token; what is written out is another rule's matter, and so is a server of one's own."""
        session = name.endswith("Session")
        secret = argument(node, "aws_secret_access_key", 1 if session else None)
        token = argument(node, "aws_session_token", 2 if session else None)
        given = secret is not None and not is_name(secret, "None") and string_value(secret) is None
        if given and (token is None or is_name(token, "None")) and argument(node, "endpoint_url") is None and dotted(node.func):
            self.report(node)
